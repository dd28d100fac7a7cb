"""Fold the journal again: `verify` compares what comes out with what is stored, `replay` puts it in its place."""

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from adapters.postgres import coupon_counts, documents, effects, folds, journal, ledger, metric_views, states, views
from adapters.postgres.change import StreamChange
from adapters.postgres.connection import Connection, Engine
from adapters.postgres.journal import JournalEntry
from adapters.postgres.ledger import PostedEntry
from adapters.postgres.states import StreamHead
from domain.access import ApiKey
from domain.account import Account
from domain.ledger import postings
from domain.owned_ids import owned_ids
from service.operations.audit import of_money
from service.write.sources import AnswerSource, NewestCatalog, Transaction
from service.write.streams import CATALOG, StreamKind, kind_of

FOLD = 3
"""Of this release. It is raised where the fold makes another state of the same journal: then all is folded again before
anything is decided on it."""


class Fault(NamedTuple):
    """One thing that does not agree with the journal."""

    stream_id: str
    what: str


class _Fold(NamedTuple):
    kind: StreamKind
    head: StreamHead
    state: Any
    owned_ids: set[str]
    entries: list[JournalEntry]
    posted: list[PostedEntry]
    broken_at: int | None


async def verify(engine: Engine) -> AsyncIterator[Fault]:
    """Every stream, one after the other: is the hash chain whole, are the state and the views what the journal says,
    byte for byte, and does the money add up?"""
    newest = NewestCatalog()
    async with engine.connect() as connection:
        async for stream_id in journal.stream_ids(connection):
            # One snapshot a stream: a command that commits meanwhile is wholly in it or not at all.
            async with engine.connect() as snapshot:
                await snapshot.execution_options(isolation_level="REPEATABLE READ")
                for what in await _faults(snapshot, stream_id, newest):
                    yield Fault(stream_id, what)
        async with engine.connect() as snapshot:
            await snapshot.execution_options(isolation_level="REPEATABLE READ")
            if await coupon_counts.redeemed(snapshot) != await coupon_counts.recorded(snapshot):
                yield Fault(CATALOG, "the counts of redeemed coupons differ from the journal")


async def replay(engine: Engine) -> int:
    """Rebuild every state and view. Returns how many streams were folded."""
    count = 0
    async with engine.connect() as connection:
        async for stream_id in journal.stream_ids(connection):
            async with engine.begin() as transaction:
                await states.begin(transaction, stream_id, kind_of(stream_id).name, "null")
                await states.lock(transaction, stream_id, None)
                fold = await _fold(transaction, stream_id)
                await states.write(transaction, {stream_id: fold.head})
                await views.clear(transaction, stream_id)
                await views.project(transaction, [StreamChange(fold.kind.empty, fold.state, fold.entries, fold.posted)])
                await views.add_owned_ids(transaction, [(stream_id, id) for id in sorted(fold.owned_ids)])
            count += 1
    async with engine.begin() as transaction:
        await coupon_counts.rebuild(transaction)
    return count


async def is_folded(engine: Engine) -> bool:
    """Whether states and views are those of this release's fold. Where nothing was recorded yet they are."""
    async with engine.begin() as connection:
        if await folds.read(connection) == FOLD:
            return True
        if await states.are_any(connection):
            return False
        await folds.write(connection, FOLD)
        return True


async def fold_again(engine: Engine, progress: Callable[[str], None]) -> None:
    """Replay, unless that was done already since the fold has changed. Broken off, it is done anew."""
    if await is_folded(engine):
        return
    progress("Folding the journal again, by what this release has learned")
    await replay(engine)
    async with engine.begin() as connection:
        await folds.write(connection, FOLD)


async def _fold(connection: Connection, stream_id: str) -> _Fold:
    kind = kind_of(stream_id)
    state, owned, broken_at = kind.empty, set[str](), None
    posted: list[PostedEntry] = []
    head = StreamHead(0, journal.GENESIS, None, "")
    entries = await journal.read(connection, stream_id)
    for entry in entries:
        follows = entry.previous == head.hash and entry.seq == head.seq + 1
        if broken_at is None and not (follows and journal.digest(entry) == entry.hash):
            broken_at = entry.seq
        before, state = state, kind.evolve(state, entry.event, entry.effective_at)
        if isinstance(state, Account):
            found = postings(before, entry.event, state, entry.effective_at)  # type: ignore[arg-type]
            posted.append(PostedEntry(entry.seq, entry.effective_at, found))
            owned |= owned_ids(state)  # also what was planned once and is gone: its id stays findable
        head = StreamHead(entry.seq, entry.hash, entry.effective_at, "")
    text, books = kind.encode(state)
    return _Fold(kind, head._replace(state=text, books=books), state, owned, entries, posted, broken_at)


async def _faults(connection: Connection, stream_id: str, newest: NewestCatalog) -> list[str]:
    fold = await _fold(connection, stream_id)
    stored = await states.head(connection, stream_id)
    customer_rows, owned, key_rows = await views.rows_of(connection, stream_id)
    faults = []
    if fold.broken_at is not None:
        faults.append(f"the hash chain breaks at entry {fold.broken_at}")
    if stored != fold.head:
        faults.append("the stored state differs from the journal")
    if isinstance(fold.state, Account) and (customer_rows, owned) != ([views.customer_row(fold.state)], fold.owned_ids):
        faults.append("the views of the account differ from the journal")
    if isinstance(fold.state, Account):
        if await ledger.rows_of(connection, stream_id) != ledger.rows_for(stream_id, fold.posted):
            faults.append("the ledger differs from the journal")
        made = sorted(documents.rows_of_entries(fold.state, fold.entries), key=lambda row: row["id"])
        if await documents.rows_of(connection, stream_id) != made:
            faults.append("the invoices differ from the journal")
        if await effects.rows_of(connection, stream_id) != effects.rows_for(fold.state):
            faults.append("what providers are still to be asked differs from the journal")
        if await metric_views.rows_of(connection, stream_id) != metric_views.rows_for(fold.state):
            faults.append("what metrics count differs from the journal")
        faults += [fault async for fault in _of_money(Transaction(connection, newest), fold)]
    if isinstance(fold.state, ApiKey) and key_rows != [views.key_row(fold.state)]:
        faults.append("the view of the key differs from the journal")
    return faults


def _of_money(source: AnswerSource, fold: _Fold) -> AsyncIterator[str]:
    events = [entry.event for entry in fold.entries]
    entries = [posting for posted in fold.posted for posting in posted.postings]
    return of_money(source, fold.state, events, entries, fold.entries[-1].effective_at)
