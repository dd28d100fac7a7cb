"""What comes in month by month: the running subscriptions of an account, and what their fixed fees come to in a month.

A fee counts as it is charged now: with the seats, the add-ons and the overrides, less the coupons that run for ever
(one for some invoices lowers those and not the rhythm), without the tax where the price contains it. Trials, pauses and
what has not begun come to nothing; usage, minimum spends and what is paid once recur by no promise and are left out.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.account import Account
from domain.books import Books
from domain.books.redemption import Redemption
from domain.books.segment import BillingSegment
from domain.catalog import Price
from domain.exact import ZERO, exact_sum
from domain.pricing.fixed_fees import in_a_period, per_month
from domain.pricing.fraction import as_decimal
from domain.subscription import Subscription, SubscriptionStatus


class Recurring(Struct, frozen=True):
    """A subscription that has not ended. `monthly` is in `currency`, exact or to 12 places."""

    subscription_id: str
    plan_key: str
    status: SubscriptionStatus
    currency: str
    monthly: Decimal


class _Fee(Struct, frozen=True):
    segment: BillingSegment
    monthly: Fraction  # with the tax, if the price contains it
    tax: Fraction  # its share in what is charged, on top of 1


def recurring(account: Account) -> tuple[Recurring, ...]:
    """One for each subscription that has not ended, in the order of sale."""
    return tuple(_of(account, subscription) for subscription in account.subscriptions if subscription.ended_at is None)


def as_before(before: Account, after: Account) -> bool:
    """Whether it is the same without being worked out: nothing that it follows from has changed. (It may be the same
    anyway.)"""
    old, new = before.books, after.books
    if old.segments != new.segments or old.redemptions != new.redemptions:
        return False
    taxed = old.billed is not new.billed and any(
        price.tax_inclusive for segment in new.segments for price in segment.prices
    )
    return not taxed and _terms(before) == _terms(after)


def _terms(account: Account) -> list[tuple[object, ...]]:
    currency = None if account.customer is None else account.customer.currency
    return [
        (currency, subscription.id, subscription.status, subscription.plan.plan_key, subscription.cadence)
        for subscription in account.subscriptions
    ]


def monthly(found: Iterable[Recurring]) -> dict[str, Decimal]:
    """The sums, by currency."""
    sums: dict[str, Decimal] = {}
    for subscription in found:
        sums[subscription.currency] = exact_sum((sums.get(subscription.currency, ZERO), subscription.monthly))
    return sums


def _of(account: Account, subscription: Subscription) -> Recurring:
    assert account.customer is not None
    running = [
        segment
        for segment in account.books.segments
        if segment.subscription_id == subscription.id and segment.end is None
    ]
    currency = running[0].currency if running else account.customer.currency
    fees: list[_Fee] = []
    if subscription.status is SubscriptionStatus.ACTIVE:
        paid = [(segment, price) for segment in running if not segment.trial for price in segment.prices if price.fixed]
        fees = [_fee(account.books, segment, price) for segment, price in paid]
    kept = _less_coupons(fees, subscription, account.books.redemptions, currency)
    total = sum((amount / (1 + fee.tax) for fee, amount in zip(fees, kept, strict=True)), Fraction(0))
    return Recurring(subscription.id, subscription.plan.plan_key, subscription.status, currency, as_decimal(total)[0])


def _fee(books: Books, segment: BillingSegment, price: Price) -> _Fee:
    amount = in_a_period(price, segment.quantity, add_on=segment.add_on) * per_month(price.cadence)
    return _Fee(segment, amount, _tax(books, segment, price) if price.tax_inclusive else Fraction(0))


def _tax(books: Books, segment: BillingSegment, price: Price) -> Fraction:
    """As it was billed last; nothing is known of it before the first invoice."""
    prefix = f"{segment.subscription_id}/{price.id}/"
    billed = [charged for key, charged in books.billed.items() if key.startswith(prefix)]
    latest = max(billed, key=lambda charged: charged.period.end, default=None)
    return Fraction(0) if latest is None else Fraction(latest.lines[-1].treatment.percent) / 100


def _less_coupons(
    fees: Sequence[_Fee], subscription: Subscription, redemptions: Iterable[Redemption], currency: str
) -> list[Fraction]:
    """What is left of each fee: the earliest coupon first, the next one takes from what that left."""
    left = [fee.monthly for fee in fees]
    for_ever = (redemption for redemption in redemptions if redemption.ended_at is None and redemption.left is None)
    for redemption in sorted(for_ever, key=lambda redemption: (redemption.redeemed_at, redemption.id)):
        coupon = redemption.coupon
        if redemption.subscription_id not in (None, subscription.id):
            continue
        on = [at for at, fee in enumerate(fees) if not coupon.plans or fee.segment.plan_key in coupon.plans]
        rest = sum((left[at] for at in on), Fraction(0))
        if rest <= 0:
            continue
        if coupon.percent is not None:
            share = Fraction(coupon.percent) / 100
        elif coupon.amount is not None and coupon.amount.currency == currency:
            off = Fraction(coupon.amount.amount) * per_month(subscription.cadence)  # once an invoice, so once a period
            share = min(Fraction(1), off / rest)
        else:
            continue
        for at in on:
            left[at] *= 1 - share
    return left
