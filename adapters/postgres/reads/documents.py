"""Final invoices and credit notes: by id, by number, the notes of an invoice, and invoices in pages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Row, Select, Text, func, literal, select, true, tuple_

from adapters.postgres.codec import decode_credit_note, decode_invoice
from adapters.postgres.connection import Engine
from adapters.postgres.documents import CREDIT_NOTE, INVOICE
from adapters.postgres.reads.read_connection import among, is_visible, read_connection
from adapters.postgres.tables import documents, instant
from domain.books.invoice import CreditNote, Invoice

InvoicePosition = tuple[datetime, str]
"""Where an invoice stands in a list: when it was issued, and its id."""


class FinalDocument(NamedTuple):
    """An invoice or a credit note as it was frozen, and the customer it was made out to."""

    customer_id: str
    content: Invoice | CreditNote


class IssuedInvoice(NamedTuple):
    """An invoice and the customer it was made out to."""

    customer_id: str
    invoice: Invoice


class InvoicePageQuery(NamedTuple):
    """At most `limit` invoices between two places, the newest first: the first of them, or (`backwards`) the last.
    `after` and `before` are so in that order: what comes after a place is older. `customer_id` None: of all customers.
    `statuses` None: all."""

    customer_id: str | None
    limit: int
    after: InvoicePosition | None = None
    before: InvoicePosition | None = None
    backwards: bool = False
    statuses: frozenset[str] | None = None


async def by_ids(engine: Engine, ids: Collection[str], visible: frozenset[str] | None) -> dict[str, FinalDocument]:
    """Document id → document, for those that exist and are visible."""
    query = _seen(visible).where(among(documents.c.id, ids))
    async with read_connection(engine) as connection:
        return {row.id: _document(row) for row in await connection.execute(query)}


async def by_number(engine: Engine, number: str, visible: frozenset[str] | None) -> IssuedInvoice | None:
    """The invoice with this number."""
    query = _seen(visible).where(documents.c.number == number, documents.c.kind == INVOICE)
    async with read_connection(engine) as connection:
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else IssuedInvoice(row.customer_id, decode_invoice(row.document))


async def notes(
    engine: Engine, invoice_ids: Collection[str], visible: frozenset[str] | None
) -> dict[str, list[CreditNote]]:
    """Invoice id → its credit notes, oldest first."""
    # Found by the customer's rows, which lead the key: the invoices are there, too.
    of = documents.alias("of")
    query = (
        _seen(visible)
        .join(of, of.c.customer_id == documents.c.customer_id)
        .where(among(of.c.id, invoice_ids), documents.c.about == of.c.id, documents.c.kind == CREDIT_NOTE)
        .order_by(documents.c.issued_at, documents.c.id)
    )
    found: dict[str, list[CreditNote]] = {}
    async with read_connection(engine) as connection:
        for row in await connection.execute(query):
            note = decode_credit_note(row.document)
            found.setdefault(note.invoice_id, []).append(note)
    return found


async def page(engine: Engine, page_query: InvoicePageQuery, visible: frozenset[str] | None) -> list[IssuedInvoice]:
    """One page, newest first."""
    query = _page(_seen(visible), page_query)
    async with read_connection(engine) as connection:
        rows = (await connection.execute(query)).all()
    found = [IssuedInvoice(row.customer_id, decode_invoice(row.document)) for row in rows]
    return found[::-1] if page_query.backwards else found


async def pages(
    engine: Engine, queries: Collection[InvoicePageQuery], visible: frozenset[str] | None
) -> Mapping[InvoicePageQuery, Sequence[Invoice]]:
    """The page that each query asks for. One statement for all that differ in nothing but customer and place."""
    alike: dict[InvoicePageQuery, list[InvoicePageQuery]] = {}
    for query in queries:
        alike.setdefault(query._replace(customer_id=None, after=None, before=None), []).append(query)
    found: dict[InvoicePageQuery, list[Invoice]] = {query: [] for query in queries}
    async with read_connection(engine) as connection:
        for like, several in alike.items():
            for row in await connection.execute(_pages(several, like, visible)):
                found[several[row.n - 1]].append(decode_invoice(row.document))
    return {query: invoices[::-1] if query.backwards else invoices for query, invoices in found.items()}


def _pages(queries: Sequence[InvoicePageQuery], like: InvoicePageQuery, visible: frozenset[str] | None) -> Select[Any]:
    """Each query's page, read from its own customer's rows. `like`: what the queries have in common."""
    wanted = (
        func.unnest(
            literal([query.customer_id for query in queries], ARRAY(Text)),
            *_positions(query.after for query in queries),
            *_positions(query.before for query in queries),
        )
        .table_valued("customer_id", "after_at", "after_id", "before_at", "before_id", with_ordinality="n")
        .render_derived(name="wanted")
    )
    place = tuple_(documents.c.issued_at, documents.c.id)
    rows = _page(
        _seen(visible).where(
            documents.c.customer_id == wanted.c.customer_id,
            wanted.c.after_id.is_(None) | (place < tuple_(wanted.c.after_at, wanted.c.after_id)),
            wanted.c.before_id.is_(None) | (place > tuple_(wanted.c.before_at, wanted.c.before_id)),
        ),
        like,
    )
    page = rows.lateral("page")
    return select(wanted.c.n, page).join(page, true()).order_by(wanted.c.n, *_order(like, page.c))


def _page(query: Select[Any], page_query: InvoicePageQuery) -> Select[Any]:
    place = tuple_(documents.c.issued_at, documents.c.id)
    query = query.where(documents.c.kind == INVOICE)
    if page_query.customer_id is not None:
        query = query.where(documents.c.customer_id == page_query.customer_id)
    if page_query.after is not None:
        query = query.where(place < tuple_(literal(page_query.after[0], instant), literal(page_query.after[1])))
    if page_query.before is not None:
        query = query.where(place > tuple_(literal(page_query.before[0], instant), literal(page_query.before[1])))
    if page_query.statuses is not None:
        query = query.where(among(documents.c.status, page_query.statuses))
    return query.order_by(*_order(page_query, documents.c)).limit(page_query.limit)


def _order(page_query: InvoicePageQuery, columns: Any) -> tuple[Any, Any]:
    """The order in which the limit cuts off what is furthest from where the page begins."""
    if page_query.backwards:
        return columns.issued_at, columns.id
    return columns.issued_at.desc(), columns.id.desc()


def _positions(positions: Iterable[InvoicePosition | None]) -> tuple[Any, Any]:
    instants, ids = [], []
    for position in positions:
        instants.append(None if position is None else position[0])
        ids.append(None if position is None else position[1])
    return literal(instants, ARRAY(instant)), literal(ids, ARRAY(Text))


def _seen(visible: frozenset[str] | None) -> Select[Any]:
    wanted = (documents.c.customer_id, documents.c.id, documents.c.kind, documents.c.issued_at, documents.c.document)
    return select(*wanted).where(is_visible(documents.c.customer_id, visible))


def _document(row: Row[Any]) -> FinalDocument:
    decode = decode_invoice if row.kind == INVOICE else decode_credit_note
    return FinalDocument(row.customer_id, decode(row.document))
