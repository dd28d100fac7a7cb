"""Live.journal: what happens, each event once and in order."""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import aclosing
from typing import Annotated, cast, get_args

import strawberry

from api.context import Context, Info
from api.live.channel import AFTER, bad_cursor, watched
from api.scalars import Cursor
from api.types.customer_ref import CustomerRef
from api.types.journal import JournalEvent
from domain.access import Scope
from domain.events import AnyEvent
from graphql_edge.errors import BAD_USER_INPUT, ClientError
from graphql_edge.live import Log, Position, Update
from service.live.cursors import BadCursor, decode_cursor, encode_cursor

ALL = "journal of all"
TYPES = frozenset(str(event.__struct_config__.tag) for event in get_args(AnyEvent))


@strawberry.type
class LiveJournal:
    @strawberry.subscription(
        description="What happens: to one customer, or (left out) to all that the credentials may see, with what "
        "concerns no customer. Each event once, in order, none left out for slow readers. Without `after`, from now "
        "on; with it, from there. For one customer the cursors are those of the customer's journal."
    )
    async def journal(
        self,
        info: Info,
        customer: Annotated[
            CustomerRef | None, strawberry.argument(description="Whose; left out, of all that may be seen.")
        ] = None,
        types: Annotated[list[str] | None, strawberry.argument(description="Only these types of event.")] = None,
        after: Annotated[Cursor | None, strawberry.argument(description=AFTER)] = None,
    ) -> AsyncIterable[JournalEvent]:
        context = info.context
        context.require(Scope.JOURNAL_READ)
        wanted = None if types is None else _checked(types)
        try:
            if customer is None:
                log = _of_all(context, wanted, after)
            else:
                log = _of_customer(context, (await watched(context, customer)).customer_id, wanted, after)
        except BadCursor as bad:
            raise bad_cursor(bad) from None
        return cast(AsyncIterable[JournalEvent], log)


def _checked(types: list[str]) -> tuple[str, ...]:
    unknown = sorted(set(types) - TYPES)
    if unknown or not types:
        named = f"there is no event type {unknown[0][:100]!r}" if unknown else "name at least one, or leave it out"
        raise ClientError(f"types: {named}.", code=BAD_USER_INPUT)
    return tuple(sorted(set(types)))


def _of_customer(
    context: Context, customer_id: str, types: tuple[str, ...] | None, after: str | None
) -> Log[JournalEvent]:
    sees_provider = context.may(Scope.PROVIDER_READ)
    begin: Position | None = None if after is None else (decode_cursor(after, "journal", customer_id, int),)

    async def read(place: Position | None) -> AsyncIterator[Update[JournalEvent]]:
        async with aclosing(context.runtime.live.journal.of_customer(customer_id, place, types)) as entries:
            async for at, entry in entries:
                yield Update(JournalEvent.of(entry, sees_provider), at)

    return Log(("journal", customer_id), read, begin)


def _of_all(context: Context, types: tuple[str, ...] | None, after: str | None) -> Log[JournalEvent]:
    sees_provider = context.may(Scope.PROVIDER_READ)
    begin: Position | None = None if after is None else decode_cursor(after, ALL, "", tuple[int, int])

    async def read(place: Position | None) -> AsyncIterator[Update[JournalEvent]]:
        async with aclosing(context.runtime.live.journal.of_all(context.visible, place, types)) as entries:
            async for at, entry in entries:
                yield Update(JournalEvent.of(entry, sees_provider, encode_cursor(ALL, "", at)), at)

    return Log((ALL, context.visible), read, begin)
