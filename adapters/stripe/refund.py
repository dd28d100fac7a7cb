"""Giving back what was charged: one Refund at Stripe per refund of ours, under its id."""

import structlog
from stripe import InvalidRequestError, ListObject, Refund

from adapters.stripe import intents
from adapters.stripe.client import Api
from adapters.stripe.errors import code_of, is_missing
from adapters.stripe.minor import Unchargeable, units
from adapters.stripe.ours import REFUND, ours, text
from adapters.stripe.pages import PAGE, every
from domain.providers.provider import Processing, Refused, Repayment, Succeeded

log = structlog.stdlib.get_logger(__name__)

NO_SUCH_CHARGE = Refused("there is no such charge")


async def refund(api: Api, repayment: Repayment) -> Succeeded | Refused:
    """What became of the refund, also if it had been asked for before. Raises Unknown, also while a bank has not yet
    taken the money back."""
    try:
        amount = units(repayment.amount)
    except Unchargeable as why:
        return Refused(str(why))
    charged = repayment.reference or await _charged(api, repayment.payment_id)
    if charged is None:
        return NO_SUCH_CHARGE
    try:
        return _became(await _find(api, charged, repayment.refund_id) or await _made(api, charged, amount, repayment))
    except InvalidRequestError as error:
        log.warning("refund refused", refund_id=repayment.refund_id, code=code_of(error), param=error.param)
        return NO_SUCH_CHARGE if is_missing(error) else Refused(code_of(error) or "more than is left of the charge")


async def _charged(api: Api, payment_id: str) -> str | None:
    found = await intents.search(api, payment_id)
    return None if found is None else found.id


async def _find(api: Api, charged: str, refund_id: str) -> Refund | None:
    async def ask(after: str | None) -> ListObject[Refund]:
        async with api.turn(charged) as v1:
            return await v1.refunds.list_async(
                {"payment_intent": charged, "limit": PAGE, **({"starting_after": after} if after is not None else {})}
            )

    async for refund in every(ask):
        if ours(refund, REFUND) == refund_id:
            return refund
    return None


async def _made(api: Api, charged: str, amount: int, repayment: Repayment) -> Refund:
    async with api.turn(charged) as v1:
        return await v1.refunds.create_async(
            {"payment_intent": charged, "amount": amount, "metadata": {REFUND: repayment.refund_id}},
            {"idempotency_key": repayment.refund_id},
        )


def _became(found: Refund) -> Succeeded | Refused:
    match text(found, "status"):
        case "succeeded":
            return Succeeded(found.id)
        case "failed" | "canceled":
            return Refused(text(found, "failure_reason") or "the bank did not take it back")
        case _:
            raise Processing("the bank has not answered yet", intents.DAYS_LATER_S, found.id)
