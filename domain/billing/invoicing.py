"""From lines to an invoice: taxed, lowered by coupons and promotional credit, summed up. Drafts and final ones
alike."""

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from domain.account import Account, Customer
from domain.billing.invoice_terms import InvoiceTerms
from domain.billing.releases import releases
from domain.books import Books
from domain.books.credit import Burn
from domain.books.invoice import Invoice, Item
from domain.books.line import Line, LineKind, Step
from domain.books.redemption import Redemption
from domain.books.segment import BillingSegment
from domain.exact import ZERO
from domain.identity import derived_id
from domain.money import rounded
from domain.period import FOREVER, Period, local_date
from domain.seller import BillingSettings
from domain.tax import PREPAID_CATEGORY, Treatment
from domain.totals import discounted, promoted, totals
from domain.totals.promotional import net

BUYER = ("name", "email", "address", "taxId")
"""What an invoice says of its buyer: copied as it was sealed, so that erasing the customer erases it there, too."""

COLLECTED_WITHIN = timedelta(hours=1)
"""How long after it is final an invoice falls due that is charged at once: long enough for the charge to go through."""


class Draft(Struct, frozen=True):
    """What a billing point has to bill in one currency. `continued`: the keys that go on with a period that was billed
    before, and the coupons that lowered it; `covered`: the same of what begins within a period of its subscription."""

    currency: str
    lines: tuple[Line, ...]
    items: tuple[Item, ...]
    continued: dict[str, frozenset[str]]
    covered: dict[str, frozenset[str]]

    @property
    def charges(self) -> bool:
        """Whether an invoice comes of it, and not credit notes alone or nothing."""
        return any(line.amount > 0 for line in self.lines)


class NewInvoice(Struct, frozen=True):
    """An invoice, the redemptions of which it uses up a period, and the lines that it cannot net: what goes back of
    things that are taxed alike, above what it charges of them. Credit notes give it back."""

    invoice: Invoice
    used: tuple[str, ...] = ()
    outside: tuple[Line, ...] = ()


def invoice_id(account: Account, n: int = 0) -> str:
    """Of the draft: of the (n + 1)-th invoice from now. It keeps it when it becomes final."""
    assert account.customer is not None
    count = account.books.invoice_count + n
    created_at = account.customer.created_at
    return derived_id("invoice", created_at + timedelta(milliseconds=count), account.customer.id, count)


def new_invoice(
    draft: Draft,
    account: Account,
    terms: InvoiceTerms,
    at: datetime,
    until: datetime | None,
    back: Sequence[Line] = (),
) -> NewInvoice:
    """The invoice of the draft's lines. `until`: everything due up to then is on it or was billed before. `back`: what
    credit notes give back at the same time (below zero); it is not on the invoice, but its shares of coupons and credit
    are free for what is."""
    customer, books, settings = account.customer, account.books, terms.settings
    assert customer is not None
    id, currency = invoice_id(account), draft.currency
    named = [replace(line, id=_line_id(customer, id, line)) for line in (*draft.lines, *back)]
    taxed = [_with_treatment(line, terms, at) for line in named]
    kinds = partial(kinds_that_use_up, books)
    lowered = discounted(taxed, books.redemptions, currency, draft.continued, draft.covered, kinds)
    released = [Burn(release.credit_id, release.amount) for release in releases(books, lowered.lines)]
    credited = promoted(lowered.lines, books.credits.values(), settings.burn_order, currency, at, released)
    kept, outside = _inside_and_outside(credited.lines[: len(draft.lines)])
    sums, keys = totals(kept, currency), {line.key for line in draft.lines}
    invoice = Invoice(
        id=id,
        currency=currency,
        lines=kept,
        subtotal=sums.subtotal,
        discount=sums.discount,
        credit=sums.credit,
        tax=sums.tax,
        total=sums.total,
        period=_period(kept, at),
        until=until,
        corrections_from=None if until is None else corrections_from(books, until, settings),
        issued_at=at,
        due_at=at + (COLLECTED_WITHIN if books.method is not None else timedelta(days=settings.net_days)),
        seller=settings.seller,
        buyer={field: customer.sealed[field] for field in BUYER if field in customer.sealed},
        buyer_country=customer.country,
        zone=settings.zone,
        dunning=settings.dunning,
        locale=customer.locale,
        discounts=lowered.discounts,
        credits=credited.burns,
        buys=tuple(item.buys for item in books.items if item.buys is not None and f"item/{item.id}" in keys),
    )
    return NewInvoice(invoice, lowered.used, outside)


def _line_id(customer: Customer, invoice_id: str, line: Line) -> str:
    """Of one key there may be several lines, one for each earlier line that it gives back of."""
    corrected = () if line.corrects is None else (line.corrects.line_id,)
    return derived_id("line", customer.created_at, invoice_id, line.key, *corrected)


def _inside_and_outside(lines: Sequence[Line]) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """(the lines of the invoice, those that give back outside it). What is taxed alike may come to nothing, but not to
    less: a document that is below zero at one tax could never be taken back again."""
    sums: dict[tuple[Treatment | None, bool], Decimal] = {}
    for line in lines:
        group = (line.treatment, line.tax_inclusive)
        sums[group] = sums.get(group, ZERO) + net(line)

    def goes_out(line: Line) -> bool:
        return net(line) < 0 and sums[line.treatment, line.tax_inclusive] < 0

    return tuple(line for line in lines if not goes_out(line)), tuple(line for line in lines if goes_out(line))


def kinds_that_use_up(books: Books, redemption: Redemption) -> Container[LineKind]:
    """The kinds of lines that use up the periods of a coupon: the fees it lowers; where none recurs, usage; where
    nothing does, all."""
    prices = [
        price
        for segment in _latest_segments(books)
        if redemption.subscription_id in (None, segment.subscription_id)
        and (not redemption.coupon.plans or segment.plan_key in redemption.coupon.plans)
        for price in segment.prices
    ]
    if any(price.meter_key is None for price in prices):
        return frozenset({LineKind.RECURRING})
    return frozenset({LineKind.RECURRING, LineKind.USAGE, LineKind.MINIMUM}) if prices else frozenset(LineKind)


def _latest_segments(books: Books) -> list[BillingSegment]:
    """The segments that run; of a subscription of which none does, those that ran last."""
    found: list[BillingSegment] = []
    for id in dict.fromkeys(segment.subscription_id for segment in books.segments):
        own = [segment for segment in books.segments if segment.subscription_id == id]
        last = max(segment.end or FOREVER for segment in own)
        found += [segment for segment in own if (segment.end or FOREVER) == last]
    return found


def item_line(item: Item, at: datetime) -> Line:
    """The line of what was put on an invoice by hand."""
    exact = item.quantity * item.unit_amount
    return Line(
        id="",
        key=f"item/{item.id}",
        kind=LineKind.ITEM if item.buys is None else LineKind.CREDIT,
        description=item.description,
        quantity=item.quantity,
        amount=rounded(exact, item.currency),
        period=item.period or Period(at, at),
        unit_amount=item.unit_amount,
        tax_category=item.tax_category if item.buys is None else PREPAID_CATEGORY,
        tax_inclusive=item.tax_inclusive,
        steps=(Step(item.description, item.quantity, item.unit_amount, exact),),
    )


def _with_treatment(line: Line, terms: InvoiceTerms, at: datetime) -> Line:
    """What goes back is taxed as it was; all else by the day on which it is provided: of usage the last of its
    period."""
    if line.treatment is not None:
        return line
    provided = min(at, line.period.end - datetime.resolution) if line.period.end > line.period.start else at
    return replace(line, treatment=terms.taxed(line.tax_category, local_date(provided, terms.settings.zone)))


def _period(lines: Sequence[Line], at: datetime) -> Period:
    lasting = [line.period for line in lines if line.period.start < line.period.end]
    return Period(
        min((period.start for period in lasting), default=at), max((period.end for period in lasting), default=at)
    )


def corrections_from(books: Books, until: datetime, settings: BillingSettings) -> datetime:
    """What ended before this instant is closed: it ended so long ago, and was billed at least once."""
    return min(until - timedelta(days=settings.corrections_days), books.billed_until or until)
