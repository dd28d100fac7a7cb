"""Charges: what an account should have been billed, by key. (Invoice = wanted − billed; this is what is wanted.)"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from domain.account import Account
from domain.billing.charge import Charge, Count
from domain.billing.fees import fees
from domain.billing.minimum_spend import minimum_charges
from domain.billing.usage_charges import UsageCharges


class Wanted:
    """Every charge that is due by `until` and not closed. `interim`: also of usage whose period still runs, as far as
    it got. `counts` is what has to be read to know the `charges`, each once; the fees are known before that."""

    def __init__(self, account: Account, until: datetime, *, interim: bool = False) -> None:
        self._books = account.books
        self._until = until
        self._fees = tuple(fees(account, until))
        self._usage = UsageCharges(account, until, interim=interim)
        self.counts = self._usage.counts()

    def charges(self, figures: Mapping[Count, Decimal]) -> tuple[Charge, ...]:
        """`figures`: of each of the `counts`."""
        return self._with_minimum((*self._fees, *self._usage.charges(figures)))

    def without_usage(self) -> tuple[Charge, ...]:
        """What is wanted whatever was used, as far as no usage lowers what is missing from a minimum."""
        return self._with_minimum(self._fees)

    def _with_minimum(self, found: tuple[Charge, ...]) -> tuple[Charge, ...]:
        return (*found, *minimum_charges(self._books, found, self._until))
