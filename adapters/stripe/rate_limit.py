"""Staying under the account's rate limit, and leaving Stripe alone when it asks for it; fair between customers.

A bucket of tokens, one per call, that fills at a steady rate. Who has to wait stands in a line of their own, and the
lines take turns: a customer with a thousand calls delays another's one call by one. The limit is this process's:
several share an account's by having a part of it each. Stripe's is 100 a second, 25 in test mode and for each endpoint
(docs.stripe.com/rate-limits).
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from random import Random
from time import monotonic

from adapters.backoff import backoff_s

PER_SECOND = 80.0
PER_SECOND_IN_TEST_MODE = 20.0
REST_S_MIN, REST_S_MAX = 0.5, 60.0
A_MOMENT_S = 1e-6
"""What is shorter is a rounding of floats, and no clock would get past it."""


class CallLimit:
    def __init__(
        self,
        per_second: float = PER_SECOND_IN_TEST_MODE,
        burst: int = 10,
        *,
        now: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Random | None = None,
    ) -> None:
        assert per_second > 0, "who may never call waits for ever"
        assert burst >= 1, "who may never call waits for ever"
        self._per_second, self._burst = per_second, burst
        self._now, self._sleep = now, sleep
        self._chance = chance or Random()
        self._tokens, self._filled_at = float(burst), now()
        self._rests_until = 0.0
        self._failures = 0
        self._lines: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._serving: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return sum(map(len, self._lines.values()))

    async def turn(self, who: str) -> None:
        """Returns when `who` may make one call."""
        if not self._lines and self._wait() <= 0:
            self._tokens -= 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(who, deque()).append(mine)
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve())
        await mine

    def held_back(self, retry_after: float | None) -> None:
        """Stripe answered 429 or 5xx: nobody calls until it is over. Without its word, ever longer, and never quite at
        the same time as other processes."""
        self._failures += 1
        seconds = retry_after
        if seconds is None:
            seconds = backoff_s(self._failures, REST_S_MIN, REST_S_MAX) * self._chance.uniform(0.5, 1.0)
        self._rests_until = max(self._rests_until, self._now() + seconds)

    def answered(self) -> None:
        self._failures = 0

    def _wait(self) -> float:
        """Seconds until the next call may be made."""
        now = self._now()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        seconds = max(self._rests_until - now, (1.0 - self._tokens) / self._per_second)
        return seconds if seconds > A_MOMENT_S else 0.0

    async def _serve(self) -> None:
        try:
            while self._lines:
                if (seconds := self._wait()) > 0:
                    await self._sleep(seconds)
                    continue
                who, line = next(iter(self._lines.items()))
                first = line.popleft()
                if line:
                    self._lines.move_to_end(who)
                else:
                    del self._lines[who]
                if not first.done():  # else they gave up waiting
                    self._tokens -= 1
                    first.set_result(None)
        finally:
            self._serving = None
