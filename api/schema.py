"""The schema: its roots, the scalars, and the types that are only reached through `Node`."""

from collections.abc import Iterator

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    Undefined,
    get_named_type,
)
from strawberry.schema.config import StrawberryConfig

from api.live import Live
from api.mutations import Mutation
from api.queries import Query
from api.scalars import SCALARS
from api.types.api_key import ApiKey
from api.types.entitlement_grant import EntitlementGrant
from graphql_edge.compat import check_one_of_in_core, core_schema

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Live,
    types=[ApiKey, EntitlementGrant],
    config=StrawberryConfig(scalar_map=SCALARS),
)


def _inputs() -> Iterator[GraphQLArgument | GraphQLInputField]:
    for type_ in core_schema(schema).type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            yield from type_.fields.values()
        elif isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for field in type_.fields.values():
                yield from field.args.values()


for _input in _inputs():
    # A default of null is Python's way to say "may be left out"; in the schema it would only be noise.
    if _input.default_value is None:
        _input.default_value = Undefined
    # An argument without words of its own, such as the input of a mutation, is what its type says.
    if _input.description is None:
        _input.description = get_named_type(_input.type).description

check_one_of_in_core(schema)


def sdl() -> str:
    """The schema as text, as it is committed in schema.graphql."""
    return f"{schema.as_str()}\n"
