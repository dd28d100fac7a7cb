"""Drafts of many accounts at once: by the code that bills them, with the usage of all of them read together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from adapters.postgres.states import Head
from adapters.postgres.usage.periods import Ask
from domain.account import Account
from domain.books.invoice import Invoice
from domain.catalog import Catalog
from domain.events import InvoiceFinalized
from service.billing import Billing
from service.draft import By, Draft
from service.sources import Source
from service.streams import kind_of

Used = Callable[[Sequence[Ask]], Awaitable[Sequence[Decimal]]]
"""What meters read; asked for by several at once, it reads for all of them together."""


class Stored(NamedTuple):
    """A whole account as it is stored, effective at `effective_at`, and what time it is for the customer."""

    account: Account
    effective_at: datetime
    now: datetime


async def drafts_of(accounts: Sequence[Stored], catalog: Catalog, used: Used) -> dict[str, list[Invoice]]:
    """Customer id → invoices that have no number yet, soonest first: what is due and was not recorded yet; of a period
    that is over, if it still waits for late usage or for support; the running one."""
    billing, source = Billing(), _ReadForAll(catalog, used)
    found = await asyncio.gather(*(_drafts(billing, source, one) for one in accounts))
    return {
        one.account.customer.id: drafts
        for one, drafts in zip(accounts, found, strict=True)
        if one.account.customer is not None
    }


class _ReadForAll:
    def __init__(self, catalog: Catalog, used: Used) -> None:
        self._catalog = catalog
        self._used = used

    async def catalog(self) -> Catalog:
        return self._catalog

    async def used(self, asks: Sequence[Ask]) -> Sequence[Decimal]:
        return await self._used(asks)


async def _drafts(billing: Billing, source: Source, stored: Stored) -> list[Invoice]:
    account = stored.account
    assert account.customer is not None
    id = account.customer.id
    head = Head(0, b"", stored.effective_at, "")
    draft = Draft(kind_of(id), id, head, account, By("reader"), datetime.now(UTC))
    await billing.advance(source, draft, stored.now)
    draft.decide_here(draft.at(stored.now))
    due = [fact.event.invoice for fact in draft.facts if isinstance(fact.event, InvoiceFinalized)]
    return [*due, *await billing.drafts(source, draft)]
