"""The ledger as files: CSV for a spreadsheet, and beancount (https://beancount.github.io/docs/beancount_language_syntax),
which checks that every entry balances.

Both say the same: the anonymous id of a customer, the number of an invoice or credit note, and nothing personal.
"""

import csv
from collections.abc import Iterator
from datetime import date
from io import StringIO

from domain.ledger import LedgerAccount, LedgerEntry
from domain.period import local_date

CSV_HEADER = "date,at,customer,entry,what,document,about,account,currency,amount\r\n"
"""`amount`: a debit is positive. `entry` counts the events of one customer; a month's recognized revenue bears the
number of the entry that deferred it."""

ACCOUNTS = {
    LedgerAccount.RECEIVABLE: "Assets:Receivable",
    LedgerAccount.CASH: "Assets:Cash",
    LedgerAccount.TAX: "Liabilities:Tax",
    LedgerAccount.REVENUE: "Income:Revenue",
    LedgerAccount.DEFERRED_REVENUE: "Liabilities:DeferredRevenue",
    LedgerAccount.CREDIT_SOLD: "Liabilities:CreditSold",
    LedgerAccount.CREDIT_LIABILITY: "Liabilities:CustomerCredit",
    LedgerAccount.WRITE_OFF: "Expenses:WriteOff",
    LedgerAccount.GOODWILL: "Expenses:Goodwill",
}


def as_csv(entry: LedgerEntry, zone: str) -> str:
    """The entry's rows. Dates are the seller's."""
    text = StringIO()
    writer = csv.writer(text)
    for posting in entry.postings:
        writer.writerow(
            (
                local_date(entry.at, zone),
                entry.at.isoformat(),
                entry.customer,
                entry.number,
                entry.what,
                posting.document,
                posting.about,
                posting.account,
                posting.currency,
                format(posting.amount, "f"),
            )
        )
    return text.getvalue()


def opened(since: date) -> str:
    """The lines that a beancount file needs once, before any entry."""
    return "".join(f"{since} open {account}\n" for account in ACCOUNTS.values())


def as_beancount(entry: LedgerEntry, zone: str) -> str:
    """The entry as a transaction. Dates are the seller's."""
    return "\n".join(("", *_transaction(entry, zone), ""))


def _transaction(entry: LedgerEntry, zone: str) -> Iterator[str]:
    yield f"{local_date(entry.at, zone)} * {_quoted(entry.what)}"
    yield f"  customer: {_quoted(entry.customer)}"
    yield f"  entry: {_quoted(entry.number)}"
    for posting in entry.postings:
        yield f"  {ACCOUNTS[posting.account]}  {posting.amount:f} {posting.currency}"
        if posting.document:
            yield f"    document: {_quoted(posting.document)}"


def _quoted(text: str) -> str:
    """A number's prefix is the seller's to choose, quotes and all."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
