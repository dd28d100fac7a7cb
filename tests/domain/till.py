"""A customer's payments as a ledger, for the tests of paying and dunning.

    till = Till()                                      # a customer who is billed in euros
    till.bill("1", "100.00", at="2026-01-01")          # a final invoice, due at once, collected if there is a method
    till.until("2026-01-03")                           # ["2026-01-03: p2 100.00 for 1 by nobody", …]

What happens is what the engine makes of it, as in production. Payments are called p1, p2 … in the order they were asked
for. After every event the double entry ledger is held against the books, and the books against the money that came in
(`Till.balanced`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from double_entry import JANUARY, UNTAXED, Ledger, invoice, line
from msgspec.structs import replace
from timeline import D, on, written

from domain import commands as c
from domain import events as e
from domain.account import Account, Customer, CustomerKind
from domain.books.credit import Credit
from domain.books.invoice import Instalment, Receivable
from domain.books.line import LineKind
from domain.books.payment import NOBODY, FailureCode, Method, Payment
from domain.engine import Answer, Asking, Pending, advance, answered, carry_out, carry_out_decision
from domain.errors import ErrorCode, Refusal
from domain.evolve import evolve_account
from domain.exact import exact_sum
from domain.seller import BillingSettings, Dunning

SALE = line("0", JANUARY, LineKind.ITEM, key="item_1", treatment=UNTAXED)
AT_ONCE = Dunning(grace_days=0)
"""The default intervals, with no grace to wait for."""


def method(id: str = "visa", token: str = "tok_1", provider: str = "simulated") -> Method:
    return Method(id, provider, f"{token}_{id}", "card", "Visa 4242", on("2026-01-01"))


def parts(*dated: tuple[str, str]) -> tuple[Instalment, ...]:
    return tuple(Instalment(on(due_at), D(amount)) for due_at, amount in dated)


class Till(Ledger):
    def __init__(self, *methods: Method) -> None:
        super().__init__()
        self.journal: list[str] = []
        self.names: dict[str, str] = {}
        self.settings = BillingSettings()
        self._last = on("2026-01-01")
        self._note("2026-01-01", e.CustomerCreated(_customer()))
        for method in methods:
            self._note("2026-01-01", e.MethodAdded(method))
        self.journal.clear()

    # What happens. Each returns the lines it wrote.
    def bill(
        self,
        number: str,
        amount: str,
        at: str = "2026-01-01",
        *,
        net_days: int = 0,
        dunning: Dunning = AT_ONCE,
        currency: str = "EUR",
        buys: Iterable[Credit] = (),
    ) -> list[str]:
        """A final invoice without tax, of one line (which sells credit if it `buys` any)."""
        bought = tuple(buys)
        kind = LineKind.CREDIT if bought else LineKind.ITEM
        made = invoice(number, replace(SALE, amount=D(amount), kind=kind), at=at, buys=bought).invoice
        due_at = on(at) + timedelta(days=net_days)
        final = e.InvoiceFinalized(replace(made, due_at=due_at, dunning=dunning, currency=currency))
        return self._happens(lambda pending: carry_out_decision(pending, lambda *_: [final], on(at)))

    def do(self, at: str, command: c.MoneyCommand) -> list[str]:
        return self._happens(lambda pending: carry_out(pending, command, on(at)))

    def until(self, at: str) -> list[str]:
        return self._happens(lambda pending: advance(pending, on(at)))

    def fails(self, at: str, failure: FailureCode = FailureCode.DECLINED, payment: str | None = None) -> list[str]:
        return self.do(at, c.SettlePayment(self.id_of(payment), failure))

    def succeeds(self, at: str, payment: str | None = None) -> list[str]:
        return self.do(at, c.SettlePayment(self.id_of(payment), reference="ref"))

    def needs_action(self, at: str, payment: str | None = None) -> list[str]:
        return self.do(at, c.SettlePayment(self.id_of(payment), FailureCode.ACTION_REQUIRED))

    def transfer(self, at: str, amount: str, id: str = "bank_1", **terms: Any) -> list[str]:
        return self.do(at, c.RecordPayment(id, D(amount), "EUR", **terms))

    @contextmanager
    def refuses(self, code: ErrorCode, *field: str) -> Iterator[pytest.ExceptionInfo[Refusal]]:
        """What is done inside is refused with this code at this field, and has changed nothing."""
        account = self.account
        with pytest.raises(Refusal) as refusal:
            yield refusal
        assert (refusal.value.code, refusal.value.field) == (code, field)
        assert self.account == account

    # What has become of it.
    def owed(self, number: str = "1") -> Receivable:
        return self.account.books.receivables[f"invoice_{number}"]

    def paid(self, payment: str | None = None) -> Payment:
        return self.account.books.payments[self.id_of(payment)]

    def pending(self) -> list[str]:
        return [
            self.names[payment.id] for payment in self.account.books.payments.values() if payment.settled_at is None
        ]

    def credit(self) -> str:
        """Prepaid credit that is left."""
        return f"{self.account.prepaid.get('EUR', D(0)):f}"

    def id_of(self, name: str | None = None) -> str:
        """Of the payment called that; of the latest one."""
        if name is None:
            return list(self.names)[-1]
        return next((id for id, given in self.names.items() if given == name), name)

    def balanced(self) -> None:
        """Every cent that came in and was not given back is on an invoice, or was left over as credit."""
        payments = [
            payment
            for payment in self.account.books.payments.values()
            if payment.settled_at and payment.failure is None
        ]
        for payment in payments:
            assert exact_sum(part.amount for part in payment.allocations) + payment.to_credit == payment.amount
        for owed in self.account.books.receivables.values():
            parts = (part.amount for payment in payments for part in payment.allocations if part.invoice_id == owed.id)
            assert owed.paid == exact_sum(parts) + exact_sum(burn.amount for burn in owed.prepaid)
            assert owed.due >= 0

    def _happens(self, run: Callable[[Pending[Account]], Asking[None]]) -> list[str]:
        seen, pending = len(self.journal), Pending(self.account, self._last, evolve_account)
        answered(run(pending), lambda question: Answer(self.settings))
        for fact in pending.facts:
            self._note(fact.at, fact.event)
        assert self.account == pending.state
        return self.journal[seen:]

    def _note(self, at: str | datetime, event: e.AccountEvent) -> None:
        instant = self._last = on(at) if isinstance(at, str) else at
        if isinstance(event, e.PaymentRequested | e.PaymentRecorded):
            self.names.setdefault(event.payment.id, f"p{len(self.names) + 1}")
        if self._in_euros(event):
            self.post(instant.replace(tzinfo=None).isoformat(), event)
        else:  # the ledger's checks add up euros only
            self.account = evolve_account(self.account, event, instant)
        self.balanced()
        self.journal.append(f"{written(instant)}: {self._told(event)}")

    def _in_euros(self, event: e.AccountEvent) -> bool:
        others = {receivable.currency for receivable in self.account.books.receivables.values()} - {"EUR"}
        return not others and not (isinstance(event, e.InvoiceFinalized) and event.invoice.currency != "EUR")

    def _told(self, event: e.AccountEvent) -> str:
        match event:
            case e.InvoiceFinalized(invoice=made):
                return f"{made.number} final, {made.total:f}"
            case e.PaymentRequested(payment=asked):
                by = "nobody" if asked.provider == NOBODY else asked.method_id
                return f"{self.names[asked.id]} {asked.amount:f} for {_numbers(asked.allocations)} by {by}"
            case e.PaymentRecorded(payment=asked, credit=credit):
                return f"{self.names[asked.id]} received {asked.amount:f}, {_went(asked.allocations, credit)}"
            case e.PaymentSucceeded(payment_id=id, allocations=allocations, credit=credit):
                return f"{self.names[id]} succeeded, {_went(allocations, credit)}"
            case e.PaymentFailed(payment_id=id, failure=failure, next_attempt_at=again):
                return f"{self.names[id]} failed, {failure}" + (f", again {written(again)}" if again else "")
            case e.PaymentNeedsAction(payment_id=id):
                return f"{self.names[id]} needs action"
            case e.CreditVoided(amount=amount) | e.CreditExpired(amount=amount):
                return f"credit {'expired' if isinstance(event, e.CreditExpired) else 'taken back'}, {amount:f}"
            case e.CreditApplied(invoice_id=id, burns=burns):
                return f"credit applied, {exact_sum(burn.amount for burn in burns):f} on {id.removeprefix('invoice_')}"
            case e.CreditGranted(credit=credit):
                return f"credit granted, {credit.amount:f}"
            case e.RefundRequested(refund=refund):
                return f"refund {refund.amount:f} to {refund.to.lower()}"
            case e.RefundSettled(credit=credit):
                return "refund settled" + (f", credit {credit.amount:f}" if credit else "")
            case e.SubscriptionEnded(subscription_id=id, reason=reason):
                return f"{id} ended, {reason}"
            case _:
                return type(event).__name__


def _customer() -> Customer:
    return Customer("customer_1", CustomerKind.GROUP, "anon_1", {}, "EUR", "UTC", on("2026-01-01"))


def _numbers(allocations: Sequence[Any]) -> str:
    return " ".join(allocation.invoice_id.removeprefix("invoice_") for allocation in allocations)


def _went(allocations: Sequence[Any], credit: Credit | None) -> str:
    went = [f"{allocation.amount:f} on {allocation.invoice_id.removeprefix('invoice_')}" for allocation in allocations]
    return ", ".join([*went, *([f"{credit.amount:f} left over"] if credit else [])])
