"""Who the customer is."""

from msgspec import UNSET, Struct, UnsetType

from domain.account import Customer


class CreateCustomer(Struct, frozen=True):
    customer: Customer


class UpdateCustomer(Struct, frozen=True):
    """What is left out stays. None removes: a field of `sealed`, the country."""

    sealed: dict[str, str | None] = {}
    currency: str | None = None
    timezone: str | None = None
    country: str | UnsetType | None = UNSET
    locale: str | None = None
    tax_id_country: str | UnsetType | None = UNSET
    tax_id_valid: bool | None = None


class EraseCustomer(Struct, frozen=True):
    pass
