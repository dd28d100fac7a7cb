"""Money: the ledger, documents and their numbers, coupons counted."""

from sqlalchemy import BigInteger, Column, Index, Integer, Numeric, Table, Text, text

from adapters.postgres.tables.schema import JsonText, instant, metadata

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
