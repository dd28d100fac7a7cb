"""What an invoice comes to: one rounding per way of taxing, on the sum of its lines."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from domain.books.line import Line
from domain.exact import EXACT, divided, exact_sum, quantized
from domain.money import digits, zero
from domain.tax import TaxLine, Treatment
from domain.totals.promotional import net

_HUNDRED = Decimal(100)


class Totals(Struct, frozen=True):
    """`total` = `subtotal` − `discount` − `credit` + the tax that prices do not contain. Below zero where lines give
    back more than others charge: that is no invoice, but credit notes and an invoice of the rest."""

    subtotal: Decimal
    discount: Decimal
    credit: Decimal
    tax: tuple[TaxLine, ...]
    total: Decimal


def totals(lines: Sequence[Line], currency: str) -> Totals:
    """Sum lines whose treatments are set. Their order changes nothing, not even the order of the tax lines: the highest
    rate stands first."""
    nothing = zero(currency).amount
    subtotal = exact_sum([nothing, *(line.amount for line in lines)])
    discount = exact_sum([nothing, *(line.discount for line in lines)])
    credit = exact_sum([nothing, *(line.credit for line in lines)])
    tax = tuple(_tax_line(group, currency) for group in _groups(lines))
    added = exact_sum(line.amount for line in tax if not line.inclusive)
    reduced = EXACT.subtract(subtotal, EXACT.add(discount, credit))
    return Totals(subtotal, discount, credit, tax, EXACT.add(reduced, added))


def tax_of(charged: Decimal, percent: Decimal, inclusive: bool, currency: str) -> Decimal:
    """The tax on `charged`, or in it where the price contains it: rounded once, half up. So the net of a price with tax
    is what the rounded tax leaves: 2.99 with 4 % is 2.87 + 0.12 (published case I01)."""
    whole = EXACT.add(_HUNDRED, percent) if inclusive else _HUNDRED
    places = digits(currency)
    return quantized(divided(EXACT.multiply(charged, percent), whole, places, "ROUND_HALF_UP"), places, "ROUND_HALF_UP")


_Group = tuple[Treatment, bool, list[Line]]


def _groups(lines: Iterable[Line]) -> list[_Group]:
    """Lines by their treatment and by whether prices contain the tax."""
    groups: dict[tuple[Treatment, bool], list[Line]] = {}
    for line in lines:
        assert line.treatment is not None, f"{line.key} has no treatment yet"
        groups.setdefault((line.treatment, line.tax_inclusive), []).append(line)
    return sorted(((*key, members) for key, members in groups.items()), key=_rank)


def _rank(group: _Group) -> tuple[Decimal, str, str, str, bool]:
    treatment, inclusive, _ = group
    return (EXACT.minus(treatment.percent), treatment.code, treatment.name, treatment.reason or "", inclusive)


def _tax_line(group: _Group, currency: str) -> TaxLine:
    treatment, inclusive, members = group
    charged = exact_sum([zero(currency).amount, *(net(line) for line in members)])
    amount = tax_of(charged, treatment.percent, inclusive, currency)
    return TaxLine(treatment, EXACT.subtract(charged, amount) if inclusive else charged, amount, inclusive)
