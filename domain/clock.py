"""A test clock: customers on it live in its time, so that a year of billing fits in one test."""

from datetime import datetime

from msgspec import Struct


class TestClock(Struct, frozen=True):
    __test__ = False  # pytest: not a test case

    id: str = ""
    name: str = ""
    now: datetime | None = None
