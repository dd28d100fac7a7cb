"""The months of `usage_events`: made ahead, or when the first event needs one, and dropped when all in them is too old.

A month is also made for times far from the present, since customers on test clocks live there.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from adapters.postgres.connection import Connection
from adapters.postgres.driver import Driver, driver_of

MONTHS_AHEAD = 3
LOCK_SECONDS_MAX = 2
"""Dropping a month waits no longer for running writes, which would queue up behind it; the next round tries again."""
DELETED_MAX = 5_000
"""Rows that one statement deletes, so that none holds its locks for long."""

_LOCK = 5_121_837_441_902_775_004
_PREFIX = "usage_events_"


Month = tuple[int, int]
"""Year and month (1 to 12), in UTC."""


def month_of(time: datetime) -> Month:
    """The month that the instant, given in UTC, lies in."""
    return time.year, time.month


async def ensure_months(driver: Driver, months: Iterable[Month]) -> None:
    """Make the partitions that are missing. Call it outside a transaction. Several processes may do so at once."""
    names = {f"{_PREFIX}{year:04}_{month:02}": (year, month) for year, month in sorted(months)}
    there = await driver.fetch("SELECT relname FROM pg_class WHERE relname = ANY($1::text[])", list(names))
    missing = names.keys() - {row["relname"] for row in there}
    for name in sorted(missing):
        start, end = _bounds(names[name])
        async with driver.transaction():
            await driver.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            if await driver.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
                continue
            # Made apart and then attached: CREATE … PARTITION OF would lock out every reader and writer meanwhile.
            await driver.execute(f"CREATE TABLE {name} (LIKE usage_events INCLUDING ALL)")
            await driver.execute(
                f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name}"
                " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
            await driver.execute(
                f"ALTER TABLE usage_events ATTACH PARTITION {name}"
                f" FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
            )


async def ensure_ahead(connection: Connection, now: datetime) -> None:
    """Make the present month and those ahead. Call it on a connection that has begun nothing."""
    months = [month_of(now.astimezone(UTC))]
    for _ in range(MONTHS_AHEAD):
        months.append(month_of(_bounds(months[-1])[1]))
    await ensure_months(await driver_of(connection), months)


async def drop_old(connection: Connection, now: datetime, retention: timedelta) -> list[str]:
    """Drop the months that lie wholly before the retention of every customer with events in them, and forget the ids of
    their events. Gives the dropped partitions. Call it on a connection that has begun nothing.

    Hourly roll-ups stay: what was used remains known when the single events are gone.
    """
    driver = await driver_of(connection)
    dropped = []
    for row in await driver.fetch(
        "SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'usage_events'::regclass ORDER BY c.relname"
    ):
        name = row["name"]
        start, end = _bounds(month_of(datetime.strptime(name, f"{_PREFIX}%Y_%m").replace(tzinfo=UTC)))
        if end > now - retention or await _wanted_by_a_clock(driver, name, end, retention):
            continue
        await _forget_ids(driver, start, end)
        async with driver.transaction():
            await driver.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS_MAX}s'")
            await driver.execute(f"DROP TABLE {name}")
        dropped.append(name)
    return dropped


def _bounds(month: Month) -> tuple[datetime, datetime]:
    start = datetime(*month, 1, tzinfo=UTC)
    return start, (start + timedelta(days=31)).replace(day=1)


async def _wanted_by_a_clock(driver: Driver, partition: str, end: datetime, retention: timedelta) -> bool:
    """Whether a customer whose test clock stands so early that the month is not old yet has events in it."""
    wanted: bool = await driver.fetchval(
        f"""
        SELECT EXISTS (
            SELECT FROM customers c JOIN streams clock ON clock.id = c.clock_id
            WHERE (clock.state ->> 'now')::timestamptz < $1
              AND EXISTS (SELECT FROM {partition} e WHERE e.customer_id = c.customer_id)
        )
        """,
        end + retention,
    )
    return wanted


async def _forget_ids(driver: Driver, start: datetime, end: datetime) -> None:
    """From here on an event of that month would be taken for a new one, and refused for its age."""
    while True:
        deleted = await driver.execute(
            """
            DELETE FROM usage_ids WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM usage_ids WHERE time >= $1 AND time < $2 LIMIT $3))
            """,
            start,
            end,
            DELETED_MAX,
        )
        if int(deleted.rpartition(" ")[2]) < DELETED_MAX:
            return


async def forget_retries(connection: Connection, before: datetime) -> None:
    """Delete the idempotency rows of requests made before that instant: a retry of theirs counts as a new request."""
    driver = await driver_of(connection)
    while True:
        deleted = await driver.execute(
            """
            DELETE FROM idempotency WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM idempotency WHERE created_at < $1 LIMIT $2))
            """,
            before,
            DELETED_MAX,
        )
        if int(deleted.rpartition(" ")[2]) < DELETED_MAX:
            return
