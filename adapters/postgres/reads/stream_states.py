"""The states of many accounts and of the catalog in one statement, on the driver itself: gates read them again and
again, mostly to find them unchanged."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from adapters.postgres.driver import Driver


class StreamState(NamedTuple):
    """A stream as it is stored. `state` is None if the reader knows it already; `clock` is the state of the test clock
    that the customer lives by."""

    seq: int
    effective_at: datetime | None
    state: str | None
    clock: str | None


_STREAM_STATES = """
    SELECT s.id, s.seq, s.effective_at, CASE WHEN s.seq = known.seq THEN NULL ELSE s.state::text END, clock.state::text
    FROM unnest($1::text[], $2::bigint[]) AS known (id, seq)
    JOIN streams s ON s.id = known.id
    LEFT JOIN customers c ON c.customer_id = s.id
    LEFT JOIN streams clock ON clock.id = c.clock_id
    WHERE s.kind IN ('account', 'catalog')
"""


async def stream_states(driver: Driver, known: Mapping[str, int]) -> dict[str, StreamState]:
    """Stream id → state, for the accounts that exist and the catalog: an id of anything else is nobody's. `known` says
    up to which entry the reader knows each (0: not at all)."""
    rows = await driver.fetch(_STREAM_STATES, list(known), list(known.values()))
    return {row[0]: StreamState(*row[1:]) for row in rows}
