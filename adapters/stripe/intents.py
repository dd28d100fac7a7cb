"""A PaymentIntent read as what became of a charge.

Whatever Stripe answered when it was made, its present state decides: an answer stored under an idempotency key may tell
of a state that is over. It is found among its customer's, which Stripe lists at once; its search lags by a minute, and
by an hour on a bad day.
"""

from stripe import CardError, InvalidRequestError, ListObject, PaymentIntent, StripeObject

from adapters.stripe import declines
from adapters.stripe.client import OURSELVES, Api
from adapters.stripe.errors import code_of, is_missing
from adapters.stripe.ours import PAYMENT, maybe, ours, text
from adapters.stripe.pages import PAGE, every
from domain.books.payment import FailureCode
from domain.providers.provider import Failed, NeedsAction, Outcome, Processing, Succeeded, Unknown

DAYS_LATER_S = 3600.0
"""How soon to ask again about a bank debit, which takes days."""


def outcome(intent: PaymentIntent) -> Outcome:
    """Raises Unknown while Stripe itself does not know, as Processing while a bank does not."""
    match intent.status:
        case "succeeded":
            return Succeeded(intent.id)
        case "requires_action":
            return NeedsAction(text(intent, "client_secret"))
        case "requires_payment_method":
            reason = _reason(intent, FailureCode.METHOD_REFUSED)  # without one, its method was taken away untried
            waits = reason is FailureCode.ACTION_REQUIRED
            return NeedsAction(text(intent, "client_secret")) if waits else Failed(reason)
        case "canceled":  # by us, after it had failed or was withdrawn; or in Stripe's dashboard
            return _failed(_reason(intent, FailureCode.PROVIDER_ERROR))
        case "processing":
            raise Processing("the bank has not answered yet", DAYS_LATER_S, intent.id)
        case status:
            raise Unknown(f"Stripe has it as {status}")


def declined(error: CardError) -> Outcome:
    """A charge that was refused at once. It carries the intent, unless no bank was asked. Raises Unknown."""
    declined = error.error
    intent = None if declined is None else maybe(declined, "payment_intent")
    if isinstance(intent, PaymentIntent):
        return outcome(intent)
    return _failed(declines.failure(None, error.code) if declined is None else _told(declined))


def refused(error: InvalidRequestError) -> Failed:
    """Stripe does not take the charge as it is: the method or its customer is gone, or the amount will not do."""
    if error.param in ("payment_method", "customer") or code_of(error) == "payment_method_unexpected_state":
        return Failed(FailureCode.METHOD_REFUSED)
    return Failed(declines.failure(None, code_of(error)) if code_of(error) in _AMOUNTS else FailureCode.PROVIDER_ERROR)


_AMOUNTS = frozenset({"amount_too_small", "amount_too_large", "invalid_charge_amount"})


async def find(api: Api, customer: str, payment_id: str) -> PaymentIntent | None:
    """The intent of this payment among those of the Stripe customer. Raises Unknown."""

    async def ask(after: str | None) -> ListObject[PaymentIntent]:
        async with api.turn(customer) as v1:
            return await v1.payment_intents.list_async(
                {"customer": customer, "limit": PAGE, **({"starting_after": after} if after is not None else {})}
            )

    try:
        async for intent in every(ask):
            if ours(intent, PAYMENT) == payment_id:
                return intent
    except InvalidRequestError as error:
        if not is_missing(error):
            raise Unknown(f"Stripe does not list the payments: {code_of(error)}") from error
    return None  # also where there is no such customer, and so no charge of theirs


async def search(api: Api, payment_id: str) -> PaymentIntent | None:
    """The intent of this payment, whosever it is. One made in the last minute may be missed. Raises Unknown."""
    assert "'" not in payment_id, "an id of ours has no quotes"
    async with api.turn(OURSELVES) as v1:
        page = await v1.payment_intents.search_async({"query": f"metadata['{PAYMENT}']:'{payment_id}'", "limit": 1})
    return await retrieve(api, page.data[0].id) if page.data else None  # what was found may be of a minute ago


async def retrieve(api: Api, reference: str) -> PaymentIntent:
    async with api.turn(OURSELVES) as v1:
        return await v1.payment_intents.retrieve_async(reference)


async def cancel(api: Api, customer: str, intent: PaymentIntent) -> PaymentIntent:
    """After this it cannot succeed any more; if it already has, that is what comes back. Raises Unknown."""
    try:
        async with api.turn(customer) as v1:
            return await v1.payment_intents.cancel_async(intent.id, {"cancellation_reason": "abandoned"})
    except InvalidRequestError:
        return await retrieve(api, intent.id)


def _reason(intent: StripeObject, otherwise: FailureCode) -> FailureCode:
    """Why the last try failed."""
    error = maybe(intent, "last_payment_error")
    return otherwise if error is None else _told(error)


def _told(error: StripeObject) -> FailureCode:
    return declines.failure(text(error, "decline_code"), text(error, "code"), text(error, "advice_code"))


def _failed(reason: FailureCode) -> Failed:
    # There is nothing left to confirm, so nobody is to be asked for it.
    return Failed(FailureCode.DECLINED if reason is FailureCode.ACTION_REQUIRED else reason)
