"""Features, meters and plans. Creating again what is there, with the same content, changes nothing."""

from typing import ClassVar

import strawberry

from api.context import Context, Info
from api.inputs.plans import PlanVersionInput
from api.inputs.request import by
from api.mutations.results import refusable
from api.types.errors import UserError
from api.types.feature import Feature, Meter
from api.types.plan import Plan
from domain import catalog as domain
from domain.access import Scope
from domain.commands import ArchivePlan, CatalogCommand, CreateFeature, CreateMeter, CreatePlan, PublishPlanVersion
from domain.errors import ErrorCode, Refusal
from service.ids import new_id
from service.write.streams import CATALOG


@strawberry.input(description="A new feature.")
class CreateFeatureInput:
    key: str = strawberry.field(description="What the product asks by, such as storage. a-z, 0-9, _, . and -.")
    name: str = strawberry.field(description="For people.")
    kind: domain.FeatureKind = strawberry.field(description="On or off, a limit on a meter, or a setting.")
    unit: str | None = strawberry.field(default=None, description="What it is counted in, such as GB.")
    meter_key: str | None = strawberry.field(default=None, description="METERED: the meter that counts it.")


@strawberry.input(description="A new meter. It counts events from its creation on.")
class CreateMeterInput:
    key: str = strawberry.field(description="a-z, 0-9, _, . and -.")
    aggregation: domain.Aggregation = strawberry.field(description="How events become one figure.")
    event_type: str = strawberry.field(description="The type of the events it reads.")
    property: str | None = strawberry.field(
        default=None, description="The property that holds the figure. Left out: the event's value."
    )
    unit: str | None = strawberry.field(default=None, description="What it counts in.")


@strawberry.input(description="A new plan with its first version, published.")
class CreatePlanInput:
    FIELDS: ClassVar = {"terms": "version"}

    key: str = strawberry.field(description="a-z, 0-9, _, . and -.")
    name: str = strawberry.field(description="For people.")
    description: str | None = strawberry.field(default=None, description="For people.")
    version: PlanVersionInput = strawberry.field(description="Its first version.")


@strawberry.input(description="A new version of a plan. Subscribers stay on theirs until moved.")
class PublishPlanVersionInput:
    FIELDS: ClassVar = {"plan_key": "plan", "terms": "version"}

    plan: str = strawberry.field(description="The plan's key.")
    version: PlanVersionInput = strawberry.field(description="The new version.")


@strawberry.input(description="A plan that nobody shall move to any more.")
class ArchivePlanInput:
    FIELDS: ClassVar = {"plan_key": "plan"}

    plan: str = strawberry.field(description="The plan's key.")


@strawberry.type(description="What came of createFeature.")
class CreateFeaturePayload:
    feature: Feature | None = strawberry.field(default=None, description="The feature.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of createMeter.")
class CreateMeterPayload:
    meter: Meter | None = strawberry.field(default=None, description="The meter.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of createPlan.")
class CreatePlanPayload:
    plan: Plan | None = strawberry.field(default=None, description="The plan.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of publishPlanVersion.")
class PublishPlanVersionPayload:
    plan: Plan | None = strawberry.field(default=None, description="The plan with its new version.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of archivePlan.")
class ArchivePlanPayload:
    plan: Plan | None = strawberry.field(default=None, description="The archived plan.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


async def _recorded(context: Context, command: CatalogCommand) -> domain.Catalog:
    context.require(Scope.CATALOG_WRITE)
    state: domain.Catalog = (await context.runtime.record(CATALOG, command, by(context))).state
    return state


def _plan(catalog: domain.Catalog, key: str) -> Plan:
    plan = catalog.plan(key)
    if plan is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"no plan has the key {key}", "plan_key")
    return Plan.of(catalog, plan)


@strawberry.type
class CatalogMutations:
    @strawberry.mutation(description="Add a feature that plans can include and gates can ask for.")
    @refusable(CreateFeaturePayload)
    async def create_feature(self, info: Info, input: CreateFeatureInput) -> CreateFeaturePayload:
        asked = domain.Feature(new_id("feature"), input.key, input.name, input.kind, input.unit, input.meter_key)
        catalog = await _recorded(info.context, CreateFeature(asked))
        created = catalog.feature(input.key)
        assert created is not None
        return CreateFeaturePayload(feature=Feature.of(catalog, created))

    @strawberry.mutation(description="Add a meter that turns usage events into one figure.")
    @refusable(CreateMeterPayload)
    async def create_meter(self, info: Info, input: CreateMeterInput) -> CreateMeterPayload:
        asked = domain.Meter(
            new_id("meter"), input.key, input.aggregation, input.event_type, input.property, input.unit
        )
        catalog = await _recorded(info.context, CreateMeter(asked))
        created = catalog.meter(input.key)
        assert created is not None
        return CreateMeterPayload(meter=Meter.of(created))

    @strawberry.mutation(description="Add a plan with its first version.")
    @refusable(CreatePlanPayload)
    async def create_plan(self, info: Info, input: CreatePlanInput) -> CreatePlanPayload:
        command = CreatePlan(
            new_id("plan"), new_id("version"), input.key, input.name, input.description, input.version.terms()
        )
        return CreatePlanPayload(plan=_plan(await _recorded(info.context, command), input.key))

    @strawberry.mutation(description="Publish a new version of a plan, for those who subscribe or move from now on.")
    @refusable(PublishPlanVersionPayload)
    async def publish_plan_version(self, info: Info, input: PublishPlanVersionInput) -> PublishPlanVersionPayload:
        command = PublishPlanVersion(input.plan, new_id("version"), input.version.terms())
        return PublishPlanVersionPayload(plan=_plan(await _recorded(info.context, command), input.plan))

    @strawberry.mutation(description="Take a plan off sale. Its subscribers keep it.")
    @refusable(ArchivePlanPayload)
    async def archive_plan(self, info: Info, input: ArchivePlanInput) -> ArchivePlanPayload:
        return ArchivePlanPayload(plan=_plan(await _recorded(info.context, ArchivePlan(input.plan)), input.plan))
