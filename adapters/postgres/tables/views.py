"""States and views: derived from the journal, rebuilt by `tollgate replay`. Those of money, of providers and for
metrics stand in files of their own."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from adapters.postgres.tables.schema import JsonText, instant, metadata

# One row: by which fold all states and views were made.
folds = Table("folds", metadata, Column("fold", Integer, primary_key=True, autoincrement=False))

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

# The owner index: which customer owns a subscription, scheduled change, grant or anything else of this id.
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
