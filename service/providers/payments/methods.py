"""Ways to pay are set up, and managed, in the provider's own form and pages: card data never reaches us."""

import asyncio
import hashlib
import re
from urllib.parse import unquote, urlsplit

import structlog

from adapters.postgres import retries
from adapters.postgres.connection import Engine
from adapters.postgres.retries import Retry
from domain.account import Account
from domain.errors import ErrorCode, Refusal, invalid
from domain.providers.provider import Unknown
from service.providers.payments.linking import Linking
from service.providers.sync.push_schedule import PushSchedule

log = structlog.stdlib.get_logger(__name__)

ANSWER_S_MAX = 30.0
URL_CHARS_MAX = 2_000
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


class PaymentMethods:
    def __init__(self, engine: Engine, linking: Linking, sync: PushSchedule) -> None:
        self._engine = engine
        self._linking = linking
        self._sync = sync

    async def set_up(self, customer_id: str, provider: str, retry: Retry) -> str:
        """The client secret for the provider's form. It is not kept here: a retry asks the provider again, who answers
        the same for a day. Raises Refusal, Unknown."""
        await self._check(retry, keep=False)
        account = await self._linking.present(customer_id)
        if not self._linking.provider(provider).capabilities.form:
            raise invalid(f"{provider} has no form of its own: add the way to pay by its token", "provider")
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                reference = await self._linking.linked(account, provider)
                secret = await self._linking.provider(provider).set_up(reference, _key(customer_id, retry))
        except TimeoutError:
            raise Unknown("no answer in time") from None
        await self._check(retry, keep=True)
        return secret

    async def _check(self, retry: Retry, *, keep: bool) -> None:
        """Whether the key was not used for something else. No transaction is open while the provider is asked, so it is
        kept in one of its own, and after it has answered: a refused request can be made again."""
        async with self._engine.connect() as connection:
            first = await retries.claim(connection, retry)
            if first is None and keep:
                await retries.leave_result(connection, retry, "{}")
                await connection.commit()
        if first is not None and first.input_hash != retry.input_hash:
            message = "this key was used before with another input"
            raise Refusal(ErrorCode.IDEMPOTENCY_MISMATCH, message, "idempotency_key")

    async def portal(self, customer_id: str, provider: str, return_url: str) -> str:
        """The address of the provider's pages, which then show the newest state. Raises Refusal, Unknown."""
        account = await self._linking.present(customer_id)
        if not self._linking.provider(provider).capabilities.portal:
            raise invalid(f"{provider} has no pages of its own for customers", "provider")
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                reference = await self._linking.linked(account, provider)
                try:
                    await self._sync.now(customer_id)
                except Unknown as why:  # what it shows is older then, and the worker goes on telling it
                    log.warning("portal opened without sync", customer_id=customer_id, why=str(why))
                return await self._linking.provider(provider).portal(reference, return_url)
        except TimeoutError:
            raise Unknown("no answer in time") from None


def _key(customer_id: str, retry: Retry) -> str:
    """By which the provider knows the request again. A hash, because the caller's own key may name somebody."""
    parts = "\0".join((retry.scope, retry.operation, retry.key, customer_id))
    return f"setup/{hashlib.sha256(parts.encode()).hexdigest()}"


def check_return_url(url: str, account: Account, names: set[str]) -> None:
    """The provider sees it, so it must not say who comes back. `names`: what the customer is known by. Raises
    Refusal."""
    if len(url) > URL_CHARS_MAX or not url.isascii() or re.search(r"\s|[\x00-\x1f]", url):
        raise invalid("is not an address", "return_url")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise invalid("is not an address", "return_url") from None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL_HOSTS)):
        raise invalid("must be an https address", "return_url")
    if parts.username is not None or parts.query or parts.fragment:
        raise invalid("must have no user, query or fragment: the provider sees it", "return_url")
    said = {unquote(part).casefold() for part in (*parts.path.split("/"), *host.split("."))}
    assert account.customer is not None
    known = {account.customer.id, *names}
    if said & {name.casefold() for name in known if name}:
        raise invalid("names the customer, and the provider sees it", "return_url")
