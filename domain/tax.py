"""Tax: the rates of countries and categories, and how a line is treated."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct


class TaxCode(StrEnum):
    """Why a rate is what it is, as the letters of UNCL5305 that EN 16931 wants."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_COMMUNITY = "K"
    EXPORT = "G"
    OUTSIDE_SCOPE = "O"


STANDARD_CATEGORY = "standard"
"""What a country levies on it also holds for a category that it has no rate of its own for."""
PREPAID_CATEGORY = "prepaid"
"""Credit that is bought: taxed when it is used, so not when it is paid for, unless a rate of its own says otherwise."""


class TaxRate(Struct, frozen=True, omit_defaults=True):
    """What is levied in `country` on `category` from `since` on, up to but not including `until`. `percent`: 19 is
    19 %. A percent of 0 is zero-rated (Z) unless `code` says what else, with the `reason` that the invoice states."""

    country: str
    category: str
    name: str
    percent: Decimal
    since: date | None = None
    until: date | None = None
    code: TaxCode = TaxCode.STANDARD
    reason: str | None = None

    def holds(self, on: date) -> bool:
        return (self.since is None or self.since <= on) and (self.until is None or on < self.until)


class Treatment(Struct, frozen=True, omit_defaults=True):
    """How one category is taxed on one invoice. `reason` is the sentence the law wants where nothing is levied."""

    name: str
    percent: Decimal
    code: TaxCode = TaxCode.STANDARD
    reason: str | None = None


class TaxLine(Struct, frozen=True, omit_defaults=True):
    """The tax of all lines of one treatment. `base` is without the tax, also where the prices contain it
    (`inclusive`)."""

    treatment: Treatment
    base: Decimal
    amount: Decimal
    inclusive: bool = False
