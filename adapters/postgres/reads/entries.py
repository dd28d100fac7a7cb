"""The journal, read: pages of one account's entries, and accounts as they once were."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Row, Select, Text, func, literal, select, true

from adapters.postgres.codec import decode_event
from adapters.postgres.connection import Engine
from adapters.postgres.journal import JournalEntry
from adapters.postgres.reads.read_connection import among, is_visible, read_connection
from adapters.postgres.tables import instant, journal
from domain.account import Account
from domain.evolve import evolve_account


class AsOfQuery(NamedTuple):
    """What the journal said of a customer's account at the instant `at`."""

    customer_id: str
    at: datetime


class EntryPageQuery(NamedTuple):
    """At most `limit` entries of the account's stream after number `after`. `types` None: all."""

    customer_id: str
    after: int
    limit: int
    types: tuple[str, ...] | None = None


class EntryNumber(NamedTuple):
    """One entry by its number in the customer's stream."""

    customer_id: str
    seq: int


class AccountAsOf(NamedTuple):
    """An account as of its entry `seq`."""

    account: Account
    seq: int


async def pages(
    engine: Engine, queries: Collection[EntryPageQuery], visible: frozenset[str] | None
) -> Mapping[EntryPageQuery, list[JournalEntry]]:
    """Each page of its account's entries, in order. One statement for all that ask for the same length and types."""
    alike: dict[tuple[int, tuple[str, ...] | None], list[EntryPageQuery]] = {}
    for query in queries:
        alike.setdefault((query.limit, query.types), []).append(query)
    found: dict[EntryPageQuery, list[JournalEntry]] = {query: [] for query in queries}
    async with read_connection(engine) as connection:
        for (limit, types), several in alike.items():
            for row in await connection.execute(_pages(several, limit, types, visible)):
                found[several[row.n - 1]].append(_entry(row))
    return found


def _pages(
    queries: Sequence[EntryPageQuery], limit: int, types: tuple[str, ...] | None, visible: frozenset[str] | None
) -> Select[Any]:
    wanted = (
        func.unnest(
            literal([query.customer_id for query in queries], ARRAY(Text)),
            literal([query.after for query in queries], ARRAY(BigInteger)),
        )
        .table_valued("customer_id", "after", with_ordinality="n")
        .render_derived(name="wanted")
    )
    entries = (
        select(journal)
        .where(
            journal.c.stream_id == wanted.c.customer_id,
            journal.c.seq > wanted.c.after,
            is_visible(journal.c.stream_id, visible),
        )
        .order_by(journal.c.seq)
        .limit(limit)
    )
    if types is not None:
        entries = entries.where(among(journal.c.type, types))
    page = entries.lateral("page")
    return select(wanted.c.n, page).join(page, true()).order_by(wanted.c.n, page.c.seq)


async def page(
    engine: Engine,
    customer_id: str,
    visible: frozenset[str] | None,
    *,
    after: int,
    limit: int,
    types: Sequence[str] | None = None,
) -> list[JournalEntry]:
    """A single page."""
    query = EntryPageQuery(customer_id, after, limit, None if types is None else tuple(types))
    return (await pages(engine, [query], visible))[query]


async def by_numbers(
    engine: Engine, numbers: Collection[EntryNumber], visible: frozenset[str] | None
) -> Mapping[EntryNumber, JournalEntry]:
    """Each entry, if it is there and visible."""
    wanted = (
        func.unnest(
            literal([number.customer_id for number in numbers], ARRAY(Text)),
            literal([number.seq for number in numbers], ARRAY(BigInteger)),
        )
        .table_valued("customer_id", "seq")
        .render_derived(name="wanted")
    )
    query = (
        select(journal)
        .join(wanted, (journal.c.stream_id == wanted.c.customer_id) & (journal.c.seq == wanted.c.seq))
        .where(is_visible(journal.c.stream_id, visible))
    )
    async with read_connection(engine) as connection:
        return {EntryNumber(row.stream_id, row.seq): _entry(row) for row in await connection.execute(query)}


async def as_of(
    engine: Engine, queries: Collection[AsOfQuery], visible: frozenset[str] | None
) -> Mapping[AsOfQuery, AccountAsOf]:
    """Each account folded from its entries effective at or before the asked instant. Before the first one: none.

    One statement for all queries: it reads each account's entries up to the latest instant asked of that account, and
    each answer is folded from the first of them.
    """
    wanted = (
        func.unnest(
            literal([query.customer_id for query in queries], ARRAY(Text)),
            literal([query.at for query in queries], ARRAY(instant)),
        )
        .table_valued("customer_id", "at")
        .render_derived(name="wanted")
    )
    until = select(wanted.c.customer_id, func.max(wanted.c.at).label("at")).group_by(wanted.c.customer_id).subquery()
    query = (
        select(journal.c.stream_id, journal.c.seq, journal.c.effective_at, journal.c.payload, journal.c.version)
        .join(until, until.c.customer_id == journal.c.stream_id)
        .where(journal.c.effective_at <= until.c.at, is_visible(journal.c.stream_id, visible))
        .order_by(journal.c.stream_id, journal.c.seq)
    )
    entries: dict[str, list[Any]] = {}
    async with read_connection(engine) as connection:
        for row in await connection.execute(query):
            entries.setdefault(row.stream_id, []).append(row)
    answers = ((query, _folded(entries.get(query.customer_id, ()), query.at)) for query in queries)
    return {query: past for query, past in answers if past is not None}


def _folded(entries: Sequence[Any], at: datetime) -> AccountAsOf | None:
    """The account from those entries that were effective by `at`: the first of the stream, since in a stream
    `effective_at` never goes back."""
    past = None
    account = Account()
    for row in entries:
        if row.effective_at > at:
            break
        event: Any = decode_event(row.payload, row.version)
        account = evolve_account(account, event, row.effective_at)
        past = AccountAsOf(account, row.seq)
    return past


def _entry(row: Row[Any]) -> JournalEntry:
    return JournalEntry(
        stream_id=row.stream_id,
        seq=row.seq,
        id=row.id,
        effective_at=row.effective_at,
        recorded_at=row.recorded_at,
        actor=row.actor,
        reason=row.reason,
        cause=row.cause,
        event=decode_event(row.payload, row.version),
        type=row.type,
        version=row.version,
        payload=row.payload,
        previous=row.previous,
        hash=row.hash,
        xact=row.xact,
        position=row.position,
    )
