"""The keys to personal data. Neither facts nor views."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from adapters.postgres.tables.schema import instant, metadata

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
