"""The one write path. A command is decided against the locked state of its stream, and what follows is appended, folded
and projected in the same transaction. A Refusal rolls all of it back: it changes nothing."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from adapters.postgres import journal, retries, states, views
from adapters.postgres.codec import encode
from adapters.postgres.connection import Connection, Engine
from adapters.postgres.journal import Entry
from adapters.postgres.retries import Retry
from adapters.postgres.states import Head
from domain.account import Account
from domain.commands import CreateCustomer
from domain.errors import ErrorCode, Refusal
from domain.events import AnyEvent
from service.clock import Clock
from service.ids import new_id
from service.streams import Kind, kind_of

E = TypeVar("E")


class By(NamedTuple):
    """On whose behalf: the actor that the journal names, why, and which customers they may touch (None: all)."""

    actor: str
    visible: frozenset[str] | None = None
    reason: str | None = None
    cause: str | None = None


WORKER = By("worker")
TIME = "time"
"""The actor of what falls due by itself."""


class Recorded(NamedTuple):
    """What a command left: the state after it, and its entries (none: nothing had to change)."""

    stream_id: str
    seq: int
    state: Any
    entries: list[Entry]

    def event(self, type: type[E]) -> E | None:
        """The first of the command's own events of this type; what merely fell due is not among them."""
        own = (entry.event for entry in self.entries if entry.actor != TIME)
        return next((event for event in own if isinstance(event, type)), None)


class Record:
    """`await record(stream_id, command, by)`. Told of each account that changed, for the live updates."""

    def __init__(self, engine: Engine, clock: Clock, changed: Callable[[str], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._changed = changed

    async def __call__(
        self,
        stream_id: str,
        command: Any,
        by: By,
        *,
        retry: Retry | None = None,
        also: Callable[[Connection, Any], Awaitable[None]] | None = None,
    ) -> Recorded:
        """Raises Refusal. With `retry`, a repeated request is answered with what its first attempt recorded, whatever
        has changed since: a command that may not be possible any more is given as the function that makes it. `also`
        runs last in the same transaction, with the state that the command left."""
        async with self._engine.begin() as connection:
            if retry is not None and (first := await retries.claim(connection, retry)) is not None:
                return await _answer_again(connection, retry, first)
            recorded = await self._decide(connection, stream_id, command() if callable(command) else command, by)
            if also is not None:
                await also(connection, recorded.state)
            if retry is not None:
                first_seq = recorded.seq - len(recorded.entries) + 1
                await retries.leave_entries(connection, retry, stream_id, first_seq, recorded.seq)
        if recorded.entries:
            self._changed(stream_id)
        return recorded

    async def at_seq(self, connection: Connection, stream_id: str, seq: int | None) -> Recorded:
        """What the stream was after its entry `seq` (None: the last one), and its entries up to there."""
        return await _folded(connection, stream_id, seq)

    async def _decide(self, connection: Connection, stream_id: str, command: Any, by: By) -> Recorded:
        kind = kind_of(stream_id)
        head = await self._head(connection, kind, stream_id, by)
        before = kind.decode(head.state)
        at = await self._at(connection, before, command)
        draft = _Draft(kind, stream_id, head, before, by, datetime.now(UTC))
        draft.catch_up(at)
        at = max(at, draft.head.effective_at or at)
        for event in kind.decide(draft.state, command, at):
            draft.add(event, at)
        draft.catch_up(at)
        if draft.entries:
            await journal.append(connection, draft.entries)
            await states.write(connection, stream_id, draft.head._replace(state=encode(draft.state)))
            await views.project(connection, before, draft.state)
        return Recorded(stream_id, draft.head.seq, draft.state, draft.entries)

    async def _head(self, connection: Connection, kind: Kind, stream_id: str, by: By) -> Head:
        head = await states.lock(connection, stream_id, by.visible)
        if head is None:
            if by.visible is not None and stream_id not in by.visible:
                raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
            await states.begin(connection, stream_id, kind.name, encode(kind.empty))
            head = await states.lock(connection, stream_id, by.visible)
        assert head is not None
        return head

    async def _at(self, connection: Connection, state: object, command: object) -> datetime:
        """The customer's time: real, or that of the test clock the customer lives by."""
        customer = state.customer if isinstance(state, Account) else None
        if isinstance(command, CreateCustomer):
            customer = command.customer
        return await self._clock.at(connection, customer.clock_id if customer else None)


class _Draft:
    """The entries about to be appended, chained and folded as they are added."""

    def __init__(self, kind: Kind, stream_id: str, head: Head, state: Any, by: By, recorded_at: datetime) -> None:
        self._kind = kind
        self._stream_id = stream_id
        self._by = by
        self._recorded_at = recorded_at
        self.head = head
        self.state = state
        self.entries: list[Entry] = []

    def add(self, event: AnyEvent, at: datetime, *, actor: str | None = None) -> None:
        """Within a stream time never goes back: what fell due before the last entry happens at that entry's instant."""
        effective_at = max(at, self.head.effective_at or at)
        entry = journal.sealed_entry(
            self._stream_id,
            self.head.seq + 1,
            new_id("event"),
            event,
            effective_at=effective_at,
            recorded_at=self._recorded_at,
            actor=actor or self._by.actor,
            reason=None if actor else self._by.reason,
            cause=None if actor else self._by.cause,
            previous=self.head.hash,
        )
        self.entries.append(entry)
        self.state = self._kind.evolve(self.state, event, effective_at)
        self.head = Head(entry.seq, entry.hash, effective_at, "")

    def catch_up(self, at: datetime) -> None:
        """What fell due by itself is nobody's act."""
        for instant, event, _ in self._kind.due(self.state, at):
            self.add(event, instant, actor=TIME)


async def _answer_again(connection: Connection, retry: Retry, first: retries.First) -> Recorded:
    if first.input_hash != retry.input_hash:
        raise Refusal(ErrorCode.IDEMPOTENCY_MISMATCH, "this key was used before with another input", "idempotencyKey")
    assert first.stream_id is not None
    assert first.first_seq is not None
    assert first.last_seq is not None
    then = await _folded(connection, first.stream_id, first.last_seq)
    return then._replace(entries=[entry for entry in then.entries if entry.seq >= first.first_seq])


async def _folded(connection: Connection, stream_id: str, seq: int | None) -> Recorded:
    kind = kind_of(stream_id)
    state, entries = kind.empty, await journal.read(connection, stream_id, until=seq)
    for entry in entries:
        state = kind.evolve(state, entry.event, entry.effective_at)
    return Recorded(stream_id, entries[-1].seq if entries else 0, state, entries)
