"""Stripe's side of what comes in, in the domain's words: its notices, and what it has, to be compared."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from stripe import InvalidRequestError, PaymentIntent

from adapters.stripe import webhook
from adapters.stripe.charge import STRIPE
from adapters.stripe.client import OURSELVES, Api
from adapters.stripe.disputes import Disputes
from adapters.stripe.errors import code_of, is_missing
from adapters.stripe.methods import Methods
from adapters.stripe.minor import money
from adapters.stripe.ours import ANONYMOUS, PAYMENT, name, ours
from adapters.stripe.reconcile import Reconciliation, charged
from domain.books.payment import Method
from domain.notice import Notice
from domain.provider import Unknown
from domain.provider_state import FoundCustomer, FoundDispute, FoundPayment, FoundRefund, State

_SAY_MORE = (
    "address",
    "business_name",
    "description",
    "email",
    "individual_name",
    "name",
    "phone",
    "shipping",
)
"""Fields of a customer at Stripe that we never fill."""


class StripeNotices:
    def __init__(self, secrets: Sequence[str]) -> None:
        """All that are valid at present: two, while one is being rolled."""
        self._secrets = secrets

    def read(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Raises NotGenuine."""
        return webhook.verify(body, headers.get("stripe-signature"), self._secrets)


class StripeRecords:
    def __init__(self, api: Api) -> None:
        self._api = api
        self._all = Reconciliation(api)
        self._disputes = Disputes(api)
        self._methods = Methods(api, STRIPE)

    async def payment(self, reference: str) -> FoundPayment | None:
        """By the name of the PaymentIntent, or of a charge that has none."""
        try:
            async with self._api.turn(OURSELVES) as v1:
                if not reference.startswith("pi_"):
                    return charged(await v1.charges.retrieve_async(reference))
                intent = await v1.payment_intents.retrieve_async(reference)
        except InvalidRequestError as error:
            if is_missing(error):
                return None
            raise Unknown(f"Stripe does not show the payment: {code_of(error)}") from error
        return FoundPayment(
            reference=intent.id,
            payment_id=ours(intent, PAYMENT),
            customer=name(intent.customer),
            amount=money(intent.amount, intent.currency),
            state=_state(intent),
        )

    async def refunds_of(self, payment: str) -> Sequence[FoundRefund]:
        try:
            return [one async for one in self._all.refunds(_BEGINNING, None, payment)]
        except InvalidRequestError as error:
            if is_missing(error):
                return []
            raise Unknown(f"Stripe does not list the refunds: {code_of(error)}") from error

    async def dispute(self, reference: str) -> FoundDispute | None:
        return await self._disputes.one(reference)

    async def customer(self, reference: str) -> FoundCustomer | None:
        try:
            async with self._api.turn(reference) as v1:
                found = await v1.customers.retrieve_async(reference)
        except InvalidRequestError as error:
            if is_missing(error):
                return None
            raise Unknown(f"Stripe does not show the customer: {code_of(error)}") from error
        if getattr(found, "deleted", False):
            return None
        also = tuple(field for field in _SAY_MORE if getattr(found, field, None))
        kept = getattr(found, "metadata", None)
        typed = ("metadata",) if kept is not None and any(key != ANONYMOUS for key in kept.to_dict()) else ()
        return FoundCustomer(found.id, ours(found, ANONYMOUS), also + typed)

    async def methods(self, customer: str) -> Sequence[Method]:
        return await self._methods.all(customer)

    def payments(
        self, since: datetime, until: datetime | None = None, customer: str | None = None
    ) -> AsyncIterator[FoundPayment]:
        return self._all.payments(since, until, customer)

    def refunds(self, since: datetime, until: datetime | None = None) -> AsyncIterator[FoundRefund]:
        return self._all.refunds(since, until)

    def customers(self, since: datetime, until: datetime | None = None) -> AsyncIterator[FoundCustomer]:
        return self._all.customers(since, until)


_BEGINNING = datetime.fromisoformat("2011-01-01T00:00:00+00:00")
"""Before Stripe was open to anybody."""


def _state(intent: PaymentIntent) -> State:
    match intent.status:
        case "succeeded":
            return State.SUCCEEDED
        case "requires_payment_method" | "canceled":
            return State.FAILED
        case _:
            return State.PENDING
