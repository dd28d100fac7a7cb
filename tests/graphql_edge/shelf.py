"""A schema of oddities: fields and inputs of every kind that the executor's fast way takes, or has to leave alone."""

import asyncio
from collections.abc import AsyncIterable, Awaitable
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Annotated, Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.schema.config import StrawberryConfig

from api.scalars import JSON, SCALARS
from graphql_edge.compat import check_one_of_in_core
from graphql_edge.errors import ClientError


@strawberry.enum
class Kind(Enum):
    WOOD = "wood"
    TIN = strawberry.enum_value("tin", description="of metal")


class Closed(strawberry.BasePermission):
    """Lets nobody."""

    message = "It is closed."

    def has_permission(self, source: Any, info: strawberry.Info, **_: Any) -> bool:
        return False


class Louder(FieldExtension):
    """Answers in capitals."""

    def resolve(self, next_: Any, source: Any, info: strawberry.Info, **given: Any) -> Any:
        return next_(source, info, **given).upper()


@strawberry.interface
class Thing:
    label: str

    @strawberry.field
    def length(self) -> int:
        return len(self.label)


@strawberry.type
class Box(Thing):
    kind: Kind = Kind.TIN
    size: int | None = 3
    weight: Decimal = Decimal("1.250")
    tags: list[str] = strawberry.field(default_factory=lambda: ["a", "b"])
    wrong: int = "seven"  # type: ignore[assignment]
    wrong_or_none: int | None = "seven"  # type: ignore[assignment]
    missing: str = None  # type: ignore[assignment]
    later: str = ""
    closed: str = strawberry.field(default="secret", permission_classes=[Closed])
    loud: str = strawberry.field(default="shout", extensions=[Louder()])

    @strawberry.field
    def told(self, info: strawberry.Info) -> str:
        chosen = [one.name for one in info.selected_fields]  # type: ignore[union-attr]
        return f"{info.field_name} {info.python_name} {info.variable_values} {chosen} {info.path.key}"

    @strawberry.field(extensions=[Louder()])
    def loud_of(self, word: str = "word") -> str:
        return word

    @strawberry.field(permission_classes=[Closed])
    def closed_or_none(self) -> str | None:
        return "secret"

    @strawberry.field
    async def inner(self, deep: int = 1) -> "Box | None":
        await asyncio.sleep(0)
        return Box(label=f"{self.label}.{deep}") if deep else None

    @strawberry.field
    def strict(self) -> "Box":
        return None  # type: ignore[return-value]

    @staticmethod
    def _parent(box: strawberry.Parent["Box"]) -> str:
        return box.label

    of_parent: str = strawberry.field(resolver=_parent)


@strawberry.type
class Bag(Thing):
    handles: int = 2


class Rude:
    """What stands for a box and refuses to be read."""

    size = 2**40

    @cached_property
    def later(self) -> Awaitable[str]:
        return asyncio.sleep(0, "late")

    @property
    def label(self) -> str:
        raise ClientError("Ask nicely.", code="RUDE")

    @property
    def tags(self) -> list[str]:
        raise RuntimeError("secret detail")


@strawberry.input
class Part:
    name: str
    count: int = 1
    kind: Kind | None = None
    parts: list["Part"] | None = None


@strawberry.input
class Wanted:
    part: Part
    parts: list[Part | None] | None = None
    colour: strawberry.Maybe[str | None]
    shade: strawberry.Maybe[str]
    weight: Decimal | None = strawberry.UNSET
    note: str | None = None


@strawberry.input(one_of=True)
class Either:
    id: strawberry.Maybe[strawberry.ID]
    name: strawberry.Maybe[str]


@strawberry.type
class Query:
    @strawberry.field
    def box(self, label: str = "box") -> Box:
        return Box(label=label)

    @strawberry.field
    def box_or_none(self, label: str | None = None) -> Box | None:
        return None if label is None else Box(label=label)

    @strawberry.field
    def rude(self) -> Box | None:
        return Rude()  # type: ignore[return-value]

    @strawberry.field
    def boxes(self, missing: bool = False) -> list[Box | None]:
        return [Box(label="one"), None if missing else Box(label="two")]

    @strawberry.field
    async def strict_boxes(self, missing: bool = False) -> list[Box] | None:
        return [Box(label="one"), None if missing else Box(label="two")]  # type: ignore[list-item]

    @strawberry.field
    def things(self) -> list[Thing]:
        return [Box(label="one"), Bag(label="two")]

    @strawberry.field
    def either(self, bag: bool) -> Annotated[Box | Bag, strawberry.union("BoxOrBag")]:
        return Bag(label="bag") if bag else Box(label="box")

    @strawberry.field
    def got(self, input: Wanted | None = None, kinds: list[Kind] | None = None, any: JSON | None = None) -> str:
        return repr((input, kinds, any))

    @strawberry.field
    def one_of(self, either: Either) -> str:
        return repr(either)

    @strawberry.field
    def by_id(self, id: strawberry.relay.GlobalID | None = None) -> str:
        return repr(id)

    @strawberry.field
    def nested(self, values: list[list[int | None]]) -> list[list[int | None]]:
        return values


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def first(self, word: str) -> str:
        await asyncio.sleep(0.001)
        return word

    @strawberry.mutation
    def second(self, input: Wanted) -> Box:
        return Box(label=input.part.name)

    @strawberry.mutation
    def fails(self) -> str | None:
        raise ClientError("Not now.", code="NOT_NOW")


@strawberry.type
class Live:
    @strawberry.subscription
    async def passing(self, to: int) -> AsyncIterable[Box]:
        for number in range(to):
            yield Box(label=str(number), size=None if number == 1 else number)

    @strawberry.subscription
    async def breaking(self) -> AsyncIterable[Box]:
        yield Rude()  # type: ignore[misc]
        yield Box(label="after")


def shelf() -> strawberry.Schema:
    """A new schema each time: what an endpoint does to one leaves the others as Strawberry made them."""
    config = StrawberryConfig(scalar_map=SCALARS)
    schema = strawberry.Schema(query=Query, mutation=Mutation, subscription=Live, types=[Bag], config=config)
    check_one_of_in_core(schema)
    return schema
