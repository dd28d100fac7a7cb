"""Laws of the ledger, over random lives of a customer's money. `Ledger.post` states them for every event: an entry sums
to zero, the receivable is what open invoices are owed, the credit liability is what prepaid credits still hold."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from double_entry import UNTAXED, VAT, Ledger, applied, invoice, line, note, prepaid, promotional, received, refund
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from timeline import D, on

from domain import events as e
from domain.books.credit import Burn, CreditKind
from domain.books.invoice import InvoiceStatus, Receivable
from domain.books.line import Line, LineKind
from domain.books.payment import RefundTarget
from domain.exact import ZERO
from domain.ledger import LedgerAccount, month_of, recognized
from domain.period import Period
from domain.tax import Treatment

REDUCED = Treatment("VAT", D(7))
_CENT = D("0.01")

cents = st.integers(1, 100_000).map(lambda n: D(n).scaleb(-2))
fractions = st.integers(1, 100).map(lambda n: D(n).scaleb(-2))
periods = st.tuples(st.integers(-400, 400), st.integers(0, 400)).map(
    lambda days: Period(on("2026-01-01") + timedelta(days[0]), on("2026-01-01") + timedelta(days[0] + days[1]))
)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    amount = draw(cents)
    return line(
        amount,
        draw(periods),
        draw(st.sampled_from((LineKind.RECURRING, LineKind.USAGE, LineKind.ONCE, LineKind.ITEM, LineKind.CREDIT))),
        treatment=draw(st.sampled_from((VAT, REDUCED, UNTAXED))),
        tax_inclusive=draw(st.booleans()),
        discount=(amount * draw(fractions) / 3).quantize(_CENT, ROUND_HALF_UP),
    )


class Life:
    """Carries out what was drawn as far as it is possible: the rules would not decide anything else."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.bills: dict[str, e.InvoiceFinalized] = {}
        self.burned: dict[str, list[Burn]] = {}
        self.names = iter(range(1, 1_000))

    @property
    def books(self) -> Any:
        return self.ledger.account.books

    def post(self, event: e.AccountEvent) -> None:
        self.ledger.post("2026-03-01", event)

    def owed(self, which: int) -> Receivable | None:
        found = [
            receivable for receivable in self.books.receivables.values() if receivable.closed is not InvoiceStatus.VOID
        ]
        return found[which % len(found)] if found else None

    def bill(self, drawn: list[Line]) -> None:
        event = invoice(str(next(self.names)), *drawn, at="2026-03-01")
        self.bills[event.invoice.id] = event
        self.post(event)

    def pay(self, which: int, amount: Decimal) -> None:
        owed, id = self.owed(which), f"p{next(self.names)}"
        part = ZERO if owed is None else min(amount, owed.total - owed.paid - owed.credited)
        credit = prepaid(f"c{id}", amount - part, id) if amount > part else None
        self.post(received(id, amount, credit, **({owed.id: part} if owed and part > 0 else {})))

    def give(self, amount: Decimal, paid: bool) -> None:
        id = f"c{next(self.names)}"
        self.post(e.CreditGranted(prepaid(id, amount) if paid else promotional(id, str(amount))))

    def use(self, which: int) -> None:
        owed = self.owed(which)
        held = [
            credit for credit in self.books.credits.values() if credit.kind is CreditKind.PREPAID and credit.remaining
        ]
        if owed is not None and owed.due > 0 and held:
            amount = min(owed.due, held[0].remaining)
            self.burned.setdefault(owed.id, []).append(Burn(held[0].id, amount))
            self.post(applied(owed.id, **{held[0].id: amount}))

    def take_back(self, which: int, part: Decimal) -> None:
        owed = self.owed(which)
        if owed is None:
            return
        bill = self.bills[owed.id]
        back = []
        for owed_line, of in zip(owed.lines, bill.invoice.lines, strict=True):
            if owed_line.kind is LineKind.CREDIT:
                continue
            amount = ((owed_line.net - owed_line.credited) * part).quantize(_CENT, ROUND_HALF_UP)
            if amount > 0:
                back.append(replace(of, amount=amount, discount=ZERO))
        if not back:
            return
        drawn = note(bill, *back)
        off = min(drawn.note.total, max(owed.total - owed.paid - owed.credited, ZERO))
        credit = prepaid(f"c{next(self.names)}", drawn.note.total - off, drawn.note.id)
        self.post(replace(drawn, note=replace(drawn.note, off=off, credit=credit if credit.amount else None)))

    def void(self, which: int) -> None:
        owed = self.owed(which)
        burns = [] if owed is None else self.burned.get(owed.id, [])
        if owed is not None and owed.due > 0 and not owed.credited and owed.paid == sum(burn.amount for burn in burns):
            self.post(e.InvoiceVoided(owed.id, tuple(burns[:which])))

    def write_off(self, which: int) -> None:
        owed = self.owed(which)
        if owed is not None and owed.due > 0:
            self.post(e.InvoiceWrittenOff(owed.id))

    def end_credit(self, which: int, expires: bool) -> None:
        held = [credit for credit in self.books.credits.values() if credit.remaining]
        if held:
            one = held[which % len(held)]
            ends = e.CreditExpired if expires else e.CreditVoided
            self.post(ends(one.id, one.remaining))

    def refund(self, which: int, part: Decimal, to: RefundTarget) -> None:
        paid = list(self.books.payments.values())
        if paid and paid[which % len(paid)].refunded == 0:
            of, id = paid[which % len(paid)], f"r{next(self.names)}"
            amount = (of.amount * part).quantize(_CENT, ROUND_HALF_UP)
            self.post(refund(id, of.id, str(amount), to))
            credit = prepaid(f"c{id}", amount, of.id) if to is RefundTarget.CREDIT else None
            self.post(e.RefundSettled(id, of.id, credit))


which = st.integers(0, 9)
acts = st.one_of(
    st.tuples(st.just("bill"), st.lists(lines(), min_size=1, max_size=5)),
    st.tuples(st.just("pay"), which, cents),
    st.tuples(st.just("give"), cents, st.booleans()),
    st.tuples(st.just("use"), which),
    st.tuples(st.just("take_back"), which, fractions),
    st.tuples(st.just("void"), which),
    st.tuples(st.just("write_off"), which),
    st.tuples(st.just("end_credit"), which, st.booleans()),
    st.tuples(st.just("refund"), which, fractions, st.sampled_from(RefundTarget)),
)


@given(st.lists(acts, max_size=25))
def test_the_ledger_never_parts_from_the_books_and_all_that_is_deferred_is_earned(drawn: list[Any]) -> None:
    life = Life()
    for name, *how in drawn:
        getattr(life, name)(*how)
    deferred = sum(
        (
            posting.amount + sum(_later(posting))
            for posting in life.ledger.posted
            if posting.account is LedgerAccount.DEFERRED_REVENUE
        ),
        ZERO,
    )
    assert deferred == 0


def _later(posting: Any) -> Any:
    for n in range(12 * 4):
        for earned in recognized(posting, on("2026-03-01"), month_of(date(2025 + n // 12, n % 12 + 1, 1), "UTC")):
            if earned.account is LedgerAccount.DEFERRED_REVENUE:
                yield earned.amount


@given(st.lists(st.tuples(st.integers(1, 5).map(D), st.integers(1, 3)), min_size=2, max_size=6), st.randoms())
def test_the_order_of_lines_does_not_change_what_an_invoice_posts(drawn: list[tuple[Decimal, int]], by: Random) -> None:
    """Small equal amounts for different periods, so that somebody gets the odd cent of the tax."""
    start = on("2026-03-01")
    made = [line(amount, Period(start, start + timedelta(days)), tax_inclusive=True) for amount, days in drawn]
    shuffled = by.sample(made, len(made))
    assert Ledger().post("2026-03-01", invoice("1", *made)) == Ledger().post("2026-03-01", invoice("1", *shuffled))
