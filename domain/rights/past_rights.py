"""Rights at instants that are over, told from the limits that an account remembers; and what rolled over from then."""

from datetime import datetime

from domain.account import Account
from domain.exact import ZERO
from domain.period import FOREVER, Cadence, counted_at
from domain.rights.combining import Rhythm, right_of
from domain.rights.entitlement import EarlierPeriod, Entitlement
from domain.rights.source import from_limit

EARLIER_MAX = 36
"""How many periods back is looked for what rolls over; before them nothing was left."""


def entitlement_then(account: Account, feature_key: str, at: datetime) -> Entitlement | None:
    """What the right to a METERED feature was at an instant in the past of `account` (or will be, if nothing happens):
    told from the limits it remembers. Its sources have no names, and it does not tell what rolled over."""
    order = {subscription.id: n for n, subscription in enumerate(account.subscriptions)}
    then = [limit for limit in account.limits if limit.feature.key == feature_key and limit.holds(at)]
    then.sort(key=lambda limit: (order[limit.subscription_id], limit.add_on is not None))
    found = [(from_limit(limit), Rhythm(limit.anchor, limit.since, limit.zone)) for limit in then]
    return right_of(account, feature_key, then[0].feature if then else None, found, at)


def earlier_of(account: Account, right: Entitlement) -> tuple[EarlierPeriod, ...]:
    """The complete periods from which something may have rolled into the right's own, oldest first; at most 36. What
    was counted in another rhythm does not roll over."""
    key, anchor, since, present, resets = right.feature.key, right.anchor, right.since, right.period, right.resets
    if resets in (None, Cadence.ONCE) or anchor is None or since is None or present is None:
        return ()
    limits = [limit for limit in account.limits if limit.feature.key == key]
    if not any(limit.rollover and limit.start < present.start for limit in limits):
        return ()
    assert resets is not None
    found: list[EarlierPeriod] = []
    while present.start > since and len(found) < EARLIER_MAX:
        present = counted_at(anchor, since, resets, right.zone, present.start - datetime.resolution)
        ends = [
            limit.end or FOREVER
            for limit in limits
            if limit.start < present.end and (limit.end or FOREVER) > present.start
        ]
        if not ends:
            found.append(EarlierPeriod(present, ZERO, None))
            continue
        last = entitlement_then(account, key, min(present.end, max(ends)) - datetime.resolution)
        if last is None or last.resets is not resets:
            break
        found.append(EarlierPeriod(present, None if last.unlimited else last.limit, last.rollover or ZERO))
    return tuple(reversed(found))
