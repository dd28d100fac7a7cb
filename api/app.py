"""The ASGI application: the GraphQL endpoint in front of documents and two probes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import monotonic

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.postgres.reads import readiness
from adapters.settings import DeploymentSettings
from api.context import Context
from api.routes.documents import documents_route
from api.routes.metrics import metrics_route
from api.routes.webhooks import webhooks_route
from api.schema import schema
from api.tracing import TracedFront, observing
from api.usage_batch import USAGE_BATCHES
from graphql_edge.contract import Allowance, Call, Collaborators
from graphql_edge.endpoint import Front, GraphQLEndpoint
from graphql_edge.errors import ClientError, RateLimited, Unauthenticated
from graphql_edge.explorer import Explorer
from service.access import principal as credentials
from service.access.principal import Principal
from service.runtime import Runtime
from service.tracing import Tracing

OpenRuntime = Callable[[], AbstractAsyncContextManager[Runtime]]


def create_app(settings: DeploymentSettings, open_runtime: OpenRuntime, tracing: Tracing | None) -> Front:
    """The application on what is opened when it starts and closed when it ends. Before it is shut down: `close`."""
    edge = Edge(tracing)
    endpoint = GraphQLEndpoint(
        schema,
        edge.collaborators(),
        allowed_origins=settings.allowed_origins,
        explorer=Explorer("Tollgate", "{\n  viewer { role scopes }\n}\n"),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with open_runtime() as edge.runtime:
            yield

    token = None if settings.metrics_token is None else settings.metrics_token.get_secret_value()
    routes = [
        Route("/healthz", _healthz),
        Route("/readyz", edge.readyz),
        metrics_route(lambda: edge.runtime.metrics, token),
        documents_route(lambda: edge.runtime.documents),
        webhooks_route(lambda: edge.runtime.intake),
    ]
    front = endpoint.in_front_of(Starlette(routes=routes, lifespan=lifespan))
    return front if tracing is None else TracedFront(front.endpoint, front.application, front.path, tracing)


async def close(app: ASGIApp) -> None:
    """End sockets with a close frame, and event streams."""
    assert isinstance(app, Front)
    await app.endpoint.close_all()


class Edge:
    """What the endpoint asks of the service, in the endpoint's words. `runtime` is there from start to shutdown."""

    runtime: Runtime

    def __init__(self, tracing: Tracing | None) -> None:
        self._tracing = tracing

    def collaborators(self) -> Collaborators:
        return Collaborators(
            authenticate=self.authenticate,
            context=self.context,
            reauthorize=self.reauthorize,
            spend=self.spend,
            visibility=_visibility,
            batches=USAGE_BATCHES,
            observe=None if self._tracing is None else observing(self._tracing),
        )

    async def authenticate(self, authorization: str | None) -> Principal:
        known = self.runtime.credentials.cached(authorization)
        if known is not None:
            return known
        try:
            return await self.runtime.credentials.authenticate(authorization)
        except credentials.Unauthenticated as refused:
            raise Unauthenticated(f"Unauthenticated: {refused.reason}.") from None
        except credentials.Unverifiable as unverifiable:
            raise _unverifiable(unverifiable) from None

    def reauthorize(self, principal: Principal) -> Awaitable[None] | None:
        """None: it is known to hold still."""
        try:
            if self.runtime.credentials.confirmed(principal, self.runtime.clock.now()):
                return None
        except credentials.Unauthenticated as refused:
            raise Unauthenticated(f"Unauthenticated: {refused.reason}.") from None
        return self._reauthorize(principal)

    async def _reauthorize(self, principal: Principal) -> None:
        try:
            await self.runtime.credentials.reauthorize(principal, self.runtime.clock.now())
        except credentials.Unauthenticated as refused:
            raise Unauthenticated(f"Unauthenticated: {refused.reason}.") from None

    def spend(self, principal: Principal, cost: int) -> Allowance | None:
        limit = self.runtime.rate_limit
        if cost < 0:
            limit.give_back(principal.id, -cost)
            return None
        left = limit.spend(principal.id, cost, monotonic(), principal.role)
        if left is None:
            return None
        if not left.allowed:
            raise RateLimited("These credentials have spent their budget.", retry_after_s=left.retry_after)
        return Allowance(left.limit, left.remaining)

    def context(self, call: Call) -> Context:
        return Context(self.runtime, call.principal, call.request_id, call.batch)

    async def readyz(self, _: Request) -> Response:
        """Ready: the database answers, and its tables are those of this release."""
        problem = await readiness.problem(self.runtime.engine)
        return PlainTextResponse("ready\n" if problem is None else f"{problem}\n", 200 if problem is None else 503)


async def _healthz(_: Request) -> Response:
    """Alive: the event loop turns."""
    return PlainTextResponse("alive\n")


def _visibility(principal: Principal) -> Hashable:
    """Principals that see the same fields and rows; they can be sent the same pushed bytes."""
    return principal.role, principal.scopes, principal.customer_ids


def _unverifiable(problem: credentials.Unverifiable) -> ClientError:
    return ClientError(f"{problem.reason.capitalize()}.", code="UNAVAILABLE", status=503)
