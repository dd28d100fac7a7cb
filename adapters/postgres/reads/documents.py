"""Final invoices and credit notes: by id, by number, the notes of an invoice, and invoices in pages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Row, Select, Text, func, literal, select, true, tuple_

from adapters.postgres.codec import decode_credit_note, decode_invoice
from adapters.postgres.connection import Engine
from adapters.postgres.documents import CREDIT_NOTE, INVOICE
from adapters.postgres.reads.looking import among, looking, seen
from adapters.postgres.tables import documents, instant
from domain.books.invoice import CreditNote, Invoice

Place = tuple[datetime, str]
"""Where an invoice stands in a list: when it was issued, and its id."""


class Document(NamedTuple):
    """Whose it is, and as it was frozen."""

    customer_id: str
    content: Invoice | CreditNote


class Issued(NamedTuple):
    """An invoice, and whose it is."""

    customer_id: str
    invoice: Invoice


class Page(NamedTuple):
    """At most `limit` invoices between two places, the newest first: the first of them, or (`backwards`) the last.
    `after` and `before` are so in that order: what comes after a place is older. `customer_id` None: of all customers.
    `statuses` None: all."""

    customer_id: str | None
    limit: int
    after: Place | None = None
    before: Place | None = None
    backwards: bool = False
    statuses: frozenset[str] | None = None


async def by_ids(engine: Engine, ids: Collection[str], visible: frozenset[str] | None) -> dict[str, Document]:
    """Document id → document, for those that exist and are visible."""
    query = _seen(visible).where(among(documents.c.id, ids))
    async with looking(engine) as connection:
        return {row.id: _document(row) for row in await connection.execute(query)}


async def by_number(engine: Engine, number: str, visible: frozenset[str] | None) -> Issued | None:
    """The invoice with this number."""
    query = _seen(visible).where(documents.c.number == number, documents.c.kind == INVOICE)
    async with looking(engine) as connection:
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else Issued(row.customer_id, decode_invoice(row.document))


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
    async with looking(engine) as connection:
        for row in await connection.execute(query):
            note = decode_credit_note(row.document)
            found.setdefault(note.invoice_id, []).append(note)
    return found


async def page(engine: Engine, asked: Page, visible: frozenset[str] | None) -> list[Issued]:
    """One page, newest first."""
    query = _page(_seen(visible), asked)
    async with looking(engine) as connection:
        rows = (await connection.execute(query)).all()
    found = [Issued(row.customer_id, decode_invoice(row.document)) for row in rows]
    return found[::-1] if asked.backwards else found


async def pages(
    engine: Engine, asked: Collection[Page], visible: frozenset[str] | None
) -> Mapping[Page, Sequence[Invoice]]:
    """Each page of its customer's invoices. One statement for all that ask alike."""
    alike: dict[Page, list[Page]] = {}
    for one in asked:
        alike.setdefault(one._replace(customer_id=None, after=None, before=None), []).append(one)
    found: dict[Page, list[Invoice]] = {one: [] for one in asked}
    async with looking(engine) as connection:
        for like, several in alike.items():
            for row in await connection.execute(_pages(several, like, visible)):
                found[several[row.n - 1]].append(decode_invoice(row.document))
    return {one: invoices[::-1] if one.backwards else invoices for one, invoices in found.items()}


def _pages(asked: Sequence[Page], like: Page, visible: frozenset[str] | None) -> Select[Any]:
    """Each customer's page from the customer's own rows. `like`: what is the same for all of them."""
    wanted = (
        func.unnest(
            literal([one.customer_id for one in asked], ARRAY(Text)),
            *_places(one.after for one in asked),
            *_places(one.before for one in asked),
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


def _page(query: Select[Any], asked: Page) -> Select[Any]:
    place = tuple_(documents.c.issued_at, documents.c.id)
    query = query.where(documents.c.kind == INVOICE)
    if asked.customer_id is not None:
        query = query.where(documents.c.customer_id == asked.customer_id)
    if asked.after is not None:
        query = query.where(place < tuple_(literal(asked.after[0], instant), literal(asked.after[1])))
    if asked.before is not None:
        query = query.where(place > tuple_(literal(asked.before[0], instant), literal(asked.before[1])))
    if asked.statuses is not None:
        query = query.where(among(documents.c.status, asked.statuses))
    return query.order_by(*_order(asked, documents.c)).limit(asked.limit)


def _order(asked: Page, columns: Any) -> tuple[Any, Any]:
    """From where the page is cut off, so that the limit takes the right ones."""
    if asked.backwards:
        return columns.issued_at, columns.id
    return columns.issued_at.desc(), columns.id.desc()


def _places(places: Iterable[Place | None]) -> tuple[Any, Any]:
    instants, ids = [], []
    for place in places:
        instants.append(None if place is None else place[0])
        ids.append(None if place is None else place[1])
    return literal(instants, ARRAY(instant)), literal(ids, ARRAY(Text))


def _seen(visible: frozenset[str] | None) -> Select[Any]:
    wanted = (documents.c.customer_id, documents.c.id, documents.c.kind, documents.c.issued_at, documents.c.document)
    return select(*wanted).where(seen(documents.c.customer_id, visible))


def _document(row: Row[Any]) -> Document:
    decode = decode_invoice if row.kind == INVOICE else decode_credit_note
    return Document(row.customer_id, decode(row.document))
