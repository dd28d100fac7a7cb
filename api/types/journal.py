"""The journal: why everything is as it is."""

import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import strawberry
from msgspec import UNSET, Struct, structs

from adapters.postgres.reads import JournalEntry
from api.context import Info
from api.scalars import JSON, Cursor, write_decimal
from api.types.computed import computed
from api.types.connection import PageInfo
from domain.books.payment import MANUAL, Payment
from service.ids import prefix_of
from service.live.cursors import journal_cursor

if TYPE_CHECKING:
    from api.types.customer import Customer

# What is data of the caller's own, whose keys are not ours to rename.
_OPAQUE = frozenset({"value"})
_SECRET = frozenset({"secret_hash"})
# Names that a provider gives (or we give there), its words on what differs, and what only the payer is to confirm.
_PROVIDER = frozenset({"anonymous_id", "reference", "token", "action", "drift"})


@strawberry.type(description="Something that happened. Written once, never changed.")
class JournalEvent:
    cursor: Cursor = strawberry.field(description="Its place in the journal of its customer.")
    type: str = strawberry.field(description="What happened, such as subscription.created.")
    effective_at: datetime = strawberry.field(description="From when it holds, in the customer's time.")
    recorded_at: datetime = strawberry.field(description="When it became known, in real time.")
    actor: str = strawberry.field(
        description="Whose act: a key, a customer, admin, worker, or `time` for what fell due by itself."
    )
    reason: str | None = strawberry.field(description="Why, as the actor gave it.")
    cause: str | None = strawberry.field(description="What led to it, such as a request.")
    payload: JSON = strawberry.field(
        description="What exactly. Personal data is not in it: `sealed` names the fields that were set or removed."
    )
    hash: str = strawberry.field(description="SHA-256 over this entry and the hash of the one before it, in hex.")

    def __init__(self, entry: JournalEntry, sees_provider: bool, cursor: str | None = None) -> None:
        self._entry = entry
        self._sees_provider = sees_provider
        self.cursor = Cursor(cursor or journal_cursor(entry.stream_id, entry.seq))
        self.type = entry.type
        self.effective_at = entry.effective_at
        self.recorded_at = entry.recorded_at
        self.actor = entry.actor
        self.reason = entry.reason
        self.cause = entry.cause
        self.hash = entry.hash.hex()

    @classmethod
    def of(cls, entry: JournalEntry, sees_provider: bool, cursor: str | None = None) -> "JournalEvent":
        """`sees_provider`: whether the caller holds provider:read. `cursor`: the one of a stream of several customers'
        events; by default that of the customer's own journal."""
        return cls(entry, sees_provider, cursor)

    @strawberry.field(description="Whose it is; null for what concerns no customer, such as the catalog.")
    async def customer(self, info: Info) -> Annotated["Customer", strawberry.lazy("api.types.customer")] | None:
        from api.types.customer import Customer  # the two types speak of each other

        if prefix_of(self._entry.stream_id) != "customer":
            return None
        view = await info.context.loaders.views.load(self._entry.stream_id)
        return None if view is None else Customer.of(view)


@strawberry.type(description="One entry of a page of the journal.")
class JournalEdge:
    cursor: str = strawberry.field(description="Its place in the list.")
    node: JournalEvent = strawberry.field(description="What happened.")


@strawberry.type(description="A page of the journal.")
class JournalConnection:
    edges: list[JournalEdge] = strawberry.field(description="The entries, in order.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the journal.")


def _payload(self: JournalEvent) -> JSON:
    shown = _shown(self._entry.event, _SECRET if self._sees_provider else _SECRET | _PROVIDER)
    del shown["type"]
    return JSON(shown)


def _shown(value: Any, hidden: frozenset[str]) -> Any:
    """As JSON. What says nothing is left out (null, empty or not given, where that is the default); other defaults are
    not."""
    if isinstance(value, Struct):
        tag = value.__struct_config__.tag
        shape = {} if tag is None else {"type": tag}
        for field in structs.fields(value):
            inner = getattr(value, field.name)
            silent = inner is UNSET or inner == () or inner == {} or (inner is None and field.default is None)
            ours = field.name == "reference" and isinstance(value, Payment) and value.provider == MANUAL  # the bank's
            if (field.name not in hidden or ours) and not silent:
                shape[_camel(field.name)] = _field(field.name, inner, hidden)
        return shape
    if isinstance(value, tuple):
        return [_shown(element, hidden) for element in value]
    return write_decimal(value) if isinstance(value, Decimal) else msgspec.to_builtins(value)


def _field(name: str, value: Any, hidden: frozenset[str]) -> Any:
    if name in _OPAQUE:
        return value
    return sorted(value) if name == "sealed" else _shown(value, hidden)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


computed(JournalEvent, payload=_payload)
