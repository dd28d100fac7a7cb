"""Which invoice an account can expect next."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from domain.account import Account
from domain.billing.bill import drafts
from domain.billing.billing_point import BillingPoint, next_billing_point
from domain.billing.charges import Wanted
from domain.books import Books
from domain.books.line import LineKind
from domain.evolve.invoices import closed
from domain.lifecycle.due import next_due, present

HORIZON = timedelta(days=3 * 366)
"""Nobody is told of an invoice further ahead."""


class Expected(NamedTuple):
    """The account as it will be at the moment, and what will be wanted then (None: only items that were added)."""

    account: Account
    moment: BillingPoint
    wanted: Wanted | None


def upcoming_points(account: Account, at: datetime) -> Iterator[Expected]:
    """Where the next invoice may come from if nothing else happens, soonest first. The last one brings an invoice for
    certain; the others do if usage of a period that has begun by `at` comes to anything, which is for the caller to
    look up. Moments that bring none, such as the end of what was paid in advance, are left out."""
    horizon = at + HORIZON
    while True:
        moment, due = next_billing_point(account), next_due(account)
        moment = None if moment is not None and moment.last else moment  # it is only a look
        if moment is not None and (due is None or due > (moment.until or moment.at)):
            if moment.at > horizon:
                return
            if moment.until is None:  # what is added by hand is certain
                yield Expected(account, moment, None)
                return
            wanted = Wanted(account, moment.until, interim=moment.interim)
            certain = _charges_fees(account.books, moment, wanted)
            if certain or any(count.period.start <= at for count in wanted.counts):
                yield Expected(account, moment, wanted)
            if certain:
                return
            account = replace(account, books=closed(account.books, moment.until, moment.until))
        elif due is None or due > horizon:
            return
        else:
            account = present(account, due)


def _charges_fees(books: Books, moment: BillingPoint, wanted: Wanted) -> bool:
    """Whether anything is to be paid at the moment, whatever was used."""
    fixed = {key: billed for key, billed in books.billed.items() if billed.kind is not LineKind.USAGE}
    found = drafts(replace(books, billed=fixed), wanted.without_usage(), moment)
    return any(draft.charges for draft in found)
