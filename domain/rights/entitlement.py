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
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from domain.account import Account, Grant
from domain.catalog import Feature, FeatureKind, PlanEntitlement, PlanVersion
from domain.exact import EXACT, ZERO, exact_sum
from domain.limit import Limit
from domain.period import FOREVER, Cadence, Period, counted_at
from domain.subscription import Subscription
from domain.usage import carry_over

EARLIER_MAX = 36
"""How many periods back is looked for what rolls over; before them nothing was left."""


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


class Earlier(Struct, frozen=True):
    """A usage period before the present one: what was allowed at its end (None: unlimited), and how much of what was
    left could roll over. `rollover` None: nothing was given in it, as in a pause, so what came in goes through."""

    period: Period
    limit: Decimal | None
    rollover: Decimal | None


class Entitlement(Struct, frozen=True):
    """The right to one feature at one instant. METERED: `limit` unless `unlimited`, counted over `period`, the usage
    period that contains the instant: a tile of `anchor` that begins no earlier than `since`. `earlier`: the complete
    periods from which something may have rolled into it, oldest first.
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
    earlier: tuple[Earlier, ...] = ()

    def carried(self, used: Iterable[Decimal]) -> Decimal:
        """What rolled into the present period, given what each of the `earlier` ones used."""
        each = zip(self.earlier, used, strict=True)
        return carry_over((one.limit, one.rollover, figure) for one, figure in each)


class _Counted(NamedTuple):
    """Whose rhythm a usage period follows."""

    anchor: datetime
    since: datetime
    zone: str


def entitlements(account: Account, at: datetime) -> tuple[Entitlement, ...]:
    """Every right the customer holds (or is denied) at `at`, by feature key. `account`: the one present at `at`."""
    keys = {
        given.feature
        for held in account.subscriptions
        if held.gives_rights
        for version in _versions(held)
        for given in version.terms.entitlements
    } | {grant.feature.key for grant in account.grants if grant.holds(at)}
    found = (entitlement(account, key, at) for key in sorted(keys))
    return tuple(one for one in found if one is not None)


def entitlement(account: Account, feature_key: str, at: datetime) -> Entitlement | None:
    """The right to one feature, or None when nothing speaks of it. `account`: the one present at `at`."""
    feature: Feature | None = None
    found: list[tuple[Source, _Counted]] = []
    for held in account.subscriptions:
        if not held.gives_rights:
            continue
        counted = _Counted(held.counted_by, held.counted_since, held.zone)
        for kind, version, id, quantity in _offers(held):
            for given in version.terms.entitlements:
                if given.feature == feature_key:
                    feature = feature or version.feature(feature_key)
                    found.append((_from_plan(kind, id, version, given, quantity, held), counted))
    right = _right(account, feature_key, feature, found, at)
    return None if right is None else replace(right, earlier=earlier_of(account, right))


def entitlement_then(account: Account, feature_key: str, at: datetime) -> Entitlement | None:
    """What the right to a METERED feature was at an instant in the past of `account` (or will be, if nothing happens):
    told from the limits it remembers. Its sources have no names, and it does not tell what rolled over."""
    order = {held.id: n for n, held in enumerate(account.subscriptions)}
    then = [one for one in account.limits if one.feature.key == feature_key and one.holds(at)]
    then.sort(key=lambda one: (order[one.subscription_id], one.add_on is not None))
    found = [(_from_limit(one), _Counted(one.anchor, one.since, one.zone)) for one in then]
    return _right(account, feature_key, then[0].feature if then else None, found, at)


def _right(
    account: Account, key: str, feature: Feature | None, found: list[tuple[Source, _Counted]], at: datetime
) -> Entitlement | None:
    grants = [grant for grant in account.grants if grant.feature.key == key and grant.holds(at)]
    if feature is None and grants:
        feature = grants[0].feature
    if feature is None:
        return None
    sources = [source for source, _ in found] + [_from_grant(grant) for grant in grants if not grant.override]
    given_by = _combine(feature, sources)
    # The highest priority is laid on last.
    for grant in sorted((one for one in grants if one.override), key=lambda one: (one.priority, one.id)):
        given_by = _overridden(given_by, grant)
    leading = next((counted for source, counted in found if source.resets), found[0][1] if found else None)
    return _with_period(given_by, account, leading, at)


def earlier_of(account: Account, right: Entitlement) -> tuple[Earlier, ...]:
    """The complete periods from which something may have rolled into the right's own, oldest first; at most 36. What
    was counted in another rhythm does not roll over."""
    key, anchor, since, present, resets = right.feature.key, right.anchor, right.since, right.period, right.resets
    if resets in (None, Cadence.ONCE) or anchor is None or since is None or present is None:
        return ()
    limits = [one for one in account.limits if one.feature.key == key]
    if not any(one.rollover and one.start < present.start for one in limits):
        return ()
    assert resets is not None
    found: list[Earlier] = []
    while present.start > since and len(found) < EARLIER_MAX:
        present = counted_at(anchor, since, resets, right.zone, present.start - datetime.resolution)
        ends = [
            one.end or FOREVER for one in limits if one.start < present.end and (one.end or FOREVER) > present.start
        ]
        if not ends:
            found.append(Earlier(present, ZERO, None))
            continue
        last = entitlement_then(account, key, min(present.end, max(ends)) - datetime.resolution)
        if last is None or last.resets is not resets:
            break
        found.append(Earlier(present, None if last.unlimited else last.limit, last.rollover or ZERO))
    return tuple(reversed(found))


def _versions(held: Subscription) -> Iterable[PlanVersion]:
    yield held.plan
    for add_on in held.add_ons:
        yield add_on.plan


def _offers(held: Subscription) -> Iterable[tuple[SourceKind, PlanVersion, str, int]]:
    yield SourceKind.TRIAL if held.trialing else SourceKind.PLAN, held.plan, held.id, 1
    for add_on in held.add_ons:
        yield SourceKind.ADD_ON, add_on.plan, held.id, add_on.quantity


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


def _from_limit(one: Limit) -> Source:
    kind = SourceKind.ADD_ON if one.add_on is not None else SourceKind.TRIAL if one.trial else SourceKind.PLAN
    return Source(
        kind=kind,
        id=one.subscription_id,
        label="",
        enabled=one.enabled,
        limit=one.limit,
        unlimited=one.limit is None,
        hard=one.hard,
        resets=one.resets,
        rollover=one.rollover,
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


def _with_period(given: Entitlement, account: Account, leading: _Counted | None, at: datetime) -> Entitlement:
    """What a plan never resets is counted over the customer's whole life, else leaving and coming back would reset it.
    A grant that stands alone counts from the day it was given."""
    if given.feature.kind is not FeatureKind.METERED or account.customer is None:
        return given
    customer = account.customer
    if leading is None:
        key = given.feature.key
        first = min(grant.granted_at for grant in account.grants if grant.feature.key == key and grant.holds(at))
        leading = _Counted(customer.created_at, customer.created_at, customer.timezone)
        period = Period(first, FOREVER)
    elif given.resets is None or given.resets is Cadence.ONCE:
        period = Period(customer.created_at, FOREVER)
    else:
        period = counted_at(leading.anchor, leading.since, given.resets, leading.zone, at)
    return replace(given, period=period, since=leading.since, anchor=leading.anchor, zone=leading.zone)
