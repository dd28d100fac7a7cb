"""What support does to a customer's money, for the tests of credits, coupons, voids and credit notes.

    desk = Desk()                                          # a customer who is billed in euros
    desk.post("2026-02-01", invoice("1", line("100.00", JANUARY)))
    desk.do("2026-02-02", c.VoidInvoice("invoice_1"))      # what it decided, folded, and posted to the ledger

After every event the ledger is held against the books, as in double_entry.py.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from double_entry import Ledger
from timeline import on, written

from domain import commands as c
from domain import events as e
from domain.account import Customer, CustomerKind
from domain.books.invoice import Receivable
from domain.engine import Answer, Pending, answered, carry_out
from domain.errors import ErrorCode, Refusal
from domain.evolve import evolve_account
from domain.seller import BillingSettings

Command = (
    c.GrantCredit
    | c.VoidCredit
    | c.RedeemCoupon
    | c.RemoveCoupon
    | c.VoidInvoice
    | c.WriteOffInvoice
    | c.IssueCreditNote
)


class Desk(Ledger):
    def __init__(self, since: str = "2026-01-01") -> None:
        super().__init__()
        customer = Customer("customer_1", CustomerKind.GROUP, "anon_1", {}, "EUR", "UTC", on(since))
        self.post(since, e.CustomerCreated(customer))

    def do(self, at: str, command: Command) -> Sequence[e.AnyEvent]:
        pending = Pending(self.account, self._last, evolve_account)
        answered(carry_out(pending, command, on(at)), lambda question: Answer(BillingSettings()))
        for fact in pending.facts:
            self.post(written(fact.at), fact.event)
        return pending.events

    def post(self, at: str, event: e.AccountEvent) -> list[str]:
        self._last = on(at)
        return super().post(at, event)

    @contextmanager
    def refuses(self, code: ErrorCode, *field: str) -> Iterator[pytest.ExceptionInfo[Refusal]]:
        """What is done inside is refused with this code at this field, and has changed nothing."""
        account = self.account
        with pytest.raises(Refusal) as refusal:
            yield refusal
        assert (refusal.value.code, refusal.value.field) == (code, field)
        assert self.account == account

    def owed(self, number: str = "1") -> Receivable:
        return self.account.books.receivables[f"invoice_{number}"]

    def left_of(self, credit_id: str) -> str:
        return f"{self.account.books.credits[credit_id].remaining:f}"
