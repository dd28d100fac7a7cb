"""Test clocks: a year of a customer's life in one test."""

from datetime import datetime

import strawberry

from api.context import Info
from api.inputs.request import by
from api.mutations.results import refusable
from api.types.clock import TestClock
from api.types.errors import UserError
from domain.access import Scope
from domain.commands import CreateClock
from service.ids import new_id
from service.later.clocks import advance


@strawberry.input(description="A new test clock.")
class CreateTestClockInput:
    name: str = strawberry.field(description="For people.")
    now: datetime = strawberry.field(description="The time it begins at.")


@strawberry.input(description="A step of a test clock.")
class AdvanceTestClockInput:
    id: strawberry.ID = strawberry.field(description="Which clock.")
    to: datetime = strawberry.field(description="Its time from then on; never back.")


@strawberry.type(description="What came of createTestClock.")
class CreateTestClockPayload:
    clock: TestClock | None = strawberry.field(default=None, description="The clock.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of advanceTestClock.")
class AdvanceTestClockPayload:
    clock: TestClock | None = strawberry.field(default=None, description="The clock as it is now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type
class ClockMutations:
    @strawberry.mutation(description="Make a clock that customers can be created on, to live in its time.")
    @refusable(CreateTestClockPayload)
    async def create_test_clock(self, info: Info, input: CreateTestClockInput) -> CreateTestClockPayload:
        context = info.context
        context.require(Scope.CLOCKS_WRITE)
        id = new_id("clock")
        recorded = await context.runtime.record(id, CreateClock(id, input.name, input.now), by(context))
        return CreateTestClockPayload(clock=TestClock.of(recorded.state))

    @strawberry.mutation(
        description="Move a clock forward. Answers when all that fell due for its customers up to then has happened."
    )
    @refusable(AdvanceTestClockPayload)
    async def advance_test_clock(self, info: Info, input: AdvanceTestClockInput) -> AdvanceTestClockPayload:
        context = info.context
        context.require(Scope.CLOCKS_WRITE)
        clock = await advance(context.runtime, input.id, input.to, by(context))
        context.changed()
        return AdvanceTestClockPayload(clock=TestClock.of(clock))
