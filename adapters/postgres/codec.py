"""Values as the text that is stored, hashed and compared. A value has one encoding: "byte for byte" means equal."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from domain.access import ApiKey
from domain.account import Account
from domain.books import Books
from domain.books.invoice import CreditNote, Invoice
from domain.catalog import Catalog
from domain.clock import TestClock
from domain.events import AnyEvent

Lift = Callable[[dict[str, Any]], dict[str, Any]]

# Old payloads are lifted when read and never rewritten: (type, version) → the shape of the next version. A type that is
# not here is at version 1. A field added with a default needs no lift.
LIFTS: dict[tuple[str, int], Lift] = {}

_encoder = msgspec.json.Encoder(order="deterministic")
_event_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)

_books_decoder = msgspec.json.Decoder(Books)
_NO_BOOKS = Books()

decode_account = msgspec.json.Decoder(Account).decode
"""Without its books: all that rights need."""
decode_catalog = msgspec.json.Decoder(Catalog).decode
decode_clock = msgspec.json.Decoder(TestClock).decode
decode_key = msgspec.json.Decoder(ApiKey).decode
decode_invoice = msgspec.json.Decoder(Invoice).decode
decode_credit_note = msgspec.json.Decoder(CreditNote).decode


def encode(value: Any) -> str:
    return _encoder.encode(value).decode()


def encode_account(account: Account) -> tuple[str, str | None]:
    """The account without its books, and these; None: there are none. Its `seq` is the stream's, a column."""
    books = None if account.books == _NO_BOOKS else encode(account.books)
    return encode(replace(account, books=_NO_BOOKS, seq=0)), books


def decode_books(books: str | None) -> Books:
    return _NO_BOOKS if books is None else _books_decoder.decode(books)


def decode_whole_account(state: str, books: str | None, seq: int) -> Account:
    """`seq`: the number of the stream's last entry."""
    return replace(decode_account(state), books=decode_books(books), seq=seq)


def version_of(event_type: str, lifts: dict[tuple[str, int], Lift] = LIFTS) -> int:
    return 1 + sum(lifted == event_type for lifted, _ in lifts)


def decode_event(payload: str, version: int, lifts: dict[tuple[str, int], Lift] = LIFTS) -> AnyEvent:
    """The event, in today's shape."""
    if lifts:
        shape: dict[str, Any] = msgspec.json.decode(payload)
        while (lift := lifts.get((shape["type"], version))) is not None:
            shape, version = {"type": shape["type"], **lift(shape)}, version + 1
        lifted: AnyEvent = msgspec.convert(shape, AnyEvent, strict=False)
        return lifted
    return _event_decoder.decode(payload)
