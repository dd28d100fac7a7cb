"""What several resolvers wait for is read once, and one that is cancelled does not take it from the others."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from api.loaders.batch import batched


async def test_a_cancelled_resolver_leaves_the_others_their_answer() -> None:
    asked: list[Collection[str]] = []

    async def read(keys: Collection[str]) -> Mapping[str, str]:
        asked.append(keys)
        await asyncio.sleep(0.01)
        return {key: key.upper() for key in keys}

    loader = batched(read)

    async def resolve() -> str | None:
        return await loader.load("a")

    first, second = asyncio.create_task(resolve()), asyncio.create_task(resolve())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "A"
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await loader.load("a") == "A"
    assert asked == [["a"]]
