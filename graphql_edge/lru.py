"""A map that forgets what was used longest ago, bounded by entries and by their weight."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRU(Generic[K, V]):
    """`entries_max` entries that weigh `weight_max` together at most; the weight of an entry is given with it."""

    def __init__(self, entries_max: int, weight_max: int) -> None:
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._entries_max = entries_max
        self._weight_max = weight_max
        self._weight = 0

    def get(self, key: K) -> V | None:
        """The value, now the most recently used; None if it is not (or no longer) kept."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: K, value: V, weight: int) -> None:
        """Keep the value; forget the oldest until both bounds hold. One that is too heavy alone is not kept."""
        if weight > self._weight_max:
            return
        if key in self._entries:
            self._weight -= self._entries.pop(key)[1]
        self._entries[key] = (value, weight)
        self._weight += weight
        while len(self._entries) > self._entries_max or self._weight > self._weight_max:
            _, (_, forgotten) = self._entries.popitem(last=False)
            self._weight -= forgotten

    def discard(self, key: K) -> None:
        """Forget this one."""
        if key in self._entries:
            self._weight -= self._entries.pop(key)[1]

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def weight(self) -> int:
        """What all entries weigh together."""
        return self._weight
