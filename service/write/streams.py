"""The kinds of stream: how each carries out commands, folds and is stored. All that differs between them is here."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from adapters.postgres import codec
from adapters.postgres.states import StreamHead
from domain import decide, evolve
from domain.access import ApiKey
from domain.account import Account
from domain.catalog import Catalog
from domain.clock import TestClock
from domain.engine import Asking, Pending, carry_out
from domain.events import AnyEvent

CATALOG = "catalog"


class StreamKind(NamedTuple):
    """`encode` and `decode` between the state and how it is stored: its text and (of accounts) that of the books.
    `carry_out` does what a command comes to at an instant, on what is pending."""

    name: str
    empty: Any
    decode: Callable[[StreamHead], Any]
    encode: Callable[[Any], tuple[str, str | None]]
    carry_out: Callable[[Pending[Any], Any, datetime], Asking[None]]
    evolve: Callable[[Any, Any, datetime], Any]


def _only(decide: Callable[[Any, Any, datetime], Sequence[AnyEvent]]) -> Callable[..., Asking[None]]:
    """Where nothing happens by itself and nothing has to be asked."""

    def carry_out(pending: Pending[Any], command: Any, at: datetime) -> Asking[None]:
        at = pending.decide_here(at)
        for event in decide(pending.state, command, at):
            pending.add(event, at)
        yield from ()

    return carry_out


def _encode(state: Any) -> tuple[str, str | None]:
    return codec.encode(state), None


_KINDS = {
    "customer": StreamKind(
        "account",
        Account(),
        lambda head: codec.decode_whole_account(head.state, head.books, head.seq),
        codec.encode_account,
        carry_out,
        evolve.evolve_account,
    ),
    "catalog": StreamKind(
        "catalog",
        Catalog(),
        lambda head: codec.decode_catalog(head.state),
        _encode,
        _only(decide.decide_catalog),
        evolve.evolve_catalog,
    ),
    "clock": StreamKind(
        "clock",
        TestClock(),
        lambda head: codec.decode_clock(head.state),
        _encode,
        _only(decide.decide_clock),
        evolve.evolve_clock,
    ),
    "key": StreamKind(
        "key",
        ApiKey(),
        lambda head: codec.decode_key(head.state),
        _encode,
        _only(decide.decide_key),
        evolve.evolve_key,
    ),
}


def kind_of(stream_id: str) -> StreamKind:
    """By the prefix of the stream's id. KeyError: not a stream."""
    return _KINDS[stream_id.partition("_")[0]]
