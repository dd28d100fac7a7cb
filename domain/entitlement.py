"""Rights: what a customer may do, and from which sources: what plans, add-ons, trials and grants give, then overrides.

A SWITCH is on when any source is on and none denies. A plan that says "off" gives nothing, it takes nothing away; only
a grant given by hand denies. Limits add up; one unlimited source makes it unlimited. A VALUE takes the source of the
highest priority: grants by their own, add-ons before plans, of equals the latest. HARD limits refuse at the limit; if
any source of a limit is soft, use beyond it is allowed and billed.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct

from domain.account import Account, Grant
from domain.catalog import Feature, FeatureKind, PlanEntitlement, PlanVersion
from domain.exact import EXACT, exact_sum
from domain.period import FOREVER, Cadence, Period, period_at
from domain.subscription import Subscription

ZERO = Decimal(0)


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


class Entitlement(Struct, frozen=True):
    """The right to one feature at one instant. METERED: `limit` unless `unlimited`, counted over `period`, the usage
    period that contains the instant. `since` is when the terms behind the limit took effect: what rolls over is counted
    from there.
    """

    feature: Feature
    enabled: bool
    sources: tuple[Source, ...]
    limit: Decimal | None = None
    unlimited: bool = False
    hard: bool = False
    value: Any = None
    period: Period | None = None
    resets: Cadence | None = None
    rollover: Decimal | None = None
    since: datetime | None = None
    anchor: datetime | None = None
    zone: str = "UTC"


def entitlements(account: Account, at: datetime) -> tuple[Entitlement, ...]:
    """Every right the customer holds (or is denied) at `at`, by feature key. `account`: the one present at `at`."""
    keys = {
        given.feature
        for held in account.subscriptions
        if held.gives_rights
        for version in _versions(held)
        for given in version.terms.entitlements
    } | {grant.feature.key for grant in account.grants if _holds(grant, at)}
    found = (entitlement(account, key, at) for key in sorted(keys))
    return tuple(one for one in found if one is not None)


def entitlement(account: Account, feature_key: str, at: datetime) -> Entitlement | None:
    """The right to one feature, or None when nothing speaks of it."""
    sources: list[Source] = []
    feature: Feature | None = None
    leading: Subscription | None = None  # the subscription whose rhythm the usage period follows
    for held in account.subscriptions:
        if not held.gives_rights:
            continue
        for kind, version, id, quantity in _offers(held):
            for given in version.terms.entitlements:
                if given.feature != feature_key:
                    continue
                feature = feature or version.feature(feature_key)
                sources.append(_from_plan(kind, id, version, given, quantity, held))
                if leading is None or (given.resets is not None and not any(one.resets for one in sources[:-1])):
                    leading = held
    grants = [grant for grant in account.grants if grant.feature.key == feature_key and _holds(grant, at)]
    sources += [_from_grant(grant) for grant in grants if not grant.override]
    overrides = sorted((grant for grant in grants if grant.override), key=lambda grant: (grant.priority, grant.id))
    if feature is None and grants:
        feature = grants[0].feature
    if feature is None:
        return None
    given_by = _combine(feature, sources)
    for grant in overrides:  # the highest priority is laid on last
        given_by = _overridden(given_by, grant)
    return _with_period(given_by, account, leading, at)


def _versions(held: Subscription) -> Iterable[PlanVersion]:
    yield held.plan
    for add_on in held.add_ons:
        yield add_on.plan


def _offers(held: Subscription) -> Iterable[tuple[SourceKind, PlanVersion, str, int]]:
    yield SourceKind.TRIAL if held.trialing else SourceKind.PLAN, held.plan, held.id, 1
    for add_on in held.add_ons:
        yield SourceKind.ADD_ON, add_on.plan, held.id, add_on.quantity


def _holds(grant: Grant, at: datetime) -> bool:
    return grant.ended_at is None and (grant.expires_at is None or at < grant.expires_at)


def _from_plan(
    kind: SourceKind, id: str, version: PlanVersion, given: PlanEntitlement, quantity: int, held: Subscription
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
        expires_at=held.trial_ends_at if kind is SourceKind.TRIAL else None,
    )


def _from_grant(grant: Grant) -> Source:
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


def _combine(feature: Feature, sources: list[Source]) -> Entitlement:
    held = tuple(sources)
    denied = any(source.by_hand and not source.enabled for source in sources)
    sources = [source for source in sources if source.enabled]
    enabled = bool(sources) and not denied
    match feature.kind:
        case FeatureKind.SWITCH:
            return Entitlement(feature, enabled, held)
        case FeatureKind.VALUE:
            # Of equal priority the latest: `max` would keep the first.
            best = max(reversed(sources), key=lambda source: source.priority, default=None)
            return Entitlement(feature, enabled, held, value=None if best is None else best.value)
        case FeatureKind.METERED:
            unlimited = any(source.unlimited for source in sources)
            limit = None if unlimited else exact_sum(source.limit or ZERO for source in sources)
            soft = any(source.hard is False for source in sources)
            rolling = [source.rollover for source in sources if source.rollover is not None]
            return Entitlement(
                feature,
                enabled,
                held,
                limit=limit,
                unlimited=unlimited,
                hard=not soft,
                resets=next((source.resets for source in sources if source.resets is not None), None),
                rollover=exact_sum(rolling) if rolling else None,
            )


def _overridden(given: Entitlement, grant: Grant) -> Entitlement:
    """An override stands in the place of all before it, in those respects of which it speaks."""
    speaks_of_limit = grant.limit is not None or grant.unlimited
    return Entitlement(
        given.feature,
        grant.enabled if grant.enabled is not None else (given.enabled or speaks_of_limit or grant.value is not None),
        (*given.sources, _from_grant(grant)),
        limit=grant.limit if speaks_of_limit else given.limit,
        unlimited=grant.unlimited if speaks_of_limit else given.unlimited,
        hard=given.hard if grant.hard is None else grant.hard,
        value=given.value if grant.value is None else grant.value,
        resets=given.resets,
        rollover=given.rollover,
    )


def _with_period(given: Entitlement, account: Account, leading: Subscription | None, at: datetime) -> Entitlement:
    """What a plan never resets is counted over the customer's whole life, else leaving and coming back would reset it.
    What was used before a subscription began does not count against its resetting limits, so a first period may be
    shorter than the rest; nor what was used before a grant that stands alone."""
    if given.feature.kind is not FeatureKind.METERED or account.customer is None:
        return given
    customer = account.customer
    anchor = leading.anchor if leading else customer.created_at
    zone = leading.zone if leading else customer.timezone
    if leading is None:
        key = given.feature.key
        first = min(grant.granted_at for grant in account.grants if grant.feature.key == key and _holds(grant, at))
        period = Period(first, FOREVER)
    elif given.resets is None or given.resets is Cadence.ONCE:
        period = Period(customer.created_at, FOREVER)
    else:
        tile = period_at(anchor, given.resets, zone, at)
        period = Period(max(tile.start, leading.start_at), tile.end)
    return Entitlement(
        given.feature,
        given.enabled,
        given.sources,
        limit=given.limit,
        unlimited=given.unlimited,
        hard=given.hard,
        value=given.value,
        period=period,
        resets=given.resets,
        rollover=given.rollover,
        since=leading.plan_since if leading else customer.created_at,
        anchor=anchor,
        zone=zone,
    )
