"""The one way to Stripe: one client, one API version, one rate limit, one reading of errors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import stripe
from stripe import HTTPXClient, StripeClient, StripeError

from adapters.stripe.errors import holds_back, replayed, unknown
from adapters.stripe.rate_limit import CallLimit

API_VERSION = "2026-10-28.endive"
"""The version that this adapter was written against. Stripe keeps it working; a newer SDK does not move it."""

CONNECT_S_MAX = 5.0
ANSWER_S_MAX = 9.0
"""Asking what became of a charge and then charging are two calls, and the service waits 20 s for both."""

OURSELVES = "tollgate"
"""In whose name calls are made that serve no single customer."""


class Api:
    """Give it one call at a time: `async with api.turn(customer) as v1: await v1.customers.create_async(…)`."""

    def __init__(
        self,
        key: str,
        limit: CallLimit,
        *,
        address: str | None = None,
        answer_s_max: float = ANSWER_S_MAX,
    ) -> None:
        """`address`: where Stripe is, for tests; None: at Stripe. It belongs to the event loop that first uses it."""
        # Otherwise the SDK tells Stripe of this machine and keeps a file to recognize it by.
        stripe.enable_telemetry = False
        timeout = httpx.Timeout(answer_s_max, connect=min(CONNECT_S_MAX, answer_s_max))
        self._http = HTTPXClient(timeout=timeout)
        self._client = StripeClient(
            key,
            stripe_version=API_VERSION,
            base_addresses={"api": address} if address is not None else None,
            max_network_retries=0,  # what is tried again, and when, is decided by those who know what it is about
            http_client=self._http,
        )
        self._limit = limit

    @asynccontextmanager
    async def turn(self, about: str) -> AsyncIterator[stripe.V1Services]:
        """Wait until `about` (an anonymous id or a reference) may make one call. Raises Unknown where the answer says
        nothing about what became of the call; Stripe's "no" is raised as it is, and is a StripeError."""
        await self._limit.turn(about)
        try:
            yield self._client.v1
        except StripeError as error:
            refused = unknown(error)
            if refused is None or replayed(error):  # a stored answer tells nothing of how Stripe is doing now
                self._limit.answered()
            elif holds_back(error):
                self._limit.held_back(refused.retry_after)
            if refused is None:
                raise
            raise refused from error
        self._limit.answered()

    async def ping(self) -> None:
        """Whether Stripe answers and takes our key. Raises Unknown."""
        async with self.turn(OURSELVES) as v1:
            await v1.balance.retrieve_async()

    async def close(self) -> None:
        closing: Callable[[], Awaitable[None]] = self._http.close_async  # which the SDK has no types for
        await closing()
