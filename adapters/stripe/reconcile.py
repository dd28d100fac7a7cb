"""What Stripe has, page by page, to be compared with the journal. Reading only: nothing here changes anything."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from stripe import Charge, Customer, ListObject, Refund

from adapters.stripe.client import OURSELVES, Api
from adapters.stripe.minor import money
from adapters.stripe.ours import ANONYMOUS, PAYMENT, REFUND, name, ours, text
from adapters.stripe.pages import PAGE, every
from domain.provider_state import FoundCustomer, FoundPayment, FoundRefund, State

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 4_102_444_800  # 2100, which is after all that Stripe has


class Reconciliation:
    """Each from `since` up to, but not including, `until`, by when it was made at Stripe, to the second; the newest
    first. Payments and refunds also of one Stripe customer or one payment only. Raises Unknown."""

    def __init__(self, api: Api) -> None:
        self._api = api

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

        async for one in every(ask):
            yield charged(one)

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

        async for one in every(ask):
            yield _refund(one)

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

        async for one in every(ask):
            yield FoundCustomer(one.id, ours(one, ANONYMOUS))


def charged(found: Charge) -> FoundPayment:
    return FoundPayment(
        reference=name(found.payment_intent) or found.id,
        payment_id=ours(found, PAYMENT),
        customer=name(found.customer),
        amount=money(found.amount, found.currency),
        state=State(found.status.upper()),
        refunded=money(found.amount_refunded, found.currency),
    )


def _refund(found: Refund) -> FoundRefund:
    match text(found, "status"):
        case "succeeded":
            state = State.SUCCEEDED
        case "failed" | "canceled":
            state = State.FAILED
        case _:
            state = State.PENDING
    return FoundRefund(
        reference=found.id,
        refund_id=ours(found, REFUND),
        payment=name(found.payment_intent),
        amount=money(found.amount, found.currency),
        state=state,
        at=datetime.fromtimestamp(found.created, UTC),
    )


# Rounded outwards to whole seconds: better one twice than one missed.
def _floor(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(seconds=1)


def _ceiling(at: datetime | None) -> int:
    return _LATEST if at is None else -((_EPOCH - at) // timedelta(seconds=1))
