"""Which invoice an account can expect next."""

from datetime import datetime, timedelta

from domain.account import Account
from domain.billing.moment import Moment, next_moment
from domain.due import next_due, present

HORIZON = timedelta(days=3 * 366)
"""Nobody is told of an invoice further ahead."""


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
