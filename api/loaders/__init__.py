"""What one operation reads: each thing once, and things of one kind together."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from aiodataloader import DataLoader

from adapters.postgres.reads import (
    Engine,
    JournalEntry,
    accounts,
    billing_documents,
    books,
    clocks,
    documents,
    entries,
    keys,
    syncs,
)
from adapters.postgres.reads import catalog as catalogs
from adapters.postgres.reads.accounts import StoredAccount
from adapters.postgres.reads.billing_documents import BilledKey, BillingDocument
from adapters.postgres.reads.catalog import CatalogSnapshot
from adapters.postgres.reads.documents import FinalDocument, InvoicePageQuery
from adapters.postgres.reads.entries import AsOfQuery, EntryNumber, EntryPageQuery
from api.loaders.account_view import AccountView, Vault
from api.loaders.batch import Shared, batched
from domain.access import ApiKey
from domain.account import Account
from domain.books.invoice import CreditNote, Invoice
from domain.catalog import Catalog
from domain.clock import TestClock
from domain.lifecycle.due import present
from domain.rights.account_rights import entitlements
from domain.rights.entitlement import Entitlement
from domain.rights.gate import FeatureUsage
from graphql_edge.errors import BAD_USER_INPUT, ClientError
from service.documents import drafts
from service.gates.snapshot import UsageOfEntitlement
from service.usage import Usage as UsageService
from service.usage import UsageQuery

__all__ = ["AccountView", "Loaders", "Right"]

FIGURES_MAX = 5_000
"""Steps of usage histories in one operation: beside a page of customers each would multiply."""

Right = tuple[Entitlement, FeatureUsage | None]
"""A right with the usage of its period; None: it is not metered."""


class Loaders:
    """`visible` is the caller's tenant condition (None: all customers); it is part of every statement.

    `views` by customer id; `as_of`: one at another instant, past or to come; `books_of`: one with its books;
    `rights` of a view, by feature key; `figures` of usage; `journals` in pages, single `entries` of them by
    number; `owners` from the id of whatever a customer owns to the customer; `customer_ids` from an external id;
    final invoices and credit notes (`documents`) by id, the `notes` of an invoice, `invoices` in pages, the `bills`
    of a key; `drafts` by customer id, soonest first; `syncs`: how far providers were told, by customer id and
    provider. `turn` is held by reads that cannot be batched, so that one operation uses one connection for them and
    not all there are.
    """

    def __init__(
        self, engine: Engine, vault: Vault, usage: UsageService, visible: frozenset[str] | None, now: datetime
    ) -> None:
        self._engine = engine
        self._usage = usage
        self._vault = vault
        self._visible = visible
        self._now = now
        self._figures_read = 0
        self.turn = asyncio.Lock()
        self._catalog_snapshot: asyncio.Future[CatalogSnapshot] | None = None
        self.views: DataLoader[str, AccountView | None] = batched(self._read_views)
        self.as_of: DataLoader[AsOfQuery, AccountView | None] = batched(self._read_as_of)
        self.books_of: DataLoader[AccountView, AccountView | None] = batched(self._read_with_books)
        self.rights: DataLoader[AccountView, Sequence[Right] | None] = batched(self._read_rights)
        self.figures: DataLoader[UsageQuery, Decimal] = Shared(self._read_figures)
        self._counted: DataLoader[UsageQuery, Decimal] = DataLoader(usage.reads.used)  # what drafts charge for
        self.journals: DataLoader[EntryPageQuery, Sequence[JournalEntry] | None] = batched(
            lambda queries: entries.pages(engine, queries, visible)
        )
        self.entries: DataLoader[EntryNumber, JournalEntry | None] = batched(
            lambda queries: entries.by_numbers(engine, queries, visible)
        )
        self.owners: DataLoader[str, str | None] = batched(lambda ids: accounts.owners(engine, ids, visible))
        self.customer_ids: DataLoader[str, str | None] = batched(self._read_customer_ids)
        self.documents: DataLoader[str, FinalDocument | None] = batched(
            lambda ids: documents.by_ids(engine, ids, visible)
        )
        self.notes: DataLoader[str, Sequence[CreditNote] | None] = batched(
            lambda ids: documents.notes(engine, ids, visible)
        )
        self.invoices: DataLoader[InvoicePageQuery, Sequence[Invoice] | None] = batched(
            lambda queries: documents.pages(engine, queries, visible)
        )
        self.bills: DataLoader[BilledKey, Sequence[BillingDocument] | None] = batched(
            lambda queries: billing_documents.by_keys(engine, queries, visible)
        )
        self.drafts: DataLoader[str, Sequence[Invoice] | None] = batched(self._read_drafts)
        self.clocks: DataLoader[str, TestClock | None] = batched(lambda ids: clocks.by_ids(engine, ids, visible))
        self.syncs: DataLoader[str, Mapping[str, syncs.SyncStatus] | None] = batched(
            lambda ids: syncs.by_customers(engine, ids, visible)
        )
        self.keys: DataLoader[str, ApiKey | None] = batched(lambda ids: keys.by_ids(engine, ids))

    async def catalog_snapshot(self) -> CatalogSnapshot:
        """The catalog, one for the whole operation."""
        if self._catalog_snapshot is None:
            self._catalog_snapshot = asyncio.ensure_future(catalogs.catalog(self._engine))
        return await asyncio.shield(self._catalog_snapshot)

    async def view(self, account: Account) -> AccountView | None:
        """An account as a command left it (also one that was recorded long ago, and is now answered again)."""
        assert account.customer is not None
        stored = await self.views.load(account.customer.id)
        return None if stored is None else stored.as_of(account, stored.seq, stored.at)

    async def at(self, view: AccountView, at: datetime) -> AccountView | None:
        """The same customer at another instant. A past one: what the journal knew then, None before there was anything.
        A future one: what will be if nothing else happens."""
        if at == view.at:
            return view
        return await self.as_of.load(AsOfQuery(view.customer.id, at))

    async def with_books(self, view: AccountView) -> AccountView:
        """The same customer at the same instant, with their books."""
        if view.has_books:
            return view
        today = view if view.recorded is not None else await self.views.load(view.customer.id)
        whole = None if today is None else await self.books_of.load(today)
        assert whole is not None, f"{view.customer.id} was there a moment ago"
        return whole

    async def page(self, stored: Collection[StoredAccount]) -> list[AccountView]:
        """Accounts that were read as a page, ready for whoever asks for them by id."""
        catalog = (await self.catalog_snapshot()).catalog
        views = [self._view(account, catalog) for account in stored]
        for view in views:
            self.views.prime(view.customer.id, view)
        return views

    async def _read_views(self, ids: Collection[str]) -> Mapping[str, AccountView]:
        stored = await accounts.by_ids(self._engine, ids, self._visible)
        catalog = (await self.catalog_snapshot()).catalog
        return {id: self._view(account, catalog) for id, account in stored.items()}

    def _view(self, stored: StoredAccount, catalog: Catalog) -> AccountView:
        """In the customer's own time, though never before their last entry: other machines' clocks may be ahead."""
        clock = stored.clock
        now = self._now if clock is None or clock.now is None else clock.now
        now = max(now, stored.effective_at)
        return AccountView(
            present(stored.account, now),
            stored.seq,
            now,
            now,
            clock=clock,
            catalog=catalog,
            vault=self._vault,
            wrapped_key=stored.wrapped_key,
            recorded=stored,
        )

    async def _read_as_of(self, queries: Collection[AsOfQuery]) -> Mapping[AsOfQuery, AccountView]:
        """All in one batch, also those for which the journal need not be folded: what is read next for them is read
        together, too."""
        answers: dict[AsOfQuery, AccountView] = {}
        earlier: dict[AsOfQuery, AccountView] = {}
        for query in queries:
            today = await self.views.load(query.customer_id)
            if today is None:
                continue
            recorded = today.recorded
            if recorded is not None and query.at >= recorded.effective_at:  # what is stored says it all
                now = present(recorded.account, query.at)
                answers[query] = today.as_of(now, recorded.seq, query.at, has_books=today.has_books)
            else:
                earlier[query] = today
        found = await entries.as_of(self._engine, earlier, self._visible) if earlier else {}
        return answers | {
            query: earlier[query].as_of(present(past.account, query.at), past.seq, query.at)
            for query, past in found.items()
        }

    async def _read_with_books(self, views: Collection[AccountView]) -> Mapping[AccountView, AccountView]:
        found = await books.by_customers(self._engine, {view.customer.id for view in views}, self._visible)
        return {view: view.with_books(found[view.customer.id]) for view in views if view.customer.id in found}

    async def _read_drafts(self, ids: Collection[str]) -> Mapping[str, Sequence[Invoice]]:
        views = [view for view in await self.views.load_many(list(ids)) if view is not None]
        wholes = await asyncio.gather(*(self.with_books(view) for view in views))
        catalog = (await self.catalog_snapshot()).catalog
        stored = [
            drafts.Stored(view.recorded.account, view.recorded.effective_at, view.now)
            for view in wholes
            if view.recorded is not None
        ]
        return await drafts.drafts_of(stored, catalog, self._counted.load_many)

    async def drafts_at(self, view: AccountView) -> Sequence[Invoice]:
        """What is no final invoice yet at the view's own instant, soonest first."""
        whole = await self.with_books(view)
        if whole.at == whole.now:
            return await self.drafts.load(whole.customer.id) or ()
        then = drafts.Stored(whole.account, whole.at, whole.at)
        found = await drafts.drafts_of([then], whole.catalog, self._counted.load_many)
        return found[whole.customer.id]

    async def _read_rights(self, views: Collection[AccountView]) -> Mapping[AccountView, Sequence[Right]]:
        rights_of = {view: entitlements(view.account, view.at) for view in views}
        wanted = [
            UsageOfEntitlement(view.customer.id, right, view.at)
            for view, rights in rights_of.items()
            for right in rights
            if right.period is not None
        ]
        usages = iter(await self._usage.reads.of(wanted) if wanted else ())
        return {
            view: [(right, None if right.period is None else next(usages)) for right in rights]
            for view, rights in rights_of.items()
        }

    async def _read_figures(self, queries: list[UsageQuery]) -> list[Decimal]:
        self._figures_read += len(queries)
        if self._figures_read > FIGURES_MAX:
            raise ClientError(f"An operation reads at most {FIGURES_MAX:,} figures of usage.", code=BAD_USER_INPUT)
        return await self._usage.reads.used(queries)

    async def _read_customer_ids(self, external_ids: Collection[str]) -> Mapping[str, str]:
        hashes = {external_id: self._vault.external_hashes(external_id) for external_id in external_ids}
        every = [hash for several in hashes.values() for hash in several]
        found = await accounts.by_external_hashes(self._engine, every, self._visible)
        return {
            external_id: found[hash]
            for external_id, several in hashes.items()
            for hash in reversed(several)  # the present secret's, if there is one, is entered last and stays
            if hash in found
        }
