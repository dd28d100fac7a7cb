"""Which invoice an account can expect next."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from domain.account import Account
from domain.billing.bill import drafts
from domain.billing.fees import fees
from domain.billing.minimum_spend import minimum_charges
from domain.billing.moment import Moment, next_moment
from domain.billing.usage_charges import usage_counts
from domain.books.line import LineKind
from domain.due import next_due, present
from domain.evolve.invoices import closed

HORIZON = timedelta(days=3 * 366)
"""Nobody is told of an invoice further ahead."""


def expected(account: Account, at: datetime) -> Iterator[tuple[Account, Moment]]:
    """Where the next invoice may come from if nothing else happens, soonest first: the account as it will be then, and
    the moment. The last one brings an invoice for certain; the others do if usage of a period that has begun by `at`
    comes to anything, which is for the caller to look up. Moments that bring none, such as the end of what was paid in
    advance, are left out."""
    horizon = at + HORIZON
    while True:
        moment, due = next_moment(account), next_due(account)
        moment = None if moment is not None and moment.last else moment  # it is only a look
        if moment is not None and (due is None or due > (moment.until or moment.at)):
            if moment.at > horizon:
                return
            certain = _charges_fees(account, moment)
            if certain or _takes_usage(account, moment, at):
                yield account, moment
            if certain:
                return
            assert moment.until is not None, "what is added by hand is certain"
            account = replace(account, books=closed(account.books, moment.until, moment.until))
        elif due is None or due > horizon:
            return
        else:
            account = present(account, due)


def _charges_fees(account: Account, moment: Moment) -> bool:
    """Whether anything is to be paid at the moment, whatever was used."""
    if moment.until is None:
        return True
    books = account.books
    known = tuple(fees(account, moment.until))
    wanted = (*known, *minimum_charges(books, known, moment.until))
    fixed = {key: one for key, one in books.billed.items() if one.kind is not LineKind.USAGE}
    found = drafts(replace(books, billed=fixed), wanted, moment)
    return any(draft.charges for draft in found)


def _takes_usage(account: Account, moment: Moment, at: datetime) -> bool:
    assert moment.until is not None
    return any(count.period.start <= at for count in usage_counts(account, moment.until, interim=moment.interim))
