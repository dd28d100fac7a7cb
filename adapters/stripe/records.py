"""What Stripe has, in our words, to be compared with the journal. Reading only: nothing here changes anything."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

from stripe import Charge, Customer, Dispute, InvalidRequestError, ListObject, PaymentIntent, Refund

from adapters.stripe.client import OURSELVES, Api
from adapters.stripe.errors import code_of, is_missing
from adapters.stripe.methods import StripeMethods
from adapters.stripe.minor import money
from adapters.stripe.ours import ANONYMOUS, PAYMENT, REFUND, name, ours, text
from adapters.stripe.pages import PAGE, every
from domain.providers.provider import Unknown
from domain.providers.records import DisputeStatus, FoundCustomer, FoundDispute, FoundPayment, FoundRefund, FoundStatus

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEGINNING = datetime.fromisoformat("2011-01-01T00:00:00+00:00")
"""Before Stripe was open to anybody."""
_LATEST = 4_102_444_800  # 2100, which is after all that Stripe has

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


class StripeRecords:
    """Lists are of what was made from `since` up to, but not including, `until`, to the second; the newest first.
    Payments and refunds also of one Stripe customer or one payment only. Raises Unknown."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.methods = StripeMethods(api).all

    @property
    def listing(self) -> Self:
        return self

    # ── one by one ───────────────────────────────────────────────────────────────────────────────────────────────────
    async def payment(self, reference: str) -> FoundPayment | None:
        """By the name of the PaymentIntent, or of a charge that has none."""
        try:
            async with self._api.turn(OURSELVES) as v1:
                if not reference.startswith("pi_"):
                    return _charged(await v1.charges.retrieve_async(reference))
                intent = await v1.payment_intents.retrieve_async(reference, {"expand": ["latest_charge"]})
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
            disputed=isinstance(intent.latest_charge, Charge) and intent.latest_charge.disputed,
        )

    async def refunds_of(self, payment: str) -> Sequence[FoundRefund]:
        try:
            return [refund async for refund in self.refunds(_BEGINNING, None, payment)]
        except InvalidRequestError as error:
            if is_missing(error):
                return []
            raise Unknown(f"Stripe does not list the refunds: {code_of(error)}") from error

    async def dispute(self, reference: str) -> FoundDispute | None:
        try:
            async with self._api.turn(OURSELVES) as v1:
                return _dispute(await v1.disputes.retrieve_async(reference))
        except InvalidRequestError as error:
            if is_missing(error):
                return None
            raise Unknown(f"Stripe does not show the dispute: {code_of(error)}") from error

    async def disputes_of(self, payment: str) -> Sequence[FoundDispute]:
        async def ask(after: str | None) -> ListObject[Dispute]:
            async with self._api.turn(OURSELVES) as v1:
                return await v1.disputes.list_async(
                    {
                        "payment_intent": payment,
                        "limit": PAGE,
                        **({"starting_after": after} if after is not None else {}),
                    }
                )

        return [_dispute(dispute) async for dispute in every(ask)]

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

    # ── all of a time ────────────────────────────────────────────────────────────────────────────────────────────────
    async def payments(
        self, since: datetime, until: datetime | None = None, customer: str | None = None
    ) -> AsyncIterator[FoundPayment]:
        """Try by try: one that the customer confirms at the second try comes twice."""

        async def ask(after: str | None) -> ListObject[Charge]:
            async with self._api.turn(OURSELVES) as v1:
                return await v1.charges.list_async(
                    {
                        "created": {"gte": _floor(since), "lt": _ceiling(until)},
                        "limit": PAGE,
                        **({"customer": customer} if customer is not None else {}),
                        **({"starting_after": after} if after is not None else {}),
                    }
                )

        async for charge in every(ask):
            yield _charged(charge)

    async def refunds(
        self, since: datetime, until: datetime | None = None, payment: str | None = None
    ) -> AsyncIterator[FoundRefund]:
        async def ask(after: str | None) -> ListObject[Refund]:
            async with self._api.turn(OURSELVES) as v1:
                return await v1.refunds.list_async(
                    {
                        "created": {"gte": _floor(since), "lt": _ceiling(until)},
                        "limit": PAGE,
                        **({"payment_intent": payment} if payment is not None else {}),
                        **({"starting_after": after} if after is not None else {}),
                    }
                )

        async for refund in every(ask):
            yield _refund(refund)

    async def customers(self, since: datetime, until: datetime | None = None) -> AsyncIterator[FoundCustomer]:
        """Without those that were deleted."""

        async def ask(after: str | None) -> ListObject[Customer]:
            async with self._api.turn(OURSELVES) as v1:
                return await v1.customers.list_async(
                    {
                        "created": {"gte": _floor(since), "lt": _ceiling(until)},
                        "limit": PAGE,
                        **({"starting_after": after} if after is not None else {}),
                    }
                )

        async for customer in every(ask):
            yield FoundCustomer(customer.id, ours(customer, ANONYMOUS))


def _charged(found: Charge) -> FoundPayment:
    return FoundPayment(
        reference=name(found.payment_intent) or found.id,
        payment_id=ours(found, PAYMENT),
        customer=name(found.customer),
        amount=money(found.amount, found.currency),
        state=FoundStatus(found.status.upper()),
        refunded=money(found.amount_refunded, found.currency),
        disputed=found.disputed,
    )


def _state(intent: PaymentIntent) -> FoundStatus:
    match intent.status:
        case "succeeded":
            return FoundStatus.SUCCEEDED
        case "requires_payment_method" | "canceled":
            return FoundStatus.FAILED
        case _:
            return FoundStatus.PENDING


def _refund(found: Refund) -> FoundRefund:
    match text(found, "status"):
        case "succeeded":
            state = FoundStatus.SUCCEEDED
        case "failed" | "canceled":
            state = FoundStatus.FAILED
        case _:
            state = FoundStatus.PENDING
    return FoundRefund(
        reference=found.id,
        refund_id=ours(found, REFUND),
        payment=name(found.payment_intent),
        amount=money(found.amount, found.currency),
        state=state,
        at=datetime.fromtimestamp(found.created, UTC),
    )


def _dispute(found: Dispute) -> FoundDispute:
    return FoundDispute(
        reference=found.id,
        payment=name(found.payment_intent),
        amount=money(found.amount, found.currency),
        status=_standing(found),
        reason=found.reason,
        at=datetime.fromtimestamp(found.created, UTC),
    )


def _standing(found: Dispute) -> DisputeStatus:
    match found.status:
        case "lost":
            return DisputeStatus.LOST
        case "won" | "warning_closed" | "prevented":
            return DisputeStatus.WON
        case "warning_needs_response" | "warning_under_review":
            return DisputeStatus.ASKED
        case _:
            return DisputeStatus.OPEN


# Rounded outwards to whole seconds: better one twice than one missed.
def _floor(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(seconds=1)


def _ceiling(at: datetime | None) -> int:
    return _LATEST if at is None else -((_EPOCH - at) // timedelta(seconds=1))
