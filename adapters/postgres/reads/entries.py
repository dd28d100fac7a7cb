"""The journal, read: pages of one account's entries, and accounts as they once were."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Row, Select, Text, func, literal, select, true

from adapters.postgres.codec import decode_event
from adapters.postgres.connection import Engine
from adapters.postgres.journal import Entry
from adapters.postgres.reads.looking import among, looking, seen
from adapters.postgres.tables import instant, journal
from domain.account import Account
from domain.evolve import evolve_account


class Asked(NamedTuple):
    """Which account, as of when."""

    customer_id: str
    at: datetime


class Page(NamedTuple):
    """At most `limit` entries of the account's stream after number `after`. `types` None: all."""

    customer_id: str
    after: int
    limit: int
    types: tuple[str, ...] | None = None


class Number(NamedTuple):
    """One entry: of which account's stream, and its number there."""

    customer_id: str
    seq: int


class Past(NamedTuple):
    """An account as of its entry `seq`."""

    account: Account
    seq: int


async def pages(engine: Engine, asked: Collection[Page], visible: frozenset[str] | None) -> Mapping[Page, list[Entry]]:
    """Each page of its account's entries, in order. One statement for all that ask for the same length and types."""
    alike: dict[tuple[int, tuple[str, ...] | None], list[Page]] = {}
    for one in asked:
        alike.setdefault((one.limit, one.types), []).append(one)
    found: dict[Page, list[Entry]] = {one: [] for one in asked}
    async with looking(engine) as connection:
        for (limit, types), several in alike.items():
            for row in await connection.execute(_pages(several, limit, types, visible)):
                found[several[row.n - 1]].append(_entry(row))
    return found


def _pages(
    asked: Sequence[Page], limit: int, types: tuple[str, ...] | None, visible: frozenset[str] | None
) -> Select[Any]:
    wanted = (
        func.unnest(
            literal([one.customer_id for one in asked], ARRAY(Text)),
            literal([one.after for one in asked], ARRAY(BigInteger)),
        )
        .table_valued("customer_id", "after", with_ordinality="n")
        .render_derived(name="wanted")
    )
    entries = (
        select(journal)
        .where(
            journal.c.stream_id == wanted.c.customer_id,
            journal.c.seq > wanted.c.after,
            seen(journal.c.stream_id, visible),
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
) -> list[Entry]:
    """A single page."""
    asked = Page(customer_id, after, limit, None if types is None else tuple(types))
    return (await pages(engine, [asked], visible))[asked]


async def by_numbers(
    engine: Engine, asked: Collection[Number], visible: frozenset[str] | None
) -> Mapping[Number, Entry]:
    """Each entry, if it is there and visible."""
    wanted = (
        func.unnest(
            literal([one.customer_id for one in asked], ARRAY(Text)),
            literal([one.seq for one in asked], ARRAY(BigInteger)),
        )
        .table_valued("customer_id", "seq")
        .render_derived(name="wanted")
    )
    query = (
        select(journal)
        .join(wanted, (journal.c.stream_id == wanted.c.customer_id) & (journal.c.seq == wanted.c.seq))
        .where(seen(journal.c.stream_id, visible))
    )
    async with looking(engine) as connection:
        return {Number(row.stream_id, row.seq): _entry(row) for row in await connection.execute(query)}


async def as_of(engine: Engine, asked: Collection[Asked], visible: frozenset[str] | None) -> Mapping[Asked, Past]:
    """Each account folded from its entries effective at or before the asked instant. Before the first one: none.

    One statement whatever is asked: the entries up to the latest instant, of which each answer takes its part.
    """
    wanted = (
        func.unnest(
            literal([one.customer_id for one in asked], ARRAY(Text)), literal([one.at for one in asked], ARRAY(instant))
        )
        .table_valued("customer_id", "at")
        .render_derived(name="wanted")
    )
    until = select(wanted.c.customer_id, func.max(wanted.c.at).label("at")).group_by(wanted.c.customer_id).subquery()
    query = (
        select(journal.c.stream_id, journal.c.seq, journal.c.effective_at, journal.c.payload, journal.c.version)
        .join(until, until.c.customer_id == journal.c.stream_id)
        .where(journal.c.effective_at <= until.c.at, seen(journal.c.stream_id, visible))
        .order_by(journal.c.stream_id, journal.c.seq)
    )
    entries: dict[str, list[Any]] = {}
    async with looking(engine) as connection:
        for row in await connection.execute(query):
            entries.setdefault(row.stream_id, []).append(row)
    answers = ((one, _folded(entries.get(one.customer_id, ()), one.at)) for one in asked)
    return {one: past for one, past in answers if past is not None}


def _folded(entries: Sequence[Any], at: datetime) -> Past | None:
    """In a stream `effective_at` never goes back, so what holds at an instant is a beginning of the stream."""
    past = None
    account = Account()
    for row in entries:
        if row.effective_at > at:
            break
        event: Any = decode_event(row.payload, row.version)
        account = evolve_account(account, event, row.effective_at)
        past = Past(account, row.seq)
    return past


def _entry(row: Row[Any]) -> Entry:
    return Entry(
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
