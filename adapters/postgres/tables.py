"""The tables. `customer_id` (or the stream's id, which for an account is the customer's) leads every key of a
customer-owned table, so that the database can be distributed by it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    cast,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

instant = DateTime(timezone=True)


class JsonText(UserDefinedType[str]):
    """A json column (not jsonb: it keeps the very text that was hashed) whose Python value is that text."""

    cache_ok = True

    def get_col_spec(self, **options: object) -> str:
        return "JSON"

    def column_expression(self, column: ColumnElement[str]) -> ColumnElement[str]:
        """Read as text: the driver would parse it, and what was hashed is the text."""
        return cast(column, Text)


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────
# Rows refuse UPDATE and DELETE by trigger. `payload` is json, not jsonb: it keeps the bytes that were hashed.
# `xact` is the writing transaction: a reader of all streams goes no further than the oldest one still running, so a row
# that commits late is never skipped. A database restored from a dump counts its transactions anew: `journal_epoch`
# shifts them behind those in the journal (`migrations.migrate` sees to it).
journal = Table(
    "journal",
    metadata,
    Column("stream_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("xact", BigInteger, nullable=False, server_default=text("journal_xact(pg_current_xact_id())")),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("effective_at", instant, nullable=False),
    Column("recorded_at", instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    Column("cause", Text),
    Column("payload", JsonText(), nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index(None, "xact", "position"),
)

journal_epoch = Table("journal_epoch", metadata, Column("shift", BigInteger, nullable=False))

# ── states and views: derived from the journal, rebuilt by `tollgate replay` ─────────────────────────────────────────
streams = Table(
    "streams",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("effective_at", instant),
    Column("state", JsonText(), nullable=False),
    Column("books", JsonText()),  # of an account: what only money needs, apart, since rights are asked for all the time
)

# `due_at`: when the next thing falls due for this account, in the account's own time.
customers = Table(
    "customers",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("anonymous_id", Text, nullable=False, unique=True),
    Column("clock_id", Text),
    Column("created_at", instant, nullable=False),
    Column("erased_at", instant),
    Column("due_at", instant),
    Index("customers_due_idx", "due_at", postgresql_where=text("due_at IS NOT NULL AND clock_id IS NULL")),
    Index("customers_clock_idx", "clock_id", postgresql_where=text("clock_id IS NOT NULL")),
)

# Which account holds the thing with this id: a subscription, a planned change, a grant.
holdings = Table(
    "holdings",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Index(None, "id", unique=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("secret_hash", Text, nullable=False, unique=True),
)

# ── neither facts nor views ──────────────────────────────────────────────────────────────────────────────────────────
# A customer's key to their personal data, wrapped by the deployment's secret, and keyed hashes to find them by.
# Erasing a customer deletes the row.
vault = Table(
    "vault",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("external_hash", LargeBinary, nullable=False, unique=True),
    Column("search_hashes", ARRAY(LargeBinary), nullable=False),
    Index("vault_search_idx", "search_hashes", postgresql_using="gin"),
)

# Which master secrets the rows of `vault` may be sealed with, as fingerprints (one-way: no secret follows from them).
# One, but while it is being replaced: then two. Whoever works on this database must know them all.
master_secrets = Table(
    "master_secrets",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("first_used_at", instant, nullable=False, server_default=text("now()")),
)

# What a retry is answered from: the events its first attempt wrote, or (for usage) the answer itself.
idempotency = Table(
    "idempotency",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("input_hash", LargeBinary, nullable=False),
    Column("stream_id", Text),
    Column("first_seq", BigInteger),
    Column("last_seq", BigInteger),
    Column("result", JsonText()),
    Column("created_at", instant, nullable=False, server_default=text("now()")),
    Index(None, "created_at"),
)

# ── usage ────────────────────────────────────────────────────────────────────────────────────────────────────────────
# Which events were recorded. Not partitioned, so that a retry is seen whatever its time. `digest` is of what was sent,
# so without a time that was given on arrival: a retry cannot repeat it.
usage_ids = Table(
    "usage_ids",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("time", instant, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Index(None, "time", postgresql_using="brin"),  # for retention; costs an insert next to nothing
)

# The events themselves, one partition a month, append-only like the journal. A correction is a row of its own at the
# time of the event it `corrects`; the highest `revision` counts, unless it is `retracted`.
usage_events = Table(
    "usage_events",
    metadata,
    Column("customer_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("time", instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("value", Numeric),
    Column("properties", JsonText()),
    Column("recorded_at", instant, nullable=False, server_default=text("now()")),
    Column("corrects", Text),
    Column("revision", Integer, nullable=False, server_default=text("0")),
    Column("retracted", Boolean, nullable=False, server_default=text("false")),
    Column("reason", Text),
    Index("usage_events_customer_id_type_time_idx", "customer_id", "type", "time"),
    Index(
        "usage_events_corrections_idx",
        "customer_id",
        "type",
        "time",
        postgresql_where=text("corrects IS NOT NULL"),
    ),
    postgresql_partition_by="RANGE (time)",
)

# What each meter read in each hour of UTC: `domain.usage.HourRollup`. Kept when the events are dropped.
usage_hours = Table(
    "usage_hours",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("meter_key", Text, primary_key=True),
    Column("hour", instant, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("sum", Numeric, nullable=False),
    Column("max", Numeric, nullable=False),
    Column("first_time", instant, nullable=False),
    Column("last_time", instant, nullable=False),
    Column("last_value", Numeric, nullable=False),
    Column("area", Numeric, nullable=False),
)

# The different texts of UNIQUE meters, by hour.
usage_distinct = Table(
    "usage_distinct",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("meter_key", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("hour", instant, primary_key=True),
    Column("first_time", instant, nullable=False),
    Column("last_time", instant, nullable=False),
)

# The one row per customer and meter where writers wait for each other. It remembers the roll-up of one period (the
# columns from `count` on; a count of 0: no readings) with what a level was before it, so that a limit is checked
# without adding up hours. `complete`: the hours hold all events of the meter's type, also those from before the meter.
usage_meters = Table(
    "usage_meters",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("meter_key", Text, primary_key=True),
    Column("complete", Boolean, nullable=False, server_default=text("false")),
    Column("period_start", instant),
    Column("period_end", instant),
    Column("level_before", Numeric),
    Column("texts", BigInteger, nullable=False, server_default=text("0")),
    Column("count", BigInteger, nullable=False, server_default=text("0")),
    Column("sum", Numeric),
    Column("max", Numeric),
    Column("first_time", instant),
    Column("last_time", instant),
    Column("last_value", Numeric),
    Column("area", Numeric),
    postgresql_with={"fillfactor": 50},  # written all the time: room for the next version on the same page
)

# Amounts held for a while. `state` is OPEN, COMMITTED or RELEASED; an open one past `expires_at` holds nothing.
usage_reservations = Table(
    "usage_reservations",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("feature", Text, nullable=False),
    Column("meter_key", Text, nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("created_at", instant, nullable=False),
    Column("expires_at", instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("committed", Numeric),
    Column("settled_at", instant),
    Index(None, "id", unique=True),
    Index("usage_reservations_held_idx", "customer_id", "meter_key", "expires_at"),
)

# ── ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────────
# A view as well, made by the journal's entry `seq` of its customer, but append-only (replay alone may rebuild it), and
# at the end of a transaction every entry has to balance in each of its currencies: triggers see to both.
ledger = Table(
    "ledger",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("at", instant, nullable=False),
    Column("account", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", Numeric, nullable=False),
    Column("about", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("starts_at", instant),
    Column("ends_at", instant),
    Index("ledger_at_idx", "at", "customer_id", "seq", "n"),
    Index(
        "ledger_deferred_idx",
        "ends_at",
        "customer_id",
        "seq",
        "n",
        postgresql_where=text("account = 'DEFERRED_REVENUE'"),
    ),
)

# ── coupons ──────────────────────────────────────────────────────────────────────────────────────────────────────────
# How many customers have redeemed each coupon, whatever became of it since: as many as the journal has
# `coupon.redeemed` of its code. Neither stream knows that, so the row is where those who redeem it at once wait for
# each other.
coupon_counts = Table(
    "coupon_counts",
    metadata,
    Column("code", Text, primary_key=True),
    Column("redeemed", BigInteger, nullable=False),
)

# ── invoices ─────────────────────────────────────────────────────────────────────────────────────────────────────────
# Views: final invoices and credit notes as they were frozen (`document`), with what changes of them since, to be listed
# and found by number. `kind` is INVOICE or CREDIT_NOTE; `about` is the invoice that a note takes back.
documents = Table(
    "documents",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("number", Text, nullable=False, unique=True),
    Column("about", Text),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("total", Numeric, nullable=False),
    Column("due", Numeric, nullable=False),
    Column("issued_at", instant, nullable=False),
    Column("due_at", instant, nullable=False),
    Column("document", JsonText(), nullable=False),
    Index(None, "id", unique=True),
    Index("documents_issued_idx", "kind", "issued_at", "id"),
)

# The next number of each legal series. Taken in the transaction that uses it: one that fails gives it back, so there
# are no gaps; others who need one wait for the row.
series = Table(
    "series",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("next", BigInteger, nullable=False),
)

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

# ── metrics ──────────────────────────────────────────────────────────────────────────────────────────────────────────
# Views that figures are read from in one statement. Of subscriptions that have not ended, with what they bring in a
# month (`domain.recurring`); of all payments (`failure` is a FailureCode); of customers whose record at a provider (its
# name is the `id`) differs from ours, with the number of `differences`.
recurring = Table(
    "recurring",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("plan_key", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("monthly", Numeric, nullable=False),
)
payments = Table(
    "payments",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("failure", Text),
)
drifting = Table(
    "drifting",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("differences", Integer, nullable=False),
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

# How far each provider has been compared with the journal, and what the last run came to. `claimed_until`: somebody is
# at it.
comparisons = Table(
    "comparisons",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("compared_until", instant, nullable=False),
    Column("claimed_until", instant),
    Column("finished_at", instant),
    Column("compared", BigInteger, nullable=False, server_default=text("0")),
    Column("repaired", BigInteger, nullable=False, server_default=text("0")),
    Column("differing", BigInteger, nullable=False, server_default=text("0")),
)
