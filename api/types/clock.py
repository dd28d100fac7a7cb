"""Test clocks."""

from datetime import datetime

import strawberry

from api.types.node import Node
from domain import clock as domain


@strawberry.type(description="A clock for tests: customers on it live in its time.")
class TestClock(Node):
    __test__ = False  # pytest: not a test case

    name: str = strawberry.field(description="For people.")
    now: datetime = strawberry.field(description="The present of the customers on it.")

    @classmethod
    def of(cls, clock: domain.TestClock) -> "TestClock":
        """As it stands."""
        assert clock.now is not None
        return cls(id=strawberry.ID(clock.id), name=clock.name, now=clock.now)
