"""What lowers charges: promotional credit is neither lost nor made, and is used before money; a coupon takes off what
it says, for as many periods as it says."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from domain import events as e
from domain.books.credit import CreditKind
from domain.books.invoice import Invoice
from domain.books.line import LineKind
from domain.catalog import BillingMode, ProrationPolicy
from domain.period import Cadence

from .live import Lived
from .reference.bill import Bill
from .reference.price import fee, minor_unit, recurring, rounded
from .reference.runs import FAR, Run, runs
from .reference.wants import wholes

_MICROSECOND = timedelta(microseconds=1)


def lowered(lived: Lived, due: Bill) -> Iterator[str]:
    yield from _fixed(lived, due)
    yield from _kept(lived)
    yield from _before_money(lived)
    yield from _coupons(lived)


def _kept(lived: Lived) -> Iterator[str]:
    """Each promotional credit is what is left of it and what stands used; what comes back after it expired is gone."""
    held = {
        id: credit
        for id, credit in lived.timeline.account.books.credits.items()
        if credit.kind is CreditKind.PROMOTIONAL
    }
    sums = {id: credit.amount - credit.remaining for id, credit in held.items()}
    made = {invoice.id: invoice for invoice in lived.timeline.invoices}
    for _, event in lived.timeline.journal:
        for id, amount in _moves(event, made):
            if id in sums:
                sums[id] -= amount
    for id, off in sums.items():
        if off < 0 or (off and held[id].expires_at is None):
            yield f"promotional credit {id} of {held[id].amount}: {off} are unaccounted for"


def _moves(event: Any, made: Mapping[str, Invoice]) -> Iterator[tuple[str, Decimal]]:
    """What is used of which credit; below zero: what comes back."""
    match event:
        case e.InvoiceFinalized(invoice=invoice):
            yield from ((burn.credit_id, burn.amount) for burn in invoice.credits)
            yield from ((release.credit_id, -release.amount) for release in invoice.released)
        case e.CreditNoteIssued(note=note):
            yield from ((release.credit_id, -release.amount) for release in note.released)
        case e.InvoiceVoided(invoice_id=id, returned=returned, rebill=rebill):
            yield from ((burn.credit_id, -burn.amount) for burn in returned)
            if rebill:  # what it had brought back is used again
                yield from ((release.credit_id, release.amount) for release in made[id].released)
        case e.CreditVoided(credit_id=id, amount=amount) | e.CreditExpired(credit_id=id, amount=amount):
            yield id, amount


def _before_money(lived: Lived) -> Iterator[str]:
    """While any is left, nothing is charged before tax: unless more goes back at that instant, beside the invoice."""
    back = {at for at, event in lived.timeline.journal if isinstance(event, e.CreditNoteIssued)}
    made = {invoice.id: invoice for invoice in lived.timeline.invoices}
    left: dict[str, Decimal] = {}
    until = {}
    for at, event in lived.timeline.journal:
        if isinstance(event, e.CreditGranted) and event.credit.kind is CreditKind.PROMOTIONAL:
            left[event.credit.id] = event.credit.amount
            until[event.credit.id] = event.credit.expires_at
        for id, amount in _moves(event, made):
            if id in left:
                left[id] -= amount
        if isinstance(event, e.InvoiceFinalized) and at not in back:
            usable = sum(x for id, x in left.items() if until[id] is None or at < until[id])
            lines = (line for line in event.invoice.lines if line.kind is not LineKind.CREDIT)
            charged = sum(line.amount - line.discount - line.credit for line in lines)
            if usable > 0 and charged > 0:
                yield f"{event.invoice.number} charges {charged} beside {usable} of promotional credit"


def _coupons(lived: Lived) -> Iterator[str]:
    redeemed = {redemption.id: redemption for redemption in lived.timeline.account.books.redemptions}
    void = {owed.id for owed in lived.timeline.account.books.receivables.values() if owed.closed == "VOID"}
    used: dict[str, int] = {}
    for _, event in lived.timeline.journal:
        if not isinstance(event, e.InvoiceFinalized):
            continue
        for id in event.used:
            used[id] = used.get(id, 0) + (event.invoice.id not in void)
        if len(redeemed) == 1:
            yield from _percent(event.invoice, next(iter(redeemed.values())))
    for id, times in used.items():
        periods = redeemed[id].coupon.periods
        if periods is not None and times > periods:
            yield f"coupon {id} lowered {times} periods instead of {periods}"


def _percent(invoice: Invoice, redemption: Any) -> Iterator[str]:
    """Of what it lowers it takes off its part, rounded once."""
    coupon = redemption.coupon
    off = sum(line.discount for line in invoice.lines if line.amount > 0)
    on = [line.amount for line in invoice.lines if line.amount > 0 and line.kind is not LineKind.CREDIT]
    if coupon.percent is None or not off or coupon.plans or redemption.subscription_id:
        return
    exact = Fraction(sum(on)) * Fraction(coupon.percent) / 100
    if Fraction(off) > rounded(exact, invoice.currency):
        yield f"{invoice.number} takes {off} off {sum(on)} for {coupon.percent} %"


def _fixed(lived: Lived, due: Bill) -> Iterator[str]:
    """A fixed amount comes off each period as far as it ran, whatever plans and seats changed in it: where one
    subscription's fees are all of the life, and always come to as much."""
    redeemed = lived.timeline.account.books.redemptions
    ran = runs(lived.timeline.journal)
    if len(redeemed) != 1 or not ran or redeemed[0].coupon.amount is None or not _simple(lived, ran):
        return
    coupon = redeemed[0].coupon
    amount = Fraction(coupon.amount.amount)
    if coupon.periods is not None or coupon.plans or any(_fees(run) < amount for run in ran):
        return
    expected: dict[str, Fraction] = {}
    for run in ran:
        for whole in wholes(run, Cadence.MONTH, FAR):
            part = min(run.end, whole.end) - max(run.start, whole.start)
            share = Fraction(part // _MICROSECOND, (whole.end - whole.start) // _MICROSECOND)
            name = whole.start.isoformat()
            expected[name] = expected.get(name, Fraction(0)) + amount * share
    for start, off in expected.items():
        got = sum((amount for key, amount in due.lowered.items() if key.endswith(start)), Fraction(0))
        if abs(got - off) > due.doubt + minor_unit(lived.timeline.customer.currency):
            yield f"coupon takes {float(got):.2f} off the period of {start}, not {float(off):.2f} of {float(amount)}"


def _simple(lived: Lived, ran: list[Run]) -> bool:
    first = lived.timeline.account.books.redemptions[0].redeemed_at
    fees = [price for run in ran for price in run.plan.terms.prices]
    return (
        len(lived.timeline.account.subscriptions) == 1
        and first <= ran[0].start
        and all(run.slot.add_on is None and not run.trial for run in ran)
        and all(run.end == other.start for run, other in pairwise(ran))
        and all(p.cadence is Cadence.MONTH and p.proration is ProrationPolicy.BY_SECOND for p in fees)
        and all(p.meter_key is None for p in fees)
        and all(run.plan.terms.billing is BillingMode.IN_ADVANCE and not run.plan.terms.minimum_spend for run in ran)
        and ran[0].start == ran[0].anchor
        and len({run.quantity for run in ran}) == 1  # a seat less takes its part of the amount along
        and not {step.act.verb for step in lived.done} & {"note", "void", "writeoff", "item", "grant"}
    )


def _fees(run: Run) -> Fraction:
    return sum((fee(price, run.quantity, False) for price in recurring(run.plan, run.cadence)), Fraction(0))
