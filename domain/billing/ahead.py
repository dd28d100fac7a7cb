"""What comes next for an account: when anything happens to it by itself, and which invoice it can expect."""

from datetime import datetime, timedelta

from domain.account import Account
from domain.billing.moment import Moment, next_moment
from domain.due import next_due, present
from domain.dunning import next_money_due

HORIZON = timedelta(days=3 * 366)
"""Nobody is told of an invoice further ahead."""


def next_instant(account: Account) -> datetime | None:
    """When something next falls due, is made due by the books, or is billed."""
    moment = next_moment(account)
    found = (next_due(account), next_money_due(account), None if moment is None else moment.at)
    return min((instant for instant in found if instant is not None), default=None)


def expected(account: Account, at: datetime) -> tuple[Account, Moment] | None:
    """The next invoice if nothing else happens: the account as it will be then, and the moment. None: there is none to
    expect."""
    horizon = at + HORIZON
    while True:
        moment, due = next_moment(account), next_due(account)
        moment = None if moment is not None and moment.last else moment  # it is only a look
        if moment is not None and (due is None or due > (moment.until or moment.at)):
            return account, moment
        if due is None or due > horizon:
            return None
        account = present(account, due)
