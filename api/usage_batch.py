"""The fast path of recordUsage: thousands of events decoded once, by msgspec, instead of coerced one by one.

graphql-core takes about 130 µs to coerce one usage event; msgspec decodes and checks it in 4. So when an operation is
nothing but `recordUsage` and its events come by variable,

    mutation ($input: RecordUsageInput!) { recordUsage(input: $input) { … } }
    mutation ($events: [UsageEventInput!]!) { recordUsage(input: {events: $events}) { … } }

the edge lets the events be taken out of the raw JSON and decoded here and hands graphql-core `events: []`. The resolver
finds them as `info.context.usage_events`; when that is None (events written out in the document, or several root
fields) it reads its input as usual. The checks are those of UsageEventInput and its scalars; whether an event can be
counted is for the service to say, of each by itself.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from graphql import FieldNode, ObjectValueNode, OperationDefinitionNode, OperationType, ValueNode, VariableNode

from graphql_edge.contract import Batches
from graphql_edge.errors import BAD_USER_INPUT, ClientError
from graphql_edge.request import starts_with

EVENTS_MAX: Final = 10_000
_FIELD: Final = "recordUsage"
_EVENTS: Final = "events"

Value = (
    Annotated[str, msgspec.Meta(pattern=r"\A-?[0-9]{1,18}(\.[0-9]{1,12})?\Z")]
    | Annotated[int, msgspec.Meta(ge=-(10**18) + 1, le=10**18 - 1)]
)


class CustomerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Our id or the caller's own: exactly one."""

    id: str | None = None
    external_id: str | None = None

    def __post_init__(self) -> None:
        if (self.id is None) == (self.external_id is None):
            raise ValueError("Give exactly one of id and externalId")


class UsageEventIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One usage event as the client sent it. `value` keeps the client's spelling; `quantity` is its number."""

    id: str
    customer: CustomerIn
    type: str
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    value: Value | None = None
    properties: dict[str, Any] | None = None
    source: str | None = None
    subscription_id: str | None = None

    @property
    def quantity(self) -> Decimal | None:
        """The value as a number; at most 18 integer and 12 fraction digits, so always exact."""
        return None if self.value is None else Decimal(self.value)


@dataclass(frozen=True, slots=True)
class UsageBatch:
    """Where the events of an operation are: in this variable, or in its field `events`."""

    variable: str
    inside_input: bool

    def take(self, variables: msgspec.Raw) -> tuple[dict[str, Any], list[UsageEventIn] | None]:
        """The variables without the events, and the events; None when they are not where they should be, so that
        coercion says what is missing. ClientError names the event and field that is wrong."""
        parts = _parts.decode(variables)
        holder = parts.get(self.variable)
        if holder is None or not starts_with(holder, b"{" if self.inside_input else b"["):
            return _plain(parts), None
        if not self.inside_input:
            parts[self.variable] = _NO_EVENTS
            return _plain(parts), _decoded(holder, f"variables.{self.variable}")
        given = _parts.decode(holder)
        events = given.get(_EVENTS)
        if events is None or not starts_with(events, b"["):
            return _plain(parts), None
        given[_EVENTS] = _NO_EVENTS
        del parts[self.variable]
        coercible = {**_plain(parts), self.variable: _plain(given)}
        return coercible, _decoded(events, f"variables.{self.variable}.{_EVENTS}")


_VALUE_WORDS = (
    'a value is a string such as "12.50" or an integer, with at most 18 digits before the point and 12 after it, '
    "without an exponent"
)
_NO_EVENTS = msgspec.Raw(b"[]")
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_events = msgspec.json.Decoder(list[UsageEventIn])


def _plain(parts: dict[str, msgspec.Raw]) -> dict[str, Any]:
    return {name: msgspec.json.decode(part) for name, part in parts.items()}


def _decoded(raw: msgspec.Raw, path: str) -> list[UsageEventIn]:
    try:
        events = _events.decode(raw)
    except msgspec.ValidationError as error:
        problem, _, at = str(error).partition(" - at `$")
        if at.rstrip("`").endswith(".value"):
            problem = _VALUE_WORDS
        raise ClientError(f"{path}{at.rstrip('`')}: {problem}.", code=BAD_USER_INPUT) from None
    if len(events) > EVENTS_MAX:
        raise ClientError(f"{path}: at most {EVENTS_MAX} events a call, got {len(events)}.", code=BAD_USER_INPUT)
    return events


def usage_batch(operation: OperationDefinitionNode) -> UsageBatch | None:
    """Where this operation has its usage events, if it is one of the two forms above."""
    if operation.operation is not OperationType.MUTATION or len(operation.selection_set.selections) != 1:
        return None
    (root,) = operation.selection_set.selections
    if not isinstance(root, FieldNode) or root.name.value != _FIELD:
        return None
    given: ValueNode | None = next(
        (argument.value for argument in root.arguments or () if argument.name.value == "input"), None
    )
    if isinstance(given, VariableNode):
        return UsageBatch(given.name.value, inside_input=True)
    if isinstance(given, ObjectValueNode):
        for field in given.fields:
            if field.name.value == _EVENTS and isinstance(field.value, VariableNode):
                return UsageBatch(field.value.name.value, inside_input=False)
    return None


USAGE_BATCHES: Final = Batches(_FIELD, usage_batch)
"""For the endpoint's collaborators."""
