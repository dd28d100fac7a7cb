"""The customer at a provider: made at the first payment or when a way to pay is set up, never at sign-up.

The provider makes one per anonymous id, however often it is asked, and what it made is then recorded as a fact. So two
first payments at once come to one; and so does a process that dies in between, because the next asks again.
"""

from collections.abc import Mapping

from adapters.postgres.connection import Engine
from domain.account import Account
from domain.commands import LinkProvider
from domain.errors import ErrorCode, Refusal
from domain.providers.provider import Provider, Unknown
from service.providers.accounts import stored_account
from service.write.record import WORKER, Recording


class Linking:
    def __init__(self, engine: Engine, record: Recording, providers: Mapping[str, Provider]) -> None:
        self._engine = engine
        self._record = record
        self._providers = providers

    def provider(self, name: str) -> Provider:
        """Raises Unknown: it is not set up in this process."""
        provider = self._providers.get(name)
        if provider is None:
            raise Unknown(f"no provider {name} here")
        return provider

    async def linked(self, account: Account, provider: str) -> str:
        """The customer's reference at the provider, who is told of them now if it was not before. An erased one, too,
        while their money is not settled: what is linked is forgotten afterwards. Raises Unknown."""
        customer = account.customer
        assert customer is not None
        link = account.books.links.get(provider)
        if link is not None:
            return link.reference
        reference = await self.provider(provider).link(customer.anonymous_id)
        try:
            recorded = await self._record(customer.id, LinkProvider(provider, reference), WORKER)
        except Refusal as refusal:
            if refusal.code is not ErrorCode.CONFLICT:
                raise
            after = await stored_account(self._engine, customer.id)  # somebody else has linked them meanwhile
            assert after is not None
            return after.books.links[provider].reference
        state: Account = recorded.state
        return state.books.links[provider].reference

    async def present(self, customer_id: str) -> Account:
        """The account as it is stored. Raises Refusal: there is none, or it was erased."""
        account = await stored_account(self._engine, customer_id)
        if account is None or account.customer is None:
            raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
        if account.customer.erased_at is not None:
            raise Refusal(ErrorCode.NOT_FOUND, "the customer was erased", "customer")
        return account
