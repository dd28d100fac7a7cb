"""How a backlog goes: told every few seconds while there is one, and once when it is gone."""

from datetime import datetime
from time import monotonic

import structlog

from service.later.due_work import DueWork, Tally

log = structlog.stdlib.get_logger(__name__)

EVERY_S = 5.0


class Progress:
    """Of one worker. What takes less than `every_s` is not worth a line."""

    def __init__(self, work: DueWork, every_s: float = EVERY_S) -> None:
        self._work = work
        self._every_s = every_s
        self._seen = monotonic(), work.done
        self._began: tuple[float, Tally] | None = None
        self._told_at: float | None = None

    async def see(self, claimed: int, now: datetime) -> None:
        """So many were claimed just now, or are in hand. Raises DatabaseAway."""
        before, self._seen = self._seen, (monotonic(), self._work.done)
        if not claimed:
            self._come_to_rest()
            return
        self._began = self._began or before
        if monotonic() - (self._told_at or self._began[0]) >= self._every_s:
            self._told_at = monotonic()
            self._tell("catching up", remaining=await self._work.backlog(now))

    def _come_to_rest(self) -> None:
        if self._told_at is not None:
            self._tell("caught up", remaining=len(self._work.resting))
        self._began = self._told_at = None

    def _tell(self, event: str, remaining: int) -> None:
        assert self._began is not None
        since, before = self._began
        accounts, invoices, notes = (now - then for now, then in zip(self._work.done, before, strict=True))
        log.info(
            event,
            accounts=accounts,
            invoices=invoices,
            credit_notes=notes,
            remaining=remaining,
            accounts_per_second=round(accounts / max(monotonic() - since, 0.001), 1),
        )
