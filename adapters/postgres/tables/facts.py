"""The facts: append-only."""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, LargeBinary, Table, Text, text

from adapters.postgres.tables.schema import JsonText, instant, metadata

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
