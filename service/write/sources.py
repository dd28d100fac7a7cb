"""Where the engine's questions are answered from."""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Protocol

from adapters.postgres.codec import decode_catalog
from adapters.postgres.connection import Connection
from adapters.postgres.directory import newer_catalog
from adapters.postgres.driver import driver_of
from adapters.postgres.usage import periods
from adapters.postgres.usage.periods import UsageQuery
from domain.catalog import Catalog
from domain.engine import Answer, Question

Used = Callable[[Sequence[UsageQuery]], Awaitable[Sequence[Decimal]]]
"""What meters read, in the order asked."""


class AnswerSource(Protocol):
    async def answers(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """The answer to each, in their order."""
        ...


class NewestCatalog:
    """Kept from one transaction to the next; read again only when it changed."""

    def __init__(self) -> None:
        self._catalog, self._seq = Catalog(), 0

    async def read(self, connection: Connection) -> Catalog:
        newer = await newer_catalog(await driver_of(connection), self._seq)
        if newer is not None:
            self._seq, self._catalog = newer[0], decode_catalog(newer[1])
        return self._catalog


class Transaction:
    """All of it as a transaction sees it now."""

    def __init__(self, connection: Connection, newest: NewestCatalog) -> None:
        self._connection = connection
        self._newest = newest
        self._catalog: Catalog | None = None

    async def answers(self, questions: Sequence[Question]) -> Sequence[Answer]:
        driver = await driver_of(self._connection)
        if self._catalog is None:  # all of it is answered by one
            self._catalog = await self._newest.read(self._connection)
        return await answers(self._catalog, partial(periods.used, driver), questions)


async def answers(catalog: Catalog, used: Used, questions: Sequence[Question]) -> Sequence[Answer]:
    """By a catalog as it was, with the figures of all of them read together."""
    meters = {meter.key: meter for meter in catalog.meters}
    asks = [
        UsageQuery(
            question.customer_id,
            meters[count.meter_key],
            count.period,
            question.at,
            subscription_id=count.subscription_id,
        )
        for question in questions
        for count in question.counts
    ]
    figures = iter(await used(asks) if asks else ())
    return [Answer(catalog.settings, {count: next(figures) for count in question.counts}) for question in questions]
