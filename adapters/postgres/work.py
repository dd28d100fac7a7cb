"""The one work queue. What there is to do is a function of the tables of each kind (`_WAITING`); the table `work` only
keeps who is at which piece, what rests after a failure, and what was given up.

A claim is a lease: whoever takes a piece has it to itself until `next_at`, and renews that as long as it is at it. No
transaction is open meanwhile. It only spares double work: that doing a piece twice changes nothing is the law of every
kind, for a claim may be lost and a worker may die between doing a piece and saying so.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    JSON,
    Select,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.reads.read_connection import among
from adapters.postgres.tables import comparisons, customers, effects, inbox, journal, provider_sync, streams, work

COMPARED_EVERY = timedelta(hours=1)


class WorkKind(StrEnum):
    """What can be done later: its value also is the label in metrics."""

    DUE = "DUE"
    CLOCK = "CLOCK"
    CHARGE = "CHARGE"
    SYNC = "SYNC"
    WEBHOOK = "WEBHOOK"
    COMPARISON = "COMPARISON"


class WorkState(StrEnum):
    WAITING = "WAITING"
    GIVEN_UP = "GIVEN_UP"  # tried in vain: left to support, and tried once a day


class Work(NamedTuple):
    """A piece that the caller has claimed: `attempts` counts this one. `lane`: whom it waits for outside, as a
    provider. `since`: when it fell due."""

    kind: WorkKind
    id: str
    customer_id: str | None
    lane: str | None
    since: datetime
    attempts: int
    claim: UUID


class Depth(NamedTuple):
    """How many pieces of a kind are due, how many of these failed and rest, how many were given up, and since how many
    seconds the oldest is due."""

    kind: WorkKind
    number: int
    resting: int
    given_up: int
    age: float


# ── the table of kinds ───────────────────────────────────────────────────────────────────────────────────────────────
def _due(by: Any) -> Select[Any]:
    """Accounts in real time for which something has fallen due by then."""
    id = customers.c.customer_id
    columns = id.label("id"), id.label("customer_id"), null().label("lane"), customers.c.due_at.label("since")
    return select(*columns).where(customers.c.due_at <= by, customers.c.clock_id.is_(None))


def _clock(by: Any) -> Select[Any]:
    """Test clocks that stand beyond what has happened to their customers: whoever moved them has died."""
    lived_by = select(customers.c.clock_id).where(customers.c.clock_id.is_not(None))
    now = cast(cast(streams.c.state, JSON)["now"].as_string(), customers.c.due_at.type)
    behind = exists().where(customers.c.clock_id == streams.c.id, customers.c.due_at <= now)
    moved_at = select(func.max(journal.c.recorded_at)).where(journal.c.stream_id == streams.c.id).scalar_subquery()
    columns = null().label("customer_id"), null().label("lane"), moved_at.label("since")
    return select(streams.c.id, *columns).where(streams.c.id.in_(lived_by), behind)


def _charge(by: Any) -> Select[Any]:
    """What a provider is to be asked, of customers on test clocks too."""
    return select(effects.c.id, effects.c.customer_id, effects.c.provider.label("lane"), effects.c.since)


def _sync(by: Any) -> Select[Any]:
    """Customers of whom a provider is to be told now."""
    id = func.concat(provider_sync.c.customer_id, "/", provider_sync.c.provider).label("id")
    columns = provider_sync.c.customer_id, provider_sync.c.provider.label("lane"), provider_sync.c.due_at.label("since")
    return select(id, *columns).where(provider_sync.c.dirty_since.is_not(None), provider_sync.c.due_at <= func.now())


def _webhook(by: Any) -> Select[Any]:
    """Notices that nobody has handled."""
    columns = inbox.c.customer_id, inbox.c.provider.label("lane"), inbox.c.received_at.label("since")
    return select(inbox.c.id, *columns).where(inbox.c.handled_at.is_(None))


def _comparison(by: Any) -> Select[Any]:
    """Providers that were not compared for an hour."""
    due_at = comparisons.c.finished_at + COMPARED_EVERY
    return select(
        comparisons.c.provider.label("id"),
        null().label("customer_id"),
        comparisons.c.provider.label("lane"),
        func.coalesce(due_at, func.now()).label("since"),
    ).where(or_(comparisons.c.finished_at.is_(None), due_at <= func.now()))


_WAITING = {
    WorkKind.DUE: _due,
    WorkKind.CLOCK: _clock,
    WorkKind.CHARGE: _charge,
    WorkKind.SYNC: _sync,
    WorkKind.WEBHOOK: _webhook,
    WorkKind.COMPARISON: _comparison,
}
"""Of each kind what is due by an instant: (id, customer_id, lane, since)."""


# ── claimed ──────────────────────────────────────────────────────────────────────────────────────────────────────────
async def claim(
    connection: Connection,
    kind: WorkKind,
    lease: timedelta,
    limit: int,
    *,
    by: datetime | None = None,
    lanes: Collection[str] | None = None,
    but_not: Collection[str] = (),
    customer_id: str | None = None,
) -> list[Work]:
    """At most `limit` that are due by that instant (None: now), of these lanes (None: all) but not of those, the
    longest due first. Of one customer also what rests. They are the caller's for the lease, from when it commits."""
    # Claims of a kind take turns, which takes milliseconds: so two of them never wait for each other's rows.
    await connection.execute(select(func.pg_advisory_xact_lock(_LOCK, func.hashtext(kind))))
    due = _waiting(kind, by)
    query = select(due.c.id, due.c.customer_id, due.c.lane, due.c.since).outerjoin(work, _same(kind, due))
    if customer_id is None:
        query = query.where(or_(work.c.id.is_(None), work.c.next_at <= func.now()))
    else:
        query = query.where(due.c.customer_id == customer_id, or_(work.c.id.is_(None), _free()))
    if lanes is not None:
        query = query.where(among(due.c.lane, lanes))
    if but_not:
        query = query.where(~among(due.c.lane, but_not))
    found = query.order_by(due.c.since, due.c.id).limit(limit).subquery()
    columns = (found.c.id, found.c.customer_id, found.c.lane, found.c.since)
    rows = select(literal(kind.value), *columns, literal(1), *_leased(lease))
    return await _taken(connection, rows, told=("customer_id", "lane", "since"))


async def take(
    connection: Connection, kind: WorkKind, id: str, lease: timedelta, customer_id: str | None = None
) -> Work | None:
    """This one, whatever became of it before. None: somebody else is at it."""
    of = literal(customer_id, work.c.customer_id.type), null(), func.now()
    rows = select(literal(kind.value), literal(id), *of, literal(1), *_leased(lease))
    taken = await _taken(connection, rows, told=("customer_id",))
    return taken[0] if taken else None


async def is_taken(connection: Connection, kind: WorkKind, customer_id: str) -> bool:
    """Whether anybody is at anything of this customer."""
    here = and_(work.c.kind == kind, work.c.customer_id == customer_id, ~_free())
    return bool(await connection.scalar(select(exists().where(here))))


async def renew(connection: Connection, pieces: Collection[Work], lease: timedelta) -> int:
    """How many of them the caller still has."""
    renewed = await connection.execute(update(work).where(_held(pieces)).values(next_at=func.now() + lease))
    return renewed.rowcount


# ── given back. All of them leave alone what somebody else has claimed meanwhile. ────────────────────────────────────
async def done(connection: Connection, pieces: Collection[Work]) -> None:
    await connection.execute(delete(work).where(_held(pieces)))


async def rest(connection: Connection, piece: Work, error: str, again_in: timedelta, state: WorkState) -> None:
    values = {"claim": None, "error": error, "next_at": func.now() + again_in, "state": state}
    await connection.execute(update(work).where(_held([piece])).values(values))


async def wait(connection: Connection, piece: Work, again_in: timedelta) -> None:
    """It has not failed: who does it outside is not ready, as a bank that takes days."""
    values = {"claim": None, "attempts": 0, "error": None, "next_at": func.now() + again_in, "state": WorkState.WAITING}
    await connection.execute(update(work).where(_held([piece])).values(values))


async def release(connection: Connection, pieces: Collection[Work]) -> None:
    """As if they had not been claimed."""
    values = {"claim": None, "attempts": work.c.attempts - 1, "next_at": func.now()}
    await connection.execute(update(work).where(_held(pieces)).values(values))


async def wake(connection: Connection, kind: WorkKind) -> None:
    """What rests is to be tried now."""
    resting = and_(work.c.kind == kind, work.c.claim.is_(None))
    await connection.execute(update(work).where(resting).values(next_at=func.now()))


async def forget_overtaken(connection: Connection) -> None:
    """Pieces that nobody is at, and that need not be done any more."""
    for kind in _WAITING:
        due = _waiting(kind, None)
        await connection.execute(
            delete(work).where(work.c.kind == kind, _free(), ~exists().where(due.c.id == work.c.id))
        )


# ── told ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
async def depth(connection: Connection, kind: WorkKind, by: datetime | None = None, *, resting: bool = True) -> int:
    """How many are due by that instant, claimed or not, those that rest after a failure among them or not."""
    due = _waiting(kind, by)
    query = select(func.count()).select_from(due.outerjoin(work, _same(kind, due)))
    if not resting:
        query = query.where(or_(work.c.id.is_(None), work.c.claim.is_not(None), work.c.next_at <= func.now()))
    return int(await connection.scalar(query) or 0)


async def depths(connection: Connection) -> list[Depth]:
    """Of every kind, without what is merely waited for, and without customers on test clocks: they do not live in our
    time."""
    on_clocks = select(customers.c.customer_id).where(customers.c.clock_id.is_not(None))
    each = []
    for kind in _WAITING:
        due = _waiting(kind, None)
        real = or_(due.c.customer_id.is_(None), due.c.customer_id.not_in(on_clocks))
        waited_for = and_(work.c.claim.is_(None), work.c.error.is_(None), work.c.next_at > func.now())
        failed = work.c.claim.is_(None) & work.c.error.is_not(None)
        each.append(
            select(
                literal(kind.value),
                func.count(),
                func.count(case((failed & (work.c.state == WorkState.WAITING), 1))),
                func.count(case((work.c.state == WorkState.GIVEN_UP, 1))),
                func.coalesce(func.extract("epoch", func.now() - func.min(due.c.since)), 0),
            )
            .select_from(due.outerjoin(work, _same(kind, due)))
            .where(real, or_(work.c.id.is_(None), ~waited_for))
        )
    rows = await connection.execute(union_all(*each))
    return [
        Depth(WorkKind(row[0]), number=row[1], resting=row[2], given_up=row[3], age=float(max(row[4], 0)))
        for row in rows
    ]


# ── ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
_LOCK = 1_802_661_751
"""Sets the locks of claims apart from others on the same database."""


def _waiting(kind: WorkKind, by: datetime | None) -> Any:
    return _WAITING[kind](func.now() if by is None else literal(by)).subquery()


def _same(kind: WorkKind, due: Any) -> Any:
    return and_(work.c.kind == kind, work.c.id == due.c.id)


def _free() -> Any:
    """Nobody is at it: it rests, or whoever was at it has died."""
    return or_(work.c.claim.is_(None), work.c.next_at <= func.now())


def _held(pieces: Collection[Work]) -> Any:
    """Still claimed by whoever claimed these; by kind and id, which are indexed."""
    kinds, ids = {piece.kind for piece in pieces}, [piece.id for piece in pieces]
    return and_(work.c.kind.in_(kinds), work.c.id.in_(ids), work.c.claim.in_([piece.claim for piece in pieces]))


def _leased(lease: timedelta) -> tuple[Any, Any]:
    return func.now() + lease, func.gen_random_uuid()


async def _taken(connection: Connection, rows: Select[Any], told: Collection[str]) -> list[Work]:
    """`told`: what the rows say of the pieces, where it is not null."""
    names = ("kind", "id", "customer_id", "lane", "since", "attempts", "next_at", "claim")
    made = insert(work).from_select(names, rows)
    again: dict[str, Any] = {
        name: func.coalesce(made.excluded[name], work.c[name]) for name in (*told, "next_at", "claim")
    }
    again["attempts"] = work.c.attempts + 1
    taken = made.on_conflict_do_update(index_elements=["kind", "id"], set_=again, where=_free())
    found = await connection.execute(taken.returning(*(work.c[name] for name in Work._fields)))
    return sorted((Work(WorkKind(row.kind), *row[1:]) for row in found), key=lambda piece: (piece.since, piece.id))
