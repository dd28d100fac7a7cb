"""Charges: what an account should have been billed, by key. (Invoice = wanted − billed; this is what is wanted.)"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from domain.account import Account
from domain.billing.charge import Charge, Count
from domain.billing.fees import fees
from domain.billing.minimum_spend import minimum_charges
from domain.billing.usage_charges import usage_charges, usage_counts


def counts(account: Account, until: datetime, *, interim: bool = False) -> tuple[Count, ...]:
    """What has to be read to know the charges up to `until`, each once."""
    return usage_counts(account, until, interim=interim)


def charges(
    account: Account, figures: Mapping[Count, Decimal], until: datetime, *, interim: bool = False
) -> tuple[Charge, ...]:
    """Every charge that is due by `until` and not closed. `figures`: of each of the `counts`. `interim`: also of usage
    whose period still runs, as far as it got."""
    found = (
        *fees(account, until),
        *usage_charges(account, figures, until, interim=interim),
    )
    return (*found, *minimum_charges(account.books, found, until))
