"""Random lives of an invoice between the books and a provider that loses questions and answers, without a database."""

import sys
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "domain"))

from till import Till, method
from timeline import D

from adapters.payments.simulated import Behaviour, Simulated
from domain import commands as c
from domain.books.payment import Payment
from domain.errors import Refusal
from domain.money import Money
from domain.providers.provider import ChargeRequest, NeedsAction, Unknown
from service.providers.payments.charging import settling

ACTS = st.one_of(
    st.tuples(st.just("ask"), st.integers(0, 9)),
    st.tuples(st.just("ask_and_die"), st.integers(0, 9)),
    st.tuples(st.just("confirm"), st.integers(0, 9)),
    st.tuples(st.just("pay"), st.just(0)),
    st.tuples(st.just("transfer"), st.integers(1, 12_000)),
    st.tuples(st.just("void"), st.just(0)),
    st.tuples(st.just("method"), st.sampled_from(Behaviour)),
    st.tuples(st.just("wait"), st.integers(1, 9)),
)


class Life:
    def __init__(self, token: str) -> None:
        self.provider = Simulated()
        self.till = Till(_method(token, 0))
        self.till.bill("1", "100.00", net_days=3)
        self.day = 0

    @property
    def now(self) -> str:
        return f"2026-{1 + self.day // 28:02}-{1 + self.day % 28:02}"

    def asked(self, n: int) -> Payment | None:
        """Some payment that a provider can be asked about, settled or not: an answer may come at any time."""
        payments = [one for one in self.till.account.books.payments.values() if one.provider == "simulated"]
        return payments[n % len(payments)] if payments else None

    async def ask(self, payment: Payment, *, record: bool = True) -> None:
        used = next(one for one in self.till.account.books.methods if one.id == payment.method_id)
        charge = ChargeRequest(payment.id, "anon_1", Money(payment.amount, "EUR"), used.token)
        try:
            outcome = await self.provider.charge(charge)
        except Unknown:
            return
        if record:
            self.till.do(self.now, settling(payment, outcome))

    async def act(self, n: int, what: str, about: Any) -> None:
        match what:
            case "ask" | "ask_and_die":
                if (payment := self.asked(about)) is not None and (not payment.settled_at or payment.id in self.made):
                    await self.ask(payment, record=what == "ask")
            case "confirm":
                waiting = [id for id, made in self.made.items() if isinstance(made.outcome, NeedsAction)]
                if waiting:
                    self.provider.confirm(waiting[about % len(waiting)])
            case "pay":
                self.till.do(self.now, c.PayInvoice(f"hand_{n}", "invoice_1"))
            case "transfer":
                self.till.transfer(self.now, f"{D(about).scaleb(-2)}", f"bank_{n}")
            case "void":
                self.till.do(self.now, c.VoidInvoice("invoice_1"))
            case "method":
                self.till.do(self.now, c.AddMethod(_method(about, n)))
            case "wait":
                self.day += about
                self.till.until(self.now)

    @property
    def made(self) -> dict[str, Any]:
        return self.provider.made


def _method(token: str, n: int) -> Any:
    return type(method())(f"method_{n}", "simulated", token, "card", "Visa", method().added_at)


@settings(max_examples=200)
@given(st.sampled_from(Behaviour), st.lists(ACTS, max_size=25))
async def test_every_payment_is_charged_at_most_once_and_all_that_was_charged_is_in_the_books(
    token: str, acts: list[tuple[str, Any]]
) -> None:
    """`Till.balanced` holds after every event: what came in is on the invoice or left over as credit."""
    life = Life(token)
    for n, (what, about) in enumerate(acts, 1):
        try:
            await life.act(n, what, about)
        except Refusal:
            continue
    for id in [*life.made, *life.made]:  # in the end every answer arrives, whatever was lost before
        await life.ask(life.till.account.books.payments[id])
    by_card = [one for one in life.till.account.books.payments.values() if one.provider == "simulated"]
    for payment in by_card:
        taken = life.made[payment.id].taken if payment.id in life.made else 0
        assert taken in (0, payment.amount)
        assert taken == (payment.amount if payment.settled_at and payment.failure is None else 0)
    life.till.balanced()
