"""Usage: events by month, the ids they are known by, roll-ups by the hour, the meters' rows, reservations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)

# The counterpart of domain.usage.value_of: null where that rejects.
READING = """
CREATE FUNCTION usage_reading(aggregation text, property text, value numeric, properties json) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN aggregation = 'COUNT' THEN 1
        WHEN aggregation = 'UNIQUE' THEN CASE WHEN usage_text(property, properties) IS NOT NULL THEN 1 END
        WHEN property IS NULL THEN value
        WHEN (properties -> property)::text ~ '^("-?[0-9]{1,18}(\\.[0-9]{1,12})?"|-?[0-9]{1,18})$'
            THEN (properties ->> property)::numeric
    END
$$
"""
TEXT = """
CREATE FUNCTION usage_text(property text, properties json) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN json_typeof(properties -> property) = 'number'
            THEN CASE WHEN (properties ->> property) ~ '^-?[0-9]{1,18}$' THEN properties ->> property END
        WHEN json_typeof(properties -> property) = 'string'
            THEN CASE WHEN length(properties ->> property) BETWEEN 1 AND 256 THEN properties ->> property END
    END
$$
"""


def upgrade() -> None:
    op.create_table(
        "usage_ids",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("time", instant, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "source", "id", name="usage_ids_pkey"),
    )
    op.create_index("usage_ids_time_idx", "usage_ids", ["time"], postgresql_using="brin")

    op.create_table(
        "usage_events",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("time", instant, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("value", sa.Numeric),
        sa.Column("properties", JSON),
        sa.Column("recorded_at", instant, nullable=False, server_default=sa.text("now()")),
        sa.Column("corrects", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("retracted", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("reason", sa.Text),
        postgresql_partition_by="RANGE (time)",
    )
    op.create_index("usage_events_customer_id_type_time_idx", "usage_events", ["customer_id", "type", "time"])
    op.create_index(
        "usage_events_corrections_idx",
        "usage_events",
        ["customer_id", "type", "time"],
        postgresql_where=sa.text("corrects IS NOT NULL"),
    )
    # Partitions get the same trigger when they are made (adapters/postgres/partitions.py).
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON usage_events"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(TEXT)
    op.execute(READING)

    op.create_table(
        "usage_hours",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("meter_key", sa.Text, nullable=False),
        sa.Column("hour", instant, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("sum", sa.Numeric, nullable=False),
        sa.Column("max", sa.Numeric, nullable=False),
        sa.Column("first_time", instant, nullable=False),
        sa.Column("last_time", instant, nullable=False),
        sa.Column("last_value", sa.Numeric, nullable=False),
        sa.Column("area", sa.Numeric, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "meter_key", "hour", name="usage_hours_pkey"),
    )
    op.create_table(
        "usage_distinct",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("meter_key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("hour", instant, nullable=False),
        sa.Column("first_time", instant, nullable=False),
        sa.Column("last_time", instant, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "meter_key", "value", "hour", name="usage_distinct_pkey"),
    )
    op.create_table(
        "usage_meters",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("meter_key", sa.Text, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("period_start", instant),
        sa.Column("period_end", instant),
        sa.Column("level_before", sa.Numeric),
        sa.Column("texts", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("count", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("sum", sa.Numeric),
        sa.Column("max", sa.Numeric),
        sa.Column("first_time", instant),
        sa.Column("last_time", instant),
        sa.Column("last_value", sa.Numeric),
        sa.Column("area", sa.Numeric),
        sa.PrimaryKeyConstraint("customer_id", "meter_key", name="usage_meters_pkey"),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "usage_reservations",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("feature", sa.Text, nullable=False),
        sa.Column("meter_key", sa.Text, nullable=False),
        sa.Column("quantity", sa.Numeric, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("committed", sa.Numeric),
        sa.PrimaryKeyConstraint("customer_id", "id", name="usage_reservations_pkey"),
    )
    op.create_index("usage_reservations_id_idx", "usage_reservations", ["id"], unique=True)
    op.create_index(
        "usage_reservations_open_idx",
        "usage_reservations",
        ["customer_id", "meter_key"],
        postgresql_where=sa.text("state = 'OPEN'"),
    )


def downgrade() -> None:
    for table in ("usage_reservations", "usage_meters", "usage_distinct", "usage_hours", "usage_events", "usage_ids"):
        op.drop_table(table)
    op.execute("DROP FUNCTION usage_reading(text, text, numeric, json)")
    op.execute("DROP FUNCTION usage_text(text, json)")
