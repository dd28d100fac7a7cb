"""The time: real, or that of the test clock a customer lives by."""

from datetime import UTC, datetime

from adapters.postgres import provider_customers, states
from adapters.postgres.codec import decode_clock
from adapters.postgres.connection import Connection, Engine
from domain.errors import ErrorCode, Refusal


class Clock:
    def now(self) -> datetime:
        """Real time, in UTC, to the microsecond."""
        return datetime.now(UTC)

    async def at(self, connection: Connection, clock_id: str | None) -> datetime:
        """The present instant of whoever lives by this clock. None: real time. Refuses a clock that is not there."""
        if clock_id is None:
            return self.now()
        state = await states.read(connection, clock_id) if clock_id.startswith("clock_") else None
        if state is None:
            raise Refusal(ErrorCode.NOT_FOUND, "no such test clock", "clock_id")
        now = decode_clock(state).now
        assert now is not None
        return now

    async def of(self, engine: Engine, anonymous_id: str) -> datetime:
        """The present instant of the customer whom this id stands for; real time, if it is nobody's."""
        async with engine.connect() as connection:
            return await self.at(connection, await provider_customers.clock_of(connection, anonymous_id))
