"""Views for metrics."""

from sqlalchemy import Column, Integer, Numeric, Table, Text

from adapters.postgres.tables.schema import metadata

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
