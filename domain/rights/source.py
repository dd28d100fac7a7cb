"""Sources of rights: what plans, add-ons and trials give, and what support gives by hand."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct

from domain.account import Grant
from domain.catalog import FeatureKind, PlanEntitlement, PlanVersion
from domain.exact import EXACT
from domain.limit import Limit
from domain.period import Cadence
from domain.subscription import Subscription


class SourceKind(StrEnum):
    PLAN = "PLAN"
    ADD_ON = "ADD_ON"
    TRIAL = "TRIAL"
    GRANT = "GRANT"
    OVERRIDE = "OVERRIDE"


class Source(Struct, frozen=True):
    """One reason why a right is held, or, not `enabled`, why it is not. `limit`: what it adds, unless `unlimited`."""

    kind: SourceKind
    id: str
    label: str
    enabled: bool
    limit: Decimal | None = None
    unlimited: bool = False
    hard: bool | None = None
    value: Any = None
    priority: int = 0
    resets: Cadence | None = None
    rollover: Decimal | None = None
    expires_at: datetime | None = None

    @property
    def by_hand(self) -> bool:
        return self.kind in (SourceKind.GRANT, SourceKind.OVERRIDE)


def versions(subscription: Subscription) -> Iterable[PlanVersion]:
    yield subscription.plan
    for add_on in subscription.add_ons:
        yield add_on.plan


def offers(subscription: Subscription) -> Iterable[tuple[SourceKind, PlanVersion, str, int]]:
    yield SourceKind.TRIAL if subscription.trialing else SourceKind.PLAN, subscription.plan, subscription.id, 1
    for add_on in subscription.add_ons:
        yield SourceKind.ADD_ON, add_on.plan, subscription.id, add_on.quantity


def from_plan(
    kind: SourceKind, id: str, version: PlanVersion, given: PlanEntitlement, quantity: int, subscription: Subscription
) -> Source:
    """An add-on bought n times gives its limit n times."""
    metered = version.feature(given.feature).kind is FeatureKind.METERED
    return Source(
        kind=kind,
        id=id,
        label=version.plan_name,
        enabled=given.enabled is not False,
        limit=None if given.limit is None else EXACT.multiply(given.limit, quantity),
        unlimited=metered and given.limit is None,
        hard=given.hard,
        value=given.value,
        priority=1 if kind is SourceKind.ADD_ON else 0,
        resets=given.resets,
        rollover=given.rollover,
        expires_at=subscription.trial_ends_at if kind is SourceKind.TRIAL else None,
    )


def from_limit(limit: Limit) -> Source:
    kind = SourceKind.ADD_ON if limit.add_on is not None else SourceKind.TRIAL if limit.trial else SourceKind.PLAN
    return Source(
        kind=kind,
        id=limit.subscription_id,
        label="",
        enabled=limit.enabled,
        limit=limit.limit,
        unlimited=limit.limit is None,
        hard=limit.hard,
        resets=limit.resets,
        rollover=limit.rollover,
    )


def from_grant(grant: Grant) -> Source:
    return Source(
        kind=SourceKind.OVERRIDE if grant.override else SourceKind.GRANT,
        id=grant.id,
        label=grant.reason,
        enabled=grant.enabled is not False,
        limit=grant.limit,
        unlimited=grant.unlimited,
        hard=grant.hard,
        value=grant.value,
        priority=grant.priority,
        expires_at=grant.expires_at,
    )
