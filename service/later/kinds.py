"""The table of kinds: who does what `adapters.postgres.work` finds to be due. A new kind of work is an entry there and
one here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog

from adapters.postgres.work import WorkKind
from service.later.clocks import clock_queue
from service.later.due_work import DueWork
from service.later.work import Queue
from service.write.record import By

if TYPE_CHECKING:
    from service.runtime import Runtime

log = structlog.stdlib.get_logger(__name__)


def queues(runtime: "Runtime", due_work: DueWork) -> Mapping[WorkKind, Queue]:
    found = (
        due_work.queue,
        clock_queue(runtime),
        runtime.charging.queue,
        runtime.sync.queue,
        runtime.handling.queue,
        runtime.reconciliation.queue(runtime.clock.now),
    )
    return {queue.kind: queue for queue in found}


async def replay(runtime: "Runtime", kind: WorkKind, id: str, by: By) -> bool:
    """Try it now, whatever became of it before. False: somebody else is at it. Raises DatabaseAway."""
    log.info("work replayed", kind=kind, id=id, actor=by.actor, reason=by.reason)
    return await queues(runtime, DueWork(runtime.engine, runtime.record, runtime.clock.now))[kind].replay(id)
