"""API keys, for those who manage them."""

from typing import Annotated

import strawberry

from adapters.postgres.reads import keys
from api.context import Info
from api.types.api_key import ApiKey
from api.types.connection import Connection, Edge, page
from domain.access import Scope


@strawberry.type
class KeyQueries:
    @strawberry.field(
        description="API keys, oldest first, also those that are no longer accepted. Needs the scope keys:write."
    )
    async def api_keys(
        self,
        info: Info,
        first: Annotated[
            int | None,
            strawberry.argument(description="At most this many, from the start. One of first and last is required."),
        ] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
        last: Annotated[
            int | None,
            strawberry.argument(description="At most this many, from the end. One of first and last is required."),
        ] = None,
        before: Annotated[str | None, strawberry.argument(description="What comes before this cursor.")] = None,
    ) -> Connection[ApiKey]:
        context = info.context
        context.require(Scope.KEYS_WRITE)
        request = page("keys", first=first, after=after, last=last, before=before)
        found = await keys.page(
            context.runtime.engine,
            limit=request.read,
            after=request.after,
            before=request.before,
            backwards=request.backwards,
        )
        shown, page_info = request.connection(found, lambda key: key.id)
        edges = [Edge(cursor=cursor, node=ApiKey.of(key)) for cursor, key in shown]
        return Connection(edges=edges, page_info=page_info)
