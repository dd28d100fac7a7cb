"""Who the customer is."""

from msgspec import UNSET, UnsetType, field

from domain.account import Customer
from domain.events.event import Event


class CustomerCreated(Event, frozen=True, tag="customer.created"):
    customer: Customer


class CustomerUpdated(Event, frozen=True, tag="customer.updated"):
    """Only what changed. A None in `sealed` removes that field; so does None as the country."""

    sealed: dict[str, str | None] = field(default_factory=dict)
    currency: str | None = None
    timezone: str | None = None
    country: str | UnsetType | None = UNSET
    locale: str | None = None
    tax_id_country: str | UnsetType | None = UNSET
    tax_id_valid: bool | None = None


class CustomerErased(Event, frozen=True, tag="customer.erased"):
    """From here on nobody can read the customer's personal data: the key is destroyed in the same transaction."""
