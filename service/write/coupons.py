"""Coupons that only so many customers may redeem: counted across accounts, in the transaction that redeems."""

from collections.abc import Awaitable, Callable
from typing import Any

from adapters.postgres import coupon_counts
from adapters.postgres.connection import Connection, Engine
from domain.catalog import Catalog
from domain.coupon import Coupon
from domain.errors import ErrorCode, Refusal

Also = Callable[[Connection, Any], Awaitable[None]]


def counted(catalog: Catalog, code: str | None) -> Also | None:
    """Count one redemption with what is recorded; None: there is none to count. It raises Refusal when the coupon is
    used up, which takes back all the rest."""
    coupon = None if code is None else catalog.coupon(code)
    if coupon is None:  # without one, or refused before anything is counted
        return None

    async def count(connection: Connection, _: Any) -> None:
        if not await coupon_counts.redeem(connection, coupon.code, coupon.redemptions_max):
            raise _used_up(coupon)

    return count


async def check_left(engine: Engine, coupon: Coupon) -> None:
    """Whether it can be redeemed once more, as of now. Raises Refusal."""
    if coupon.redemptions_max is None:
        return
    async with engine.connect() as connection:
        redeemed = await coupon_counts.redeemed(connection)
    if redeemed.get(coupon.code, 0) >= coupon.redemptions_max:
        raise _used_up(coupon)


def _used_up(coupon: Coupon) -> Refusal:
    return Refusal(ErrorCode.LIMIT_REACHED, f"coupon {coupon.code} is used up", "coupon")
