"""What a customer has used: figures, histories, single events."""

from typing import Annotated

import strawberry

from api.context import Info
from api.loaders import AccountView
from api.types.connection import Connection
from api.types.entitlement import Entitlement
from api.types.usage import UsageEvent, UsageMeter, UsagePoint
from api.types.usage_events import events_connection
from api.types.values import PeriodInput
from domain.catalog import Feature, Meter
from domain.period import FOREVER, Grain, Period, buckets
from graphql_edge.errors import BAD_USER_INPUT, ClientError
from service.usage import UsageQuery

STEPS_MAX = 1_000

_FEATURE = "The key of a METERED feature."
_PERIOD = "What is counted together."


@strawberry.type(description="What a customer has used.")
class CustomerUsage:
    _view: strawberry.Private[AccountView]

    @strawberry.field(
        description="What they have used of a feature: in the present period of their right to it (without one, since "
        "they were created), or in the period that is given. Null: there is no such METERED feature."
    )
    async def usage(
        self,
        info: Info,
        feature: Annotated[str, strawberry.argument(description=_FEATURE)],
        period: Annotated[PeriodInput | None, strawberry.argument(description=_PERIOD)] = None,
    ) -> UsageMeter | None:
        view = self._view
        metered = _metered(view, feature)
        if metered is None:
            return None
        rights = await info.context.loaders.rights.load(view) or ()
        right = next(((right, usage) for right, usage in rights if right.feature.key == feature), None)
        present = right[0].period if right is not None else None
        asked = present or Period(view.customer.created_at, FOREVER) if period is None else _period(period)
        if right is not None and asked == present and right[1] is not None:
            shown = Entitlement.of(view.catalog, *right)
            return UsageMeter(
                view.catalog,
                metered[0],
                asked,
                right[1].used,
                view.at,
                limit=shown.limit,
                remaining=shown.remaining,
            )
        ask = UsageQuery(view.customer.id, metered[1], asked, view.at, view.at)
        used = await info.context.loaders.figures.load(ask)
        return UsageMeter(view.catalog, metered[0], asked, used, view.at)

    @strawberry.field(
        description="The same in steps of the customer's calendar, at most 1,000 of them; the first and the "
        "last are cut to the period. A LATEST meter shows the level at the end of each. Steps that have not begun are "
        "left out. Null: there is no such METERED feature."
    )
    async def usage_history(
        self,
        info: Info,
        feature: Annotated[str, strawberry.argument(description=_FEATURE)],
        period: Annotated[PeriodInput, strawberry.argument(description="From when to when.")],
        by: Annotated[Grain, strawberry.argument(description="In what steps.")],
    ) -> list[UsagePoint] | None:
        view = self._view
        metered = _metered(view, feature)
        if metered is None:
            return None
        steps = _steps(_period(period), by, view)
        asks = [UsageQuery(view.customer.id, metered[1], step, view.at, view.at) for step in steps]
        figures = await info.context.loaders.figures.load_many(asks)
        return [UsagePoint(start=step.start, value=value) for step, value in zip(steps, figures, strict=True)]

    @strawberry.field(
        description="The single events that a feature's meter read in a period, by time, corrections among them, as "
        "long as they are kept."
    )
    async def usage_events(
        self,
        info: Info,
        feature: Annotated[str, strawberry.argument(description=_FEATURE)],
        period: Annotated[PeriodInput, strawberry.argument(description="From when to when.")],
        first: Annotated[int | None, strawberry.argument(description="At most this many; 1 to 100, required.")] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
    ) -> Connection[UsageEvent] | None:
        view = self._view
        metered = _metered(view, feature)
        if metered is None:
            return None
        return await events_connection(info.context, view.customer.id, metered[1], _period(period), first, after)


def _metered(view: AccountView, key: str) -> tuple[Feature, Meter] | None:
    feature = view.catalog.feature(key)
    meter = None if feature is None or feature.meter_key is None else view.catalog.meter(feature.meter_key)
    return None if feature is None or meter is None else (feature, meter)


def _period(given: PeriodInput) -> Period:
    if given.start >= given.end:
        raise ClientError("A period ends after it starts.", code=BAD_USER_INPUT)
    return Period(given.start, given.end)


def _steps(period: Period, by: Grain, view: AccountView) -> list[Period]:
    steps: list[Period] = []
    for step in buckets(period, by, view.customer.timezone):
        if step.start > view.at:
            break
        if len(steps) == STEPS_MAX:
            raise ClientError(f"A history has at most {STEPS_MAX:,} steps.", code=BAD_USER_INPUT)
        steps.append(step)
    return steps
