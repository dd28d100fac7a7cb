"""Test clocks only go forward, and at most two years at a step, so that one call cannot ask for endless work. They stay
where calendars are known and the ends of time are far: what adds a retention or ten years of plans to them must not
fall off the calendar."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from domain import commands as c
from domain import events as e
from domain.clock import TestClock
from domain.errors import ErrorCode, Refusal, invalid
from domain.wording import check_name

STEP_MAX = timedelta(days=732)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)


def decide_clock(clock: TestClock, command: c.ClockCommand, at: datetime) -> Sequence[e.ClockEvent]:
    match command:
        case c.CreateClock(id=id, name=name, now=now):
            check_name(name, "name")
            _check_within(now, "now")
            return [e.ClockCreated(id, name, now)]
        case c.AdvanceClock(to=to):
            if clock.now is None:
                raise Refusal(ErrorCode.NOT_FOUND, "no such clock", "id")
            if to < clock.now:
                raise invalid("a clock only goes forward", "to")
            if to - clock.now > STEP_MAX:
                raise invalid(f"at most {STEP_MAX.days} days at a step", "to")
            _check_within(to, "to")
            return [] if to == clock.now else [e.ClockAdvanced(to)]


def _check_within(instant: datetime, field: str) -> None:
    if not EARLIEST <= instant <= LATEST:
        raise invalid(f"must lie between {EARLIEST:%Y-%m-%d} and {LATEST:%Y-%m-%d}", field)
