"""The tax on an invoice or a credit note."""

from decimal import Decimal

import strawberry

from api.types.values import Money
from domain import money, tax


@strawberry.type(description="The tax on all lines that are treated alike, rounded once.")
class TaxLine:
    name: str = strawberry.field(description="What it is called, such as VAT 19 %.")
    rate: Decimal = strawberry.field(description="In percent.")
    base: Money = strawberry.field(description="What it is levied on, without the tax.")
    amount: Money = strawberry.field(description="The tax.")
    reason: str | None = strawberry.field(description="Where nothing is levied: the sentence that the law wants.")
    code: tax.TaxCode = strawberry.field(description="Why the rate is what it is.")
    inclusive: bool = strawberry.field(description="Whether the prices of these lines contain it.")

    @classmethod
    def of(cls, line: tax.TaxLine, currency: str) -> "TaxLine":
        """As it was frozen."""
        return cls(
            name=line.treatment.name,
            rate=line.treatment.percent,
            base=Money.of(money.Money(line.base, currency)),
            amount=Money.of(money.Money(line.amount, currency)),
            reason=line.treatment.reason,
            code=line.treatment.code,
            inclusive=line.inclusive,
        )
