"""What the endpoint asks of those who wire it: who is calling, what they may spend, what their resolvers see."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.web.usage_batch import UsageEventIn

if TYPE_CHECKING:
    from api.web.documents import Operation


@dataclass(frozen=True, slots=True)
class Call:
    """One operation about to be executed, or one pushed state of a Live operation.

    `principal` is what `authenticate` gave. `usage_events` are those of a recordUsage whose events came by variable.
    """

    principal: Any
    request_id: str
    usage_events: list[UsageEventIn] | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a principal has left of its cost budget."""

    limit: int
    remaining: int


@dataclass(frozen=True, kw_only=True)
class Collaborators:
    """The callbacks of the endpoint. All but `authenticate` are plain functions: they run for each message.

    authenticate(authorization): the principal of an Authorization header (or of connection_init), or Unauthenticated.
    context(call): the resolvers' info.context, with loaders of its own and `usage_events` taken from the call.
    reauthorize(principal): None when the credentials are known to hold still, Unauthenticated when they have expired or
        been revoked; an awaitable of the same when that has to be looked up. Nothing is sent before it is known.
    spend(principal, cost): takes from the budget, or RateLimited. Called with cost.READING before a document is read
        that is not known yet, with the static cost before execution, and with a negative cost, the unused part, after
        it: that must not raise.
    observe(operation, start): starts the execution of a query or mutation and hands on what `start` gives, awaited or
        not, as a trace does. None: nobody watches.
    visibility(principal): what decides which fields and rows a principal sees, such as (role, scopes, customer). Two
        principals of equal visibility are sent the same pushed bytes. By default, each principal is alone.
    """

    authenticate: Callable[[str | None], Awaitable[Any]]
    context: Callable[[Call], Any]
    reauthorize: Callable[[Any], Awaitable[None] | None] = lambda _principal: None
    spend: Callable[[Any, int], Allowance | None] = lambda _principal, _cost: None
    visibility: Callable[[Any], Hashable] = id
    observe: Callable[["Operation", Callable[[], Any]], Any] | None = None
