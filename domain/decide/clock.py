"""Test clocks only go forward, and at most two years at a step, so that one call cannot ask for endless work."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain import commands as c
from domain import events as e
from domain.clock import TestClock
from domain.errors import ErrorCode, Refusal, invalid

STEP_MAX = timedelta(days=732)


def decide_clock(clock: TestClock, command: c.ClockCommand, at: datetime) -> Sequence[e.ClockEvent]:
    match command:
        case c.CreateClock(id=id, name=name, now=now):
            return [e.ClockCreated(id, name, now)]
        case c.AdvanceClock(to=to):
            if clock.now is None:
                raise Refusal(ErrorCode.NOT_FOUND, "no such clock", "id")
            if to < clock.now:
                raise invalid("a clock only goes forward", "to")
            if to - clock.now > STEP_MAX:
                raise invalid(f"at most {STEP_MAX.days} days at a step", "to")
            return [] if to == clock.now else [e.ClockAdvanced(to)]
