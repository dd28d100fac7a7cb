"""What usage comes to under the prices that follow its meter."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from domain.account import Account
from domain.billing.charge import Charge, Count
from domain.billing.parts import Part, parts
from domain.books.line import LineKind
from domain.money import rounded
from domain.pricing.rate import rate


def usage_counts(account: Account, until: datetime, *, interim: bool) -> Iterator[Count]:
    """What has to be read to know the usage charges up to `until`."""
    for part in _due(account, until, interim):
        assert part.price.meter_key is not None
        yield Count(part.price.meter_key, part.covered)


def usage_charges(
    account: Account, figures: Mapping[Count, Decimal], until: datetime, *, interim: bool
) -> Iterator[Charge]:
    """Every usage charge that is due by `until` and not closed. `figures`: of each of the `usage_counts`. `interim`:
    also of periods that still run, as far as they got."""
    for part in _due(account, until, interim):
        price, stretch = part.price, part.stretch
        assert price.meter_key is not None
        used = figures[Count(price.meter_key, part.covered)]
        rated = rate(price, used)
        yield Charge(
            key=part.key,
            kind=LineKind.USAGE,
            description=f"{stretch.plan_name}: {price.key.replace('_', ' ')}",
            currency=price.currency,
            quantity=used,
            amount=rounded(rated.exact, price.currency, price.rounding),
            period=part.covered,
            changed_at=part.pieces[-1].period.start,
            stretch=stretch,
            whole=part.whole,
            price=price,
            tax_category=price.tax_category,
            tax_inclusive=price.tax_inclusive,
            usage=part.covered,
            steps=rated.steps,
        )


def _due(account: Account, until: datetime, interim: bool) -> Iterator[Part]:
    """What was billed once stays wanted: usage that was billed in mid-period goes on being counted."""
    for part in parts(account, until):
        if part.price.meter_key is not None and (interim or part.due(until) or part.key in account.books.billed):
            yield part
