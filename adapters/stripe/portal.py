"""Stripe's customer portal, where a customer manages methods and sees the mirrored invoices."""

from stripe import InvalidRequestError

from adapters.stripe.client import Api
from adapters.stripe.errors import code_of
from domain.providers.provider import Unknown


class Portal:
    def __init__(self, api: Api) -> None:
        self._api = api

    async def open(self, customer: str, return_url: str) -> str:
        """The address of a session of a few minutes, for this customer's browser only. `return_url` is seen by Stripe:
        it names nobody. Raises Unknown."""
        try:
            async with self._api.turn(customer) as v1:
                made = await v1.billing_portal.sessions.create_async({"customer": customer, "return_url": return_url})
        except InvalidRequestError as error:
            raise Unknown(f"Stripe opens no portal: {code_of(error)}") from error
        return made.url
