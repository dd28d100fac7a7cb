"""How the customer pays: by a card that does as it is told, by transfer, with what was granted; and what goes back."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from timeline import Timeline

from domain import commands as c
from domain.books.credit import Credit, CreditKind
from domain.books.payment import NOBODY, FailureCode, Method, Payment, RefundTarget
from domain.exact import exact_sum
from domain.money import rounded

from .text import Act, instant

FAR = timedelta(days=400)


class Answer(NamedTuple):
    """What the provider says of a charge, so long after it was asked or had its last answer."""

    after: timedelta
    failure: FailureCode | None


AT_ONCE, LATER = timedelta(0), timedelta(days=2)
CARDS = {
    "good": [Answer(AT_ONCE, None)],
    "bad": [Answer(AT_ONCE, FailureCode.DECLINED)],
    "slow": [Answer(LATER, None)],
    "slow_bad": [Answer(LATER, FailureCode.INSUFFICIENT_FUNDS)],
    "confirmed": [Answer(AT_ONCE, FailureCode.ACTION_REQUIRED), Answer(LATER / 4, None)],
    "ignored": [Answer(AT_ONCE, FailureCode.ACTION_REQUIRED)],
}
"""By kind of card, what is answered to each charge."""


class Wallet:
    """What the customer has to pay with, and the provider's part."""

    def __init__(self, timeline: Timeline, currency: str) -> None:
        self.timeline = timeline
        self.currency = currency
        self.made = self.granted = 0
        self.answered: dict[str, int] = {}
        self.asked: dict[str, datetime] = {}

    def name(self, word: str) -> str:
        self.made += 1
        return f"{word}{self.made}"

    def pay(self, at: datetime, part: str | None = None) -> None:
        """By transfer, what is owed and not on its way; of it so many per cent; or (150) more than that."""
        books = self.timeline.account.books
        coming = {allocation.invoice_id for p in self.pending() for allocation in p.allocations}
        owed = exact_sum(owed.due for owed in books.open if owed.id not in coming)
        self.transfer(at, rounded(owed * int(part or 100) / 100, self.currency))

    def transfer(self, at: datetime, amount: Decimal) -> None:
        if amount:
            self.timeline.do(at, c.RecordPayment(self.name("p"), amount, self.currency))

    def do(self, act: Act) -> None:
        match act.verb:
            case "pay":
                self.pay(act.at, act.term("part"))
            case "transfer":
                self.transfer(act.at, Decimal(act.about[0]))
            case "card":
                kind, id = act.about[0], self.name("card")
                self.timeline.do(act.at, c.AddMethod(Method(id, "bank", f"{kind} {id}", "card", kind, act.at)))
            case "charge":
                self.timeline.do(act.at, c.PayInvoice(self.name("p"), self.invoice(act.about[0])))
            case "grant":
                self.timeline.do(act.at, c.GrantCredit(self.credit(act)))
            case "ungrant":
                self.timeline.do(act.at, c.VoidCredit(f"credit{act.about[0]}"))
            case "refund":
                self.timeline.do(act.at, self.refund(act))

    def invoice(self, n: str) -> str:
        made = self.timeline.invoices
        return made[int(n) - 1].id if int(n) <= len(made) else "none"

    def credit(self, act: Act) -> Credit:
        kind, amount = CreditKind(act.about[0].upper()), Decimal(act.about[1])
        until = act.term("until")
        expires_at = instant(until) if until else None
        return Credit(self.name("credit"), kind, self.currency, amount, amount, "given", act.at, expires_at=expires_at)

    def refund(self, act: Act) -> c.RefundPayment:
        settled = [
            payment
            for payment in self.timeline.account.books.payments.values()
            if payment.settled_at and not payment.failure
        ]
        n = int(act.about[0])
        payment = settled[n - 1] if n <= len(settled) else None
        part = act.term("part")
        amount = rounded(payment.amount * int(part) / 100, self.currency) if part and payment else None
        to = RefundTarget.CREDIT if act.term("to") == "credit" else RefundTarget.METHOD
        return c.RefundPayment(self.name("r"), payment.id if payment else "none", amount, to)

    # ── the provider ──
    def pending(self) -> Iterator[Payment]:
        payments = self.timeline.account.books.payments.values()
        return (payment for payment in payments if payment.settled_at is None and payment.provider != NOBODY)

    def next_answer(self) -> datetime | None:
        return min((at for _, at, _ in self._answers()), default=None)

    def answer(self, at: datetime) -> None:
        """All that the provider has said by then."""
        while due := sorted((when, id, failure) for id, when, failure in self._answers() if when <= at):
            _, id, failure = due[0]
            self.answered[id] = self.answered.get(id, 0) + 1
            self.asked[id] = at
            self.timeline.do(at, c.SettlePayment(id, FailureCode(failure) if failure else None))
        for payment in self.timeline.account.books.payments.values():
            for refund in payment.refunds:
                if refund.settled_at is None and refund.failure is None:
                    self.timeline.do(at, c.SettleRefund(refund.id, payment.id))

    def _answers(self) -> Iterator[tuple[str, datetime, str]]:
        tokens = {method.id: method.token.split()[0] for method in self.timeline.account.books.methods}
        for payment in self.pending():
            script, n = CARDS[tokens[payment.method_id or ""]], self.answered.get(payment.id, 0)
            if n < len(script):
                since = self.asked.get(payment.id, payment.created_at)
                yield payment.id, since + script[n].after, script[n].failure or ""
