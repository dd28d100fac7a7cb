"""Drafts written down: of each table the rows of all of them at once, so that ten accounts take as many statements as
one."""

from collections.abc import Sequence

from adapters.postgres import journal, states, sync, views
from adapters.postgres.change import StreamChange
from adapters.postgres.connection import Connection
from adapters.postgres.journal import JournalEntry
from adapters.postgres.states import StreamHead
from domain.account import Account
from domain.providers.dirty_marks import dirty_marks, unlinked
from service.write.pending_events import PendingEvents


async def write(connection: Connection, drafts: Sequence[PendingEvents]) -> list[list[JournalEntry]]:
    """The entries of each draft, whose documents have their numbers. In the order of the drafts."""
    sealed = [draft.sealed() for draft in drafts]
    changes = [
        StreamChange(draft.before, draft.state, entries, draft.posted())
        for draft, entries in zip(drafts, sealed, strict=True)
        if entries
    ]
    if changes:
        await journal.append(connection, [entry for change in changes for entry in change.entries])
        await states.write(
            connection,
            {
                draft.stream_id: _head(draft, entries[-1])
                for draft, entries in zip(drafts, sealed, strict=True)
                if entries
            },
        )
        await views.project(connection, changes)
        await _mark_dirty(connection, [change for change in changes if isinstance(change.after, Account)])
    return sealed


def _head(draft: PendingEvents, last: JournalEntry) -> StreamHead:
    state, books = draft.kind.encode(draft.state)
    return StreamHead(last.seq, last.hash, last.effective_at, state, books)


async def _mark_dirty(connection: Connection, changes: Sequence[StreamChange]) -> None:
    """What providers are to be told of these changes of accounts stays to be told."""
    marks = [
        mark for change in changes for mark in dirty_marks(change.after, [entry.event for entry in change.entries])
    ]
    gone = {link for change in changes for link in unlinked(change.before, change.after)}
    await sync.keep_marks(connection, marks, gone)
