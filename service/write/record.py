"""The one write path. A command is decided against the locked state of its stream, and what follows is appended, folded
and projected in the same transaction. A Refusal rolls all of it back: it changes nothing."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from adapters.postgres import journal, retries, states
from adapters.postgres.connection import Connection, Engine
from adapters.postgres.journal import JournalEntry
from adapters.postgres.retries import Retry
from adapters.postgres.states import StreamHead
from domain.account import Account
from domain.books.invoice import Invoice
from domain.commands import CreateCustomer, LinkProvider, SettlePayment
from domain.engine import Fact, advance, upcoming
from domain.errors import ErrorCode, Refusal
from domain.events import CreditNoteIssued, InvoiceFinalized
from service.clock import Clock
from service.turns import Turns
from service.write.answering import answered, answered_together
from service.write.numbering import take_numbers
from service.write.pending_events import TIME, WORKER, By, PendingEvents
from service.write.sources import AnswerSource, NewestCatalog, Transaction
from service.write.streams import StreamKind, kind_of
from service.write.writing import write

__all__ = ["TIME", "WORKER", "By", "CaughtUp", "Record", "Recorded", "Recording", "recorded_at"]

E = TypeVar("E")


class Recorded(NamedTuple):
    """What a command left: the state after it, and its entries (none: nothing had to change)."""

    stream_id: str
    seq: int
    state: Any
    entries: list[JournalEntry]

    def event(self, type: type[E]) -> E | None:
        """The first of the command's own events of this type; what merely fell due is not among them."""
        own = (entry.event for entry in self.entries if entry.actor != TIME)
        return next((event for event in own if isinstance(event, type)), None)


class CaughtUp(NamedTuple):
    """What has happened to an account meanwhile, or (nothing was recorded then) the error that it ran into."""

    facts: Sequence[Fact]
    error: Exception | None


class Recording(Protocol):
    """The write path as those know it who write: `await record(stream_id, command, by)`."""

    async def __call__(
        self,
        stream_id: str,
        command: Any,
        by: By,
        *,
        retry: Retry | None = None,
        also: Callable[[Connection, Any], Awaitable[None]] | None = None,
        check: Callable[[PendingEvents], None] | None = None,
    ) -> Recorded: ...

    async def catch_up(self, customer_ids: Collection[str]) -> Mapping[str, CaughtUp]: ...

    async def preview(self, stream_id: str, command: Any, by: By) -> tuple[PendingEvents, Invoice | None]: ...


class Record(Recording):
    """Told of each account that changed, for the live updates. `source`: what answers the engine's questions."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        changed: Callable[[str], None],
        source: Callable[[Connection, NewestCatalog], AnswerSource] = Transaction,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._changed = changed
        self._source_of = source
        self._newest = NewestCatalog()
        self._turns = Turns()

    async def __call__(
        self,
        stream_id: str,
        command: Any,
        by: By,
        *,
        retry: Retry | None = None,
        also: Callable[[Connection, Any], Awaitable[None]] | None = None,
        check: Callable[[PendingEvents], None] | None = None,
    ) -> Recorded:
        """Raises Refusal. `check` may raise it, too, in view of all that would be recorded. With `retry`, a repeated
        request is answered with what its first attempt recorded, whatever has changed since: a command that may not
        be possible any more is given as the function that makes it. `also` runs last in the same transaction, with
        the state that the command left."""
        async with self._turns.of([stream_id]), self._engine.begin() as connection:
            if retry is not None and (first := await retries.claim(connection, retry)) is not None:
                return await _answer_again(connection, retry, first)
            recorded = await self._decide(connection, stream_id, command() if callable(command) else command, by, check)
            if also is not None:
                await also(connection, recorded.state)
            if retry is not None:
                first_seq = recorded.seq - len(recorded.entries) + 1
                await retries.leave_entries(connection, retry, stream_id, first_seq, recorded.seq)
        if recorded.entries:
            self._changed(stream_id)
        return recorded

    async def catch_up(self, customer_ids: Collection[str]) -> Mapping[str, CaughtUp]:
        """What has fallen due for customers in real time, in one transaction for all of them: what became of each.
        Those whom others hold, or who live by a test clock, are left out. If the database refuses what one of them
        comes to, it raises, and nothing was done for any."""
        async with self._engine.begin() as connection:
            heads = await states.lock_free(connection, customer_ids)
            drafts = [self._begun(id, head, WORKER) for id, head in heads.items()]
            drafts = [draft for draft in drafts if draft.before.customer and draft.before.customer.clock_id is None]
            now = self._clock.now()
            errors = await answered_together([advance(draft, now) for draft in drafts], self._source(connection))
            done = [draft for draft, error in zip(drafts, errors, strict=True) if error is None]
            await self._write(connection, done)
        for draft in done:
            if draft.facts:
                self._changed(draft.stream_id)
        return {draft.stream_id: CaughtUp(draft.facts, error) for draft, error in zip(drafts, errors, strict=True)}

    async def preview(self, stream_id: str, command: Any, by: By) -> tuple[PendingEvents, Invoice | None]:
        """What `await record(…)` would record now, by the very same code, and the invoice that would be next after it.
        Nothing is locked or written, and documents get no number. Raises Refusal."""
        async with self._engine.connect() as connection:
            head = await states.head(connection, stream_id)
            if head is None or (by.visible is not None and stream_id not in by.visible):
                raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
            source = self._source(connection)
            draft = await self._drafted(connection, source, stream_id, head, command, by)
            return draft, await answered(upcoming(draft.state, draft.time), source)

    async def _decide(
        self,
        connection: Connection,
        stream_id: str,
        command: Any,
        by: By,
        check: Callable[[PendingEvents], None] | None,
    ) -> Recorded:
        head = await self._head(connection, kind_of(stream_id), stream_id, by)
        draft = await self._drafted(connection, self._source(connection), stream_id, head, command, by)
        if check is not None:
            check(draft)
        (entries,) = await self._write(connection, [draft])
        return Recorded(stream_id, head.seq + len(entries), draft.state, entries)

    async def _write(self, connection: Connection, drafts: Sequence[PendingEvents]) -> list[list[JournalEntry]]:
        """The entries of each. Documents take their numbers only now."""
        if any(isinstance(fact.event, InvoiceFinalized | CreditNoteIssued) for draft in drafts for fact in draft.facts):
            await take_numbers(connection, drafts, (await self._newest.read(connection)).settings)
        return await write(connection, drafts)

    async def _drafted(
        self, connection: Connection, source: AnswerSource, stream_id: str, head: StreamHead, command: Any, by: By
    ) -> PendingEvents:
        """What happened meanwhile, what the command does, and what follows from it at once."""
        draft = self._begun(stream_id, head, by)
        at = await self._at(connection, draft.before, command)
        await answered(draft.kind.carry_out(draft, command, at), source)
        return draft

    def _begun(self, stream_id: str, head: StreamHead, by: By) -> PendingEvents:
        kind = kind_of(stream_id)
        return PendingEvents(kind, stream_id, head, kind.decode(head), by, datetime.now(UTC))

    def _source(self, connection: Connection) -> AnswerSource:
        return self._source_of(connection, self._newest)

    async def _head(self, connection: Connection, kind: StreamKind, stream_id: str, by: By) -> StreamHead:
        head = await states.lock(connection, stream_id, by.visible)
        if head is None:
            if by.visible is not None and stream_id not in by.visible:
                raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
            await states.begin(connection, stream_id, kind.name, kind.encode(kind.empty)[0])
            head = await states.lock(connection, stream_id, by.visible)
        assert head is not None
        return head

    async def _at(self, connection: Connection, state: object, command: object) -> datetime:
        """The customer's time: real, or that of the test clock the customer lives by. Asked on a test clock, a provider
        answers in no time, so that a year in one step comes to the same as day by day; but not where a customer or a
        bank takes days."""
        customer = state.customer if isinstance(state, Account) else None
        if isinstance(command, CreateCustomer):
            customer = command.customer
        now = await self._clock.at(connection, customer.clock_id if customer else None)
        if isinstance(command, SettlePayment) and isinstance(state, Account) and customer and customer.clock_id:
            payment = state.books.payments.get(command.payment_id)
            if payment is not None and not payment.waiting and payment.processing_since is None:
                return min(now, payment.created_at)
        if isinstance(command, LinkProvider) and isinstance(state, Account) and customer and customer.clock_id:
            payments = state.books.payments.values()  # it comes before the first charge, and passes over none
            return min(
                [
                    now,
                    *(payment.created_at for payment in payments if payment.settled_at is None and not payment.waiting),
                ]
            )
        return now


async def _answer_again(connection: Connection, retry: Retry, first: retries.First) -> Recorded:
    if first.input_hash != retry.input_hash:
        raise Refusal(ErrorCode.IDEMPOTENCY_MISMATCH, "this key was used before with another input", "idempotency_key")
    assert first.stream_id is not None
    assert first.first_seq is not None
    assert first.last_seq is not None
    then = await recorded_at(connection, first.stream_id, first.last_seq)
    return then._replace(entries=[entry for entry in then.entries if entry.seq >= first.first_seq])


async def recorded_at(connection: Connection, stream_id: str, seq: int | None) -> Recorded:
    """What the stream was after its entry `seq` (None: the last one), and its entries up to there."""
    kind = kind_of(stream_id)
    state, entries = kind.empty, await journal.read(connection, stream_id, until=seq)
    for entry in entries:
        state = kind.evolve(state, entry.event, entry.effective_at)
    return Recorded(stream_id, entries[-1].seq if entries else 0, state, entries)
