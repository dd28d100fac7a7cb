"""Usage: the events, and what is added up of them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Numeric, Table, Text, text

from adapters.postgres.tables.schema import JsonText, instant, metadata

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
# time of the event it `corrects`; the highest `revision` counts, unless it is `retracted`. `subscription_id`: which
# subscription the event named, to be charged by it; its corrections keep it.
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
    Column("subscription_id", Text),
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

# What each meter read in each hour of UTC: `domain.usage.HourRollup`. Kept when the events are dropped. Events that
# name a subscription are counted a second time, among themselves, under `<meter key>/<subscription id>` (no meter's key
# has a slash), so that whoever names none pays nothing for it.
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
    Column("subscription_id", Text),
    Index(None, "id", unique=True),
    Index("usage_reservations_held_idx", "customer_id", "meter_key", "expires_at"),
)
