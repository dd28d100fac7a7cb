"""Payment providers: what they are to be asked and told, and what they tell."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from adapters.postgres.tables.schema import JsonText, instant, metadata

# ── effects ──────────────────────────────────────────────────────────────────────────────────────────────────────────
# A view: what a payment provider is still to be asked, under the id of the payment or the refund. `kind` is CHARGE,
# REFUND or FORGET; `since` is in the customer's own time, and only sets the order.
effects = Table(
    "effects",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("since", instant, nullable=False),
    Column("provider", Text, nullable=False),
    Index("effects_since_idx", "since", "id"),
)

# ── provider sync ────────────────────────────────────────────────────────────────────────────────────────────────────
# No view, and no fact: where the work of telling a provider stands. One row for each link of a customer. Since
# `dirty_since` there are `changes` it has not been told; at `due_at` it is (null: when the interval is over). The
# digests are of what it was told last; `looked_at`: when that was last compared with how things are.
provider_sync = Table(
    "provider_sync",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("dirty_since", instant),
    Column("changes", BigInteger, nullable=False, server_default=text("0")),
    Column("due_at", instant),
    Column("pushed_digest", LargeBinary),
    Column("methods_digest", LargeBinary),
    Column("looked_at", instant, nullable=False, server_default=text("now()")),
    Column("synced_at", instant),
    Index("provider_sync_dirty_idx", "dirty_since", postgresql_where=text("dirty_since IS NOT NULL")),
    Index("provider_sync_due_idx", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index("provider_sync_clean_idx", "looked_at", postgresql_where=text("dirty_since IS NULL")),
    Index("provider_sync_reference_idx", "provider", "reference"),
)

# The provider's copies of invoices, as it was told of them last. `drift`: how one differs from ours, for people.
provider_copies = Table(
    "provider_copies",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("invoice_id", Text, primary_key=True),
    Column("reference", Text),
    Column("state", Text, nullable=False),
    Column("digest", LargeBinary),
    Column("drift", Text),
)

# ── what providers tell ──────────────────────────────────────────────────────────────────────────────────────────────
# Their notices, each once, and how they are handled. Neither facts nor views: what follows from a notice is in the
# journal. `about` (`domain.providers.notice.Subject`) holds ids and references; the body is not kept, for it may name
# somebody. `handled_at` null: it waits to be, and `work` says who is at it. `attempts`: how many it took.
# `customer_id`: once it is known whom it is about.
inbox = Table(
    "inbox",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("notice_id", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("about", JsonText(), nullable=False),
    Column("api_version", Text),
    Column("created_at", instant, nullable=False),
    Column("received_at", instant, nullable=False, server_default=text("now()")),
    Column("customer_id", Text),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("handled_at", instant),
    Index("inbox_waiting_idx", "received_at", postgresql_where=text("handled_at IS NULL")),
    Index("inbox_customer_idx", "customer_id", "id", postgresql_where=text("customer_id IS NOT NULL")),
)

# What the simulated provider knows, as a real one has it in its own house: no fact and no view of ours. `kind`: charge
# (by our id of the payment) or customer (by its reference).
simulated = Table(
    "simulated",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("anonymous_id", Text, nullable=False),
    Column("state", JsonText(), nullable=False),
    Index("simulated_anonymous_idx", "anonymous_id", "kind"),
)

# How far each provider has been compared with the journal, and what the last run came to.
comparisons = Table(
    "comparisons",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("compared_until", instant, nullable=False),
    Column("finished_at", instant),
    Column("compared", BigInteger, nullable=False, server_default=text("0")),
    Column("repaired", BigInteger, nullable=False, server_default=text("0")),
    Column("differing", BigInteger, nullable=False, server_default=text("0")),
)
