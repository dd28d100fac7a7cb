"""Test clocks."""

from datetime import datetime

from msgspec import Struct


class CreateClock(Struct, frozen=True):
    id: str
    name: str
    now: datetime


class AdvanceClock(Struct, frozen=True):
    to: datetime


ClockCommand = CreateClock | AdvanceClock
