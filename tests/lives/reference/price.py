"""What a price comes to, exactly, and which prices a subscriber pays."""

from collections.abc import Sequence
from fractions import Fraction

from domain.catalog import ChargeModel, PlanVersion, Price
from domain.period import Cadence
from domain.policy import Rounding

_ORDER = tuple(Cadence)
_DIGITS = {"JPY": 0, "BHD": 3}


def rounded(exact: Fraction, currency: str, how: Rounding = Rounding.HALF_UP) -> Fraction:
    """To the currency's digits, mirrored at zero."""
    scale = 10 ** _DIGITS.get(currency, 2)
    whole, rest = divmod(abs(exact) * scale, 1)
    up = {
        Rounding.HALF_UP: rest >= Fraction(1, 2),
        Rounding.HALF_EVEN: rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1),
        Rounding.UP: rest > 0,
        Rounding.DOWN: False,
    }[how]
    return (1 if exact > 0 else -1) * Fraction(whole + up, scale)


def minor_unit(currency: str) -> Fraction:
    return Fraction(1, 10 ** _DIGITS.get(currency, 2))


def parted(amount: Fraction, weights: Sequence[Fraction], currency: str) -> list[Fraction]:
    """In proportion, in whole minor units: the largest rests get the odd ones."""
    unit, whole = minor_unit(currency), sum(weights, Fraction(0))
    shares = [amount / unit * weight / whole if whole else Fraction(0) for weight in weights]
    parts = [Fraction(share.numerator // share.denominator) for share in shares]
    order = sorted(range(len(parts)), key=lambda n: (parts[n] - shares[n], -weights[n], n))
    for n in order[: int(amount / unit - sum(parts))] if whole else ():
        parts[n] += 1
    return [part * unit for part in parts]


def recurring(plan: PlanVersion, cadence: Cadence) -> list[Price]:
    """Of each key the price in the subscription's rhythm, else the shortest."""
    best: dict[str, Price] = {}
    for price in plan.terms.prices:
        if price.cadence is Cadence.ONCE:
            continue
        rank = (price.cadence is not cadence, _ORDER.index(price.cadence))
        other = best.get(price.key)
        if other is None or rank < (other.cadence is not cadence, _ORDER.index(other.cadence)):
            best[price.key] = price
    return list(best.values())


def once(plan: PlanVersion) -> list[Price]:
    return [price for price in plan.terms.prices if price.cadence is Cadence.ONCE]


def fee(price: Price, quantity: int, add_on: bool) -> Fraction:
    """For a whole period. A fixed price is due once, of an add-on as often as it was bought."""
    unit = Fraction(price.unit_amount or 0)
    if price.model is ChargeModel.FLAT:
        return unit * (quantity if add_on else 1)
    return unit * max(Fraction(0), quantity - Fraction(price.included or 0))
