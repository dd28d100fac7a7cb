"""What a change of a subscription does at its instant: the same code for a change now, a planned one and a preview."""

from datetime import datetime

from msgspec.structs import replace

from domain import events as e
from domain.account import Account
from domain.catalog import PlanVersion
from domain.errors import ErrorCode, Refusal, invalid
from domain.lifecycle.trial import first_period, trial_end
from domain.lifecycle.usage_calendar import Counting, after_trial, taken_up
from domain.period import Cadence, Period
from domain.subscription import (
    AddAddOn,
    AddOn,
    Cancel,
    Change,
    ChangePlan,
    ChangeQuantity,
    EndReason,
    Pause,
    RemoveAddOn,
    Resume,
    Subscription,
    period_from,
)

QUANTITY_MAX = 1_000_000


def transition(account: Account, subscription: Subscription, change: Change, at: datetime) -> list[e.AccountEvent]:
    """The events of `change` at `at`, or a Refusal when the subscription cannot take it."""
    if subscription.ended_at is not None:
        raise Refusal(ErrorCode.CONFLICT, f"subscription {subscription.id} has ended", "subscription_id")
    match change:
        case ChangePlan():
            return [_plan_changed(account, subscription, change, at)]
        case ChangeQuantity(quantity=quantity):
            check_quantity(quantity)
            return [] if quantity == subscription.quantity else [e.QuantityChanged(subscription.id, quantity)]
        case AddAddOn(plan=plan, quantity=quantity):
            check_quantity(quantity)
            check_currency(account, plan, "plan")
            if plan.plan_key == subscription.plan.plan_key:
                raise Refusal(ErrorCode.CONFLICT, f"{plan.plan_key} is the subscription's own plan", "plan")
            if any((add_on.plan.id, add_on.quantity) == (plan.id, quantity) for add_on in subscription.add_ons):
                return []
            return [e.AddOnAdded(subscription.id, AddOn(plan, quantity, max(at, subscription.start_at)))]
        case RemoveAddOn(plan_key=key):
            if all(add_on.plan.plan_key != key for add_on in subscription.add_ons):
                raise Refusal(ErrorCode.NOT_FOUND, f"the subscription has no add-on {key}", "plan_key")
            return [e.AddOnRemoved(subscription.id, key)]
        case Pause(resumes_at=resumes_at):
            if not subscription.started or subscription.paused_at is not None:
                raise Refusal(
                    ErrorCode.CONFLICT, f"it is {subscription.status}: only what runs can be paused", "subscription_id"
                )
            if resumes_at is not None and resumes_at <= at:
                raise invalid("must lie after the pause begins", "resumes_at")
            return [e.SubscriptionPaused(subscription.id, resumes_at)]
        case Resume():
            if subscription.paused_at is None:
                raise Refusal(ErrorCode.CONFLICT, f"it is {subscription.status}, not paused", "subscription_id")
            if subscription.resumes_at is not None and at > subscription.resumes_at:
                message = f"it resumes by itself at {subscription.resumes_at.isoformat()}"
                raise Refusal(ErrorCode.CONFLICT, message, "effective_at")
            return [e.SubscriptionResumed(subscription.id)]
        case Cancel():
            with_trial = subscription.trialing and subscription.trial_ends_at == at
            return [e.SubscriptionEnded(subscription.id, EndReason.TRIAL_ENDED if with_trial else EndReason.CANCELED)]


def _plan_changed(account: Account, subscription: Subscription, change: ChangePlan, at: datetime) -> e.PlanChanged:
    quantity = subscription.quantity if change.quantity is None else change.quantity
    check_quantity(quantity)
    check_currency(account, change.plan, "plan")
    cadence = choose_cadence(account, change.plan, change.cadence, preferred=subscription.cadence)
    same = (change.plan.id, cadence, quantity) == (subscription.plan.id, subscription.cadence, subscription.quantity)
    if same:
        raise Refusal(ErrorCode.CONFLICT, "the subscription is already on exactly this plan", "plan")

    if any(add_on.plan.plan_key == change.plan.plan_key for add_on in subscription.add_ons):
        raise Refusal(ErrorCode.CONFLICT, f"{change.plan.plan_key} is an add-on of the subscription", "plan")
    for other in account.subscriptions:
        if other.id != subscription.id and other.ended_at is None and other.plan.plan_id == change.plan.plan_id:
            raise Refusal(ErrorCode.CONFLICT, f"{change.plan.plan_key} is already subscribed to ({other.id})", "plan")

    kept = Counting(subscription.usage_anchor, subscription.usage_since)

    def changed(
        anchor: datetime, period: Period, trial_ends_at: datetime | None, counting: Counting = kept
    ) -> e.PlanChanged:
        return e.PlanChanged(
            subscription.id, change.plan, cadence, quantity, anchor, period, trial_ends_at, None, *counting
        )

    moved = replace(subscription, plan=change.plan, cadence=cadence)
    if not subscription.started:
        period, _, _ = first_period(account, moved)
        return changed(subscription.anchor, period, None)

    if subscription.trialing:
        assert subscription.trial_ends_at is not None
        # The instant at which a trial ends no longer belongs to it: a change at it prolongs nothing.
        ends_at = trial_end(account, subscription, change.plan) if at < subscription.trial_ends_at else at
        ends_at = max(at, ends_at)
        follows = not subscription.anchor_given and subscription.anchor == subscription.trial_ends_at
        anchor = ends_at if follows else subscription.anchor
        if ends_at > at:
            return changed(anchor, Period(subscription.period.start, ends_at), ends_at)
        begins = replace(moved, anchor=anchor)
        return changed(anchor, period_from(begins, at), at, after_trial(account, begins, at))

    # Another rhythm begins a period of its own; the same rhythm keeps its boundaries. Use goes on being counted in the
    # same periods: nobody gets a limit once more by changing how they pay.
    found = taken_up(account, subscription, moved, at)
    if cadence is not subscription.cadence:
        counting = found or Counting(subscription.counted_by, subscription.usage_since)
        return changed(at, period_from(replace(moved, anchor=at), at), subscription.trial_ends_at, counting)
    return changed(subscription.anchor, subscription.period, subscription.trial_ends_at, found or kept)


def check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= QUANTITY_MAX:
        raise invalid(f"must be between 1 and {QUANTITY_MAX:,}", "quantity")


def check_currency(account: Account, plan: PlanVersion, *field: str) -> None:
    """All that the plan charges for is priced in the customer's currency. Raises Refusal."""
    assert account.customer is not None
    currency = account.customer.currency
    if (missing := plan.unsold_in(currency)) is not None:
        raise Refusal(ErrorCode.CURRENCY_MISMATCH, f"plan {plan.plan_key} has no {missing} in {currency}", *field)


def choose_cadence(account: Account, plan: PlanVersion, asked: Cadence | None, preferred: Cadence) -> Cadence:
    """The asked rhythm, which the plan must offer; else the preferred one if offered; else the shortest offered."""
    assert account.customer is not None
    offered = plan.cadences(account.customer.currency)
    if asked is not None:
        if asked is Cadence.ONCE or (offered and asked not in offered):
            choices = ", ".join(choice for choice in Cadence if choice in offered) or "a recurring one"
            message = (
                "a subscription recurs"
                if asked is Cadence.ONCE
                else f"{plan.plan_key} is not sold by the {asked.lower()}"
            )
            raise invalid(f"{message}; choose {choices}", "cadence")
        return asked
    if not offered or preferred in offered:
        return preferred
    return next(choice for choice in Cadence if choice in offered)
