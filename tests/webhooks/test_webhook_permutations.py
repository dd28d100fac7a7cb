"""Five notices have 120 orders. For each another customer with the same life, at a provider that is kept in memory."""

import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncEngine
from stripe_shop import BY

from adapters.metrics import Instruments
from adapters.postgres import inbox
from adapters.postgres.codec import decode_whole_account
from adapters.postgres.states import head
from domain import commands as c
from domain.account import Account, Customer, CustomerKind
from domain.books.invoice import InvoiceStatus, Item
from domain.books.payment import Method, PaymentStatus
from domain.money import Money
from domain.providers.notice import About, Notice, Subject
from domain.providers.records import FoundCustomer, FoundDispute, FoundPayment, FoundRefund, FoundStatus
from service.clock import Clock
from service.ids import new_id
from service.providers.payments import Charging
from service.providers.reconciliation import Reconciler
from service.providers.webhooks import Handling
from service.write.record import Record

NOW = datetime.now(UTC)


class Memory:
    """What a provider has, put there by hand."""

    def __init__(self) -> None:
        self.paid: dict[str, FoundPayment] = {}
        self.given_back: list[FoundRefund] = []
        self.ways: dict[str, list[Method]] = {}

    async def payment(self, reference: str) -> FoundPayment | None:
        return self.paid.get(reference)

    async def refunds_of(self, payment: str) -> Sequence[FoundRefund]:
        return [one for one in self.given_back if one.payment == payment]

    async def dispute(self, reference: str) -> FoundDispute | None:
        return None

    async def customer(self, reference: str) -> FoundCustomer | None:
        return None

    async def methods(self, customer: str) -> Sequence[Method]:
        return self.ways[customer]

    async def payments(
        self, since: datetime, until: datetime | None = None, customer: str | None = None
    ) -> AsyncIterator[FoundPayment]:
        for one in self.paid.values():
            yield one

    async def refunds(self, since: datetime, until: datetime | None = None) -> AsyncIterator[FoundRefund]:
        for one in self.given_back:
            yield one

    async def customers(self, since: datetime, until: datetime | None = None) -> AsyncIterator[FoundCustomer]:
        for reference in self.ways:
            yield FoundCustomer(reference, None)


async def test_every_permutation_of_five_events_ends_in_the_same_state(engine: AsyncEngine) -> None:
    """TryGhost/Members #240: a charge whose answer was lost, given back in two parts, and a new card."""
    memory, record = Memory(), Record(engine, Clock(), lambda _: None)
    charging = Charging(engine, record, {})
    handling = Handling(engine, Reconciler(engine, record, charging, {"stripe": memory}), Instruments())

    async def account(customer_id: str) -> Account:
        async with engine.connect() as connection:
            stored = await head(connection, customer_id)
        assert stored is not None
        return decode_whole_account(stored.state, stored.books, stored.seq)

    ends = []
    for n, order in enumerate(itertools.permutations(range(5))):
        customer_id, reference = new_id("customer"), f"cus_{n}"
        customer = Customer(customer_id, CustomerKind.USER, new_id("anon"), {}, "USD", "UTC", NOW)
        old = Method("method_a", "stripe", f"pm_{n}a", "CARD", "Visa •••• 4242", NOW)
        item = Item(new_id("item"), "Setup", Decimal(1), Decimal(100), "USD", NOW)
        for command in (
            c.CreateCustomer(customer),
            c.LinkProvider("stripe", reference),
            c.AddMethod(old),
            c.AddItem(item, at_once=True),
        ):
            await record(customer_id, command, BY)
        (payment_id,) = (await account(customer_id)).books.payments
        amounts = [Money(Decimal(amount), "USD") for amount in ("100.00", "10.00", "20.00")]
        paid = FoundPayment(f"pi_{n}", payment_id, reference, amounts[0], FoundStatus.SUCCEEDED)
        memory.paid[paid.reference] = paid
        memory.given_back = [
            FoundRefund(f"re_{n}_{place}", paid.reference, None, amount, FoundStatus.SUCCEEDED, NOW)
            for place, amount in enumerate(amounts[1:])
        ]
        memory.ways[reference] = [Method("method_b", "stripe", f"pm_{n}b", "CARD", "Visa •••• 4444", NOW)]
        told = (
            ("payment_intent.succeeded", Subject(About.PAYMENT, paid.reference, payment_id=payment_id)),
            ("refund.created", Subject(About.REFUND, f"re_{n}_0", payment=paid.reference)),
            ("refund.updated", Subject(About.REFUND, f"re_{n}_1", payment=paid.reference)),
            ("payment_method.attached", Subject(About.METHOD, f"pm_{n}b", reference)),
            ("payment_method.detached", Subject(About.METHOD, f"pm_{n}a", reference)),
        )
        for place in order:
            type, about = told[place]
            notice = Notice(f"evt_{n}_{place}", type, NOW, about)
            async with engine.begin() as connection:
                assert await inbox.keep(connection, new_id("webhook"), "stripe", notice)
            assert await handling.queue.round() == 1
        books = (await account(customer_id)).books
        payment = books.payments[payment_id]
        ends.append(
            (
                payment.status,
                payment.refunded,
                sorted(one.amount for one in payment.refunds),
                [one.status for one in books.receivables.values()],
                [one.id for one in books.methods if one.removed_at is None],
                books.default_method_id,
                books.links["stripe"].drift,
            )
        )
    assert ends == [ends[0]] * 120
    refunds = [Decimal(10), Decimal(20)]
    paid_once = (PaymentStatus.PARTIALLY_REFUNDED, Decimal(30), refunds, [InvoiceStatus.PAID])
    assert ends[0] == (*paid_once, ["method_b"], "method_b", ())
