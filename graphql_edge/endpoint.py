"""The GraphQL endpoint as one ASGI application: HTTP, event streams and sockets at the same address."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import strawberry
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_edge.audience import Lives
from graphql_edge.contract import Collaborators
from graphql_edge.cors import Origins
from graphql_edge.engine import Engine
from graphql_edge.explorer import Explorer
from graphql_edge.http import HTTPView
from graphql_edge.limits import Limits
from graphql_edge.server_log import ignore_client_mistakes
from graphql_edge.sockets import Sockets
from graphql_edge.sse import EventStreams


class GraphQLEndpoint:
    """Serves `schema` to HTTP and sockets.

    `allowed_origins` are the pages that may call from a browser, besides our own. Mount it at a path of a Starlette
    application, or put it in front of one (`in_front_of`), which spares each request that application's routing.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        collaborators: Collaborators,
        *,
        limits: Limits | None = None,
        allowed_origins: Iterable[str] = (),
        explorer: Explorer | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.engine = Engine(schema, collaborators, self.limits)
        self.lives = Lives(self.engine)
        origins = Origins(allowed_origins)
        self.streams = EventStreams(self.engine, self.lives)
        self.sockets = Sockets(self.engine, self.lives, origins)
        ignore_client_mistakes()
        self._http = HTTPView(self.engine, origins, self.streams, explorer or Explorer())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self.sockets(scope, receive, send)

    def in_front_of(self, application: ASGIApp, path: str = "/graphql") -> "Front":
        """An application that answers `path` here and all else, lifespan included, by `application`."""
        return Front(self, application, path)

    async def close_all(self, timeout_s: float = 5.0) -> None:
        """End all sockets with a close frame (1001) and all event streams, and wait until they are gone. Call it when
        shutdown begins, before the server closes connections by itself."""
        ending = self.sockets.close_all() | self.streams.close_all()
        if ending:
            await asyncio.wait(ending, timeout=timeout_s)


@dataclass(frozen=True, slots=True)
class Front:
    """The endpoint in front of an application. `endpoint` is for whoever shuts the server down."""

    endpoint: GraphQLEndpoint
    application: ASGIApp
    path: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and scope["path"] == self.path:
            await self.endpoint(scope, receive, send)
        else:
            await self.application(scope, receive, send)
