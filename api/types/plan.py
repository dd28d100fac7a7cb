"""Plans, and the versions of them that are sold."""

from datetime import datetime
from decimal import Decimal

import strawberry

from api.scalars import JSON
from api.types.computed import computed
from api.types.feature import Feature
from api.types.node import Node
from api.types.price import Price
from api.types.values import Money
from domain import catalog as domain
from domain.period import Cadence
from domain.policy import ChangesBilled, ChangeTiming, TrialUsage


@strawberry.type(description="What a plan version gives of one feature.")
class PlanEntitlement:
    feature: Feature = strawberry.field(description="Of what.")
    enabled: bool | None = strawberry.field(
        description="SWITCH: whether it is on. Off takes nothing away that another source gives."
    )
    limit: Decimal | None = strawberry.field(description="METERED: how much in each period; null: unlimited.")
    hard: bool | None = strawberry.field(
        description="METERED: true refuses at the limit, false allows and bills the overage."
    )
    resets: Cadence | None = strawberry.field(description="METERED: how often counting begins anew; null: never.")
    rollover: Decimal | None = strawberry.field(
        description="METERED: at most so much of what is left over goes into the next period."
    )
    value: JSON | None = strawberry.field(description="VALUE: the setting.")

    def __init__(self, catalog: domain.Catalog, version: domain.PlanVersion, given: domain.PlanEntitlement) -> None:
        self._catalog = catalog
        self._feature = version.feature(given.feature)
        self.enabled = given.enabled
        self.limit = given.limit
        self.hard = given.hard
        self.resets = given.resets
        self.rollover = given.rollover
        self.value = given.value


@strawberry.type(description="A plan's terms, frozen when published. Subscribers stay on theirs until they are moved.")
class PlanVersion(Node):
    plan: "Plan" = strawberry.field(description="Of which plan.")
    number: int = strawberry.field(description="Counted from 1.")
    published_at: datetime = strawberry.field(description="Since when it can be bought.")
    trial_days: int = strawberry.field(description="Days free of charge, from the first start of the plan.")
    billing: domain.BillingMode = strawberry.field(description="When it is charged.")
    prices: list[Price] = strawberry.field(description="What it costs. None: free, in every currency.")
    entitlements: list[PlanEntitlement] = strawberry.field(description="What it gives.")
    minimum_spend: list[Money] = strawberry.field(description="The least that a period costs, one for each currency.")
    trial_usage: TrialUsage = strawberry.field(description="What becomes of usage during a trial.")
    upgrades: ChangeTiming = strawberry.field(
        description="When a move to a plan that costs more takes effect, unless the caller says."
    )
    downgrades: ChangeTiming = strawberry.field(
        description="When a move to a plan that costs less takes effect, unless the caller says."
    )
    changes_billed: ChangesBilled = strawberry.field(description="When the difference that a change makes is billed.")
    draft_hours: int = strawberry.field(
        description="For how many hours after its end a period's invoice stays a draft, for late usage and support."
    )

    def __init__(self, catalog: domain.Catalog, version: domain.PlanVersion) -> None:
        self._catalog = catalog
        self._version = version
        self.id = strawberry.ID(version.id)
        self.number = version.number
        self.published_at = version.published_at
        self.trial_days = version.terms.trial_days
        self.billing = version.terms.billing
        self.trial_usage = version.terms.trial_usage
        self.upgrades = version.terms.upgrades
        self.downgrades = version.terms.downgrades
        self.changes_billed = version.terms.changes_billed
        self.draft_hours = version.terms.draft_hours

    @classmethod
    def of(cls, catalog: domain.Catalog, version: domain.PlanVersion) -> "PlanVersion":
        """`version` may be frozen in a subscription; `catalog` is the present one."""
        return cls(catalog, version)


@strawberry.type(description="Something that customers subscribe to.")
class Plan(Node):
    key: str = strawberry.field(description="What the product names it by, such as starter.")
    name: str = strawberry.field(description="For people.")
    description: str | None = strawberry.field(description="For people.")
    current: PlanVersion = strawberry.field(description="What a new subscriber gets.")
    versions: list[PlanVersion] = strawberry.field(description="All that were published, oldest first.")
    archived_at: datetime | None = strawberry.field(description="Since when nobody can move to it any more.")

    def __init__(self, catalog: domain.Catalog, plan: domain.Plan) -> None:
        self._catalog = catalog
        self._plan = plan
        self.id = strawberry.ID(plan.id)
        self.key = plan.key
        self.name = plan.name
        self.description = plan.description
        self.archived_at = plan.archived_at

    @classmethod
    def of(cls, catalog: domain.Catalog, plan: domain.Plan) -> "Plan":
        """One of the catalog's plans."""
        return cls(catalog, plan)


def plan_of(catalog: domain.Catalog, version: domain.PlanVersion) -> Plan:
    """The plan of a version, as it is today; plans are archived, never removed."""
    return Plan.of(catalog, next(plan for plan in catalog.plans if plan.id == version.plan_id))


computed(PlanEntitlement, feature=lambda self: Feature.of(self._catalog, self._feature))
computed(
    PlanVersion,
    plan=lambda self: plan_of(self._catalog, self._version),
    prices=lambda self: [Price.of(self._catalog, price) for price in self._version.terms.prices],
    entitlements=lambda self: [
        PlanEntitlement(self._catalog, self._version, given) for given in self._version.terms.entitlements
    ],
    minimum_spend=lambda self: [Money.of(amount) for amount in self._version.terms.minimum_spend],
)
computed(
    Plan,
    current=lambda self: PlanVersion.of(self._catalog, self._plan.current),
    versions=lambda self: [PlanVersion.of(self._catalog, version) for version in self._plan.versions],
)
