"""What a credit note takes back: of which lines, and how much of the tax."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from domain.books.invoice import OwedLine, Receivable
from domain.errors import ErrorCode, Refusal, invalid
from domain.exact import EXACT, ZERO, exact_sum
from domain.money import digits
from domain.tax import TaxLine
from domain.totals.totals import tax_of


class Credited(Struct, frozen=True):
    """`amounts` by line id, as charged: after discount and credit, with the tax where the price contains it. `subtotal`
    sums them; `total` = `subtotal` + the tax that prices do not contain. `tax`: of the invoice's tax lines those
    touched, in their order."""

    amounts: dict[str, Decimal]
    tax: tuple[TaxLine, ...]
    subtotal: Decimal
    total: Decimal


def credit_note_amounts(invoice: Receivable, amounts: Mapping[str, Decimal] | None) -> Credited:
    """Take back `amounts` (by line id, as in `Credited`), or all that is left of the invoice.

    Tax is rounded as if the note stood alone, but is never more than is left of its tax line, and the note that takes
    the last of the lines takes the last of their tax: so all notes together sum to the invoice (Lago #4373, #4449;
    published case I09b). Raises Refusal: CONFLICT if nothing is left, NOT_FOUND for a line that it does not have,
    INVALID for more than is left of a line, of the lines taxed alike, or of the invoice."""
    rest = _credited(invoice, {line.id: left for line in invoice.lines if (left := _rest(line))})
    if not rest.total:
        raise Refusal(ErrorCode.CONFLICT, f"nothing is left to credit of invoice {invoice.number}")
    if amounts is None:
        return rest
    if not amounts:
        raise invalid("needs at least one line", "amounts")
    lines = {line.id: line for line in invoice.lines}
    for id, amount in amounts.items():
        _check(lines.get(id), id, amount, invoice.currency)
    credited = _credited(invoice, amounts)
    left = EXACT.subtract(invoice.total, invoice.noted)
    if not 0 < credited.total <= left:
        raise invalid(f"comes to {credited.total} with tax; {left} is left of the invoice", "amounts")
    return credited


def _credited(invoice: Receivable, amounts: Mapping[str, Decimal]) -> Credited:
    subtotal = exact_sum(amounts.values())
    touched = {line.tax for line in invoice.lines if line.id in amounts}
    tax = tuple(_tax(invoice, position, amounts) for position in sorted(touched))
    added = exact_sum(line.amount for line in tax if not line.inclusive)
    return Credited(dict(amounts), tax, subtotal, EXACT.add(subtotal, added))


def _rest(line: OwedLine) -> Decimal:
    return EXACT.subtract(line.net, line.credited)


def _check(line: OwedLine | None, id: str, amount: Decimal, currency: str) -> None:
    if line is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"the invoice has no line {id}", "amounts")
    rest = _rest(line)
    if not amount or not min(rest, ZERO) <= amount <= max(rest, ZERO):
        raise invalid(f"{rest} is left of line {id}: {amount} cannot be credited", "amounts")
    if amount != round(amount, digits(currency)):
        raise invalid(f"{amount} has more decimals than {currency}", "amounts")


def _tax(invoice: Receivable, position: int, amounts: Mapping[str, Decimal]) -> TaxLine:
    """What goes back of one tax line with `amounts`."""
    whole = invoice.tax[position]
    group = [line for line in invoice.lines if line.tax == position]
    charged = exact_sum(amounts.get(line.id, ZERO) for line in group)
    rests = [EXACT.subtract(_rest(line), amounts.get(line.id, ZERO)) for line in group]
    left = EXACT.subtract(whole.amount, _back(invoice, position))
    amount = _share(whole, charged, exact_sum(rests), left, invoice.currency) if any(rests) else left
    return TaxLine(
        whole.treatment, EXACT.subtract(charged, amount) if whole.inclusive else charged, amount, whole.inclusive
    )


def _share(whole: TaxLine, charged: Decimal, rest: Decimal, left: Decimal, currency: str) -> Decimal:
    """The tax that goes back with `charged` while `rest` stays charged; `left` is what may go back at all."""
    if EXACT.multiply(charged, rest) < 0:  # beside 100 and a return of 40 there are 60 to give back
        raise invalid(f"{EXACT.add(charged, rest)} is left of the lines taxed alike, not {charged}", "amounts")
    naive = tax_of(charged, whole.treatment.percent, whole.inclusive, currency)
    if left < 0:  # a group of returns: everything mirrored
        return EXACT.minus(_bounded(EXACT.minus(naive), EXACT.minus(left), EXACT.minus(rest), whole.inclusive))
    return _bounded(naive, left, rest, whole.inclusive)


def _bounded(naive: Decimal, left: Decimal, rest: Decimal, inclusive: bool) -> Decimal:
    """No more than is left; and where prices contain it, what stays charged has to hold the tax that stays."""
    amount = min(max(naive, ZERO), left)
    return max(amount, EXACT.subtract(left, rest)) if inclusive else amount


def _back(invoice: Receivable, position: int) -> Decimal:
    return invoice.taken_back[position] if position < len(invoice.taken_back) else ZERO
