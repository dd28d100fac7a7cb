"""An invoice or a credit note taken apart: which accounts its lines and its tax stand in."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from domain.books.invoice import CreditNote, Invoice, Receivable
from domain.books.line import Line, LineKind
from domain.exact import ZERO
from domain.ledger.posting import LedgerAccount
from domain.money import split
from domain.period import Period


class PostedLine(NamedTuple):
    """A line. `net`: without discount and promotional credit, with the tax if its price contains it. `tax`: the
    position of its tax line."""

    kind: LineKind
    serves: Period
    net: Decimal
    tax: int


class PostedTax(NamedTuple):
    amount: Decimal
    inclusive: bool


class PostedDocument(NamedTuple):
    currency: str
    charges: tuple[PostedLine, ...]
    taxes: tuple[PostedTax, ...]


class Share(NamedTuple):
    """So much of a document belongs in this account (as a positive amount)."""

    account: LedgerAccount
    amount: Decimal
    period: Period | None = None


def of_document(document: Invoice | CreditNote) -> PostedDocument:
    places = {(tax.treatment, tax.inclusive): place for place, tax in enumerate(document.tax)}

    def charge(line: Line) -> PostedLine:
        assert line.treatment is not None, "a final line has its treatment"
        net = line.amount - line.discount - line.credit
        return PostedLine(line.kind, line.usage or line.period, net, places[line.treatment, line.tax_inclusive])

    return PostedDocument(
        document.currency,
        tuple(map(charge, document.lines)),
        tuple(PostedTax(tax.amount, tax.inclusive) for tax in document.tax),
    )


def of_receivable(owed: Receivable) -> PostedDocument:
    """The final invoice as it was, whatever was credited since."""
    return PostedDocument(
        owed.currency,
        tuple(PostedLine(line.kind, line.serves, line.net, line.tax) for line in owed.lines),
        tuple(PostedTax(tax.amount, tax.inclusive) for tax in owed.tax),
    )


def shares(document: PostedDocument, at: datetime) -> Iterator[Share]:
    """Tax, what is earned by `at`, and what is yet to be earned and when. They sum to the document's total.

    Tax that prices contain is taken out of its lines in proportion, and exactly: 100.00 with 19 % on two lines of 50.00
    is 15.97 of tax, 42.01 and 42.02 of revenue.
    """
    for place, levy in enumerate(document.taxes):
        yield Share(LedgerAccount.TAX, levy.amount)
        # In an order of their own, so that of equal lines it does not matter which stands first on the invoice.
        charges = sorted((charge for charge in document.charges if charge.tax == place), key=_place)
        contained = (ZERO,) * len(charges)
        if levy.inclusive and levy.amount:
            contained = split(levy.amount, [charge.net for charge in charges], document.currency)
        for charge, tax in zip(charges, contained, strict=True):
            yield _share(charge, charge.net - tax, at)


def _place(charge: PostedLine) -> tuple[LineKind, datetime, datetime, Decimal]:
    return charge.kind, charge.serves.start, charge.serves.end, charge.net


def _share(charge: PostedLine, amount: Decimal, at: datetime) -> Share:
    if charge.kind is LineKind.CREDIT:
        return Share(LedgerAccount.CREDIT_SOLD, amount)
    serves = charge.serves
    if charge.kind is not LineKind.ONCE and max(serves.start, at) < serves.end:
        return Share(LedgerAccount.DEFERRED_REVENUE, amount, serves)
    return Share(LedgerAccount.REVENUE, amount)
