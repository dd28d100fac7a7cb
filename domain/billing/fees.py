"""What recurring fees and one-time prices come to."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from domain.account import Account
from domain.billing.charge import Charge
from domain.billing.day_owners import same_slot
from domain.billing.price_periods import PricePeriod, price_periods
from domain.books import Books
from domain.books.line import LineKind
from domain.money import rounded
from domain.period import Cadence
from domain.policy import ChangeDay
from domain.pricing.fixed_fees import bought
from domain.pricing.proration import prorated
from domain.pricing.rate import Rated, rate


def fees(account: Account, until: datetime) -> Iterator[Charge]:
    """Every fee that is due by `until` and not closed."""
    for price_period in price_periods(account, until):
        if price_period.due(until) or price_period.key in account.books.billed:
            yield _fee(account.books, price_period)


def _fee(books: Books, price_period: PricePeriod) -> Charge:
    price, segment = price_period.price, price_period.segment
    rated, quantity = _rated_with_quantity(price_period)
    return Charge(
        key=price_period.key,
        kind=LineKind.ONCE if price.cadence is Cadence.ONCE else LineKind.RECURRING,
        description=f"{segment.plan_name}: {price.key.replace('_', ' ')}",
        currency=price.currency,
        quantity=quantity,
        amount=rounded(rated.exact, price.currency, price.rounding),
        period=price_period.covered,
        changed_at=_changed_at(books, price_period),
        segment=segment,
        whole=price_period.whole,
        continues=price_period.covered.start > price_period.whole.start and _follows(books, price_period),
        price=price,
        tax_category=price.tax_category,
        tax_inclusive=price.tax_inclusive,
        steps=rated.steps,
        end_day=_end_day(price_period),
    )


def _end_day(price_period: PricePeriod) -> ChangeDay:
    """Whose the day is on which the price period ends. A part that begins and ends at one instant keeps no day."""
    lasting = [part for part in price_period.parts if part.period.start < part.period.end]
    return lasting[-1].last_day if lasting and lasting[-1].period.end == price_period.covered.end else ChangeDay.NEW


def _changed_at(books: Books, price_period: PricePeriod) -> datetime:
    """Since when the quantity is another than the one that was billed: of several changes that waited for the next
    invoice, since the first."""
    starts = [part.period.start for part in price_period.parts]
    billed_until = books.billed_until
    return min((at for at in starts if billed_until is not None and at > billed_until), default=starts[-1])


def _rated_with_quantity(price_period: PricePeriod) -> tuple[Rated, Decimal]:
    price = price_period.price
    add_on = price_period.segment.add_on
    quantities = [(part.period, bought(price, part.quantity, add_on=add_on)) for part in price_period.parts]
    last = Decimal(quantities[-1][1])
    if price.cadence is Cadence.ONCE:
        return rate(price, last), last
    owners = [(part.first_day, part.last_day) for part in price_period.parts]
    return prorated(price, quantities, price_period.whole, price_period.segment.zone, owners=owners), last


def _follows(books: Books, price_period: PricePeriod) -> bool:
    """Whether the price period goes on where another segment of its slot ended: of an add-on, the same add-on."""
    return any(
        segment.end == price_period.covered.start and same_slot(segment, price_period.segment)
        for segment in books.segments
    )
