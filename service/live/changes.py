"""Which streams changed: heard at once within the process, and told to the other processes some 20 times a second.

A NOTIFY serializes commits across the whole database, so none is sent per change: a process gathers what it changed.
Notices may be lost (a connection breaks), so nothing rests on them alone: `connected` says whether they come at all,
and after each interruption everybody is told that anything may have changed.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress

from adapters.backoff import backoff_s
from adapters.postgres.change_notices import PAYLOAD_BYTES_MAX, NoticeLine, NoticeLineLost, notice_line

log = logging.getLogger("tollgate.changes")

GATHER_S = 0.05
IDS_MAX = 2_000
"""More than these in one gathering are told as "everything": reading anew costs less than telling them one by one."""
HEARTBEAT_S = 5.0
RETRY_S_MIN, RETRY_S_MAX = 0.05, 5.0
GOODBYE_S_MAX = 1.0

EVERYTHING = "*"

Hear = Callable[[frozenset[str] | None], None]
"""Told the ids of streams that changed; None: any may have."""


class Changes:
    """`run` it as long as the process lives."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._listeners: dict[object, Hear] = {}
        self._untold: set[str] = set()
        self._waiting = asyncio.Event()
        self.connected = False

    def changed(self, stream_id: str) -> None:
        """Called after a commit that changed the stream, or what is counted for it."""
        if len(self._untold) >= IDS_MAX:
            self._untold = {EVERYTHING}
        elif EVERYTHING not in self._untold:
            self._untold.add(stream_id)
        self._waiting.set()
        self._spread(frozenset((stream_id,)))

    def listen(self, hear: Hear) -> Callable[[], None]:
        """`hear` is called, without waiting, for changes of this process and of the others. Call the result to stop."""
        listener = object()
        self._listeners[listener] = hear
        return lambda: self._listeners.pop(listener, None) and None

    async def run(self) -> None:
        """Keep the line to the other processes until cancelled; what is untold then is told before it ends."""
        failures = 0
        while True:
            try:
                async with notice_line(self._dsn, self._heard, self._waiting.set) as opened:
                    failures = 0
                    self.connected = True
                    self._spread(None)  # what was told before we listened
                    await self._converse(opened)
            except NoticeLineLost as lost:
                if self.connected:
                    log.warning(
                        "change notices are interrupted (%s): answering from the database until they are back", lost
                    )
            finally:
                self.connected = False
            failures += 1
            await asyncio.sleep(backoff_s(failures, RETRY_S_MIN, RETRY_S_MAX))

    async def _converse(self, opened: NoticeLine) -> None:
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT_S):
                        await self._waiting.wait()
                await self._tell(opened)  # also with nothing to tell: is the line still there?
                await asyncio.sleep(GATHER_S)
        except asyncio.CancelledError:
            # Whoever is not told will look by themselves; whoever cancelled is waiting for the end.
            with suppress(NoticeLineLost, TimeoutError):
                async with asyncio.timeout(GOODBYE_S_MAX):
                    await self._tell(opened)
            raise

    async def _tell(self, opened: NoticeLine) -> None:
        self._waiting.clear()
        untold, self._untold = self._untold, set()
        try:
            await opened.tell(payloads(untold))
        except BaseException:
            self._untold |= untold
            raise

    def _heard(self, payload: str) -> None:
        stream_ids = frozenset(payload.split(","))
        self._spread(None if EVERYTHING in stream_ids else stream_ids)

    def _spread(self, stream_ids: frozenset[str] | None) -> None:
        for hear in list(self._listeners.values()):
            try:
                hear(stream_ids)
            except Exception:  # the change is committed; its author must not be told that it failed
                log.exception("a listener failed")


def payloads(stream_ids: Iterable[str]) -> list[str]:
    """The ids in as few payloads as hold them."""
    found, line_, length = [], list[str](), 0
    for stream_id in sorted(stream_ids):
        if line_ and length + len(stream_id) + 1 > PAYLOAD_BYTES_MAX:
            found.append(",".join(line_))
            line_, length = [], 0
        line_.append(stream_id)
        length += len(stream_id) + 1
    return [*found, ",".join(line_)] if line_ else found
