"""The rights of an account: what its customer may do at an instant."""

from datetime import datetime

from msgspec.structs import replace

from domain.account import Account
from domain.catalog import Feature
from domain.rights.combining import Rhythm, right_of
from domain.rights.entitlement import Entitlement
from domain.rights.past_rights import earlier_of
from domain.rights.source import Source, from_plan, offers, versions


def entitlements(account: Account, at: datetime) -> tuple[Entitlement, ...]:
    """Every right the customer holds (or is denied) at `at`, by feature key. `account`: the one present at `at`."""
    keys = {
        given.feature
        for subscription in account.subscriptions
        if subscription.gives_rights
        for version in versions(subscription)
        for given in version.terms.entitlements
    } | {grant.feature.key for grant in account.grants if grant.holds(at)}
    found = (entitlement(account, key, at) for key in sorted(keys))
    return tuple(right for right in found if right is not None)


def entitlement(account: Account, feature_key: str, at: datetime) -> Entitlement | None:
    """The right to one feature, or None when nothing speaks of it. `account`: the one present at `at`."""
    feature: Feature | None = None
    found: list[tuple[Source, Rhythm]] = []
    for subscription in account.subscriptions:
        if not subscription.gives_rights:
            continue
        rhythm = Rhythm(subscription.counted_by, subscription.counted_since, subscription.zone)
        for kind, version, id, quantity in offers(subscription):
            for given in version.terms.entitlements:
                if given.feature == feature_key:
                    feature = feature or version.feature(feature_key)
                    found.append((from_plan(kind, id, version, given, quantity, subscription), rhythm))
    right = right_of(account, feature_key, feature, found, at)
    return None if right is None else replace(right, earlier=earlier_of(account, right))
