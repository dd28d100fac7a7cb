"""What a retry finds. Neither facts nor views."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, text

from adapters.postgres.tables.schema import JsonText, instant, metadata

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
