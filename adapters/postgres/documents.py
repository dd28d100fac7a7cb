"""Final invoices and credit notes as rows, to be listed and found by number."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.codec import encode
from adapters.postgres.connection import Connection
from adapters.postgres.journal import Entry
from adapters.postgres.tables import documents
from domain.account import Account
from domain.books.invoice import CreditNote, Invoice, Receivable
from domain.events import CreditNoteIssued, InvoiceFinalized

INVOICE, CREDIT_NOTE = "INVOICE", "CREDIT_NOTE"


def rows_of_entries(account: Account, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The rows of the documents that these entries made, as they stand in the account after all of its entries."""
    rows = []
    for entry in entries:
        match entry.event:
            case InvoiceFinalized(invoice=invoice):
                rows.append(_invoice(entry.stream_id, invoice, account.books.receivables[invoice.id]))
            case CreditNoteIssued(note=note):
                rows.append(_note(entry.stream_id, note))
    return rows


async def project(connection: Connection, before: Account, after: Account, entries: Iterable[Entry]) -> None:
    """New documents, and what changed of older ones."""
    if before.books is after.books:
        return
    new = rows_of_entries(after, entries)
    for row in new:
        upsert = insert(documents).values(row)
        await connection.execute(upsert.on_conflict_do_update(index_elements=["customer_id", "id"], set_=row))
    assert after.customer is not None
    made = {row["id"] for row in new}
    old = before.books.receivables
    for id, owed in after.books.receivables.items():
        if id not in made and owed is not old.get(id):
            here = (documents.c.customer_id == after.customer.id) & (documents.c.id == id)
            await connection.execute(documents.update().where(here).values(_running(owed)))


async def clear(connection: Connection, customer_id: str) -> None:
    await connection.execute(delete(documents).where(documents.c.customer_id == customer_id))


async def rows_of(connection: Connection, customer_id: str) -> list[dict[str, Any]]:
    """What is kept of a customer, by id."""
    query = select(documents).where(documents.c.customer_id == customer_id).order_by(documents.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _invoice(customer_id: str, invoice: Invoice, owed: Receivable) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "id": invoice.id,
        "kind": INVOICE,
        "number": invoice.number,
        "about": None,
        "currency": invoice.currency,
        "total": invoice.total,
        "issued_at": invoice.issued_at,
        "document": encode(invoice),
        **_running(owed),
    }


def _running(owed: Receivable) -> dict[str, Any]:
    return {"status": str(owed.status), "due": owed.due, "due_at": owed.fell_due_at}


def _note(customer_id: str, note: CreditNote) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "id": note.id,
        "kind": CREDIT_NOTE,
        "number": note.number,
        "about": note.invoice_id,
        "currency": note.currency,
        "total": note.total,
        "issued_at": note.issued_at,
        "document": encode(note),
        "status": "ISSUED",
        "due": note.total - note.total,
        "due_at": note.issued_at,
    }
