"""Drafts of many accounts at once: by the engine that bills them, with the usage of all of them read together."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from domain.account import Account
from domain.books.invoice import Invoice
from domain.catalog import Catalog
from domain.engine import Answer, Pending, Question, drafts
from domain.evolve import evolve_account
from service.write.answering import answered_together
from service.write.sources import Used, answers


class Stored(NamedTuple):
    """A whole account as it is stored, effective at `effective_at`, and what time it is for the customer."""

    account: Account
    effective_at: datetime
    now: datetime


async def drafts_of(accounts: Sequence[Stored], catalog: Catalog, used: Used) -> dict[str, list[Invoice]]:
    """Customer id → invoices that have no number yet, soonest first: what is due and was not recorded yet; of a period
    that is over, if it still waits for late usage or for support; the running one."""
    runs = [drafts(Pending(stored.account, stored.effective_at, evolve_account), stored.now) for stored in accounts]
    made = await answered_together(runs, _ReadForAll(catalog, used))
    found: dict[str, list[Invoice]] = {}
    for stored, invoices in zip(accounts, made, strict=True):
        if isinstance(invoices, Exception):
            raise invoices
        if stored.account.customer is not None:
            found[stored.account.customer.id] = invoices
    return found


class _ReadForAll:
    def __init__(self, catalog: Catalog, used: Used) -> None:
        self._catalog = catalog
        self._used = used

    async def answers(self, questions: Sequence[Question]) -> Sequence[Answer]:
        return await answers(self._catalog, self._used, questions)
