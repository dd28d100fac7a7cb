"""The customer at Stripe: an anonymous id and nothing else. Made at the first payment, or when a method is set up."""

from stripe import InvalidRequestError

from adapters.stripe.client import OURSELVES, Api
from adapters.stripe.errors import code_of, is_missing
from adapters.stripe.ours import ANONYMOUS
from domain.providers.provider import Unknown


class StripeCustomers:
    def __init__(self, api: Api) -> None:
        self._api = api

    async def link(self, anonymous_id: str, lost: str | None = None) -> str:
        """The one Stripe customer of this id, made if there is none: two who ask at the same time get the same, and so
        does who asks again days later because the first answer was never recorded. `lost`: one known to be gone, as
        when it was deleted in Stripe's dashboard; then another is made. Raises Unknown."""
        found = await self._find(anonymous_id)
        if found is not None and found != lost:
            return found
        key = anonymous_id if lost is None else f"{anonymous_id}/{lost}"
        try:
            async with self._api.turn(anonymous_id) as v1:
                made = await v1.customers.create_async(
                    {"metadata": {ANONYMOUS: anonymous_id}}, {"idempotency_key": key}
                )
        except InvalidRequestError as error:
            raise Unknown(f"Stripe makes no customer: {code_of(error)}") from error
        return made.id

    async def delete(self, reference: str) -> None:
        """With all its methods; its payments stay, nameless as before. Done twice is done once. Raises Unknown."""
        try:
            async with self._api.turn(OURSELVES) as v1:
                await v1.customers.delete_async(reference)
        except InvalidRequestError as error:
            if not is_missing(error):
                raise Unknown(f"Stripe keeps the customer: {code_of(error)}") from error

    async def exists(self, reference: str) -> bool:
        """Raises Unknown."""
        try:
            async with self._api.turn(reference) as v1:
                found = await v1.customers.retrieve_async(reference)
        except InvalidRequestError as error:
            if is_missing(error):
                return False
            raise Unknown(f"Stripe does not show the customer: {code_of(error)}") from error
        return not getattr(found, "deleted", False)

    async def _find(self, anonymous_id: str) -> str | None:
        # The search lags by a minute; the idempotency key covers a day. Together they cover all of it.
        assert "'" not in anonymous_id, "an id of ours has no quotes"
        async with self._api.turn(anonymous_id) as v1:
            page = await v1.customers.search_async({"query": f"metadata['{ANONYMOUS}']:'{anonymous_id}'", "limit": 1})
        return page.data[0].id if page.data else None
