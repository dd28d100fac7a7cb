"""Small values without an id."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import strawberry

from api.scalars import Currency
from domain import money, period


@strawberry.type(description="An amount of money, with the digits of its currency: JPY 0, EUR 2, BHD 3.")
class Money:
    amount: Decimal = strawberry.field(description="In the currency's own unit: 12.50 is twelve and a half.")
    currency: Currency = strawberry.field(description="ISO 4217.")

    @classmethod
    def of(cls, amount: money.Money) -> "Money":
        """Rounded to the currency's digits."""
        rounded = amount.rounded()
        return cls(amount=rounded.amount, currency=Currency(rounded.currency))


@strawberry.type(description="A stretch of time: from `start` up to, but not including, `end`.")
class Period:
    start: datetime = strawberry.field(description="Its first instant.")
    end: datetime = strawberry.field(
        description="The first instant after it. A period that never ends has one in the year 9999."
    )

    @classmethod
    def of(cls, period: period.Period) -> "Period":
        """As the domain has it."""
        return cls(start=period.start, end=period.end)


@strawberry.input(description="A stretch of time: from `start` up to, but not including, `end`.")
class PeriodInput:
    start: datetime = strawberry.field(description="Its first instant.")
    end: datetime = strawberry.field(description="The first instant after it.")


@strawberry.type(description="A postal address.")
class Address:
    line1: str | None = strawberry.field(description="Street and number.")
    line2: str | None = strawberry.field(description="What else finds the door.")
    city: str | None = strawberry.field(description="City.")
    postal_code: str | None = strawberry.field(description="Postal code.")
    region: str | None = strawberry.field(description="State, province or canton.")
    country: str = strawberry.field(description="ISO 3166, two letters.")

    @classmethod
    def of(cls, sealed: Mapping[str, str]) -> "Address":
        """From the object that was sealed."""
        return cls(
            line1=sealed.get("line1"),
            line2=sealed.get("line2"),
            city=sealed.get("city"),
            postal_code=sealed.get("postalCode"),
            region=sealed.get("region"),
            country=sealed["country"],
        )


@strawberry.type(description="A tax number. Its digits are checked; whether it was ever given out is not.")
class TaxId:
    value: str = strawberry.field(description="As the customer gave it, such as DE123456789.")
    country: str | None = strawberry.field(description="Whose it is: ISO 3166, two letters; null: nobody can tell.")
    valid: bool = strawberry.field(
        description="Whether it keeps to that country's rules, which makes the customer a business."
    )
