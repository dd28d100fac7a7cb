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


def recorded(before: Account, after: Account, subscription_id: str, since: datetime, at: datetime) -> Account:
    """`after`, with what its subscription gives from `since` on."""
    held = after.subscription(subscription_id)
    assert held is not None
    wanted = {(one.slot, one.feature.key): one for one in given(held, since)} if held.gives_rights else {}
    kept: list[Limit] = []
    for one in before.limits:
        if one.subscription_id != held.id or one.end is not None:
            if one.end is None or not _forgotten(one, at):
                kept.append(one)
            continue
        key = (one.slot, one.feature.key)
        if key in wanted and replace(wanted[key], start=one.start) == one:
            kept.append(one)
            del wanted[key]
        elif one.start < since:
            kept.append(replace(one, end=since))
    return replace(after, limits=(*kept, *wanted.values()))


def given(held: Subscription, since: datetime) -> Iterator[Limit]:
    """What the plan and then each add-on gives of metered features."""
    yield from _of(held, held.plan, 1, None, since)
    for one in held.add_ons:
        yield from _of(held, one.plan, one.quantity, one.plan.plan_key, since)


def _of(
    held: Subscription, version: PlanVersion, quantity: int, add_on: str | None, since: datetime
) -> Iterator[Limit]:
    for one in version.terms.entitlements:
        feature = version.feature(one.feature)
        if feature.kind is FeatureKind.METERED:
            yield Limit(
                subscription_id=held.id,
                feature=feature,
                start=since,
                anchor=held.counted_by,
                since=held.counted_since,
                zone=held.zone,
                add_on=add_on,
                enabled=one.enabled is not False,
                limit=None if one.limit is None else EXACT.multiply(one.limit, quantity),
                hard=one.hard,
                resets=one.resets,
                rollover=one.rollover,
                trial=held.trialing,
            )


def _forgotten(one: Limit, at: datetime) -> bool:
    assert one.end is not None
    kept = YEARS_KEPT if one.resets in (Cadence.QUARTER, Cadence.YEAR) else KEPT
    return at - one.end > kept
