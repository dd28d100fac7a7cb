"""Test clocks."""

from datetime import datetime

from domain.events.event import Event


class ClockCreated(Event, frozen=True, tag="clock.created"):
    id: str
    name: str
    now: datetime


class ClockAdvanced(Event, frozen=True, tag="clock.advanced"):
    to: datetime


ClockEvent = ClockCreated | ClockAdvanced
