"""What the customer pays with."""

from datetime import date

from msgspec import Struct

from domain.books.payment import Method


class AddMethod(Struct, frozen=True):
    method: Method
    default: bool = True


class RemoveMethod(Struct, frozen=True):
    method_id: str


class DefaultMethod(Struct, frozen=True):
    method_id: str


class UpdateMethod(Struct, frozen=True):
    """What the provider now says of it, as when a bank has renewed a card."""

    method_id: str
    label: str
    expires: date | None = None
