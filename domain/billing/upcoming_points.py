"""Which invoice an account can expect next."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from domain.account import Account
from domain.billing.bill import drafts
from domain.billing.billing_point import BillingPoint, next_billing_point
from domain.billing.wanted import Wanted
from domain.books import Books
from domain.books.line import LineKind
from domain.evolve.invoices import billing_closed
from domain.lifecycle.due import next_due, present

HORIZON = timedelta(days=3 * 366)
"""Nobody is told of an invoice further ahead."""


class UpcomingPoint(NamedTuple):
    """The account as it will be at a billing point, and what will be wanted then (None: only items that were added)."""

    account: Account
    point: BillingPoint
    wanted: Wanted | None


def upcoming_points(account: Account, at: datetime) -> Iterator[UpcomingPoint]:
    """Where the next invoice may come from if nothing else happens, soonest first. The last one brings an invoice for
    certain; the others do if usage of a period that has begun by `at` comes to anything, which is for the caller to
    look up. Billing points that bring none, such as the end of what was paid in advance, are left out."""
    horizon = at + HORIZON
    while True:
        point, due = next_billing_point(account), next_due(account)
        point = None if point is not None and point.last else point  # the last one only looks for late usage
        if point is not None and (due is None or due > (point.until or point.at)):
            if point.at > horizon:
                return
            if point.until is None:  # what is added by hand is certain
                yield UpcomingPoint(account, point, None)
                return
            wanted = Wanted(account, point.until, interim=point.interim)
            certain = _charges_fees(account.books, point, wanted)
            if certain or any(count.period.start <= at for count in wanted.counts):
                yield UpcomingPoint(account, point, wanted)
            if certain:
                return
            account = replace(account, books=billing_closed(account.books, point.until, point.until))
        elif due is None or due > horizon:
            return
        else:
            account = present(account, due)


def _charges_fees(books: Books, point: BillingPoint, wanted: Wanted) -> bool:
    """Whether the billing point charges anything, whatever was used."""
    fixed = {key: billed for key, billed in books.billed.items() if billed.kind is not LineKind.USAGE}
    found = drafts(replace(books, billed=fixed), wanted.without_usage(), point)
    return any(draft.charges for draft in found)
