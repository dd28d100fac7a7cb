"""What a quantity comes to under a price: the exact amount, and each figure on the way to it.

Included units come off first; what is left is charged by the price's model. Bounds and quantities may be fractions.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.books.line import ZERO, Step
from domain.catalog import ChargeModel, Price, Tier
from domain.exact import EXACT, exact_sum, plain
from domain.policy import ZeroUsage
from domain.pricing.fraction import as_decimal

ONE = Decimal(1)


class Rated(Struct, frozen=True):
    """`exact` is what is rounded, once, into a line's amount. The amounts of `steps` add up to it, except that a step
    whose label says so is itself rounded."""

    exact: Fraction
    steps: tuple[Step, ...]

    @property
    def amount(self) -> Decimal:
        """`exact` as a decimal to show: all of it after `rate`, perhaps cut to 12 places after `prorated`."""
        return as_decimal(self.exact)[0]


def rate(price: Price, quantity: Decimal) -> Rated:
    """What `quantity` units (seats, or a meter's figure for one whole period) cost. `price` has passed check_price.

    A FLAT price costs its amount as often as it was bought: `quantity` is 1 but for add-ons. A quantity below zero, as
    corrections can leave it, counts as zero. The first tier is entered by the first unit that is not included.
    """
    used = max(quantity, ZERO)
    included = min(used, price.included or ZERO)
    steps = [] if quantity >= 0 else [_step("below zero, counts as 0", quantity, ZERO)]
    if included:
        steps.append(_step("included", included, ZERO))
    steps += _MODELS[price.model](price, EXACT.subtract(used, included))
    return Rated(Fraction(exact_sum(step.amount for step in steps)), tuple(steps))


def _flat(price: Price, quantity: Decimal) -> Iterator[Step]:
    yield _step("fixed price", quantity, _unit(price))


def _per_unit(price: Price, quantity: Decimal) -> Iterator[Step]:
    yield _step("units", quantity, _unit(price))


def _per_seat(price: Price, quantity: Decimal) -> Iterator[Step]:
    yield _step("seats", quantity, _unit(price))


def _graduated(price: Price, quantity: Decimal) -> Iterator[Step]:
    """Each tier prices the units that fall in it: Kill Bill's ALL_TIERS (published case T16)."""
    below = ZERO
    for at, tier in enumerate(price.tiers):
        if at > 0 and quantity <= below:
            break
        top = quantity if tier.up_to is None else min(quantity, tier.up_to)
        yield _step(_name(price, at), EXACT.subtract(top, below), tier.unit_amount)
        yield from _fee(price, at, quantity)
        below = top


def _volume(price: Price, quantity: Decimal) -> Iterator[Step]:
    """The tier reached prices all units, so one more unit may cost less (published case T21): that is the model."""
    at = next(at for at, tier in enumerate(price.tiers) if _reaches(tier, quantity))
    yield _step(f"all units at {_name(price, at)}", quantity, price.tiers[at].unit_amount)
    yield from _fee(price, at, quantity)


def _package(price: Price, quantity: Decimal) -> Iterator[Step]:
    """A package begun is due in full; included units come off before packages are counted (published case T09)."""
    assert price.package_size is not None, "checked when published"
    packages, rest = EXACT.divmod(quantity, price.package_size)
    label = f"packages of {_text(price.package_size)}, for {_text(quantity)} units"
    yield _step(label, EXACT.add(packages, ONE) if rest else packages, _unit(price))


def _percentage(price: Price, quantity: Decimal) -> Iterator[Step]:
    """`unit_amount`, if any, is due once in a period that has a value to take the percentage of. (A fee per transaction
    is a PER_UNIT price on a meter that counts them.)"""
    assert price.percent is not None, "checked when published"
    yield _step(f"{_text(price.percent)} % of the value", quantity, price.percent.scaleb(-2, context=EXACT))
    if price.unit_amount and quantity > 0:
        yield _step("fixed amount", ONE, price.unit_amount)


_MODELS: dict[ChargeModel, Callable[[Price, Decimal], Iterable[Step]]] = {
    ChargeModel.FLAT: _flat,
    ChargeModel.PER_UNIT: _per_unit,
    ChargeModel.PER_SEAT: _per_seat,
    ChargeModel.GRADUATED: _graduated,
    ChargeModel.VOLUME: _volume,
    ChargeModel.PACKAGE: _package,
    ChargeModel.PERCENTAGE: _percentage,
}


def _step(label: str, quantity: Decimal, rate: Decimal) -> Step:
    return Step(label, plain(quantity), plain(rate), plain(EXACT.multiply(quantity, rate)))


def _fee(price: Price, at: int, quantity: Decimal) -> Iterator[Step]:
    fee = price.tiers[at].flat_amount
    if fee and (quantity > 0 or price.zero_usage is ZeroUsage.CHARGED):
        yield _step(f"fixed fee of tier {at + 1}", ONE, fee)


def _reaches(tier: Tier, quantity: Decimal) -> bool:
    return tier.up_to is None or quantity <= tier.up_to


def _name(price: Price, at: int) -> str:
    """tier 2 (above 10, up to 20)"""
    above = [] if at == 0 else [f"above {_text(price.tiers[at - 1].up_to)}"]
    up_to = [] if price.tiers[at].up_to is None else [f"up to {_text(price.tiers[at].up_to)}"]
    bounds = ", ".join([*above, *up_to])
    return f"tier {at + 1} ({bounds})" if bounds else f"tier {at + 1}"


def _text(number: Decimal | None) -> str:
    assert number is not None, "only the last tier is open"
    return f"{plain(number):f}"


def _unit(price: Price) -> Decimal:
    assert price.unit_amount is not None, "checked when published"
    return price.unit_amount
