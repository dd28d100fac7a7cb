"""The price models: what each says in a price, how it counts, what it comes to, and whether it can cost anything.

Whoever has to know one of these asks this table, so that a model is described here and nowhere else.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from msgspec import Struct

from domain.books.line import Step
from domain.catalog import ChargeModel, Price
from domain.pricing.steps import flat, graduated, package, per_seat, per_unit, percentage, volume


class PriceModel(Struct, frozen=True, kw_only=True):
    """`needs` and `allows` name the fields of a Price that it has to say, and may; what only other models say is
    refused. `costs`: whether any quantity of the price can come to more than zero. `once`: charged once, whatever the
    quantity of the subscription; otherwise by its seats, or by the meter if there is one. `by_unit`: a quantity is
    quoted at the unit amount (a package or a tier is not).
    """

    needs: frozenset[str]
    allows: frozenset[str] = frozenset()
    steps: Callable[[Price, Decimal], Iterable[Step]]
    costs: Callable[[Price], bool]
    once: bool = False
    by_unit: bool = False


def _by_amount(price: Price) -> bool:
    return bool(price.unit_amount)


def _by_tiers(price: Price) -> bool:
    return any(tier.unit_amount or tier.flat_amount for tier in price.tiers)


def _by_percent(price: Price) -> bool:
    return bool(price.percent or price.unit_amount)


_TIERED = frozenset({"meter_key", "tiers"})
_OF_TIERED = frozenset({"included", "zero_usage"})

MODELS: Mapping[ChargeModel, PriceModel] = {
    ChargeModel.FLAT: PriceModel(
        needs=frozenset({"unit_amount"}), steps=flat, costs=_by_amount, once=True, by_unit=True
    ),
    ChargeModel.PER_UNIT: PriceModel(
        needs=frozenset({"unit_amount"}),
        allows=frozenset({"meter_key", "included"}),
        steps=per_unit,
        costs=_by_amount,
        by_unit=True,
    ),
    ChargeModel.PER_SEAT: PriceModel(
        needs=frozenset({"unit_amount"}),
        allows=frozenset({"included"}),
        steps=per_seat,
        costs=_by_amount,
        by_unit=True,
    ),
    ChargeModel.GRADUATED: PriceModel(needs=_TIERED, allows=_OF_TIERED, steps=graduated, costs=_by_tiers),
    ChargeModel.VOLUME: PriceModel(needs=_TIERED, allows=_OF_TIERED, steps=volume, costs=_by_tiers),
    ChargeModel.PACKAGE: PriceModel(
        needs=frozenset({"meter_key", "unit_amount", "package_size"}),
        allows=frozenset({"included"}),
        steps=package,
        costs=_by_amount,
    ),
    ChargeModel.PERCENTAGE: PriceModel(
        needs=frozenset({"meter_key", "percent"}),
        allows=frozenset({"included", "unit_amount"}),
        steps=percentage,
        costs=_by_percent,
    ),
}


def costs(price: Price) -> bool:
    """Whether anything can ever be charged for it: a fee of 0 cannot, 5 % and a fixed amount of 0 can."""
    return MODELS[price.model].costs(price)


def unit_amount(price: Price) -> Decimal | None:
    """What one unit is quoted at. None: no single figure says it."""
    return price.unit_amount if MODELS[price.model].by_unit else None
