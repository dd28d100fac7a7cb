"""Invoices and credit notes as PDFs, made when they are asked for by a link that says so itself."""

import asyncio
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from adapters.documents import document_file, document_of_credit_note, document_of_invoice, opened_buyer, signed, verify
from adapters.documents.invoice_document import InvoiceDocument
from adapters.postgres.connection import Engine
from adapters.postgres.reads import accounts, books, documents
from adapters.vault import Vault
from domain.books.invoice import CreditNote, Invoice
from service.clock import Clock

LINK_LIFETIME = timedelta(hours=1)
AT_ONCE = 2
"""Set at a time, in threads: setting one takes a core for a while."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class LinkStatus(StrEnum):
    """What a link is worth."""

    GOOD = "GOOD"
    EXPIRED = "EXPIRED"
    FORGED = "FORGED"


class Pdf(NamedTuple):
    number: str
    content: bytes


class InvoiceDocuments:
    """`key` signs the links: whoever holds one may read that document, so whether they may is asked before it is
    given."""

    def __init__(self, engine: Engine, vault: Vault, clock: Clock, key: bytes) -> None:
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._key = key
        self._turn = asyncio.Semaphore(AT_ONCE)

    def link(self, id: str) -> str:
        """The path of a final document, which holds for an hour of real time."""
        return signed(_path(id), self._clock.now() + LINK_LIFETIME, self._key)

    def check(self, id: str, expires: str, signature: str) -> LinkStatus:
        """Whether the link is ours, and holds. Both texts are as the URL has them: they can be anything."""
        path = _path(id)
        if not verify(path, expires, signature, self._key, _BEGINNING):
            return LinkStatus.FORGED
        return LinkStatus.GOOD if verify(path, expires, signature, self._key, self._clock.now()) else LinkStatus.EXPIRED

    async def pdf(self, id: str, visible: frozenset[str] | None = None) -> Pdf | None:
        """The document with what was paid on it by now. None: there is none among the visible customers (None: all)."""
        document = await self.document(id, visible)
        if document is None:
            return None
        async with self._turn:
            return Pdf(document.number, await asyncio.to_thread(document_file, document))

    async def document(self, id: str, visible: frozenset[str] | None) -> InvoiceDocument | None:
        """What it shows. Of an erased customer only what the seller has to keep is left."""
        found = (await documents.by_ids(self._engine, [id], visible)).get(id)
        if found is None:
            return None
        content = found.content
        if isinstance(content, CreditNote):
            invoice = (await documents.by_ids(self._engine, [content.invoice_id], visible))[content.invoice_id].content
        else:
            invoice = content
        assert isinstance(invoice, Invoice)
        buyer = opened_buyer(await self._opened(found.customer_id, invoice), invoice.buyer_country)
        if isinstance(content, CreditNote):
            return document_of_credit_note(content, invoice, buyer)
        whole = (await books.by_customers(self._engine, [found.customer_id], None))[found.customer_id]
        owed = whole.account.books.receivables[invoice.id]
        return document_of_invoice(invoice, buyer, paid=owed.paid, instalments=owed.instalments)

    async def _opened(self, customer_id: str, invoice: Invoice) -> dict[str, str]:
        stored = (await accounts.by_ids(self._engine, [customer_id], None))[customer_id]
        customer, key = stored.account.customer, stored.wrapped_key
        if key is None or customer is None:
            return {}
        sealed = {field: text for field, text in customer.sealed.items() if field == "externalId"} | invoice.buyer
        return {field: self._vault.unseal(key, customer_id, field, text) for field, text in sealed.items()}


def _path(id: str) -> str:
    return f"/documents/{id}.pdf"
