"""What providers told us, each notice once, until it is handled.

A claim is a lease: whoever takes a notice has it to itself until `next_at`, and the attempt counts from then on, also
if the process dies over it. No transaction is open meanwhile, for the provider is asked in between.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, Select, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.reads.looking import among
from adapters.postgres.tables import inbox
from domain.notice import Notice, Subject


class State(StrEnum):
    PENDING = "PENDING"
    HANDLED = "HANDLED"
    FAILED = "FAILED"  # tried in vain, and left to support


class Told(NamedTuple):
    """`id`: ours. `notice_id` and `created_at`: the provider's."""

    id: str
    provider: str
    notice_id: str
    type: str
    about: Subject
    created_at: datetime
    received_at: datetime
    customer_id: str | None
    state: State
    attempts: int
    next_at: datetime
    handled_at: datetime | None
    error: str | None


_COLUMNS = tuple(inbox.c[name] for name in Told._fields)
_subject = msgspec.json.Decoder(Subject)


async def keep(connection: Connection, id: str, provider: str, notice: Notice) -> bool:
    """Whether it is new. Of two deliveries at once, one is."""
    row = {
        "id": id,
        "provider": provider,
        "notice_id": notice.id,
        "type": notice.type,
        "about": msgspec.json.encode(notice.about).decode(),
        "api_version": notice.api_version,
        "created_at": notice.created,
    }
    written = insert(inbox).values(row).on_conflict_do_nothing(index_elements=["provider", "notice_id"])
    return (await connection.execute(written.returning(inbox.c.id))).first() is not None


async def claim(connection: Connection, providers: Collection[str], lease: timedelta, limit: int) -> list[Told]:
    """At most `limit` whose time has come, the longest waiting first. They are the caller's for the lease."""
    due = (
        select(inbox.c.id)
        .where(
            inbox.c.state == State.PENDING,
            inbox.c.next_at <= func.now(),
            among(inbox.c.provider, providers),
        )
        .order_by(inbox.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(inbox)
        .where(inbox.c.id.in_(due))
        .values(attempts=inbox.c.attempts + 1, next_at=func.now() + lease)
        .returning(*_COLUMNS)
    )
    found = [_told(row) for row in await connection.execute(taken)]
    return sorted(found, key=lambda one: (one.created_at, one.id))


async def take(connection: Connection, id: str, lease: timedelta) -> Told | None:
    """This one, in whatever state, for another attempt; somebody else may be at it, too. None: there is none."""
    taken = (
        update(inbox)
        .where(inbox.c.id == id)
        .values(
            state=State.PENDING, attempts=inbox.c.attempts + 1, next_at=func.now() + lease, handled_at=None, error=None
        )
        .returning(*_COLUMNS)
    )
    row = (await connection.execute(taken)).one_or_none()
    return None if row is None else _told(row)


async def concerns(connection: Connection, id: str, customer_id: str) -> None:
    """Remember whom it is about."""
    await connection.execute(update(inbox).where(inbox.c.id == id).values(customer_id=customer_id))


async def handled(connection: Connection, id: str) -> None:
    done = {"state": State.HANDLED, "handled_at": func.now(), "error": None}
    await connection.execute(update(inbox).where(inbox.c.id == id).values(done))


async def failed(connection: Connection, id: str, error: str, again_in: timedelta | None) -> None:
    """`again_in` None: not by itself."""
    values: dict[str, Any] = {"error": error}
    if again_in is None:
        values["state"] = State.FAILED
    else:
        values["next_at"] = func.now() + again_in
    # Somebody else may have handled it once our lease was over: then that stands.
    await connection.execute(update(inbox).where(inbox.c.id == id, inbox.c.state == State.PENDING).values(values))


async def forget(connection: Connection, before: datetime, limit: int) -> int:
    """At most `limit` that were handled before that instant: how many. What nobody has handled is kept."""
    old = select(inbox.c.id).where(inbox.c.state == State.HANDLED, inbox.c.handled_at < before).limit(limit)
    return (await connection.execute(delete(inbox).where(inbox.c.id.in_(old)))).rowcount


def newest(
    limit: int,
    *,
    after: str | None = None,
    before: str | None = None,
    backwards: bool = False,
    customer_id: str | None = None,
    states: Collection[str] | None = None,
) -> Select[Any]:
    """At most `limit` between two ids, the newest first: the first of them, or (`backwards`) the last."""
    query = select(*_COLUMNS)
    if customer_id is not None:
        query = query.where(inbox.c.customer_id == customer_id)
    if states is not None:
        query = query.where(among(inbox.c.state, states))
    if after is not None:
        query = query.where(inbox.c.id < literal(after))
    if before is not None:
        query = query.where(inbox.c.id > literal(before))
    return query.order_by(inbox.c.id if backwards else inbox.c.id.desc()).limit(limit)


def by_id(id: str) -> Select[Any]:
    return select(*_COLUMNS).where(inbox.c.id == id)


def told(row: Row[Any]) -> Told:
    """A row of `newest` or `by_id`."""
    return _told(row)


def _told(row: Row[Any]) -> Told:
    found = Told._make(row)
    return found._replace(about=_subject.decode(row.about), state=State(row.state))
