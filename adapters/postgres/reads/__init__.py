"""What the edges read. Each function takes the pool, holds a connection for one short look, and closes it.

`visible` is the caller's tenant condition, part of every statement: the customers whose data may be seen (None: all).
Nothing here decides or writes. States are decoded as stored; whoever reads brings them up to the present
(`domain.lifecycle.due.present`).
"""

from adapters.postgres.connection import Engine
from adapters.postgres.journal import JournalEntry
from adapters.postgres.retries import Retry

__all__ = ["Engine", "JournalEntry", "Retry"]
