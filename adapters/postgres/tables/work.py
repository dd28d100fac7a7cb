"""What the worker does later. Neither facts nor views."""

from sqlalchemy import Column, Index, Integer, Table, Text, Uuid, text

from adapters.postgres.tables.schema import instant, metadata

# Pieces of work that somebody is at, or has tried in vain; what there is to do says each kind's own table
# (`adapters.postgres.work`). `claim`: whose it is, until `next_at`; null: it rests until then. `state` is WAITING or
# GIVEN_UP (left to support, and tried once a day). `lane`: whom it waits for outside, as a provider. `since`: when it
# fell due.
work = Table(
    "work",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("customer_id", Text),
    Column("lane", Text),
    Column("since", instant, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'WAITING'")),
    Column("attempts", Integer, nullable=False),
    Column("next_at", instant, nullable=False),
    Column("claim", Uuid),
    Column("error", Text),
    Index("work_given_up_idx", "kind", "id", postgresql_where=text("state = 'GIVEN_UP'")),
)
