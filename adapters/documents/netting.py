"""An invoice as EN 16931 counts it: lines and allowances without tax, and one sum for each category and rate.

Ours may hold prices with the tax inside, for which the tax is rounded once on their sum and the net is the rest. So
their lines become net one after the other, each as the difference of two rounded running sums, and the last takes what
is left: they add up to the net of the invoice, and none is off by more than a cent. (BR-CO-10, BR-CO-13, BR-S-08.)
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from operator import attrgetter

from msgspec import Struct

from adapters.documents.invoice_document import InvoiceDocument, treatment_of
from domain.books.line import Line
from domain.exact import EXACT, ZERO, divided, exact_sum, quantized
from domain.money import digits
from domain.tax import TaxCode, TaxLine, Treatment

_HUNDRED = Decimal(100)


class Category(Struct, frozen=True):
    """What EN 16931 tells taxes apart by."""

    code: TaxCode
    percent: Decimal


class Allowance(Struct, frozen=True):
    """What comes off all lines of one category, without tax. Below zero (a given-back discount) it is a charge."""

    category: Category
    amount: Decimal
    promotional: bool


class TaxBreakdown(Struct, frozen=True):
    """All of one category: `base` is its lines less its allowances."""

    category: Category
    base: Decimal
    amount: Decimal
    treatments: tuple[Treatment, ...]


class NetAmounts(Struct, frozen=True):
    """`lines` are the net amounts of the document's lines, in their order and before the allowances."""

    lines: tuple[Decimal, ...]
    allowances: tuple[Allowance, ...]
    taxes: tuple[TaxBreakdown, ...]

    @property
    def base(self) -> Decimal:
        return exact_sum(tax.base for tax in self.taxes)

    @property
    def tax(self) -> Decimal:
        return exact_sum(tax.amount for tax in self.taxes)


def category_of(treatment: Treatment) -> Category:
    """A standard rate of 0 % is a zero rate (BR-S-05, BR-Z-05)."""
    zero = treatment.code is TaxCode.STANDARD and not treatment.percent
    return Category(TaxCode.ZERO if zero else treatment.code, treatment.percent)


def net_amounts(document: InvoiceDocument) -> NetAmounts:
    """Exact: the lines less the allowances are the base, and with the tax they are the document's total."""
    nets: dict[int, Decimal] = {}
    allowances: list[Allowance] = []
    taxes = tuple(_all_taxes(document))
    for tax in taxes:
        places = [place for place, line in enumerate(document.lines) if _kind(line) == (tax.treatment, tax.inclusive)]
        lines = [document.lines[place] for place in places]
        reductions = [exact_sum(line.discount for line in lines), exact_sum(line.credit for line in lines)]
        parts = [*(line.amount for line in lines), *(-reduction for reduction in reductions)]
        if tax.inclusive:
            parts = list(_without_tax(parts, tax, digits(document.currency)))
        assert exact_sum(parts) == tax.base, f"the lines of {document.number} do not sum to its tax base"
        nets.update(zip(places, parts, strict=False))
        allowances.extend(
            Allowance(category_of(tax.treatment), -amount, promotional)
            for amount, promotional in zip(parts[-2:], (False, True), strict=True)
            if amount
        )
    found = NetAmounts(
        tuple(nets[place] for place in range(len(document.lines))), _summed(allowances), _by_category(taxes)
    )
    assert found.base + found.tax == document.total, f"{document.number} does not add up to its total"
    return found


def net_rate(unit: Decimal, treatment: Treatment, inclusive: bool, digits_max: int) -> Decimal:
    """A unit price without the tax in it."""
    return _share(unit, treatment.percent, digits_max) if inclusive else unit


def _all_taxes(document: InvoiceDocument) -> Iterator[TaxLine]:
    """The document's, and those of lines that none of them speaks of: nothing is levied there."""
    yield from document.tax
    known = {(tax.treatment, tax.inclusive) for tax in document.tax}
    for treatment, inclusive in dict.fromkeys(map(_kind, document.lines)):
        if (treatment, inclusive) not in known:
            lines = [line for line in document.lines if _kind(line) == (treatment, inclusive)]
            base = exact_sum(line.amount - line.discount - line.credit for line in lines)
            yield TaxLine(treatment, base, ZERO, inclusive)


def _kind(line: Line) -> tuple[Treatment, bool]:
    return treatment_of(line), line.tax_inclusive


def _without_tax(parts: Sequence[Decimal], tax: TaxLine, places: int) -> Iterator[Decimal]:
    # What is left goes to the last part that is not nothing, so that no allowance comes about where none was given.
    last = max((place for place, part in enumerate(parts) if part), default=0)
    before = ZERO
    for place, running in enumerate(accumulate(parts, EXACT.add)):
        after = tax.base if place >= last else _share(running, tax.treatment.percent, places)
        yield EXACT.subtract(after, before)
        before = after


def _share(gross: Decimal, percent: Decimal, places: int) -> Decimal:
    net = divided(EXACT.multiply(gross, _HUNDRED), EXACT.add(_HUNDRED, percent), places, ROUND_HALF_UP)
    return quantized(net, places, ROUND_HALF_UP)


def _summed(allowances: Iterable[Allowance]) -> tuple[Allowance, ...]:
    sums: dict[tuple[Category, bool], Decimal] = {}
    for allowance in allowances:
        key = (allowance.category, allowance.promotional)
        sums[key] = sums.get(key, ZERO) + allowance.amount
    return tuple(Allowance(category, amount, promotional) for (category, promotional), amount in sums.items() if amount)


def _by_category(taxes: Sequence[TaxLine]) -> tuple[TaxBreakdown, ...]:
    found: dict[Category, list[TaxLine]] = {}
    for tax in taxes:
        found.setdefault(category_of(tax.treatment), []).append(tax)
    return tuple(
        TaxBreakdown(
            category,
            exact_sum(map(attrgetter("base"), alike)),
            exact_sum(map(attrgetter("amount"), alike)),
            tuple(dict.fromkeys(tax.treatment for tax in alike)),
        )
        for category, alike in found.items()
    )
