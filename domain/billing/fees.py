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
    for part in price_periods(account, until):
        if part.due(until) or part.key in account.books.billed:
            yield _fee(account.books, part)


def _fee(books: Books, part: PricePeriod) -> Charge:
    price, segment = part.price, part.segment
    rated, quantity = _rated(part)
    return Charge(
        key=part.key,
        kind=LineKind.ONCE if price.cadence is Cadence.ONCE else LineKind.RECURRING,
        description=f"{segment.plan_name}: {price.key.replace('_', ' ')}",
        currency=price.currency,
        quantity=quantity,
        amount=rounded(rated.exact, price.currency, price.rounding),
        period=part.covered,
        changed_at=_changed_at(books, part),
        segment=segment,
        whole=part.whole,
        continues=part.covered.start > part.whole.start and _follows(books, part),
        price=price,
        tax_category=price.tax_category,
        tax_inclusive=price.tax_inclusive,
        steps=rated.steps,
        end_day=_end_day(part),
    )


def _end_day(part: PricePeriod) -> ChangeDay:
    """What begins and ends at one instant keeps no day."""
    lasting = [piece for piece in part.pieces if piece.period.start < piece.period.end]
    return lasting[-1].ends if lasting and lasting[-1].period.end == part.covered.end else ChangeDay.NEW


def _changed_at(books: Books, part: PricePeriod) -> datetime:
    """Where what was not billed yet begins: of several changes that waited for the next invoice, the first."""
    starts = [piece.period.start for piece in part.pieces]
    billed_until = books.billed_until
    return min((at for at in starts if billed_until is not None and at > billed_until), default=starts[-1])


def _rated(part: PricePeriod) -> tuple[Rated, Decimal]:
    price = part.price
    add_on = part.segment.add_on
    quantities = [(piece.period, bought(price, piece.quantity, add_on=add_on)) for piece in part.pieces]
    last = Decimal(quantities[-1][1])
    if price.cadence is Cadence.ONCE:
        return rate(price, last), last
    owners = [(piece.begins, piece.ends) for piece in part.pieces]
    return prorated(price, quantities, part.whole, part.segment.zone, owners=owners), last


def _follows(books: Books, part: PricePeriod) -> bool:
    """Whether it goes on with what was charged before: of an add-on, with that add-on."""
    return any(segment.end == part.covered.start and same_slot(segment, part.segment) for segment in books.segments)
