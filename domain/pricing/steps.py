"""How each model prices a quantity, step by step. Included units are off already; nothing is below zero."""

from collections.abc import Iterator
from decimal import Decimal

from domain.books.line import Step
from domain.catalog import Price, Tier
from domain.exact import EXACT, ONE, ZERO, plain
from domain.policy import ZeroUsage


def flat(price: Price, quantity: Decimal) -> Iterator[Step]:
    yield step("fixed price", quantity, _unit(price))


def per_unit(price: Price, quantity: Decimal) -> Iterator[Step]:
    yield step("units", quantity, _unit(price))


def per_seat(price: Price, quantity: Decimal) -> Iterator[Step]:
    yield step("seats", quantity, _unit(price))


def graduated(price: Price, quantity: Decimal) -> Iterator[Step]:
    """Each tier prices the units that fall in it: Kill Bill's ALL_TIERS (published case T16)."""
    below = ZERO
    for at, tier in enumerate(price.tiers):
        if at > 0 and quantity <= below:
            break
        top = quantity if tier.up_to is None else min(quantity, tier.up_to)
        yield step(_name(price, at), EXACT.subtract(top, below), tier.unit_amount)
        yield from _fee(price, at, quantity)
        below = top


def volume(price: Price, quantity: Decimal) -> Iterator[Step]:
    """The tier reached prices all units, so one more unit may cost less (published case T21): that is the model."""
    at = next(at for at, tier in enumerate(price.tiers) if _reaches(tier, quantity))
    yield step(f"all units at {_name(price, at)}", quantity, price.tiers[at].unit_amount)
    yield from _fee(price, at, quantity)


def package(price: Price, quantity: Decimal) -> Iterator[Step]:
    """A package begun is due in full; included units come off before packages are counted (published case T09)."""
    assert price.package_size is not None, "checked when published"
    packages, rest = EXACT.divmod(quantity, price.package_size)
    label = f"packages of {_text(price.package_size)}, for {_text(quantity)} units"
    yield step(label, EXACT.add(packages, ONE) if rest else packages, _unit(price))


def percentage(price: Price, quantity: Decimal) -> Iterator[Step]:
    """`unit_amount`, if any, is due once in a period that has a value to take the percentage of. (A fee per transaction
    is a PER_UNIT price on a meter that counts them.)"""
    assert price.percent is not None, "checked when published"
    yield step(f"{_text(price.percent)} % of the value", quantity, price.percent.scaleb(-2, context=EXACT))
    if price.unit_amount and quantity > 0:
        yield step("fixed amount", ONE, price.unit_amount)


def step(label: str, quantity: Decimal, rate: Decimal) -> Step:
    return Step(label, plain(quantity), plain(rate), plain(EXACT.multiply(quantity, rate)))


def _fee(price: Price, at: int, quantity: Decimal) -> Iterator[Step]:
    fee = price.tiers[at].flat_amount
    if fee and (quantity > 0 or price.zero_usage is ZeroUsage.CHARGED):
        yield step(f"fixed fee of tier {at + 1}", ONE, fee)


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
