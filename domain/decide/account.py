"""What may happen to a customer's account. The state given is the one present at `at`: what fell due is folded in."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.account import Account, Customer, Grant
from domain.catalog import FeatureKind, PlanVersion, Price
from domain.decide.coupons import redemption
from domain.decide.customers import erase_customer, new_customer, update_customer
from domain.decide.money import decide_money
from domain.errors import ErrorCode, NotChargeable, Refusal, invalid
from domain.lifecycle.backdating import check_since, dated_back, usual_timing
from domain.lifecycle.conflicts import conflicting_changes, moves_to
from domain.lifecycle.transition import check_currency, check_quantity, choose_cadence, transition
from domain.lifecycle.trial import first_period
from domain.period import Cadence, Period
from domain.policy import ChangeTiming
from domain.pricing import check_prices
from domain.subscription import (
    AddOn,
    Cancel,
    ScheduledChange,
    Subscription,
    describe,
)
from domain.wording import REASON_CHARS_MAX, check_name, check_setting

SUBSCRIPTIONS_MAX = 100
GRANTS_MAX = 1_000
TRIAL_DAYS_MAX = 730
# How far from now a subscription may begin or be anchored: a start long ago would renew thousands of times at once.
START_DISTANCE_MAX = timedelta(days=731)
PLANNING_DISTANCE_MAX = timedelta(days=3_653)

_HAPPENED = (
    c.SettlePayment,
    c.NoteProcessing,
    c.SettleRefund,
    c.RecordRefund,
    c.RemoveMethod,
    c.LinkProvider,  # what is known can be deleted there
    c.UnlinkProvider,
    c.NoteDrift,
)
"""What an erased customer's provider has still to tell."""


def decide_account(account: Account, command: c.AccountCommand, at: datetime) -> Sequence[e.AccountEvent]:
    if isinstance(command, c.CreateCustomer):
        return [e.CustomerCreated(new_customer(account, command.customer, at))]
    if account.customer is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
    if isinstance(command, c.CatchUp):
        return []
    if account.customer.erased_at is not None:
        if isinstance(command, c.EraseCustomer):
            return []
        if isinstance(command, _HAPPENED):  # what happened has happened
            return decide_money(account, command, at)
        raise Refusal(ErrorCode.NOT_FOUND, "the customer was erased", "customer")
    if isinstance(command, c.MoneyCommand):
        return decide_money(account, command, at)
    match command:
        case c.UpdateCustomer():
            return update_customer(account, account.customer, command)
        case c.EraseCustomer():
            return erase_customer(account)
        case c.Subscribe():
            return [
                *_redeemed(account, command, at),
                e.SubscriptionCreated(_new_subscription(account, account.customer, command, at)),
            ]
        case c.ChangeSubscription():
            return _change(account, command, at)
        case c.RevokeCancellation(subscription_id=id):
            held = _subscription(account, id)
            if held.cancellation is None:
                raise Refusal(ErrorCode.CONFLICT, "no cancellation is planned", "subscription_id")
            return [e.ChangeWithdrawn(held.id, held.cancellation.id, "cancellation revoked")]
        case c.CancelScheduledChange(change_id=id):
            planned = _planned(account, id)
            return [e.ChangeWithdrawn(planned.subscription_id, id, "withdrawn by request")]
        case c.GrantEntitlement(grant=grant):
            return [e.EntitlementGranted(_new_grant(account, grant, at))]
        case c.RevokeEntitlement(grant_id=id):
            held_grant = account.grant(id)
            if held_grant is None:
                raise Refusal(ErrorCode.NOT_FOUND, "no such grant", "grant_id")
            return [] if held_grant.ended_at is not None else [e.EntitlementRevoked(id)]


def _new_subscription(account: Account, customer: Customer, command: c.Subscribe, at: datetime) -> Subscription:
    plan = command.plan
    if sum(held.ended_at is None for held in account.subscriptions) >= SUBSCRIPTIONS_MAX:
        raise Refusal(ErrorCode.LIMIT_REACHED, f"at most {SUBSCRIPTIONS_MAX} running subscriptions a customer")
    for held in account.subscriptions:
        if held.ended_at is None and held.plan.plan_id == plan.plan_id:
            raise Refusal(
                ErrorCode.CONFLICT,
                f"{plan.plan_key} is already subscribed to ({held.id}); change that instead",
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


def _change(account: Account, command: c.ChangeSubscription, at: datetime) -> Sequence[e.AccountEvent]:
    held = _subscription(account, command.subscription_id)
    if command.timing is None:
        assert account.customer is not None
        command = replace(command, timing=usual_timing(held, command.change, account.customer.currency))
    effective_at = _effective_at(held, command, at)
    clashing = conflicting_changes(account, held, command.change, effective_at)
    now = effective_at <= at
    # Ending at once leaves nothing that a planned change could still be about.
    wins = command.replace_scheduled or (now and isinstance(command.change, Cancel))
    if clashing and not wins:
        raise _conflict(clashing, "timing")
    why = f"replaced: {describe(command.change)}"
    withdrawn = [e.ChangeWithdrawn(one.subscription_id, one.id, why) for one in clashing]
    happens = transition(account, held, command.change, effective_at)
    if now:
        if command.since is not None:
            check_since(account, held, command.since, at)
            happens = dated_back(held, happens, command.since, at)
        return [*withdrawn, *happens]
    if command.since is not None:
        raise NotChargeable("only a change that takes effect now can be charged from an earlier instant", "since")
    planned = ScheduledChange(command.change_id, held.id, command.change, effective_at, at)
    return [*withdrawn, e.ChangeScheduled(planned)]


def _conflict(clashing: Sequence[ScheduledChange], *field: str) -> Refusal:
    named = "; ".join(f"{describe(one.change)} at {one.effective_at.isoformat()} ({one.id})" for one in clashing)
    ids = tuple(one.id for one in clashing)
    return Refusal(ErrorCode.CONFLICT, f"conflicts with what is planned: {named}", *field, conflicts=ids)


def _effective_at(held: Subscription, command: c.ChangeSubscription, at: datetime) -> datetime:
    if held.ended_at is not None:
        raise Refusal(ErrorCode.CONFLICT, f"subscription {held.id} has ended", "subscription_id")
    if command.effective_at is not None and command.timing is not ChangeTiming.AT:
        raise invalid(f"is for timing AT, not {command.timing}", "effective_at")
    match command.timing:
        case ChangeTiming.NOW | None:
            return at
        case ChangeTiming.PERIOD_END:
            return held.period.end
        case ChangeTiming.AT:
            if command.effective_at is None:
                raise invalid("is needed when timing is AT", "effective_at")
            if command.effective_at <= at:
                raise invalid("must lie in the future", "effective_at")
            if command.effective_at - at > PLANNING_DISTANCE_MAX:
                raise invalid(f"must lie within {PLANNING_DISTANCE_MAX.days} days of now", "effective_at")
            return command.effective_at


def _subscription(account: Account, id: str) -> Subscription:
    held = account.subscription(id)
    if held is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such subscription", "subscription_id")
    return held


def _planned(account: Account, change_id: str) -> ScheduledChange:
    for held in account.subscriptions:
        for planned in held.scheduled:
            if planned.id == change_id:
                return planned
    raise Refusal(ErrorCode.NOT_FOUND, "no such planned change", "change_id")


def _new_grant(account: Account, grant: Grant, at: datetime) -> Grant:
    if sum(one.ended_at is None for one in account.grants) >= GRANTS_MAX:
        raise Refusal(ErrorCode.LIMIT_REACHED, f"at most {GRANTS_MAX:,} open grants a customer")
    check_name(grant.reason, "reason", chars_max=REASON_CHARS_MAX)
    check_setting(grant.value, "value")
    if grant.expires_at is not None and grant.expires_at <= at:
        raise invalid("must lie in the future", "expires_at")
    if grant.limit is not None and grant.limit < Decimal(0):
        raise invalid("must not be negative", "limit")
    match grant.feature.kind:
        case FeatureKind.SWITCH:
            if grant.limit is not None or grant.unlimited or grant.value is not None:
                raise invalid(f"{grant.feature.key} is a switch: give enabled only", "feature")
        case FeatureKind.METERED:
            if grant.value is not None:
                raise invalid(f"{grant.feature.key} is metered: it takes a limit, not a value", "value")
            if grant.limit is not None and grant.unlimited:
                raise invalid("a limit and unlimited exclude each other", "unlimited")
            if grant.limit is None and not grant.unlimited and grant.enabled is not False:
                raise invalid("give a limit, or unlimited", "limit")
        case FeatureKind.VALUE:
            if grant.limit is not None or grant.unlimited:
                raise invalid(f"{grant.feature.key} holds a value: it takes no limit", "limit")
            if grant.value is None and grant.enabled is not False:
                raise invalid("give the value", "value")
    if grant.hard is not None and grant.feature.kind is not FeatureKind.METERED:
        raise invalid(f"{grant.feature.key} has no limit that could be hard", "hard")
    return replace(grant, granted_at=at)
