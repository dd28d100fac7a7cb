"""Final invoices and credit notes as rows, to be listed and found by number."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.change import StreamChange
from adapters.postgres.codec import encode
from adapters.postgres.connection import Connection
from adapters.postgres.journal import JournalEntry
from adapters.postgres.tables import documents
from domain.account import Account
from domain.books.invoice import CreditNote, Invoice, Receivable
from domain.events import CreditNoteIssued, InvoiceFinalized

INVOICE, CREDIT_NOTE = "INVOICE", "CREDIT_NOTE"


def rows_of_entries(account: Account, entries: Iterable[JournalEntry]) -> list[dict[str, Any]]:
    """The rows of the documents that these entries made, as they stand in the account after all of its entries."""
    rows = []
    for entry in entries:
        match entry.event:
            case InvoiceFinalized(invoice=invoice):
                rows.append(_invoice(entry.stream_id, invoice, account.books.receivables[invoice.id]))
            case CreditNoteIssued(note=note):
                rows.append(_note(entry.stream_id, note))
    return rows


async def project(connection: Connection, changes: Sequence[StreamChange]) -> None:
    """Insert the documents that the entries made, and update those columns of older ones that change with payments."""
    new: list[dict[str, Any]] = []
    updated: list[dict[str, Any]] = []
    for before, after, entries, _ in changes:
        if before.books is after.books:
            continue
        made = rows_of_entries(after, entries)
        made_ids = {row["id"] for row in made}
        new += made
        old = before.books.receivables
        for id, receivable in after.books.receivables.items():
            if id not in made_ids and receivable is not old.get(id):
                updated.append({"of_customer": after.customer.id, "of_id": id, **_current_columns(receivable)})
    if new:
        upsert = insert(documents)
        others = {name: upsert.excluded[name] for name in new[0] if name not in ("customer_id", "id")}
        await connection.execute(upsert.on_conflict_do_update(index_elements=["customer_id", "id"], set_=others), new)
    if updated:
        here = and_(documents.c.customer_id == bindparam("of_customer"), documents.c.id == bindparam("of_id"))
        await connection.execute(documents.update().where(here), updated)


async def clear(connection: Connection, customer_id: str) -> None:
    await connection.execute(delete(documents).where(documents.c.customer_id == customer_id))


async def rows_of(connection: Connection, customer_id: str) -> list[dict[str, Any]]:
    """The rows that the view holds of a customer, in order of id."""
    query = select(documents).where(documents.c.customer_id == customer_id).order_by(documents.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _invoice(customer_id: str, invoice: Invoice, receivable: Receivable) -> dict[str, Any]:
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
        **_current_columns(receivable),
    }


def _current_columns(receivable: Receivable) -> dict[str, Any]:
    return {"status": str(receivable.status), "due": receivable.due, "due_at": receivable.fell_due_at}


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
