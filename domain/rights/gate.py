"""The gate: may this customer do this, now? Every answer says why, step by step."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain.account import Account
from domain.catalog import Catalog, Feature, FeatureKind, Plan, PlanEntitlement, PlanVersion
from domain.evolve.segments import applicable_prices
from domain.exact import EXACT, ZERO, exact_sum
from domain.overdue import day, in_words, overdue
from domain.period import FOREVER
from domain.pricing.fixed_fees import in_a_year
from domain.rights.account_rights import entitlement
from domain.rights.entitlement import Entitlement
from domain.rights.prepaid_coverage import prepaid_coverage
from domain.rights.source import Source
from domain.subscription import EndReason, Subscription


class DecisionReason(StrEnum):
    # allowed
    INCLUDED = "INCLUDED"
    WITHIN_LIMIT = "WITHIN_LIMIT"
    OVERAGE_BILLED = "OVERAGE_BILLED"
    PREPAID_CREDIT = "PREPAID_CREDIT"
    GRANTED = "GRANTED"
    # denied
    NOT_INCLUDED = "NOT_INCLUDED"
    LIMIT_REACHED = "LIMIT_REACHED"
    CREDIT_EXHAUSTED = "CREDIT_EXHAUSTED"
    NO_SUBSCRIPTION = "NO_SUBSCRIPTION"
    TRIAL_ENDED = "TRIAL_ENDED"
    PAYMENT_OVERDUE = "PAYMENT_OVERDUE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    UNKNOWN_FEATURE = "UNKNOWN_FEATURE"


class FeatureUsage(Struct, frozen=True):
    """What the entitlement's period has used, what open reservations hold, and what rolled over into it."""

    used: Decimal = ZERO
    held: Decimal = ZERO
    carried: Decimal = ZERO


class Decision(Struct, frozen=True):
    """`remaining` None: unlimited, or not metered. `resets_at` None: never."""

    allowed: bool
    reason: DecisionReason
    feature: str
    trace: tuple[str, ...]
    limit: Decimal | None = None
    used: Decimal | None = None
    remaining: Decimal | None = None
    resets_at: datetime | None = None
    value: Any = None


def decide_use(
    account: Account | None,
    catalog: Catalog,
    feature_key: str,
    quantity: Decimal,
    usage: FeatureUsage,
    at: datetime,
) -> Decision:
    """Whether `quantity` more of the feature may be used at `at`. `account` is the one present at `at`; None: no such
    customer. Unknown features and customers get an answer that a gate can use."""
    right = None if account is None else entitlement(account, feature_key, at)
    feature = right.feature if right else catalog.feature(feature_key)
    if feature is None:
        return Decision(False, DecisionReason.UNKNOWN_FEATURE, feature_key, (f"no feature has the key {feature_key}",))
    if account is None or account.customer is None:
        return Decision(False, DecisionReason.NO_SUBSCRIPTION, feature_key, ("no such customer",))
    if right is None:
        reason, step = _why_nothing(account, feature)
        return Decision(False, reason, feature_key, (step,))

    trace = [_told(source, feature) for source in right.sources]
    if not right.enabled:
        against = [source for source in right.sources if source.by_hand and not source.enabled]
        trace.append(
            "denied by " + ", ".join(source.label for source in against) if against else "nothing switches it on"
        )
        reason = DecisionReason.REVOKED if against else DecisionReason.NOT_INCLUDED
        return Decision(False, reason, feature_key, tuple(trace), value=right.value)
    if (denied := _in_debt(account, right, at, trace)) is not None:
        return Decision(False, denied, feature_key, tuple(trace), value=right.value)
    if feature.kind is FeatureKind.METERED:
        decision = _metered(right, quantity, usage, trace)
        return _prepaid(decision, account, catalog, right, quantity, usage, at) if decision.allowed else decision
    if feature.kind is FeatureKind.VALUE:
        ceiling = _ceiling(right.value)
        if ceiling is not None and quantity > ceiling:
            trace.append(f"{quantity:f} is above {ceiling:f}")
            return Decision(
                False,
                DecisionReason.LIMIT_REACHED,
                feature_key,
                tuple(trace),
                limit=ceiling,
                value=right.value,
            )
    reason = DecisionReason.GRANTED if _only_by_hand(right) else DecisionReason.INCLUDED
    return Decision(True, reason, feature_key, tuple(trace), value=right.value)


def _in_debt(account: Account, right: Entitlement, at: datetime, trace: list[str]) -> DecisionReason | None:
    """Debts close what plans give. What is held by hand alone was given whatever they pay. (decisions/0015)"""
    owing = account.owing
    if owing.suspended_at is None and (owing.due_at is None or at < owing.due_at):
        return None
    if _only_by_hand(right):
        return None
    if owing.suspended_at is not None:
        trace.append(f"{overdue(account, at)}: suspended since {day(account, owing.suspended_at)}")
        return DecisionReason.SUSPENDED
    assert owing.rights_until is not None
    until = day(account, owing.rights_until)
    if at >= owing.rights_until:
        trace.append(f"{overdue(account, at)}: rights were kept until {until}")
        return DecisionReason.PAYMENT_OVERDUE
    trace.append(f"{overdue(account, at)}: rights are kept until {until}")
    return None


def _prepaid(
    decision: Decision,
    account: Account,
    catalog: Catalog,
    right: Entitlement,
    quantity: Decimal,
    usage: FeatureUsage,
    at: datetime,
) -> Decision:
    """What its limits allow has to be covered by credit, if it draws on that."""
    period = exact_sum((usage.used, usage.held, quantity))
    found = prepaid_coverage(account, catalog.settings, right, period, usage.carried, at)
    if found is None or not found.drawn:
        return decision
    credit = in_words({found.credit.currency: found.credit.amount})
    step = f"prepaid: {credit} of credit is left"
    if found.cost is not None:
        step += f", {period:f} in this period come to {in_words({found.cost.currency: found.cost.amount})}"
    reason = DecisionReason.PREPAID_CREDIT if found.enough else DecisionReason.CREDIT_EXHAUSTED
    return replace(decision, allowed=found.enough, reason=reason, trace=(*decision.trace, step))


def _ceiling(value: Any) -> Decimal | None:
    """A value that is a number is a ceiling: with parallel_downloads = 3, asking for 4 is refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(repr(value))


def limit_with(right: Entitlement, usage: FeatureUsage) -> Decimal | None:
    """The limit of this period, with what rolled over into it. None: unlimited."""
    return None if right.unlimited or right.limit is None else EXACT.add(right.limit, usage.carried)


def _metered(right: Entitlement, quantity: Decimal, usage: FeatureUsage, trace: list[str]) -> Decision:
    key = right.feature.key
    resets_at = right.period.end if right.period is not None and right.period.end < FOREVER else None
    limit = limit_with(right, usage)
    if limit is None:
        trace.append("unlimited")
        reason = DecisionReason.GRANTED if _only_by_hand(right) else DecisionReason.WITHIN_LIMIT
        return Decision(True, reason, key, tuple(trace), used=usage.used, resets_at=resets_at)
    if usage.carried:
        trace.append(f"{usage.carried:f} carried over from earlier periods")
    if usage.held:
        trace.append(f"{usage.held:f} held by open reservations")
    left = EXACT.subtract(limit, EXACT.add(usage.used, usage.held))
    remaining = max(ZERO, left)
    within = quantity <= left
    verdict = "within" if within else "above"
    trace.append(f"used {usage.used:f} of {limit:f}, asked for {quantity:f}: {verdict} the limit")
    if within:
        reason = DecisionReason.GRANTED if _only_by_hand(right) else DecisionReason.WITHIN_LIMIT
    elif right.hard:
        reason = DecisionReason.LIMIT_REACHED
        trace.append("the limit is hard")
    else:
        reason = DecisionReason.OVERAGE_BILLED
        trace.append("the limit is soft: what is above it is billed")
    allowed = within or not right.hard
    return Decision(allowed, reason, key, tuple(trace), limit, usage.used, remaining, resets_at)


def _only_by_hand(right: Entitlement) -> bool:
    return all(source.by_hand for source in right.sources if source.enabled)


def _told(source: Source, feature: Feature) -> str:
    amount = ""
    if not source.enabled:
        amount = ": off"
    elif feature.kind is FeatureKind.METERED:
        amount = ": unlimited" if source.unlimited else f": {source.limit or ZERO:f}"
    return f"{source.kind.lower().replace('_', '-')} {source.label}{amount}"


def _why_nothing(account: Account, feature: Feature) -> tuple[DecisionReason, str]:
    """No source speaks of the feature: the most helpful of the reasons why not."""
    live = [
        subscription for subscription in account.subscriptions if subscription.started and subscription.ended_at is None
    ]
    if any(subscription.paused_at is not None and _speaks(subscription, feature) for subscription in live):
        return DecisionReason.SUSPENDED, "the subscription is paused"
    revoked = [grant for grant in account.grants if grant.feature.key == feature.key and grant.revoked]
    if revoked:
        return DecisionReason.REVOKED, f"the grant ({revoked[-1].reason}) was revoked"
    if live:
        plans = ", ".join(subscription.plan.plan_name for subscription in live)
        return DecisionReason.NOT_INCLUDED, f"{plans} does not include {feature.key}"
    ended = [
        (subscription.ended_at, subscription.end_reason)
        for subscription in account.subscriptions
        if subscription.ended_at is not None
    ]
    if ended and max(ended)[1] is EndReason.TRIAL_ENDED:
        return DecisionReason.TRIAL_ENDED, "the trial has ended"
    return DecisionReason.NO_SUBSCRIPTION, "there is no running subscription"


def _speaks(subscription: Subscription, feature: Feature) -> bool:
    versions = (subscription.plan, *(add_on.plan for add_on in subscription.add_ons))
    return any(given.feature == feature.key for version in versions for given in version.terms.entitlements)


def cheapest_plan(catalog: Catalog, feature_key: str, needed: Decimal, currency: str) -> Plan | None:
    """The cheapest plan on sale that would allow `needed` of the feature (for a limit: used + asked), by what one seat
    of it costs a year before any usage. Ties go to the plan that was created first."""
    fitting = [
        (price, index, plan)
        for index, plan in enumerate(catalog.plans)
        if plan.archived_at is None
        and any(_allows(catalog, given, feature_key, needed) for given in plan.current.terms.entitlements)
        and (price := _yearly(plan.current, currency)) is not None
    ]
    return min(fitting, key=lambda found: found[:2])[2] if fitting else None


def _allows(catalog: Catalog, given: PlanEntitlement, feature_key: str, needed: Decimal) -> bool:
    feature = catalog.feature(feature_key)
    if feature is None or given.feature != feature_key or given.enabled is False:
        return False
    if feature.kind is FeatureKind.METERED:
        return given.limit is None or given.hard is False or needed <= given.limit
    ceiling = _ceiling(given.value)
    return ceiling is None or needed <= ceiling


def _yearly(plan: PlanVersion, currency: str) -> Fraction | None:
    """What one seat costs by the year in its cheapest rhythm; 0 without fees; None: not sold in `currency`."""
    if plan.unsold_in(currency) is not None:
        return None
    rhythms = (applicable_prices(plan, (), currency, cadence)[0] for cadence in plan.cadences(currency))
    return min((in_a_year(prices, 1) for prices in rhythms), default=Fraction(0))
