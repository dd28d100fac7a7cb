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

SHARES: dict[Role, float] = {Role.CUSTOMER: 0.1}
"""The part of the limit that a role gets; the whole, where it is not here. A customer's browser needs little."""


class Remaining(NamedTuple):
    """`limit` and `remaining` in points, `retry_after` in seconds: 0 when the cost was taken, else when it can be."""

    limit: int
    remaining: int
    retry_after: float

    @property
    def allowed(self) -> bool:
        return self.retry_after == 0


class _Bucket(NamedTuple):
    points: float
    at: float


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
        rate = self._points_per_s * SHARES.get(role, 1.0)
        capacity = max(rate * BURST_S, 1.0)
        points = self._points(principal_id, now, rate, capacity)
        short = min(cost, capacity) - points
        if short > 0:
            self._put(principal_id, _Bucket(points, now))
            return Remaining(int(capacity), max(0, int(points)), short / rate)
        points = min(points - cost, capacity)
        self._put(principal_id, _Bucket(points, now))
        return Remaining(int(capacity), max(0, int(points)), 0)

    def give_back(self, principal_id: str, cost: float) -> None:
        """Return points that were taken for work that then was not done: the worst case is charged beforehand."""
        bucket = self._buckets.get(principal_id)
        if bucket is not None:
            self._buckets[principal_id] = bucket._replace(points=bucket.points + cost)

    def _points(self, principal_id: str, now: float, rate: float, capacity: float) -> float:
        bucket = self._buckets.get(principal_id)
        if bucket is None:
            return capacity
        return min(bucket.points + max(0.0, now - bucket.at) * rate, capacity)

    def _put(self, principal_id: str, bucket: _Bucket) -> None:
        self._buckets[principal_id] = bucket
        self._buckets.move_to_end(principal_id)
        if len(self._buckets) > self._buckets_max:
            self._buckets.popitem(last=False)
