"""What an invoice comes to: one rounding per way of taxing, on the sum of its lines."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.books.line import Line
from domain.exact import EXACT, divided, exact_sum, quantized
from domain.money import Money, digits, zero
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


def taxes_by_line(lines: Sequence[Line], currency: str) -> tuple[Decimal, ...]:
    """Each line's share of the tax, in the order of `lines`: the shares of a group sum to its rounded tax. Documents
    and ledgers that need one line's net where its price contains the tax take it from here."""
    shares: dict[int, Decimal] = {}
    for treatment, inclusive, members in _groups(lines):
        group = _tax_line((treatment, inclusive, members), currency)
        percent = Fraction(treatment.percent)
        rate = percent / (100 + percent if inclusive else 100)
        shares |= _shares(group.amount, [(at, line, Fraction(net(line)) * rate) for at, line in members], currency)
    return tuple(shares[at] for at in range(len(lines)))


def _shares(amount: Decimal, exact: Sequence[tuple[int, Line, Fraction]], currency: str) -> dict[int, Decimal]:
    """Cut each exact share to whole units; the units left over go to the largest rests. (`money.split` knows weights of
    one sign; here some lines may give back.)"""
    units = 10 ** digits(currency)
    cut = {at: share * units // 1 for at, _, share in exact}
    left = int(Fraction(amount) * units) - sum(cut.values())
    by_rest = sorted(exact, key=lambda one: (cut[one[0]] - one[2] * units, one[1].key, one[1].id))
    for at, _, _ in by_rest[:left]:
        cut[at] += 1
    return {at: Money(Decimal(whole).scaleb(-digits(currency)), currency).rounded().amount for at, whole in cut.items()}


_Group = tuple[Treatment, bool, list[tuple[int, Line]]]


def _groups(lines: Iterable[Line]) -> list[_Group]:
    """Lines with their positions, by treatment and by whether prices contain the tax."""
    groups: dict[tuple[Treatment, bool], list[tuple[int, Line]]] = {}
    for at, line in enumerate(lines):
        assert line.treatment is not None, f"{line.key} has no treatment yet"
        groups.setdefault((line.treatment, line.tax_inclusive), []).append((at, line))
    return sorted(((*key, members) for key, members in groups.items()), key=_rank)


def _rank(group: _Group) -> tuple[Decimal, str, str, str, bool]:
    treatment, inclusive, _ = group
    return (EXACT.minus(treatment.percent), treatment.code, treatment.name, treatment.reason or "", inclusive)


def _tax_line(group: _Group, currency: str) -> TaxLine:
    treatment, inclusive, members = group
    charged = exact_sum([zero(currency).amount, *(net(line) for _, line in members)])
    amount = tax_of(charged, treatment.percent, inclusive, currency)
    return TaxLine(treatment, EXACT.subtract(charged, amount) if inclusive else charged, amount, inclusive)
