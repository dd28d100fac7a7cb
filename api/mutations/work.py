"""What support does about work that was given up."""

import strawberry

from adapters.postgres.reads import given_up
from adapters.postgres.reads.given_up import WorkKind
from api.context import Info
from api.inputs.request import by
from api.mutations.results import refusable
from api.types.errors import UserError
from api.types.work import GivenUpWork
from domain.access import Scope
from domain.errors import ErrorCode, Refusal
from service.later.kinds import replay


@strawberry.input(description="Work to try once more.")
class ReplayWorkInput:
    kind: WorkKind = strawberry.field(description="What it is.")
    id: strawberry.ID = strawberry.field(description="Which one of its kind.")
    reason: str | None = strawberry.field(default=None, description="Why, for the log.")


@strawberry.type(description="What came of replayWork.")
class ReplayWorkPayload:
    work: GivenUpWork | None = strawberry.field(
        default=None, description="The work as it stands, if it failed again; null: it is done."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type
class WorkMutations:
    @strawberry.mutation(
        description="Try work that was given up once more, now. Done again, it changes nothing. Needs the scope "
        "provider:write."
    )
    @refusable(ReplayWorkPayload)
    async def replay_work(self, info: Info, input: ReplayWorkInput) -> ReplayWorkPayload:
        context = info.context
        context.require(Scope.PROVIDER_WRITE)
        engine = context.runtime.engine
        if await given_up.by_id(engine, input.kind, input.id) is None:
            raise Refusal(ErrorCode.NOT_FOUND, "no such work was given up", "id")
        if not await replay(context.runtime, input.kind, input.id, by(context, input.reason)):
            raise Refusal(ErrorCode.CONFLICT, "it is being tried at this moment", "id")
        left = await given_up.by_id(engine, input.kind, input.id)
        context.changed()
        return ReplayWorkPayload(work=None if left is None else GivenUpWork(left))
