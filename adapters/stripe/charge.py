"""Charging a saved method off-session: `domain.providers.provider.PaymentProvider`, as Stripe does it.

One payment is one PaymentIntent, which carries our payment id. It is looked for before it is made, and made under the
id as idempotency key: the look finds it when the answer got lost days ago, or when the customer has confirmed it since;
the key keeps two who look at the same time to one charge. What has failed for good can never succeed later, even if
somebody still holds its client secret: it is cancelled first.
"""

from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from stripe import CardError, InvalidRequestError, PaymentIntent

from adapters.stripe import intents
from adapters.stripe.client import Api
from adapters.stripe.errors import code_of
from adapters.stripe.minor import Unchargeable, units
from adapters.stripe.ours import PAYMENT
from adapters.stripe.refund import refund
from domain.books.payment import FailureCode
from domain.providers.provider import ChargeRequest, Failed, Outcome, Processing, Succeeded, Unknown

log = structlog.stdlib.get_logger(__name__)

References = Callable[[str], Awaitable[str]]
"""From an anonymous id to its Stripe customer, which is made if there is none yet. Raises Unknown."""


class StripePayments:
    def __init__(self, api: Api, reference_of: References) -> None:
        self._api = api
        self._reference_of = reference_of
        self.refund = partial(refund, api)

    async def charge(self, charge: ChargeRequest) -> Outcome:
        """What became of it, also if it had been asked before. NeedsAction carries the intent's client secret, which
        Stripe's own form confirms (`stripe.confirmCardPayment`, or `handleNextAction`). Raises Unknown."""
        try:
            amount = units(charge.amount)
        except Unchargeable as why:
            log.warning("not chargeable", payment_id=charge.payment_id, why=str(why))
            return Failed(FailureCode.PROVIDER_ERROR)
        customer = charge.customer or await self._reference_of(charge.anonymous_id)
        found = await intents.find(self._api, customer, charge.payment_id)
        if found is None:
            return await self._made(charge, customer, amount)
        if (found.amount, found.currency) != (amount, charge.amount.currency.lower()):
            raise Unknown("Stripe has another amount under this payment")
        if found.status == "requires_confirmation":
            return await self._confirmed(charge, found)
        return await self._settled(customer, found)

    async def outcome_of(
        self, payment_id: str, anonymous_id: str | None = None, customer: str | None = None
    ) -> Outcome | None:
        """What became of a charge. None: there is none. Where it is not said whose it is, by either name, one made in
        the last minute may be missed: who decides by it says so. Raises Unknown."""
        if customer is None and anonymous_id is not None:
            customer = await self._reference_of(anonymous_id)
        if customer is None:
            found = await intents.search(self._api, payment_id)
        else:
            found = await intents.find(self._api, customer, payment_id)
        return None if found is None else intents.outcome(found)

    async def withdraw(self, payment_id: str, anonymous_id: str, customer: str | None = None) -> Succeeded | None:
        """See to it that this payment never is charged any more, as when its invoice is settled otherwise or the
        customer did not confirm it in time. Succeeded: too late, it was. Raises Unknown."""
        customer = customer or await self._reference_of(anonymous_id)
        found = await intents.find(self._api, customer, payment_id)
        if found is None or found.status == "canceled":
            return None
        if found.status != "succeeded":
            found = await intents.cancel(self._api, customer, found)
        match found.status:
            case "succeeded":
                return Succeeded(found.id)
            case "canceled":
                return None
            case status:
                raise Processing(f"Stripe has it as {status}", intents.DAYS_LATER_S, found.id)

    async def _made(self, charge: ChargeRequest, customer: str, amount: int) -> Outcome:
        try:
            async with self._api.turn(customer) as v1:
                made = await v1.payment_intents.create_async(
                    {
                        "amount": amount,
                        "currency": charge.amount.currency.lower(),
                        "customer": customer,
                        "payment_method": charge.token,
                        "off_session": True,
                        "confirm": True,
                        "metadata": {PAYMENT: charge.payment_id},
                    },
                    {"idempotency_key": charge.payment_id},
                )
        except CardError as error:
            return intents.declined(error)
        except InvalidRequestError as error:
            log.warning("charge refused", payment_id=charge.payment_id, code=code_of(error), param=error.param)
            return intents.refused(error)
        return intents.outcome(made)

    async def _confirmed(self, charge: ChargeRequest, found: PaymentIntent) -> Outcome:
        """It was made, but never tried."""
        try:
            async with self._api.turn(charge.anonymous_id) as v1:
                tried = await v1.payment_intents.confirm_async(
                    found.id,
                    {"payment_method": charge.token, "off_session": True},
                    {"idempotency_key": f"{charge.payment_id}/confirm"},
                )
        except CardError as error:
            return intents.declined(error)
        except InvalidRequestError as error:
            return intents.refused(error)
        return intents.outcome(tried)

    async def _settled(self, customer: str, found: PaymentIntent) -> Outcome:
        now = intents.outcome(found)
        if not isinstance(now, Failed) or found.status == "canceled":
            return now
        ended = await intents.cancel(self._api, customer, found)
        return now if ended.status == "canceled" else intents.outcome(ended)
