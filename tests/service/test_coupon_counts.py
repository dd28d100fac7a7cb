"""How often a coupon was redeemed: a limit that nobody passes however many try at once, and that replay can rebuild."""

import asyncio
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import coupon_counts, journal
from domain import events as e
from domain.books.redemption import Redemption
from domain.coupon import Coupon
from service.clock import Clock
from service.ids import new_id


async def redeem(engine: AsyncEngine, limit: int | None, code: str = "FEW") -> bool:
    async with engine.begin() as connection:
        return await coupon_counts.redeem(connection, code, limit)


async def redeemed(engine: AsyncEngine) -> dict[str, int]:
    async with engine.connect() as connection:
        return await coupon_counts.redeemed(connection)


async def test_a_limit_is_kept_however_many_redeem_at_once(engine: AsyncEngine) -> None:
    found = await asyncio.gather(*(redeem(engine, 3) for _ in range(10)))
    assert sorted(found) == [False] * 7 + [True] * 3
    assert await redeemed(engine) == {"FEW": 3}


async def test_without_a_limit_all_are_counted_each_coupon_by_itself(engine: AsyncEngine) -> None:
    assert [await redeem(engine, None, code) for code in ("A", "B", "A")] == [True, True, True]
    assert await redeemed(engine) == {"A": 2, "B": 1}


async def test_what_is_rolled_back_was_not_redeemed(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await coupon_counts.redeem(connection, "FEW", 1)
        await connection.rollback()
    assert await redeemed(engine) == {}
    assert await redeem(engine, 1)


async def test_the_counts_are_those_of_the_journal_and_can_be_made_from_it(engine: AsyncEngine) -> None:
    now = Clock().now()
    for customer, code in (("customer_1", "FEW"), ("customer_2", "FEW"), ("customer_2", "MANY")):
        coupon = Coupon(f"coupon_{code}", code, code, percent=Decimal(10))
        entry = journal.sealed_entry(
            f"{customer}_{code}",
            1,
            new_id("event"),
            e.CouponRedeemed(Redemption(new_id("redemption"), coupon, now)),
            effective_at=now,
            recorded_at=now,
            actor="key_1",
            reason=None,
            cause=None,
            previous=journal.GENESIS,
        )
        async with engine.begin() as connection:
            await journal.append(connection, [entry])
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO coupon_counts VALUES ('FEW', 7), ('GONE', 1)"))
        assert await coupon_counts.recorded(connection) == {"FEW": 2, "MANY": 1}
        await coupon_counts.rebuild(connection)
        assert await coupon_counts.redeemed(connection) == {"FEW": 2, "MANY": 1}
