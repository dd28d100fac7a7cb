"""The schema: its roots, the scalars, and the types that are only reached through `Node`."""

from collections.abc import Iterator

import strawberry
from graphql import GraphQLArgument, GraphQLInputField, GraphQLInputObjectType, GraphQLObjectType, Undefined
from strawberry.schema.config import StrawberryConfig

from api.live import Live
from api.mutations import Mutation
from api.queries import Query
from api.scalars import SCALARS
from api.types.api_key import ApiKey
from api.types.entitlement_grant import EntitlementGrant

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Live,
    types=[ApiKey, EntitlementGrant],
    config=StrawberryConfig(scalar_map=SCALARS),
)


def _optional() -> Iterator[GraphQLArgument | GraphQLInputField]:
    for type_ in schema._schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            yield from type_.fields.values()
        elif isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for field in type_.fields.values():
                yield from field.args.values()


# A default of null is Python's way to say "may be left out"; in the schema it would only be noise.
for _given in _optional():
    if _given.default_value is None:
        _given.default_value = Undefined


def sdl() -> str:
    """The schema as text, as it is committed in schema.graphql."""
    return f"{schema.as_str()}\n"
