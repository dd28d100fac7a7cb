"""How many customers have redeemed each coupon, which no single account knows.

A redemption is counted in the transaction that records it, so a refusal takes the count back. Transactions that redeem
the same coupon at once wait for each other from here to their commit: count last.
"""

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.tables import coupon_counts

_RECORDED = """
    SELECT payload #>> '{redemption,coupon,code}' AS code, count(*) AS redeemed
    FROM journal WHERE type = 'coupon.redeemed' GROUP BY 1
"""


async def redeem(connection: Connection, code: str, redemptions_max: int | None) -> bool:
    """Count one redemption more. False: `redemptions_max` (None: no limit; else at least 1) are counted already."""
    table = coupon_counts
    first = insert(table).values(code=code, redeemed=1)
    another = first.on_conflict_do_update(
        index_elements=["code"],
        set_={"redeemed": table.c.redeemed + 1},
        where=None if redemptions_max is None else table.c.redeemed < redemptions_max,
    )
    return (await connection.execute(another.returning(table.c.redeemed))).one_or_none() is not None


async def redeemed(connection: Connection) -> dict[str, int]:
    """The counts, by code. A coupon that nobody redeemed has none."""
    rows = await connection.execute(select(coupon_counts.c.code, coupon_counts.c.redeemed))
    return {row.code: row.redeemed for row in rows}


async def recorded(connection: Connection) -> dict[str, int]:
    """What the counts have to be: the journal's redemptions, by code."""
    rows = await connection.execute(text(_RECORDED))
    return {row.code: row.redeemed for row in rows}


async def rebuild(connection: Connection) -> None:
    """Count the journal's redemptions again. Whoever redeems meanwhile waits, and is counted after it."""
    await connection.execute(text("LOCK TABLE coupon_counts IN EXCLUSIVE MODE"))
    await connection.execute(delete(coupon_counts))
    await connection.execute(text(f"INSERT INTO coupon_counts {_RECORDED}"))
