"""The kinds of stream: how each decides, folds and is stored. Everything that differs between them stands here."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from adapters.postgres import codec
from domain import decide, evolve
from domain.access import ApiKey
from domain.account import Account
from domain.catalog import Catalog
from domain.clock import TestClock
from domain.due import catch_up
from domain.events import AnyEvent

CATALOG = "catalog"


class Kind(NamedTuple):
    """`encode` and `decode` between the state and how it is stored, its text and (of accounts) that of the books. `due`
    yields what happens by itself up to an instant: (its instant, the event, the state after)."""

    name: str
    empty: Any
    decode: Callable[[str, str | None], Any]
    encode: Callable[[Any], tuple[str, str | None]]
    decide: Callable[[Any, Any, datetime], Sequence[Any]]
    evolve: Callable[[Any, Any, datetime], Any]
    due: Callable[[Any, datetime], Iterator[tuple[datetime, AnyEvent, Any]]]


def _nothing(state: Any, at: datetime) -> Iterator[tuple[datetime, AnyEvent, Any]]:
    return iter(())


def _encode(state: Any) -> tuple[str, str | None]:
    return codec.encode(state), None


_KINDS = {
    "customer": Kind(
        "account",
        Account(),
        codec.decode_whole_account,
        codec.encode_account,
        decide.decide_account,
        evolve.evolve_account,
        catch_up,
    ),
    "catalog": Kind(
        "catalog",
        Catalog(),
        lambda state, _: codec.decode_catalog(state),
        _encode,
        decide.decide_catalog,
        evolve.evolve_catalog,
        _nothing,
    ),
    "clock": Kind(
        "clock",
        TestClock(),
        lambda state, _: codec.decode_clock(state),
        _encode,
        decide.decide_clock,
        evolve.evolve_clock,
        _nothing,
    ),
    "key": Kind(
        "key",
        ApiKey(),
        lambda state, _: codec.decode_key(state),
        _encode,
        decide.decide_key,
        evolve.evolve_key,
        _nothing,
    ),
}


def kind_of(stream_id: str) -> Kind:
    """By the prefix of the stream's id. KeyError: not a stream."""
    return _KINDS[stream_id.partition("_")[0]]
