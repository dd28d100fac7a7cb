"""What these tests do with Stripe: the adapter's parts on one client, and a customer with a card."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from stripe_fake import Card, FakeStripe
from stripe_fake.account import Object
from stripe_fake.customers import complete_setup

from adapters.stripe.charge import StripePayments
from adapters.stripe.client import Api
from adapters.stripe.customers import StripeCustomers
from adapters.stripe.invoices import Invoices
from adapters.stripe.methods import StripeMethods
from adapters.stripe.portal import Portal
from adapters.stripe.rate_limit import CallLimit
from adapters.stripe.records import StripeRecords
from domain.money import Money
from domain.providers.provider import ChargeRequest, Repayment

ANONYMOUS = "anon_01k0000000000000000000000a"
PAYMENT = "payment_01k0000000000000000000000a"
REFUND = "refund_01k0000000000000000000000a"


@dataclass
class PatientClock:
    """Waits without waiting: whoever sleeps moves it."""

    at: float = 1000.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        for _ in range(3):  # those whose turn it was go first, and others come to ask
            await asyncio.sleep(0)
        self.at += seconds


@dataclass
class Desk:
    fake: FakeStripe
    api: Api
    payments: StripePayments
    customers: StripeCustomers
    methods: StripeMethods
    portal: Portal
    invoices: Invoices
    records: StripeRecords

    async def card(self, card: Card | str = "pm_card_visa", anonymous_id: str = ANONYMOUS) -> str:
        """The token of a card that the customer has put in."""
        setup = await self.methods.set_up(await self.customers.link(anonymous_id), f"setup/{len(self.fake.requests)}")
        return str(complete_setup(self.fake.account, setup.client_secret, card)["id"])

    @property
    def charges(self) -> list[Object]:
        """Those at Stripe that took money."""
        return [one for one in self.fake.account.of("charge") if one["paid"]]


def opened(fake: FakeStripe, clock: PatientClock | None = None, answer_s_max: float = 0.5) -> Desk:
    clock = clock or PatientClock()
    api = Api(
        fake.key,
        CallLimit(1000.0, 1000, now=clock.now, sleep=clock.sleep),
        address=fake.url,
        answer_s_max=answer_s_max,
    )
    customers = StripeCustomers(api)
    return Desk(
        fake,
        api,
        StripePayments(api, customers.link),
        customers,
        StripeMethods(api),
        Portal(api),
        Invoices(api),
        StripeRecords(api),
    )


def of(amount: str, token: str, currency: str = "EUR", payment_id: str = PAYMENT) -> ChargeRequest:
    return ChargeRequest(payment_id, ANONYMOUS, Money(Decimal(amount), currency), token)


def back(amount: str, reference: str | None, refund_id: str = REFUND, currency: str = "EUR") -> Repayment:
    return Repayment(refund_id, PAYMENT, Money(Decimal(amount), currency), reference)
