"""Debts in words: what is overdue, since when, and until when rights are kept. Days are those of the customer."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from domain.account import Account
from domain.money import Money
from domain.period import local_date


def overdue(account: Account, at: datetime) -> str:
    """EUR 118.80 is overdue since 2026-03-01"""
    amounts, since = account.owing.overdue(at), account.owing.due_at
    if not amounts or since is None:
        return "nothing is overdue"
    return f"{in_words(amounts)} {'is' if len(amounts) == 1 else 'are'} overdue since {day(account, since)}"


def in_words(amounts: Mapping[str, Decimal]) -> str:
    """EUR 118.80 and USD 20.00"""
    return " and ".join(
        f"{currency} {Money(amount, currency).rounded().amount:f}" for currency, amount in amounts.items()
    )


def day(account: Account, at: datetime) -> str:
    """2026-03-01"""
    return local_date(at, "UTC" if account.customer is None else account.customer.timezone).isoformat()
