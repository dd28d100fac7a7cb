"""Disputes: a bank takes a charge back, until it is decided who is right."""

from datetime import UTC, datetime

from stripe import Dispute, InvalidRequestError

from adapters.stripe.client import OURSELVES, Api
from adapters.stripe.errors import code_of, is_missing
from adapters.stripe.minor import money
from adapters.stripe.ours import name
from domain.provider import Unknown
from domain.provider_state import FoundDispute, Standing


class Disputes:
    def __init__(self, api: Api) -> None:
        self._api = api

    async def one(self, reference: str) -> FoundDispute | None:
        """As it now stands. None: Stripe does not know it. Raises Unknown."""
        try:
            async with self._api.turn(OURSELVES) as v1:
                found = await v1.disputes.retrieve_async(reference)
        except InvalidRequestError as error:
            if is_missing(error):
                return None
            raise Unknown(f"Stripe does not show the dispute: {code_of(error)}") from error
        return FoundDispute(
            reference=found.id,
            payment=name(found.payment_intent),
            amount=money(found.amount, found.currency),
            standing=_standing(found),
            reason=found.reason,
            at=datetime.fromtimestamp(found.created, UTC),
        )


def _standing(found: Dispute) -> Standing:
    match found.status:
        case "lost":
            return Standing.LOST
        case "won" | "warning_closed" | "prevented":
            return Standing.WON
        case "warning_needs_response" | "warning_under_review":
            return Standing.ASKED
        case _:
            return Standing.OPEN
