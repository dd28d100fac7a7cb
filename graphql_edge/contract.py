"""What the endpoint asks of those who wire it: who is calling, what they may spend, what their resolvers see."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from graphql import OperationDefinitionNode

if TYPE_CHECKING:
    from graphql_edge.documents import Operation


@dataclass(frozen=True, slots=True)
class Call:
    """One operation about to be executed, or one pushed state of a Live operation.

    `principal` is what `authenticate` gave, `batch` what `Batch.take` took out of the variables.
    """

    principal: Any
    request_id: str
    batch: Any = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a principal has left of its cost budget."""

    limit: int
    remaining: int


class Batch(Protocol):
    """Where an operation has the many things that its wirer decodes at once, instead of graphql-core one by one."""

    def take(self, variables: msgspec.Raw) -> tuple[dict[str, Any], Any]:
        """Of an object in JSON: the variables that are left to coerce, and what `context` finds as `call.batch`.
        ClientError says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Mutations of one root `field` that come with thousands of things by variable. Their body may be longer than
    others (`Limits.batch_body_bytes_max`). `find(definition)`: where an operation has its batch, if it has one."""

    field: str
    find: Callable[[OperationDefinitionNode], Batch | None]


@dataclass(frozen=True, kw_only=True)
class Collaborators:
    """What the endpoint is given. All callbacks but `authenticate` are plain functions: they run for each message.

    authenticate(authorization): the principal of an Authorization header (or of connection_init), or Unauthenticated.
    context(call): the resolvers' info.context, with loaders of its own and the `batch` of the call.
    reauthorize(principal): None when the credentials are known to hold still, Unauthenticated when they have expired or
        been revoked; an awaitable of the same when that has to be looked up. Nothing is sent before it is known.
    spend(principal, cost): takes from the budget, or RateLimited. Called with cost.READING before a document is read
        that is not known yet, with the static cost before execution, and with a negative cost, the unused part, after
        it: that must not raise.
    observe(operation, start): starts the execution of a query or mutation and hands on what `start` gives, awaited or
        not, as a trace does. None: nobody watches.
    batches: the operations whose variables are decoded at once. None: all are coerced.
    visibility(principal): what decides which fields and rows a principal sees, such as (role, scopes, customer). Two
        principals of equal visibility are sent the same pushed bytes. By default, each principal is alone.
    """

    authenticate: Callable[[str | None], Awaitable[Any]]
    context: Callable[[Call], Any]
    reauthorize: Callable[[Any], Awaitable[None] | None] = lambda _principal: None
    spend: Callable[[Any, int], Allowance | None] = lambda _principal, _cost: None
    visibility: Callable[[Any], Hashable] = id
    observe: Callable[["Operation", Callable[[], Any]], Any] | None = None
    batches: Batches | None = None
