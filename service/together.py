"""Many accounts brought up to an instant on one connection: what the meters read is asked for all of them at once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from adapters.postgres.usage.periods import Ask
from domain.catalog import Catalog
from service.billing import Billing
from service.draft import Draft
from service.sources import Source

_Waiting = tuple[Sequence[Ask], "asyncio.Future[Sequence[Decimal]]"]


class Together:
    """A source for all of them, which bills by the rates of `like`, and by the catalog as it was when it began."""

    def __init__(self, like: Billing, catalog: Catalog, source: Source) -> None:
        self._billing = Billing(like.taxes)
        self._known = catalog
        self._source = source
        self._waiting: list[_Waiting] = []
        self._running = 0

    async def advance_all(self, drafts: Sequence[Draft], at: datetime) -> list[Exception | None]:
        """For each what stopped it, if anything did: then the draft is good for nothing, and the others go on."""
        self._running = len(drafts)
        return await asyncio.gather(*(self._advance(draft, at) for draft in drafts))

    async def catalog(self) -> Catalog:
        return self._known

    async def used(self, asks: Sequence[Ask]) -> Sequence[Decimal]:
        """Answered when everybody who still runs has asked."""
        found: asyncio.Future[Sequence[Decimal]] = asyncio.get_running_loop().create_future()
        self._waiting.append((asks, found))
        await self._answer_if_all_ask()
        return await found

    async def _advance(self, draft: Draft, at: datetime) -> Exception | None:
        try:
            await self._billing.advance(self, draft, at)
        except Exception as error:
            return error
        finally:
            self._running -= 1
            await self._answer_if_all_ask()
        return None

    async def _answer_if_all_ask(self) -> None:
        if not self._waiting or len(self._waiting) < self._running:
            return
        waiting, self._waiting = self._waiting, []
        try:
            figures = iter(await self._source.used([ask for asks, _ in waiting for ask in asks]))
        except Exception as error:
            for _, found in waiting:
                found.set_exception(error)
            return
        for asks, found in waiting:
            found.set_result([next(figures) for _ in asks])
