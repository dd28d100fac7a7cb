"""The fold of subscription events into the history of limits: what is given now is compared with what was."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from domain.account import Account
from domain.catalog import FeatureKind, PlanVersion
from domain.exact import EXACT
from domain.limit import Limit
from domain.period import Cadence
from domain.subscription import Subscription

KEPT = timedelta(days=1_116)
"""How long an ended limit is remembered: 36 months, as far back as is looked for what rolls over."""
YEARS_KEPT = 12 * KEPT
"""The same of one that resets by the quarter or the year: 36 of its periods."""


def with_limits(before: Account, after: Account, subscription_id: str, since: datetime, at: datetime) -> Account:
    """`after`, with what its subscription gives from `since` on."""
    subscription = after.subscription(subscription_id)
    assert subscription is not None
    wanted = (
        {(limit.slot, limit.feature.key): limit for limit in limits_of(subscription, since)}
        if subscription.gives_rights
        else {}
    )
    kept: list[Limit] = []
    for limit in before.limits:
        if limit.subscription_id != subscription.id or limit.end is not None:
            if limit.end is None or not _is_forgotten(limit, at):
                kept.append(limit)
            continue
        key = (limit.slot, limit.feature.key)
        if key in wanted and replace(wanted[key], start=limit.start) == limit:
            kept.append(limit)
            del wanted[key]
        elif limit.start < since:
            kept.append(replace(limit, end=since))
    return replace(after, limits=(*kept, *wanted.values()))


def limits_of(subscription: Subscription, since: datetime) -> Iterator[Limit]:
    """What the plan and then each add-on gives of metered features."""
    yield from _limits_given(subscription, subscription.plan, 1, None, since)
    for add_on in subscription.add_ons:
        yield from _limits_given(subscription, add_on.plan, add_on.quantity, add_on.plan.plan_key, since)


def _limits_given(
    subscription: Subscription, version: PlanVersion, quantity: int, add_on: str | None, since: datetime
) -> Iterator[Limit]:
    for entitlement in version.terms.entitlements:
        feature = version.feature(entitlement.feature)
        if feature.kind is FeatureKind.METERED:
            yield Limit(
                subscription_id=subscription.id,
                feature=feature,
                start=since,
                anchor=subscription.counted_by,
                since=subscription.counted_since,
                zone=subscription.zone,
                add_on=add_on,
                enabled=entitlement.enabled is not False,
                limit=None if entitlement.limit is None else EXACT.multiply(entitlement.limit, quantity),
                hard=entitlement.hard,
                resets=entitlement.resets,
                rollover=entitlement.rollover,
                trial=subscription.trialing,
            )


def _is_forgotten(limit: Limit, at: datetime) -> bool:
    assert limit.end is not None
    kept = YEARS_KEPT if limit.resets in (Cadence.QUARTER, Cadence.YEAR) else KEPT
    return at - limit.end > kept
