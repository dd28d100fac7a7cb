"""What providers told us, each notice once, until it is handled. Who is at it, and what failed, stands in `work`."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, Select, and_, case, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.reads.read_connection import among
from adapters.postgres.tables import inbox, work
from adapters.postgres.work import WorkKind, WorkState
from domain.providers.notice import Notice, Subject


class NoticeState(StrEnum):
    PENDING = "PENDING"
    HANDLED = "HANDLED"
    FAILED = "FAILED"  # given up, and left to support


class StoredNotice(NamedTuple):
    """`id`: ours. `notice_id` and `created_at`: the provider's."""

    id: str
    provider: str
    notice_id: str
    type: str
    about: Subject
    created_at: datetime
    received_at: datetime
    customer_id: str | None
    state: NoticeState
    attempts: int
    next_at: datetime
    handled_at: datetime | None
    error: str | None


_subject = msgspec.json.Decoder(Subject)
_given_up = work.c.state == WorkState.GIVEN_UP
_state = case(
    (inbox.c.handled_at.is_not(None), NoticeState.HANDLED), (_given_up, NoticeState.FAILED), else_=NoticeState.PENDING
)
_worked_on: dict[str, Any] = {
    "state": _state,
    "attempts": func.coalesce(work.c.attempts, inbox.c.attempts),
    "next_at": func.coalesce(work.c.next_at, inbox.c.received_at),
    "error": work.c.error,
}
_COLUMNS = tuple(
    (_worked_on[name] if name in _worked_on else inbox.c[name]).label(name) for name in StoredNotice._fields
)
_WORK = and_(work.c.kind == WorkKind.WEBHOOK, work.c.id == inbox.c.id)


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


async def concerns(connection: Connection, id: str, customer_id: str) -> None:
    """Remember whom it is about."""
    await connection.execute(update(inbox).where(inbox.c.id == id).values(customer_id=customer_id))


async def handled(connection: Connection, id: str, attempts: int) -> None:
    done = {"handled_at": func.now(), "attempts": attempts}
    await connection.execute(update(inbox).where(inbox.c.id == id).values(done))


async def reopen(connection: Connection, id: str) -> None:
    """It is to be handled once more, by the worker if need be."""
    await connection.execute(update(inbox).where(inbox.c.id == id).values(handled_at=None))


async def forget(connection: Connection, before: datetime, limit: int) -> int:
    """At most `limit` that were handled before that instant: how many. What nobody has handled is kept."""
    old = select(inbox.c.id).where(inbox.c.handled_at < before).limit(limit)
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
    query = select(*_COLUMNS).outerjoin_from(inbox, work, _WORK)
    if customer_id is not None:
        query = query.where(inbox.c.customer_id == customer_id)
    if states is not None:
        query = query.where(among(_state, states))
    if after is not None:
        query = query.where(inbox.c.id < literal(after))
    if before is not None:
        query = query.where(inbox.c.id > literal(before))
    return query.order_by(inbox.c.id if backwards else inbox.c.id.desc()).limit(limit)


def by_id(id: str) -> Select[Any]:
    return select(*_COLUMNS).outerjoin_from(inbox, work, _WORK).where(inbox.c.id == id)


def told(row: Row[Any]) -> StoredNotice:
    """A row of `newest` or `by_id`."""
    found = StoredNotice._make(row)
    return found._replace(about=_subject.decode(row.about), state=NoticeState(row.state))
