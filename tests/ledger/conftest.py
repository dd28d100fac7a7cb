"""Customers whose money events stand in the journal and in the ledger, without the commands that led to them."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import journal, ledger, views
from adapters.postgres.ledger import PostedEntry, rows_for
from adapters.postgres.tables import customers
from domain import events as e
from domain.account import Account, Customer, CustomerKind
from domain.books.credit import Credit, CreditKind
from domain.books.invoice import Invoice
from domain.books.line import Line, LineKind
from domain.books.payment import Allocation, Payment
from domain.evolve import evolve_account
from domain.ledger import postings
from domain.period import Period
from domain.seller import Dunning, Seller
from domain.tax import TaxLine, Treatment
from service.ids import new_id

VAT = Treatment("VAT", D(10))


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Life:
    """One customer. What happens to them is folded, posted and written down like `service.write.record` does it."""

    def __init__(self, engine: AsyncEngine, clock_id: str | None = None) -> None:
        self._engine = engine
        self.id = new_id("customer")
        self.anonymous_id = new_id("anon")
        self.account = Account()
        self.seq = 0
        self._hash = journal.GENESIS
        self.born = e.CustomerCreated(
            Customer(
                self.id, CustomerKind.USER, self.anonymous_id, {}, "EUR", "UTC", on("2026-01-01"), clock_id=clock_id
            )
        )

    async def begin(self) -> "Life":
        await self.live(self.born, "2026-01-01")
        async with self._engine.begin() as connection:
            await connection.execute(insert(customers).values(views.customer_row(self.account)))
        return self

    async def live(self, event: e.AccountEvent, at: str) -> None:
        before, self.account = self.account, evolve_account(self.account, event, on(at))
        self.seq += 1
        entry = journal.sealed_entry(
            self.id,
            self.seq,
            new_id("event"),
            event,
            effective_at=on(at),
            recorded_at=on(at),
            actor="test",
            reason=None,
            cause=None,
            previous=self._hash,
        )
        self._hash = entry.hash
        async with self._engine.begin() as connection:
            await journal.append(connection, [entry])
            made = postings(before, event, self.account, on(at))
            await ledger.write(connection, rows_for(self.id, [PostedEntry(self.seq, on(at), made)]))

    async def bill(
        self, number: str, net: str, period: tuple[str, str], at: str, kind: LineKind = LineKind.RECURRING
    ) -> None:
        """An invoice of one line and 10 % of tax; its id is its number."""
        served = Period(on(period[0]), on(period[1]))
        line = Line(number, f"s1/{number}", kind, "Pro", D(1), D(net), served, treatment=VAT)
        invoice = Invoice(
            id=number,
            number=f"INV-{number}",
            currency="EUR",
            lines=(line,),
            subtotal=D(net),
            discount=D(0),
            credit=D(0),
            tax=(TaxLine(VAT, D(net), D(net) / 10),),
            total=D(net) + D(net) / 10,
            period=served,
            until=None,
            corrections_from=None,
            issued_at=on(at),
            due_at=on(at),
            seller=Seller(),
            buyer={},
            buyer_country=None,
            zone="UTC",
            dunning=Dunning(),
        )
        await self.live(e.InvoiceFinalized(invoice), at)

    async def pay(self, id: str, amount: str, number: str, at: str) -> None:
        paid = (Allocation(number, D(amount)),)
        payment = Payment(id, D(amount), "EUR", "manual", on(at), paid, settled_at=on(at))
        await self.live(e.PaymentRecorded(payment), at)

    async def give(self, id: str, amount: str, at: str) -> None:
        credit = Credit(id, CreditKind.PREPAID, "EUR", D(amount), D(amount), "sorry", on(at))
        await self.live(e.CreditGranted(credit), at)


@pytest.fixture
def life(engine: AsyncEngine) -> Callable[..., Life]:
    """`await life().begin()`: a customer; `life(clock_id)`: one on a test clock."""
    return lambda clock_id=None: Life(engine, clock_id)
