"""Where an input has what a refusal names. The domain names the attributes of its commands; an input has its own by the
same names, or says in `FIELDS` which of its fields stands for which attribute:

    FIELDS = {"method_id": "payment_method_id", "currency": "amount.currency"}

So no answer names a field that its input does not have: of such a path as much is told as the input knows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from api.scalars import JSON
from api.types.errors import UserError
from domain.errors import Refusal


def user_error(refusal: Refusal, input: object) -> UserError:
    """With the path from the argument `input` on; null when no single field of it is at fault."""
    path = graphql_path(type(input), refusal.field)
    return UserError(code=refusal.code, message=refusal.message, field=["input", *path] if path else None)


def graphql_path(input: type, field: Sequence[str]) -> list[str]:
    """The path within an input, by its GraphQL names, of the attribute `field` of what is made from it."""
    if not field:
        return []
    first, *rest = field
    return list(_known(input, [*fields_of(input).get(first, first).split("."), *rest]))


def fields_of(input: type) -> dict[str, str]:
    """The attributes that an input calls otherwise: attribute → the path of its own names, with dots."""
    return getattr(input, "FIELDS", {})


def _known(within: Any, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if isinstance(within, type) and is_dataclass(within):
            within = _types(within).get(name)
            if within is None:
                return
            head, *words = name.split("_")
            yield head + "".join(word.capitalize() for word in words)
        elif get_origin(within) is list and name.isdecimal():
            (within,) = get_args(within)
            yield name
        elif within is JSON:  # the keys of it are the caller's own
            yield name
        else:
            return


@cache
def _types(input: Any) -> dict[str, Any]:
    return {name: _needed(hint) for name, hint in get_type_hints(input).items() if name != "FIELDS"}


def _needed(hint: Any) -> Any:
    """The type without its None."""
    alternatives = (
        [alternative for alternative in get_args(hint) if alternative is not NoneType]
        if get_origin(hint) is not list
        else []
    )
    return alternatives[0] if len(alternatives) == 1 else hint
