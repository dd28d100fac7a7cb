"""Coupons: what each takes off an invoice, and off which lines."""

from collections.abc import Container, Iterable, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from domain.books.line import ZERO, Line, LineKind
from domain.books.redemption import Discount, Redemption
from domain.coupon import Coupon
from domain.exact import EXACT, exact_sum
from domain.money import Money, split


class Discounted(Struct, frozen=True):
    """`lines` as given, with their shares. `discounts` in order of redemption, each above zero. `used`: the redemptions
    of which this invoice uses up one of their `left`: those that lowered the recurring fee of a period."""

    lines: tuple[Line, ...]
    discounts: tuple[Discount, ...] = ()
    used: tuple[str, ...] = ()


def discounted(
    lines: Sequence[Line], redemptions: Iterable[Redemption], currency: str, continued: Container[str] = ()
) -> Discounted:
    """Let each running redemption lower the lines it applies to: the earliest first, the next one what that left.

    A percentage is of the sum of these lines and rounded once, then split over them; a fixed amount is at most that
    sum, and what exceeds it is lost. `continued`: keys of lines that go on with a period that was billed before, such
    as a seat more or another plan from now on. The fixed amount was taken off that period already, so together they get
    no more of it than the lines given back on this invoice had, and use up nothing (Polar #11556, published case P08).

    What gives back, what was discounted before and bought credit stay as they are. The order of lines changes nothing.
    """
    charged, given_back = _charged(lines), [line for line in lines if line.amount < 0]
    taken = {at: ZERO for at, _ in charged}
    discounts: list[Discount] = []
    used: list[str] = []
    given_again = ZERO
    for redemption in sorted(filter(_runs, redemptions), key=lambda one: (one.redeemed_at, one.id)):
        on = [(at, line) for at, line in charged if _applies(redemption, line)]
        rests = [EXACT.subtract(line.amount, taken[at]) for at, line in on]
        had = exact_sum(line.discount for line in given_back if _applies(redemption, line))
        begins = any(line.key not in continued for _, line in on)
        once = _fixed(redemption.coupon, currency) if begins else ZERO
        again = max(ZERO, EXACT.minus(EXACT.add(had, given_again)))
        amount = _worth(redemption.coupon, exact_sum(rests), once, again, currency)
        if not amount:
            continue
        if redemption.coupon.percent is None:
            given_again = EXACT.add(given_again, max(ZERO, EXACT.subtract(amount, once)))
        shares = list(zip(on, split(amount, rests, currency), strict=True))
        taken |= {at: EXACT.add(taken[at], share) for (at, _), share in shares}
        discounts.append(Discount(redemption.id, redemption.coupon.code, redemption.coupon.name, amount))
        lowered = (line for (_, line), share in shares if share and line.kind is LineKind.RECURRING)
        if redemption.left is not None and any(line.key not in continued for line in lowered):
            used.append(redemption.id)
    shared = (replace(line, discount=taken[at]) if taken.get(at) else line for at, line in enumerate(lines))
    return Discounted(tuple(shared), tuple(discounts), tuple(used))


def _charged(lines: Iterable[Line]) -> list[tuple[int, Line]]:
    """What can be discounted, with its position, in an order of its own: who gets the odd cent must not depend on that
    of the lines."""
    charged = ((at, line) for at, line in enumerate(lines) if line.amount > 0 and line.kind is not LineKind.CREDIT)
    return sorted(
        (one for one in charged if not (one[1].discount or one[1].credit)), key=lambda one: (one[1].key, one[1].id)
    )


def _runs(redemption: Redemption) -> bool:
    return redemption.ended_at is None and redemption.left != 0


def _applies(redemption: Redemption, line: Line) -> bool:
    plans = redemption.coupon.plans
    return (not plans or line.plan_key in plans) and redemption.subscription_id in (None, line.subscription_id)


def _fixed(coupon: Coupon, currency: str) -> Decimal:
    """What a fixed coupon is worth in this currency: in another one nothing."""
    amount = coupon.amount
    return ZERO if amount is None or amount.currency != currency else amount.rounded().amount


def _worth(coupon: Coupon, rest: Decimal, once: Decimal, again: Decimal, currency: str) -> Decimal:
    """What it takes off lines that come to `rest`: a fixed one `once` for all that begins, and `again` what was given
    back of it."""
    if coupon.percent is not None:
        return Money(EXACT.multiply(rest, coupon.percent.scaleb(-2)), currency).rounded().amount
    return min(rest, EXACT.add(once, min(again, _fixed(coupon, currency))))
