"""Whether a request is one that Stripe's API takes, told by the SDK's own generated types (`stripe.params`).

Its TypedDicts become pydantic types that forbid what they do not name. The options of a call (keys, headers), which the
SDK mixes in, are left out: they never go over the wire as parameters. Where a field is one of several words "or str",
since Stripe may add words, only the words of this version pass.
"""

import sys
import types
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from stripe import StripeContext
from stripe._request_options import RequestOptions
from stripe._stripe_object import StripeObject
from typing_extensions import TypedDict, is_typeddict

from stripe_fake.errors import Refusal

_OPTIONS = frozenset(RequestOptions.__annotations__)
_NAMES = {"StripeContext": StripeContext, "Mapping": Mapping}


def checked(kind: type, found: dict[str, object]) -> dict[str, Any]:
    """The parameters with their types. Raises Refusal, as Stripe does for what is unknown, missing or mistyped."""
    try:
        return _adapter(kind).validate_python(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"] if isinstance(part, str | int)]
        name = where[0] + "".join(f"[{part}]" for part in where[1:]) if where else ""
        code = {"extra_forbidden": "parameter_unknown", "missing": "parameter_missing"}.get(first["type"])
        raise Refusal(
            400, "invalid_request_error", code or "parameter_invalid", f"{name}: {first['msg']}", name
        ) from None


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(_strict(kind))


@cache
def _strict(kind: type) -> Any:
    names = _NAMES | vars(sys.modules[kind.__module__])
    hints = get_type_hints(kind, globalns=names, include_extras=True)
    left_out = _OPTIONS if hints.keys() >= _OPTIONS else frozenset()
    fields = {name: _field(name, hint, kind) for name, hint in hints.items() if name not in left_out}
    made = TypedDict(kind.__name__, fields)  # type: ignore[operator]
    made.__pydantic_config__ = ConfigDict(extra="forbid")
    return made


def _field(name: str, hint: Any, kind: type) -> Any:
    if get_origin(hint) in (NotRequired, Required):
        hint = get_args(hint)[0]
    required = name in kind.__required_keys__  # type: ignore[attr-defined]
    return Required[_type(hint)] if required else NotRequired[_type(hint)]


def _type(hint: Any) -> Any:
    if is_typeddict(hint):
        return _strict(hint)
    if hint is int:
        return Annotated[int, BeforeValidator(_whole)]
    if hint is bool:
        return Annotated[bool, BeforeValidator(_truth)]
    if hint is float:
        return Decimal
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        kept = [one for one in args if not _is_object(one)]
        if any(get_origin(one) is Literal and any(get_args(one)) for one in kept):
            kept = [one for one in kept if one is not str]
        return Union[tuple(_type(one) for one in kept)]  # noqa: UP007
    if origin in (list, dict):
        return origin[tuple(_type(one) for one in args)] if origin is dict else list[_type(args[0])]
    return hint


def _is_object(hint: Any) -> bool:
    kind = get_origin(hint) or hint
    return isinstance(kind, type) and issubclass(kind, StripeObject)


def _whole(found: object) -> object:
    if isinstance(found, str) and found.removeprefix("-").isdigit():
        return int(found)
    raise ValueError("Invalid integer")


def _truth(found: object) -> object:
    if found in ("true", "false"):
        return found == "true"
    raise ValueError("Invalid boolean")
