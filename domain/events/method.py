"""What the customer pays with."""

from datetime import date

from domain.books.payment import Method
from domain.events.event import Event


class MethodAdded(Event, frozen=True, tag="payment_method.added"):
    """`default`: charged from now on."""

    method: Method
    default: bool = True


class MethodRemoved(Event, frozen=True, tag="payment_method.removed"):
    method_id: str


class MethodUpdated(Event, frozen=True, tag="payment_method.updated"):
    """As the provider now has it."""

    method_id: str
    label: str
    expires: date | None = None


class MethodDefaulted(Event, frozen=True, tag="payment_method.defaulted"):
    method_id: str
