"""Past usage under other prices, beside what was billed for it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from adapters.postgres.connection import Engine
from adapters.postgres.reads import documents
from adapters.postgres.reads.documents import InvoicePageQuery
from domain.account import Account
from domain.billing.simulation import billed_amount, priced_line, rated_periods
from domain.books.invoice import InvoiceStatus
from domain.books.line import Line
from domain.catalog import Catalog, Meter, Price
from domain.errors import invalid
from domain.period import Period
from service.usage import Usage, UsageQuery

FIGURES_MAX = 1_000
INVOICES_MAX = 1_000
_COUNTED = frozenset(str(status) for status in InvoiceStatus if status is not InvoiceStatus.VOID)


class Rerated(NamedTuple):
    """`actual`: what was billed for the same meters' usage in the period, before tax, coupons and credit."""

    lines: Sequence[Line]
    actual: Decimal


async def rerated(
    engine: Engine,
    usage: Usage,
    catalog: Catalog,
    account: Account,
    now: datetime,
    prices: Sequence[Price],
    period: Period,
) -> Rerated:
    """A line for each period of each price, as the customer's own billing periods cut `period`. The prices follow
    meters of the catalog and are all in one currency. Raises Refusal."""
    assert account.customer is not None
    meters = {meter.key: meter for meter in catalog.meters}
    asked: list[tuple[Price, Meter, Period]] = []
    for price in prices:
        assert price.meter_key is not None
        anchor, zone = _rhythm(account, price.meter_key, period)
        for piece in rated_periods(period, price.cadence, anchor, zone):
            asked.append((price, meters[price.meter_key], piece))
            if len(asked) > FIGURES_MAX:
                raise invalid(f"has more than {FIGURES_MAX:,} periods of these prices", "period")
    customer_id = account.customer.id
    figures = await usage.reads.used([UsageQuery(customer_id, meter, piece, now) for _, meter, piece in asked])
    lines = [priced_line(price, figure, piece) for (price, _, piece), figure in zip(asked, figures, strict=True)]
    # What used something in the period is on no invoice from before it.
    page = InvoicePageQuery(customer_id, INVOICES_MAX, before=(period.start, ""), statuses=_COUNTED)
    invoices = [stored.invoice for stored in await documents.page(engine, page, None)]
    if len(invoices) == INVOICES_MAX:
        raise invalid(f"is followed by more than {INVOICES_MAX:,} invoices", "period")
    notes = await documents.notes(engine, [invoice.id for invoice in invoices], None)
    every = [note for several in notes.values() for note in several]
    return Rerated(lines, billed_amount(invoices, every, set(meters_of(prices)), period, prices[0].currency))


def meters_of(prices: Sequence[Price]) -> list[str]:
    return [price.meter_key for price in prices if price.meter_key is not None]


def _rhythm(account: Account, meter_key: str, period: Period) -> tuple[datetime, str]:
    """Where the customer's usage periods for this meter begin: by the last subscription that priced it by the end of
    the period, else by the period itself."""
    assert account.customer is not None
    for subscription in reversed(account.subscriptions):
        versions = (subscription.plan, *(add_on.plan for add_on in subscription.add_ons))
        prices = (price for version in versions for price in version.terms.prices)
        if (
            subscription.started
            and subscription.start_at < period.end
            and any(price.meter_key == meter_key for price in prices)
        ):
            return subscription.counted_by, subscription.zone
    return period.start, account.customer.timezone
