"""Accounts, postings, and entries made of postings that balance."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from domain.period import Period


class LedgerAccount(StrEnum):
    """Promotional credit and coupons have no account: they lower the price, so revenue is net of them."""

    RECEIVABLE = "RECEIVABLE"  # what final invoices are owed: the sum of `Receivable.due`
    CASH = "CASH"
    TAX = "TAX"  # of final invoices less credit notes; uncollectible ones stay in until accounting corrects them
    REVENUE = "REVENUE"  # what was provided, and bought credit that expired
    DEFERRED_REVENUE = "DEFERRED_REVENUE"  # billed for a period that is not over
    CREDIT_SOLD = "CREDIT_SOLD"  # prepaid credit on an invoice: the customer has it once the invoice is paid
    CREDIT_LIABILITY = (
        "CREDIT_LIABILITY"  # what customers have prepaid: the sum of what their prepaid credits still hold
    )
    WRITE_OFF = "WRITE_OFF"  # uncollectible invoices, less what came in for them after all
    GOODWILL = "GOODWILL"  # given away without a document: credit nobody paid for, refunds without a credit note


class Posting(Struct, frozen=True, omit_defaults=True):
    """One side of an entry. `amount` has the currency's digits: a debit is positive, a credit negative.

    `about`: the id of the invoice, credit note, payment, refund or credit; `document`: the number of the invoice or the
    credit note. `period`: of DEFERRED_REVENUE, over which it is earned.
    """

    account: LedgerAccount
    currency: str
    amount: Decimal
    about: str
    document: str = ""
    period: Period | None = None


class LedgerEntry(Struct, frozen=True):
    """An entry as accounting reads it. `customer` is the anonymous id: nothing personal leaves the ledger. `what`: the
    type of the event that it belongs to, or RECOGNIZED. `number` tells a customer's entries apart."""

    customer: str
    number: str
    what: str
    at: datetime
    postings: tuple[Posting, ...]


RECOGNIZED = "revenue.recognized"
"""`LedgerEntry.what` of a month's part of deferred revenue: it follows from the calendar, not from an event."""
