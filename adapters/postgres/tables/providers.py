"""Payment providers: what they are to be asked and told, and what they tell."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from adapters.postgres.tables.schema import JsonText, instant, metadata

# ── effects ──────────────────────────────────────────────────────────────────────────────────────────────────────────
# A view: what a payment provider is still to be asked, under the id of the payment or the refund. `kind` is CHARGE or
# REFUND; `since` is in the customer's own time, and only sets the order.
effects = Table(
    "effects",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("since", instant, nullable=False),
    Index("effects_since_idx", "since", "id"),
)

# ── provider sync ────────────────────────────────────────────────────────────────────────────────────────────────────
# No view, and no fact: where the work of telling a provider stands. One row for each link of a customer. Since
# `dirty_since` there are `changes` it has not been told; at `due_at` it is (null: as the policy has it). The digests
# are of what it was told last; `looked_at`: when that was last compared with how things are.
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
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Index("provider_sync_dirty_idx", "dirty_since", postgresql_where=text("dirty_since IS NOT NULL")),
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
# journal. `about` (`domain.notice.Subject`) holds ids and references; the body is not kept, for it may name somebody.
# `state` is PENDING, HANDLED or FAILED (it waits for support); a pending one is tried at `next_at`, which also is until
# when whoever tries it has it to itself. `customer_id`: once it is known whom it is about.
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
    Column("state", Text, nullable=False, server_default=text("'PENDING'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_at", instant, nullable=False, server_default=text("now()")),
    Column("handled_at", instant),
    Column("error", Text),
    Index("inbox_next_idx", "next_at", postgresql_where=text("state = 'PENDING'")),
    Index("inbox_failed_idx", "id", postgresql_where=text("state = 'FAILED'")),
    Index("inbox_customer_idx", "customer_id", "id", postgresql_where=text("customer_id IS NOT NULL")),
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
