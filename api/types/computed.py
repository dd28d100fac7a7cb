"""Fields that are worked out when they are first read, and are plain attributes to whoever reads them.

A resolver function costs graphql-core several times what an attribute does, and an attribute filled in ahead costs also
those who never ask for it (opening sealed data, above all). This is neither.
"""

from collections.abc import Callable
from typing import Any


class _Computed:
    """Reads once, then stands aside: the value is kept under its own name in the instance."""

    __slots__ = ("_name", "_read")

    def __init__(self, name: str, read: Callable[[Any], Any]) -> None:
        self._name = name
        self._read = read

    def __get__(self, source: Any, owner: type) -> Any:
        if source is None:
            return self
        value = source.__dict__[self._name] = self._read(source)
        return value


def computed(type_: type, **fields: Callable[[Any], Any]) -> None:
    """Work out these declared fields of a Strawberry type by these functions of the instance."""
    for name, read in fields.items():
        assert name in type_.__annotations__, f"{type_.__name__} declares no {name}"
        setattr(type_, name, _Computed(name, read))
