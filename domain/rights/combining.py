"""How the sources of a right come to one.

A SWITCH is on when any source is on and none denies. A plan that says "off" gives nothing, it takes nothing away; only
a grant given by hand denies. Limits add up; one unlimited source makes it unlimited. A VALUE takes the source of the
highest priority: grants by their own, add-ons before plans, of equals the latest. HARD limits refuse at the limit; if
any source of a limit is soft, use beyond it is allowed and billed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from domain.account import Account, Grant
from domain.catalog import Feature, FeatureKind
from domain.exact import ZERO, exact_sum
from domain.period import FOREVER, Cadence, Period, counted_at
from domain.rights.entitlement import Entitlement
from domain.rights.source import Source, from_grant


class Rhythm(NamedTuple):
    """What a usage period is counted by."""

    anchor: datetime
    since: datetime
    zone: str


def right_of(
    account: Account, key: str, feature: Feature | None, given_by: Sequence[tuple[Source, Rhythm]], at: datetime
) -> Entitlement | None:
    """`feature`: None where no plan speaks of it. `given_by`: what is given but for grants, which are the account's."""
    grants = [grant for grant in account.grants if grant.feature.key == key and grant.holds(at)]
    if feature is None and grants:
        feature = grants[0].feature
    if feature is None:
        return None
    sources = [source for source, _ in given_by] + [from_grant(grant) for grant in grants if not grant.override]
    given = _combined(feature, sources)
    # The highest priority is laid on last.
    for grant in sorted((grant for grant in grants if grant.override), key=lambda grant: (grant.priority, grant.id)):
        given = _overridden(given, grant)
    leading = next((rhythm for source, rhythm in given_by if source.resets), given_by[0][1] if given_by else None)
    return _with_period(given, account, leading, at)


def _combined(feature: Feature, sources: list[Source]) -> Entitlement:
    every = tuple(sources)
    denied = any(source.by_hand and not source.enabled for source in sources)
    sources = [source for source in sources if source.enabled]
    enabled = bool(sources) and not denied
    match feature.kind:
        case FeatureKind.SWITCH:
            return Entitlement(feature, enabled, every)
        case FeatureKind.VALUE:
            # Of equal priority the latest: `max` would keep the first.
            best = max(reversed(sources), key=lambda source: source.priority, default=None)
            return Entitlement(feature, enabled, every, value=None if best is None else best.value)
        case FeatureKind.METERED:
            unlimited = any(source.unlimited for source in sources)
            limit = None if unlimited else exact_sum(source.limit or ZERO for source in sources)
            soft = any(source.hard is False for source in sources)
            rolling = [source.rollover for source in sources if source.rollover is not None]
            return Entitlement(
                feature,
                enabled,
                every,
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
        (*given.sources, from_grant(grant)),
        limit=grant.limit if speaks_of_limit else given.limit,
        unlimited=grant.unlimited if speaks_of_limit else given.unlimited,
        hard=given.hard if grant.hard is None else grant.hard,
        value=given.value if grant.value is None else grant.value,
        resets=given.resets,
        rollover=given.rollover,
    )


def _with_period(given: Entitlement, account: Account, leading: Rhythm | None, at: datetime) -> Entitlement:
    """What a plan never resets is counted over the customer's whole life, else leaving and coming back would reset it.
    A grant that stands alone counts from the day it was given."""
    if given.feature.kind is not FeatureKind.METERED or account.customer is None:
        return given
    customer = account.customer
    if leading is None:
        key = given.feature.key
        first = min(grant.granted_at for grant in account.grants if grant.feature.key == key and grant.holds(at))
        leading = Rhythm(customer.created_at, customer.created_at, customer.timezone)
        period = Period(first, FOREVER)
    elif given.resets is None or given.resets is Cadence.ONCE:
        period = Period(customer.created_at, FOREVER)
    else:
        period = counted_at(leading.anchor, leading.since, given.resets, leading.zone, at)
    return replace(given, period=period, since=leading.since, anchor=leading.anchor, zone=leading.zone)
