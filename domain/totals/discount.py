"""Coupons: what each takes off an invoice, and off which lines."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from domain.books.line import Line, LineKind
from domain.books.redemption import CouponShare, Discount, Redemption
from domain.coupon import Coupon
from domain.exact import EXACT, ZERO, exact_sum
from domain.money import Money, split


class Discounted(Struct, frozen=True):
    """`lines` as given, with their shares. `discounts` in order of redemption, each above zero. `used`: the redemptions
    of which this invoice uses up one of their `left`: those that lowered a period that begins."""

    lines: tuple[Line, ...]
    discounts: tuple[Discount, ...] = ()
    used: tuple[str, ...] = ()


def discounted(
    lines: Sequence[Line],
    redemptions: Iterable[Redemption],
    currency: str,
    continued: Mapping[str, Container[str]] = MappingProxyType({}),
    covered: Mapping[str, Container[str]] = MappingProxyType({}),
    kinds_that_use_up: Callable[[Redemption], Container[LineKind]] = lambda _: frozenset({LineKind.RECURRING}),
) -> Discounted:
    """Let each running redemption lower the lines it applies to: the earliest first, the next one what that left.

    A percentage is of the sum of these lines and rounded once, then split over them; a fixed amount is at most that
    sum, and what exceeds it is lost. `continued`: the keys of lines that go on with a period that was billed before,
    such as a seat more or another plan from now on, and the redemptions that lowered it. The fixed amount was taken off
    that period already, so together they get no more of it than the lines given back on this invoice had, and use up
    nothing (Polar #11556, published case P08); but a redemption that was used up by the period still lowers it.
    `covered`: the same of lines that begin in the middle of a period of their subscription, such as an add-on, but only
    for the redemptions that have lowered that period.
    `kinds_that_use_up`: the kinds of lines whose periods use up those of a redemption.

    What gives back, what was discounted before and bought credit stay as they are. The order of lines changes nothing.
    """
    discountable, credited_back = _discountable(lines), [line for line in lines if line.amount < 0]
    taken = {at: ZERO for at, _ in discountable}
    shares: dict[int, list[CouponShare]] = {at: [] for at, _ in discountable}
    discounts: list[Discount] = []
    used: list[str] = []
    given_again = ZERO

    def goes_on(redemption: Redemption, line: Line) -> bool:
        return line.key in continued or redemption.id in covered.get(line.key, ())

    for redemption in sorted(redemptions, key=lambda redeemed: (redeemed.redeemed_at, redeemed.id)):
        lowered = [(at, line) for at, line in discountable if _lowers(redemption, line, continued, covered)]
        rests = [EXACT.subtract(line.amount, taken[at]) for at, line in lowered]
        had, unnamed = _shares_back(redemption, credited_back)
        begins = any(not goes_on(redemption, line) for _, line in lowered)
        once = _fixed_amount(redemption.coupon, currency) if begins else ZERO
        again = max(ZERO, EXACT.minus(EXACT.add(had, min(ZERO, EXACT.add(unnamed, given_again)))))
        amount = _coupon_amount(redemption.coupon, exact_sum(rests), once, again, currency)
        if not amount:
            continue
        if redemption.coupon.percent is None and unnamed:
            given_again = EXACT.add(given_again, max(ZERO, EXACT.subtract(amount, once)))
        parts = list(zip(lowered, split(amount, rests, currency), strict=True))
        for (at, _), part in parts:
            taken[at] = EXACT.add(taken[at], part)
            if part:
                shares[at].append(CouponShare(redemption.id, part))
        discounts.append(Discount(redemption.id, redemption.coupon.code, redemption.coupon.name, amount))
        kinds = kinds_that_use_up(redemption)
        using_up = (line for (_, line), part in parts if part and line.kind in kinds)
        if redemption.left and any(not goes_on(redemption, line) for line in using_up):
            used.append(redemption.id)
    lowered_lines = (
        replace(line, discount=taken[at], coupons=tuple(shares[at])) if taken.get(at) else line
        for at, line in enumerate(lines)
    )
    return Discounted(tuple(lowered_lines), tuple(discounts), tuple(used))


def _discountable(lines: Iterable[Line]) -> list[tuple[int, Line]]:
    """The lines that can be discounted, with their positions, in an order of their own: who gets the odd cent must not
    depend on the order of the lines."""
    fresh = (
        (line.key, line.id, at, line)
        for at, line in enumerate(lines)
        if line.amount > 0 and line.kind is not LineKind.CREDIT and not (line.discount or line.credit)
    )
    return [(at, line) for _, _, at, line in sorted(fresh)]


def _lowers(redemption: Redemption, line: Line, *periods: Mapping[str, Container[str]]) -> bool:
    """Whether the coupon lowers the line: while it runs, whatever it is for; when it is used up, what goes on with a
    period that it has lowered."""
    if not _applies(redemption, line):
        return False
    if redemption.ended_at is None and redemption.left != 0:
        return True
    return redemption.left == 0 and any(redemption.id in lowered.get(line.key, ()) for lowered in periods)


def _shares_back(redemption: Redemption, credited_back: Sequence[Line]) -> tuple[Decimal, Decimal]:
    """What goes back of the coupon (below zero): on lines that name it, and on lines that name no coupon."""
    lines = [line for line in credited_back if _applies(redemption, line)]
    shares = (share for line in lines for share in line.coupons if share.redemption_id == redemption.id)
    return exact_sum(share.amount for share in shares), exact_sum(line.discount for line in lines if not line.coupons)


def _applies(redemption: Redemption, line: Line) -> bool:
    plans = redemption.coupon.plans
    return (not plans or line.plan_key in plans) and redemption.subscription_id in (None, line.subscription_id)


def _fixed_amount(coupon: Coupon, currency: str) -> Decimal:
    """What a fixed coupon is worth in this currency: in another one nothing."""
    amount = coupon.amount
    return ZERO if amount is None or amount.currency != currency else amount.rounded().amount


def _coupon_amount(coupon: Coupon, rest: Decimal, once: Decimal, again: Decimal, currency: str) -> Decimal:
    """What the coupon takes off lines that come to `rest`: a fixed one `once` for all that begins, and `again` what was
    given back of it."""
    if coupon.percent is not None:
        return Money(EXACT.multiply(rest, coupon.percent.scaleb(-2)), currency).rounded().amount
    return min(rest, EXACT.add(once, min(again, _fixed_amount(coupon, currency))))
