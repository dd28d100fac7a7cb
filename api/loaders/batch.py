"""Batches: what the resolvers of one operation ask for one by one is read together."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import TypeVar

from aiodataloader import DataLoader

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shared(DataLoader[K, V]):
    """What is read for one resolver is read for all who ask for the same: one that is cancelled, because a sibling of
    its has failed, must not take it from the others."""

    def load(self, key: K) -> asyncio.Future[V]:
        return asyncio.shield(super().load(key))


def batched(read: Callable[[Collection[K]], Awaitable[Mapping[K, V]]]) -> DataLoader[K, V | None]:
    """A loader over a read that answers for many keys at once; None for those it does not answer for."""

    async def batch(keys: list[K]) -> list[V | None]:
        found = await read(keys)
        return [found.get(key) for key in keys]

    return Shared(batch)
