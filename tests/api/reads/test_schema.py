"""What the schema says of itself."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLNamedType

from api.schema import schema, sdl
from domain.errors import ErrorCode

_BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


def _types() -> Iterator[GraphQLNamedType]:
    for name, type_ in schema._schema.type_map.items():
        if not name.startswith("__") and name not in _BUILT_IN:
            yield type_


def _described() -> Iterator[tuple[str, Any]]:
    """Everything that can have a description, by its full name."""
    for type_ in _types():
        yield type_.name, type_
        for name, value in getattr(type_, "values", {}).items():
            yield f"{type_.name}.{name}", value
        for name, field in getattr(type_, "fields", {}).items():
            yield f"{type_.name}.{name}", field
            for argument, given in getattr(field, "args", {}).items():
                yield f"{type_.name}.{name}({argument})", given


def test_everything_has_a_description() -> None:
    bare = [name for name, described in _described() if not described.description]
    assert bare == []


def test_every_refusal_of_the_domain_has_its_code() -> None:
    assert set(schema._schema.type_map["ErrorCode"].values) == {code.name for code in ErrorCode}  # type: ignore[attr-defined]


def test_the_roots_have_their_names() -> None:
    text = sdl()
    assert "subscription: Live" in text
    assert "input CustomerRef @oneOf" in text


def test_edges_that_a_service_stands_behind_are_nullable() -> None:
    """A null there must not wipe out the page around it."""
    fields = schema._schema.type_map["Customer"].fields  # type: ignore[attr-defined]
    for name in ("usage", "usageHistory", "usageEvents", "provider"):
        assert not str(fields[name].type).endswith("!"), name
