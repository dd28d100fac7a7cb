"""Drafts written down: of each table the rows of all of them at once, so that ten accounts take as many statements as
one."""

from collections.abc import Sequence

from adapters.postgres import journal, states, sync, views
from adapters.postgres.change import StreamChange
from adapters.postgres.connection import Connection
from adapters.postgres.journal import JournalEntry
from adapters.postgres.states import StreamHead
from service.providers.sync.marks import marks
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
        await sync.mark(connection, *marks(changes))
    return sealed


def _head(draft: PendingEvents, last: JournalEntry) -> StreamHead:
    state, books = draft.kind.encode(draft.state)
    return StreamHead(last.seq, last.hash, last.effective_at, state, books)
