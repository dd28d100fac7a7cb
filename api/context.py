"""What the resolvers of one operation know: who asks, through what it is answered, and what was already read for it."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import strawberry

from api.loaders import AccountView, Loaders
from api.usage_batch import UsageEventIn
from domain.access import Scope
from domain.account import Account
from domain.errors import ErrorCode, Refusal
from graphql_edge.errors import Forbidden
from service.access.principal import Principal
from service.ids import prefix_of

if TYPE_CHECKING:
    from service.runtime import Runtime


class Ref(Protocol):
    """A customer by our id or by the caller's own: exactly one of the two (GraphQL's `CustomerRef`)."""

    @property
    def id(self) -> str | None: ...

    @property
    def external_id(self) -> str | None: ...


class Context:
    """One per operation and one per pushed event, never one per socket: loaders keep what they have read.

    `usage_events` are those of a recordUsage that were decoded before execution (`api.usage_batch`).
    """

    __slots__ = ("_loaders", "_now", "principal", "request_id", "runtime", "usage_events")

    def __init__(
        self,
        runtime: "Runtime",
        principal: Principal,
        request_id: str = "",
        usage_events: list[UsageEventIn] | None = None,
    ) -> None:
        self.runtime = runtime
        self.principal = principal
        self.request_id = request_id
        self.usage_events = usage_events
        self._loaders: Loaders | None = None
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """Real time, the same for all that one operation reads."""
        if self._now is None:
            self._now = self.runtime.clock.now()
        return self._now

    @property
    def loaders(self) -> Loaders:
        """Made at their first use: the hot path of `canUse` needs none."""
        if self._loaders is None:
            runtime = self.runtime
            self._loaders = Loaders(runtime.engine, runtime.vault, runtime.usage, self.visible, self.now)
        return self._loaders

    @property
    def visible(self) -> frozenset[str] | None:
        """The customers whose data may be read or touched; None: all. It goes into every WHERE."""
        return self.principal.customer_ids

    def changed(self) -> None:
        """After a write: what was read before may no longer hold for what is read next."""
        self._loaders = None
        self._now = None

    def may(self, scope: Scope) -> bool:
        """Whether the credentials hold this scope."""
        return scope in self.principal.scopes

    def require(self, scope: Scope) -> None:
        """Raises Forbidden unless the credentials hold this scope."""
        if scope not in self.principal.scopes:
            raise Forbidden(f"These credentials lack the scope {scope}.")

    # ── for queries ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def customer(self, ref: Ref) -> AccountView | None:
        """The customer that is meant; None if there is none, or none that may be seen."""
        id = await self._id(ref)
        return None if id is None else await self.loaders.views.load(id)

    # ── for mutations ────────────────────────────────────────────────────────────────────────────────────────────────
    async def customer_id(self, ref: Ref) -> str:
        """The id that is meant: that of a customer, though not yet known to exist if the caller gave our id. Raises
        Refusal."""
        id = await self._id(ref)
        if id is None:
            raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
        return id

    async def view(self, account: Account) -> AccountView:
        """What the types of `api.types` are made from: the account as a command left it, also when the command was
        recorded long ago and is now answered again. Forgets what was read before."""
        self.changed()
        view = await self.loaders.view(account)
        assert view is not None, "a command only touches accounts that exist and are visible"
        return view

    async def _id(self, ref: Ref) -> str | None:
        if ref.id is not None:
            return ref.id if prefix_of(ref.id) == "customer" else None
        if ref.external_id is None:
            return None
        return await self.loaders.customer_ids.load(ref.external_id)


Info = strawberry.Info[Context, None]
"""What a resolver is given that needs the context."""
