"""How much each credential may ask for: a budget of cost points that refills steadily.

Per process: behind N processes a credential has up to N times its rate. That is what a limit for protection needs (it
bounds the work of each process) and costs no round trip. It is not a quota that anybody is billed by.
"""

from collections import OrderedDict
from typing import NamedTuple

from domain.access import Role

BUCKETS_MAX = 50_000
BURST_S = 1.0
"""A credential that has been quiet may spend this many seconds of its rate at once."""

CUSTOMER_SHARE = 0.1
"""The part of the limit that a customer's token gets; other roles get the whole. A browser needs little."""


class Remaining(NamedTuple):
    """`limit` and `remaining` in points, `retry_after` in seconds: 0 when the cost was taken, else when it can be."""

    limit: int
    remaining: int
    retry_after: float

    @property
    def allowed(self) -> bool:
        return self.retry_after == 0


class _Bucket:
    """Changed in place, since this runs for every request."""

    __slots__ = ("at", "points")

    def __init__(self, points: float, at: float) -> None:
        self.points = points
        self.at = at


class RateLimit:
    """Buckets by principal id, the least recently used forgotten first: a forgotten bucket is a full one.

    Time is an argument: monotonic seconds. One event loop uses it; nothing here waits.
    """

    def __init__(self, points_per_s: int, buckets_max: int = BUCKETS_MAX) -> None:
        self._points_per_s = points_per_s
        self._buckets_max = buckets_max
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def spend(self, principal_id: str, cost: float, now: float, role: Role = Role.ADMIN) -> Remaining | None:
        """Take `cost` points, or none of them when they are not there. None: there is no limit (a rate of 0).

        A cost above the whole budget is taken from a full bucket, which then owes the rest: dear requests are rare
        instead of impossible.
        """
        if not self._points_per_s:
            return None
        rate = self._points_per_s * CUSTOMER_SHARE if role is Role.CUSTOMER else self._points_per_s
        capacity = max(rate * BURST_S, 1.0)
        bucket = self._refilled(principal_id, now, rate, capacity)
        short = min(cost, capacity) - bucket.points
        if short <= 0:
            bucket.points = min(bucket.points - cost, capacity)
            short = 0.0
        return Remaining(int(capacity), max(0, int(bucket.points)), short / rate)

    def give_back(self, principal_id: str, cost: float) -> None:
        """Return points that were taken for work that then was not done: the worst case is charged beforehand."""
        bucket = self._buckets.get(principal_id)
        if bucket is not None:
            bucket.points += cost

    def _refilled(self, principal_id: str, now: float, rate: float, capacity: float) -> _Bucket:
        bucket = self._buckets.get(principal_id)
        if bucket is None:
            bucket = self._buckets[principal_id] = _Bucket(capacity, now)
            if len(self._buckets) > self._buckets_max:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(principal_id)
        points = bucket.points + max(0.0, now - bucket.at) * rate
        bucket.points = points if points < capacity else capacity
        bucket.at = now
        return bucket
