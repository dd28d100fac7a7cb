"""What may happen to subscriptions: begun, changed now or later, with what was planned for them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.account import Account, Customer
from domain.catalog import PlanVersion, Price
from domain.decide.coupons import redemption
from domain.errors import ErrorCode, NotChargeable, Refusal, invalid
from domain.lifecycle.backdating import check_since, dated_back, usual_timing
from domain.lifecycle.conflicts import conflicting_changes, moves_to
from domain.lifecycle.transition import check_currency, check_quantity, choose_cadence, transition
from domain.lifecycle.trial import first_period
from domain.period import Cadence, Period
from domain.policy import ChangeTiming
from domain.pricing import check_prices
from domain.subscription import AddOn, Cancel, ScheduledChange, Subscription, describe

SUBSCRIPTIONS_MAX = 100
TRIAL_DAYS_MAX = 730
# How far from now a subscription may begin or be anchored: a start long ago would renew thousands of times at once.
START_DISTANCE_MAX = timedelta(days=731)
PLANNING_DISTANCE_MAX = timedelta(days=3_653)

SubscriptionCommand = c.Subscribe | c.ChangeSubscription | c.RevokeCancellation | c.CancelScheduledChange


def decide_subscription(
    account: Account, customer: Customer, command: SubscriptionCommand, at: datetime
) -> Sequence[e.AccountEvent]:
    match command:
        case c.Subscribe():
            return [
                *_redeemed(account, command, at),
                e.SubscriptionCreated(_new_subscription(account, customer, command, at)),
            ]
        case c.ChangeSubscription():
            return _change(account, customer, command, at)
        case c.RevokeCancellation(subscription_id=id):
            subscription = _subscription(account, id)
            if subscription.cancellation is None:
                raise Refusal(ErrorCode.CONFLICT, "no cancellation is planned", "subscription_id")
            return [e.ChangeWithdrawn(subscription.id, subscription.cancellation.id, "cancellation revoked")]
        case c.CancelScheduledChange(change_id=id):
            planned = _planned(account, id)
            return [e.ChangeWithdrawn(planned.subscription_id, id, "withdrawn by request")]


def _new_subscription(account: Account, customer: Customer, command: c.Subscribe, at: datetime) -> Subscription:
    plan = command.plan
    if sum(subscription.ended_at is None for subscription in account.subscriptions) >= SUBSCRIPTIONS_MAX:
        raise Refusal(ErrorCode.LIMIT_REACHED, f"at most {SUBSCRIPTIONS_MAX} running subscriptions a customer")
    for subscription in account.subscriptions:
        if subscription.ended_at is None and subscription.plan.plan_id == plan.plan_id:
            raise Refusal(
                ErrorCode.CONFLICT,
                f"{plan.plan_key} is already subscribed to ({subscription.id}); change that instead",
                "plan",
            )
    if moving := moves_to(account, plan.plan_id):
        raise _conflict(moving, "plan")
    check_quantity(command.quantity)
    check_currency(account, plan, "plan")
    if command.trial_days is not None and not 0 <= command.trial_days <= TRIAL_DAYS_MAX:
        raise invalid(f"must be between 0 and {TRIAL_DAYS_MAX}", "trial_days")
    _check_overrides(plan, command.overrides)
    start_at = command.start_at or at
    anchor = command.anchor or start_at
    for name, instant in (("start_at", start_at), ("anchor", anchor)):
        if abs(instant - at) > START_DISTANCE_MAX:
            raise invalid(f"must lie within {START_DISTANCE_MAX.days} days of now", name)
    closed = account.books.closed_until
    if closed is not None and start_at < closed:
        raise NotChargeable(f"what lies before {closed.isoformat()} is closed", "start_at")
    subscription = Subscription(
        id=command.subscription_id,
        plan=plan,
        cadence=choose_cadence(account, plan, command.cadence, preferred=Cadence.MONTH),
        quantity=command.quantity,
        zone=customer.timezone,
        created_at=at,
        start_at=start_at,
        anchor=anchor,
        period=Period(start_at, start_at),  # replaced when it starts
        plan_since=start_at,
        trial_days=command.trial_days,
        add_ons=_new_add_ons(account, command, start_at),
        overrides=command.overrides,
        anchor_given=command.anchor is not None,
    )
    return replace(subscription, period=first_period(account, subscription)[0])


def _redeemed(account: Account, command: c.Subscribe, at: datetime) -> Sequence[e.CouponRedeemed]:
    if command.coupon is None:
        return ()
    assert command.redemption_id is not None
    return [e.CouponRedeemed(redemption(account, command.coupon, command.redemption_id, at))]


def _check_overrides(plan: PlanVersion, overrides: Sequence[Price]) -> None:
    """An override takes the place of the plan's price with the same key, currency and cadence, and follows what that
    follows: it may cost something else, not be about something else."""
    check_prices(overrides, {meter.key for meter in plan.meters}, "overrides")
    meters = {(price.key, price.currency, price.cadence): price.meter_key for price in plan.terms.prices}
    for index, price in enumerate(overrides):
        where = ("overrides", str(index))
        identity = (price.key, price.currency, price.cadence)
        if identity not in meters:
            raise invalid(
                f"the plan has no price {price.key} in {price.currency} by the {price.cadence}", *where, "key"
            )
        if price.meter_key != meters[identity]:
            raise invalid(f"price {price.key} follows {meters[identity] or 'no meter'}", *where, "meter_key")


def _new_add_ons(account: Account, command: c.Subscribe, since: datetime) -> tuple[AddOn, ...]:
    taken = {command.plan.plan_key: "is the subscription's own plan"}
    for index, add_on in enumerate(command.add_ons):
        where = ("add_ons", str(index))
        if add_on.plan_key in taken:
            raise Refusal(ErrorCode.CONFLICT, f"{add_on.plan_key} {taken[add_on.plan_key]}", *where)
        check_currency(account, add_on, *where)
        taken[add_on.plan_key] = "stands twice; its quantity can be set once it is there"
    return tuple(AddOn(add_on, 1, since) for add_on in command.add_ons)


def _change(
    account: Account, customer: Customer, command: c.ChangeSubscription, at: datetime
) -> Sequence[e.AccountEvent]:
    subscription = _subscription(account, command.subscription_id)
    if command.timing is None:
        command = replace(command, timing=usual_timing(subscription, command.change, customer.currency))
    effective_at = _effective_at(subscription, command, at)
    conflicts = conflicting_changes(account, subscription, command.change, effective_at)
    now = effective_at <= at
    # Ending at once leaves nothing that a planned change could still be about.
    wins = command.replace_scheduled or (now and isinstance(command.change, Cancel))
    if conflicts and not wins:
        raise _conflict(conflicts, "timing")
    why = f"replaced: {describe(command.change)}"
    withdrawn = [e.ChangeWithdrawn(change.subscription_id, change.id, why) for change in conflicts]
    happens = transition(account, subscription, command.change, effective_at)
    if now:
        if command.since is not None:
            check_since(account, subscription, command.since, at)
            happens = dated_back(subscription, happens, command.since, at)
        return [*withdrawn, *happens]
    if command.since is not None:
        raise NotChargeable("only a change that takes effect now can be charged from an earlier instant", "since")
    planned = ScheduledChange(command.change_id, subscription.id, command.change, effective_at, at)
    return [*withdrawn, e.ChangeScheduled(planned)]


def _conflict(conflicts: Sequence[ScheduledChange], *field: str) -> Refusal:
    named = "; ".join(
        f"{describe(change.change)} at {change.effective_at.isoformat()} ({change.id})" for change in conflicts
    )
    ids = tuple(change.id for change in conflicts)
    return Refusal(ErrorCode.CONFLICT, f"conflicts with what is planned: {named}", *field, conflicts=ids)


def _effective_at(subscription: Subscription, command: c.ChangeSubscription, at: datetime) -> datetime:
    if subscription.ended_at is not None:
        raise Refusal(ErrorCode.CONFLICT, f"subscription {subscription.id} has ended", "subscription_id")
    if command.effective_at is not None and command.timing is not ChangeTiming.AT:
        raise invalid(f"is for timing AT, not {command.timing}", "effective_at")
    match command.timing:
        case ChangeTiming.NOW | None:
            return at
        case ChangeTiming.PERIOD_END:
            return subscription.period.end
        case ChangeTiming.AT:
            if command.effective_at is None:
                raise invalid("is needed when timing is AT", "effective_at")
            if command.effective_at <= at:
                raise invalid("must lie in the future", "effective_at")
            if command.effective_at - at > PLANNING_DISTANCE_MAX:
                raise invalid(f"must lie within {PLANNING_DISTANCE_MAX.days} days of now", "effective_at")
            return command.effective_at


def _subscription(account: Account, id: str) -> Subscription:
    subscription = account.subscription(id)
    if subscription is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such subscription", "subscription_id")
    return subscription


def _planned(account: Account, change_id: str) -> ScheduledChange:
    for subscription in account.subscriptions:
        for planned in subscription.scheduled:
            if planned.id == change_id:
                return planned
    raise Refusal(ErrorCode.NOT_FOUND, "no such planned change", "change_id")
