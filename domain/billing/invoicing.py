"""From lines to an invoice: taxed, lowered by coupons and promotional credit, summed up. Drafts and final ones
alike."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from domain.account import Account
from domain.billing.office import Office
from domain.books import Books
from domain.books.invoice import Invoice, Item
from domain.books.line import Line, LineKind, Step
from domain.identity import derived_id
from domain.money import rounded
from domain.period import Period, local_date
from domain.seller import Settings
from domain.tax import PREPAID_CATEGORY
from domain.totals import discounted, promoted, totals

BUYER = ("name", "email", "address", "taxId")
"""What an invoice says of its buyer: copied as it was sealed, so that erasing the customer erases it there, too."""

COLLECTED_WITHIN = timedelta(hours=1)
"""How long after it is final an invoice falls due that is charged at once: long enough for the charge to go through."""


class Made(Struct, frozen=True):
    """An invoice, and the redemptions of which it uses up a period."""

    invoice: Invoice
    used: tuple[str, ...] = ()


def invoice_id(account: Account, n: int = 0) -> str:
    """Of the draft: of the (n + 1)-th invoice from now. It keeps it when it becomes final."""
    assert account.customer is not None
    made = account.books.made + n
    return derived_id("invoice", account.customer.created_at + timedelta(milliseconds=made), account.customer.id, made)


def item_lines(items: Collection[Item], at: datetime) -> list[Line]:
    """What was put there by hand."""
    return [_item_line(item, at) for item in items]


def make(
    account: Account,
    lines: Sequence[Line],
    office: Office,
    currency: str,
    at: datetime,
    *,
    until: datetime | None,
    continued: Collection[str] = (),
    n: int = 0,
) -> Made:
    """The invoice of these lines. `continued`: keys of what goes on with a period that was billed before."""
    customer, books, settings = account.customer, account.books, office.settings
    assert customer is not None
    id = invoice_id(account, n)
    named = [replace(line, id=derived_id("line", customer.created_at, id, line.key)) for line in lines]
    taxed = [_taxed(line, office, at) for line in named]
    lowered = discounted(taxed, books.redemptions, currency, continued)
    given = promoted(lowered.lines, books.credits.values(), settings.burn_order, currency, at)
    sums = totals(given.lines, currency)
    invoice = Invoice(
        id=id,
        currency=currency,
        lines=given.lines,
        subtotal=sums.subtotal,
        discount=sums.discount,
        credit=sums.credit,
        tax=sums.tax,
        total=sums.total,
        period=_period(given.lines, at),
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
        credits=given.burns,
        buys=tuple(
            item.buys for item in books.items if item.buys is not None and f"item/{item.id}" in {x.key for x in lines}
        ),
    )
    return Made(invoice, lowered.used)


def _item_line(item: Item, at: datetime) -> Line:
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


def _taxed(line: Line, office: Office, at: datetime) -> Line:
    """What goes back is taxed as it was; all else by the day on which it is provided: of usage the last of its
    period."""
    if line.treatment is not None:
        return line
    provided = min(at, line.period.end - datetime.resolution) if line.period.end > line.period.start else at
    return replace(line, treatment=office.taxed(line.tax_category, local_date(provided, office.settings.zone)))


def _period(lines: Sequence[Line], at: datetime) -> Period:
    lasting = [line.period for line in lines if line.period.start < line.period.end]
    return Period(min((one.start for one in lasting), default=at), max((one.end for one in lasting), default=at))


def corrections_from(books: Books, until: datetime, settings: Settings) -> datetime:
    """What ended before is closed: so long ago, and billed at least once."""
    return min(until - timedelta(days=settings.corrections_days), books.billed_until or until)
