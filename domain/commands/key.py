"""API keys."""

from msgspec import Struct

from domain.access import ApiKey, Scope


class CreateKey(Struct, frozen=True):
    """`maker`: the scopes of whoever makes the key, which it cannot exceed."""

    key: ApiKey
    maker: frozenset[Scope]


class RevokeKey(Struct, frozen=True):
    pass


KeyCommand = CreateKey | RevokeKey
