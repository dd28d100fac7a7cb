"""Which coupons may be offered."""

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from domain import events as e
from domain.catalog import Catalog
from domain.coupon import Coupon
from domain.errors import ErrorCode, Refusal, invalid
from domain.money import Money, is_currency
from domain.wording import check_name

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
PERIODS_MAX = 1_000
PLANS_MAX = 100


def create_coupon(catalog: Catalog, coupon: Coupon, at: datetime) -> Sequence[e.CouponCreated]:
    """A code is given once, also after its coupon was archived. The very same again changes nothing. Raises Refusal."""
    if not CODE.fullmatch(coupon.code):
        raise invalid("must start with a letter or digit and hold these, _, . or -, at most 40 in all", "code")
    there = catalog.coupon(coupon.code)
    if there is not None:
        if replace(there, id=coupon.id, archived_at=None) != coupon:
            raise Refusal(ErrorCode.ALREADY_EXISTS, f"another coupon has the code {coupon.code}", "code")
        return []
    check_name(coupon.name, "name")
    if (coupon.percent is None) == (coupon.amount is None):
        raise invalid("give either a percentage or an amount", "percent")
    if coupon.percent is not None and not 0 < coupon.percent <= 100:
        raise invalid("must be above 0 and at most 100", "percent")
    if coupon.amount is not None:
        _check_amount(coupon.amount)
    if coupon.periods is not None and not 1 <= coupon.periods <= PERIODS_MAX:
        raise invalid(f"must be between 1 and {PERIODS_MAX:,}", "periods")
    if coupon.redemptions_max is not None and coupon.redemptions_max < 1:
        raise invalid("must be at least 1", "redemptions_max")
    if coupon.expires_at is not None and coupon.expires_at <= at:
        raise invalid("must lie in the future", "expires_at")
    _check_plans(catalog, coupon.plans)
    return [e.CouponCreated(coupon)]


def archive_coupon(catalog: Catalog, code: str) -> Sequence[e.CouponArchived]:
    """Nobody can redeem it any more; whoever has, keeps it. Raises Refusal."""
    coupon = catalog.coupon(code)
    if coupon is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"no coupon has the code {code}", "code")
    return [] if coupon.archived_at is not None else [e.CouponArchived(code)]


def _check_amount(amount: Money) -> None:
    if not is_currency(amount.currency):
        raise invalid(f"{amount.currency} is not an ISO 4217 currency", "amount", "currency")
    if amount.amount <= 0 or amount.rounded().amount != amount.amount:
        raise invalid(f"must be above zero, with no more decimals than {amount.currency} has", "amount", "amount")


def _check_plans(catalog: Catalog, plans: Sequence[str]) -> None:
    if len(plans) > PLANS_MAX:
        raise invalid(f"at most {PLANS_MAX} plans", "plans")
    for index, key in enumerate(plans):
        if catalog.plan(key) is None:
            raise Refusal(ErrorCode.NOT_FOUND, f"no plan has the key {key}", "plans", str(index))
        if key in plans[:index]:
            raise invalid(f"plan {key} stands twice", "plans", str(index))
