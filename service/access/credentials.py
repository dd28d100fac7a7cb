"""Who is calling? A credential is looked up once, then known for a second; so a revocation holds everywhere within one.

What is remembered are only credentials that hold. Forged ones are refused each time, leave nothing behind, and cannot
push a good one out; only a few of them are looked up at a time, so that they cannot use up the database connections.
"""

import asyncio
import hmac
import time
from collections.abc import Callable, Collection, Coroutine, Hashable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

from adapters.postgres.credentials import CredentialReads
from adapters.vault import Vault
from domain.access import ROLE_SCOPES, ApiKey, Role, Scope
from service.access.api_secrets import is_api_secret
from service.access.principal import ADMIN_ID, Principal, Unauthenticated, Unverifiable
from service.access.tokens import CustomerTokens, MintedToken
from service.ids import prefix_of

__all__ = ["Credentials", "Principal", "Unauthenticated", "Unverifiable"]

KNOWN_S = 1.0
"""How long a credential that was found to hold is not looked up again."""
KNOWN_MAX = 10_000
AUTHORIZATION_CHARS_MAX = 8_192
STRANGERS_MAX = 4
"""Look-ups at a time of keys not seen lately. Forged tokens need no such limit: they fail before the database."""

_ADMIN = Principal(ADMIN_ID, Role.ADMIN, ROLE_SCOPES[Role.ADMIN], None)

T = TypeVar("T")


class _Known(NamedTuple):
    principal: Principal
    until: float


class Credentials:
    """`cached` on the hot path, else `authenticate`; `confirmed`, else `reauthorize`, before each live message.

    `now` is real time even for customers on a test clock: a credential is not part of what a test plays through.
    """

    def __init__(
        self,
        reads: CredentialReads,
        vault: Vault,
        tokens: CustomerTokens,
        admin_key: str | None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reads = reads
        self._vault = vault
        self._tokens = tokens
        self._admin_hash = None if admin_key is None else _digest(admin_key)
        self._now = now
        self._monotonic = monotonic
        # By header value, in memory only. Every entry lives equally long, so the oldest is the first to go.
        self._known: dict[str, _Known] = {}
        self._confirmed: dict[str, float] = {}
        self._pending: dict[Hashable, asyncio.Task[Any]] = {}
        self._strangers = asyncio.Semaphore(STRANGERS_MAX)

    def cached(self, authorization: str | None) -> Principal | None:
        """Who this is, if that was found out within the last second; never waits."""
        known = self._known.get(authorization) if authorization else None
        return known.principal if known is not None and known.until > self._monotonic() else None

    async def authenticate(self, authorization: str | None) -> Principal:
        """Who sent this Authorization header (or the same in connection_init). Raises Unauthenticated, Unverifiable."""
        if (principal := self.cached(authorization)) is not None:
            return principal
        credential = _bearer(authorization)
        assert authorization is not None
        if self._admin_hash is not None and hmac.compare_digest(_digest(credential), self._admin_hash):
            self._remember(authorization, _ADMIN, self._monotonic())
            return _ADMIN
        return await self._once(authorization, lambda: self._look_up(authorization, credential))

    def confirmed(self, principal: Principal, at: datetime) -> bool:
        """True: known to hold still. False: ask `reauthorize`. Raises Unauthenticated when it has expired."""
        if principal.expires_at is not None and at >= principal.expires_at:
            raise Unauthenticated("the credentials have expired")
        return principal.id == ADMIN_ID or self._confirmed.get(principal.id, 0.0) > self._monotonic()

    async def reauthorize(self, principal: Principal, at: datetime) -> None:
        """Whether it still holds at `at`: not expired, not revoked, not erased. Raises Unauthenticated."""
        if not self.confirmed(principal, at):
            await self._once((principal.id,), lambda: self._confirm(principal))

    def forget(self, principal_id: str) -> None:
        """Look it up again at its next use: a revocation by this process then need not wait for its second to pass."""
        self._confirmed.pop(principal_id, None)
        for authorization in [a for a, known in self._known.items() if known.principal.id == principal_id]:
            del self._known[authorization]

    def mint_customer_token(
        self, customer_id: str, lifetime: timedelta, scopes: Collection[Scope] | None = None
    ) -> MintedToken:
        """A token for this customer, who must exist and be visible to whoever asks. Raises Refusal."""
        return self._tokens.mint(customer_id, lifetime, scopes, self._now())

    async def _look_up(self, authorization: str, credential: str) -> Principal:
        asked_at = self._monotonic()  # before reading: what changes while we read is seen a second later at most
        seen_lately = self._known.pop(authorization, None) is not None
        if is_api_secret(credential):
            principal = await self._of_key(credential, seen_lately)
        else:
            principal = await self._of_token(credential)
        self._remember(authorization, principal, asked_at)
        return principal

    async def _of_key(self, secret: str, seen_lately: bool) -> Principal:
        async with nullcontext() if seen_lately else self._strangers:
            key = await self._reads.key_of_secret(self._vault.hash_secret(secret))
        if key is None:
            raise Unauthenticated("the key is not valid")
        self._check(key)
        customers = None if key.customer_ids is None else frozenset(key.customer_ids)
        return Principal(key.id, key.role, frozenset(key.scopes) & ROLE_SCOPES[key.role], customers, key.expires_at)

    def _check(self, key: ApiKey) -> None:
        if key.revoked_at is not None:
            raise Unauthenticated("the key was revoked")
        if key.expires_at is not None and key.expires_at <= self._now():
            raise Unauthenticated("the key has expired")

    async def _of_token(self, token: str) -> Principal:
        claims = await self._tokens.verify(token, self._now())
        # An identity provider may let people choose their own names, so what it calls somebody is never our id.
        ours = claims.subject if claims.issued_by_us and prefix_of(claims.subject) == "customer" else None
        customers = await self._reads.customers(ours, self._vault.external_hashes(claims.subject))
        if len(customers) != 1:
            raise Unauthenticated("the token's customer is not known")
        return Principal(customers[0], Role.CUSTOMER, claims.scopes, frozenset(customers), claims.expires_at)

    async def _confirm(self, principal: Principal) -> None:
        asked_at = self._monotonic()
        if principal.role is Role.CUSTOMER:
            if not await self._reads.customers(principal.id, ()):
                raise Unauthenticated("the token's customer is not known")
        else:
            key = await self._reads.key(principal.id)
            if key is None:
                raise Unauthenticated("the key is not valid")
            self._check(key)
        self._confirm_until(principal.id, asked_at + KNOWN_S)

    def _remember(self, authorization: str, principal: Principal, asked_at: float) -> None:
        lives = KNOWN_S
        if principal.expires_at is not None:
            lives = min(lives, (principal.expires_at - self._now()).total_seconds())
        self._known.pop(authorization, None)
        self._known[authorization] = _Known(principal, asked_at + lives)
        _bound(self._known)
        self._confirm_until(principal.id, asked_at + KNOWN_S)

    def _confirm_until(self, principal_id: str, until: float) -> None:
        self._confirmed.pop(principal_id, None)
        self._confirmed[principal_id] = until
        _bound(self._confirmed)

    async def _once(self, what: Hashable, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The answer to a question that several may have at the same moment, asked once for all of them."""
        task: asyncio.Task[T] | None = self._pending.get(what)
        if task is None:
            task = self._pending[what] = asyncio.create_task(ask())
            task.add_done_callback(lambda done: self._answered(what, done))
        return await asyncio.shield(task)

    def _answered(self, what: Hashable, task: asyncio.Task[Any]) -> None:
        del self._pending[what]
        if not task.cancelled():
            task.exception()  # all who asked may be gone; then nobody else looks at it


def _bearer(authorization: str | None) -> str:
    if not authorization:
        raise Unauthenticated("credentials are missing")
    if len(authorization) > AUTHORIZATION_CHARS_MAX:
        raise Unauthenticated("the credentials are too long")
    scheme, _, credential = authorization.partition(" ")
    credential = credential.strip(" ")
    if scheme.lower() != "bearer" or not credential or not credential.isascii() or not credential.isprintable():
        raise Unauthenticated("the credentials must be of the form: Bearer <key or token>")
    return credential


def _digest(secret: str) -> bytes:
    """Comparing digests takes the same time whatever the lengths."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _bound(known: dict[str, T]) -> None:
    while len(known) > KNOWN_MAX:
        del known[next(iter(known))]
