"""The fold of what was billed of each key: what lines charge for, what goes back of them, what nobody will pay."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from domain.books.billed import Billed, BilledLine, Return
from domain.books.invoice import CreditNote, Invoice, InvoiceStatus, OwedLine, Receivable
from domain.books.line import Line, LineKind
from domain.books.redemption import mirrored_shares
from domain.exact import ZERO, exact_sum
from domain.money import rounded, split
from domain.period import Period
from domain.tax import TaxLine

BY_HAND = frozenset({LineKind.ITEM, LineKind.CREDIT})
"""Lines that nothing is wanted for: they are billed once, as they stand."""

Keys = Mapping[str, Billed]
Note = Callable[[Decimal, BilledLine], BilledLine]


class TaxGroup(NamedTuple):
    """What is charged in this currency and taxed like this."""

    currency: str
    tax: TaxLine


def with_invoice(keys: Keys, invoice: Invoice) -> dict[str, Billed]:
    """With the lines of an invoice that has become final. What the rules came to counts as billed; what support made of
    it is theirs to have given."""
    after = dict(keys)
    for line in invoice.lines:
        if line.kind in BY_HAND:
            continue
        calculated = line.amount if line.calculated is None else line.calculated
        before = after.get(line.key)
        if before is not None and (line.corrects is not None or calculated < 0):
            after[line.key] = _without_return(before, line, _return_of(line, calculated))
        else:
            after[line.key] = _with_line(before, invoice, line, calculated)
    return after


def with_set_off(keys: Keys, lines: Iterable[Line]) -> dict[str, Billed]:
    """Without what would have gone back by these lines, and was not paid or was given before."""
    after = dict(keys)
    for line in lines:
        if line.key in after and line.calculated is not None:
            after[line.key] = _without_return(after[line.key], line, _return_of(line, line.calculated))
    return after


def _with_line(before: Billed | None, invoice: Invoice, line: Line, calculated: Decimal) -> Billed:
    assert line.treatment is not None, "a final line is taxed"
    charged = BilledLine(
        invoice_id=invoice.id,
        line_id=line.id,
        charged=calculated,
        amount=calculated,
        period=line.period,
        treatment=line.treatment,
        tax_inclusive=line.tax_inclusive,
        discount=line.discount,
        coupons=line.coupons,
        credit=line.credit,
        given=calculated - line.amount,
        because=line.because,
    )
    if before is not None:
        period = Period(min(before.period.start, line.period.start), max(before.period.end, line.period.end))
        return replace(before, period=period, lines=(*before.lines, charged))
    return Billed(
        kind=line.kind,
        description=line.description,
        currency=invoice.currency,
        period=line.period,
        ends_at=line.ends_at or line.period.end,
        subscription_id=line.subscription_id,
        plan_key=line.plan_key,
        lines=(charged,),
    )


def _return_of(line: Line, calculated: Decimal) -> Return:
    """What a line below zero gives back."""
    shares = mirrored_shares(line.coupons)
    return Return(-calculated, -line.amount, -line.discount, shares, -line.credit, line.over, line.stands)


def with_credit_note(keys: Keys, owed: Receivable, note: CreditNote) -> dict[str, Billed]:
    """After a credit note. What follows from the rules counts as billed back; what support gives is a gift beside."""
    after = dict(keys)
    if note.automatic:
        for line in note.lines:
            if line.key in after:
                gross = line.amount if line.calculated is None else line.calculated
                taken = Return(gross, line.amount, line.discount, line.coupons, line.credit, line.over, line.stands)
                after[line.key] = _without_return(after[line.key], line, taken)
        return after
    for tax in note.tax:
        lines = [line for line in note.lines if (line.treatment, line.tax_inclusive) == (tax.treatment, tax.inclusive)]
        named = {line.id: line.amount for line in lines if line.amount > 0}
        alone = {line.id: line.stands for line in owed.lines if line.key not in keys}
        given = exact_sum(line.amount - _by_itself(line.amount, alone.get(line.id)) for line in lines)
        if owed.closed is InvoiceStatus.UNCOLLECTIBLE:  # what lowers only the loss gives nobody anything
            given = rounded(Fraction(given) * Fraction(note.total - note.off) / Fraction(note.total), note.currency)
        after = _set_aside(after, _with_gift, given, named, TaxGroup(note.currency, tax))
    return after


def with_forgiven(keys: Keys, owed: Receivable, share: Decimal, of: Decimal) -> dict[str, Billed]:
    """After an invoice of which nobody will pay the `share` of what it came to (`of`): what its lines charge, less what
    they give back, in each group that is taxed alike."""
    after = dict(keys)
    for position, tax in enumerate(owed.tax):
        lines = [line for line in owed.lines if line.tax == position]
        charged = [line for line in lines if line.net > line.credited]
        left = exact_sum(line.net - line.credited for line in lines)
        if left > 0 and charged and of:
            unpaid, _ = split(left, [share, of - share], owed.currency)
            parts = split(unpaid, [line.net - line.credited for line in charged], owed.currency)
            named = {line.id: part for line, part in zip(charged, parts, strict=True)}
            alone = {line.id: line.stands for line in charged if line.key not in keys}
            unpaid -= exact_sum(_by_itself(part, alone.get(id)) for id, part in named.items())
            after = _set_aside(after, _with_unpaid, unpaid, named, TaxGroup(owed.currency, tax))
    return after


def _by_itself(amount: Decimal, stands: Decimal | None) -> Decimal:
    """What is noted of an item, or of a line of a period that is closed, concerns nothing else, as far as it stands."""
    return ZERO if stands is None else max(min(amount, stands), ZERO)


def with_recovered(keys: Keys, owed: Receivable, amount: Decimal) -> dict[str, Billed]:
    """So much of an invoice that was written off has been paid after all."""
    after = dict(keys)
    for line in owed.lines:
        if line.key in after:
            after[line.key] = after[line.key].changing(line.id, partial(_paid_after_all, amount=amount, of=owed))
    return after


def _paid_after_all(line: BilledLine, amount: Decimal, of: Receivable) -> BilledLine:
    return line.paid_after_all(rounded(Fraction(line.forgiven) * Fraction(amount) / Fraction(of.unpaid), of.currency))


def without_credit(keys: Keys, owed: Receivable) -> dict[str, Billed]:
    """The promotional credit that a voided invoice had used goes back: what it paid for is paid by nobody."""
    after = dict(keys)
    for line in owed.lines:
        if line.credit > 0 and line.key in after:
            after[line.key] = after[line.key].changing(
                line.id, lambda charged: replace(charged, credit=ZERO, forgiven=charged.forgiven + charged.credit)
            )
    return after


def without_invoice(keys: Keys, owed: Receivable) -> dict[str, Billed]:
    """As if the invoice had never been: without what it charged, with what it gave back."""
    after = dict(keys)
    for line in owed.lines:
        before = after.get(line.key)
        if before is None:
            continue
        after[line.key] = _charged_again(before, line) if line.corrects is not None else _not_charged(before, line)
        if not after[line.key].lines:
            del after[line.key]
    return after


def _not_charged(before: Billed, line: OwedLine) -> Billed:
    """Without what the line charged. What went back of it since stays given back, so as much more is wanted anew."""
    lines: list[BilledLine] = []
    for charged in before.lines:
        if charged.line_id != line.id:
            lines.append(charged)
        elif charged.amount != charged.charged:
            rest = replace(charged, amount=charged.amount - charged.charged, discount=charged.discount - line.discount)
            lines.append(
                replace(rest, credit=charged.credit - line.credit, given=ZERO, forgiven=ZERO, set_off=ZERO, spans=())
            )
    return replace(before, lines=tuple(lines))


def _charged_again(before: Billed, line: OwedLine) -> Billed:
    """With what the line gave back."""
    assert line.corrects is not None
    back = -line.amount
    gross = back if line.calculated is None else -line.calculated
    return before.changing(
        line.corrects,
        lambda charged: replace(
            charged,
            amount=charged.amount + gross,
            discount=charged.discount - line.discount,
            credit=charged.credit - line.credit,
            given=charged.given + gross - back,
            spans=(),
        ),
    )


def _without_return(before: Billed, line: Line, taken: Return) -> Billed:
    """Less what goes back of the line that this one corrects. (Only in journals of older releases does a line not name
    that: there, and only for them, it goes back of the newest lines, of each `_at_most` what it charged.)"""
    if line.corrects is not None and before.line(line.corrects.line_id) is not None:
        return before.less(line.corrects.line_id, taken)
    lines = list(before.lines)
    rest = taken
    for place in reversed(range(len(lines))):
        part = rest if place == 0 else _at_most(rest, lines[place])
        lines[place] = lines[place].less(part)
        rest = Return(
            rest.amount - part.amount,
            rest.back - part.back,
            rest.discount - part.discount,
            (),
            rest.credit - part.credit,
        )
        if not rest.amount:
            break
    return replace(before, lines=tuple(lines))


def _at_most(taken: Return, line: BilledLine) -> Return:
    amount = min(taken.amount, max(line.amount, ZERO))
    return Return(
        amount,
        min(taken.back, amount),
        min(taken.discount, line.discount),
        (),
        min(taken.credit, line.credit),
    )


def _set_aside(
    keys: Keys,
    note: Note,
    amount: Decimal,
    named: Mapping[str, Decimal],
    of: TaxGroup,
) -> dict[str, Billed]:
    """Notes `amount` of the named lines, by line id, as far as they stand; then, since other documents may have given
    back of these, of what else was charged at that tax, invoice by invoice, the newest first. Lines of one invoice
    share what does not reach for all of them."""
    after = dict(keys)
    keyed = {
        line.line_id: key
        for key, billed in keys.items()
        if billed.currency == of.currency
        for line in billed.lines
        if line.taxed(of.tax.treatment, of.tax.inclusive)
    }
    own = [id for id in named if id in keyed]
    for ids in (own, *_newest_first(keys, keyed)):
        lines = [_line(after, keyed[id], id) for id in ids]
        most = [max(min(line.left, named[line.line_id]) if ids is own else line.left, ZERO) for line in lines]
        part = min(amount, exact_sum(most))
        if part > 0:
            amount -= part
            for line, share in zip(lines, split(part, most, of.currency), strict=True):
                key = keyed[line.line_id]
                after[key] = after[key].changing(line.line_id, partial(note, share))
    return after


def _newest_first(keys: Keys, keyed: Mapping[str, str]) -> Iterator[list[str]]:
    """The lines of each invoice."""
    invoices = {id: _line(keys, key, id).invoice_id for id, key in keyed.items()}
    for invoice_id in sorted(set(invoices.values()), reverse=True):
        yield [id for id, invoice in invoices.items() if invoice == invoice_id]


def _line(keys: Keys, key: str, line_id: str) -> BilledLine:
    line = keys[key].line(line_id)
    assert line is not None
    return line


def _with_gift(amount: Decimal, line: BilledLine) -> BilledLine:
    return replace(line, given=line.given + amount)


def _with_unpaid(amount: Decimal, line: BilledLine) -> BilledLine:
    return replace(line, forgiven=line.forgiven + amount)
