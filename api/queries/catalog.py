"""What is sold."""

from typing import Annotated

import strawberry

from api.context import Info
from api.types.feature import Feature, Meter
from api.types.plan import Plan
from domain.access import Scope
from domain.catalog import Catalog


async def _catalog(info: Info) -> Catalog:
    info.context.require(Scope.CATALOG_READ)
    return (await info.context.loaders.catalog_snapshot()).catalog


@strawberry.type
class CatalogQueries:
    @strawberry.field(description="A plan, also an archived one.")
    async def plan(
        self, info: Info, key: Annotated[str, strawberry.argument(description="The plan's key.")]
    ) -> Plan | None:
        catalog = await _catalog(info)
        plan = catalog.plan(key)
        return None if plan is None else Plan.of(catalog, plan)

    @strawberry.field(description="All plans, in order of their creation.")
    async def plans(
        self,
        info: Info,
        include_archived: Annotated[
            bool | None, strawberry.argument(description="Also those that are off sale.")
        ] = False,
    ) -> list[Plan]:
        catalog = await _catalog(info)
        return [Plan.of(catalog, plan) for plan in catalog.plans if include_archived or plan.archived_at is None]

    @strawberry.field(description="All features, in order of their creation.")
    async def features(self, info: Info) -> list[Feature]:
        catalog = await _catalog(info)
        return [Feature.of(catalog, feature) for feature in catalog.features]

    @strawberry.field(description="All meters, in order of their creation.")
    async def meters(self, info: Info) -> list[Meter]:
        return [Meter.of(meter) for meter in (await _catalog(info)).meters]
