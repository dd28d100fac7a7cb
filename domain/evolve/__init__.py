"""The fold: state + event → state. Nothing is decided here; what happened is only remembered."""

from datetime import datetime

from msgspec import UnsetType
from msgspec.structs import replace

from domain import events as e
from domain.access import ApiKey
from domain.account import Account
from domain.catalog import Catalog
from domain.clock import TestClock
from domain.evolve.limits import with_limits
from domain.evolve.money import evolve_money
from domain.evolve.segments import billed_up_to, with_segments
from domain.subscription import Cancel, EndReason, Subscription


def evolve_account(account: Account, event: e.AccountEvent, at: datetime) -> Account:
    account = replace(account, seq=account.seq + 1)
    if isinstance(event, e.BillingSuspended | e.BillingRestored):
        changed = evolve_money(account, event, at)
        for subscription in changed.subscriptions:
            changed = _with_segments(changed, subscription.id, at, at)
        return changed
    if isinstance(event, e.MoneyEvent):
        return evolve_money(account, event, at)
    changed = _evolve_rights(account, event, at)
    if isinstance(event, e.ChangeWithdrawn):
        return _change_withdrawn(account, changed, event, at)
    if not isinstance(event, _CHARGED):
        return changed
    changed = with_limits(account, changed, event.subscription_id, _rights_from(event, at), at)
    return _with_segments(changed, event.subscription_id, _charged_from(event, at), at)


def _change_withdrawn(account: Account, changed: Account, event: e.ChangeWithdrawn, at: datetime) -> Account:
    """What was billed only up to an end that does not come any more is billed beyond it, at once."""
    subscription = account.subscription(event.subscription_id)
    assert subscription is not None
    planned = next(change for change in subscription.scheduled if change.id == event.change_id)
    if isinstance(planned.change, Cancel) and billed_up_to(account.books, subscription.id, planned.effective_at):
        return replace(changed, books=replace(changed.books, bill_at=at))
    return changed


def _with_segments(account: Account, subscription_id: str, since: datetime, at: datetime) -> Account:
    """With the billing segments of what the subscription now charges. No rights, no charge: while dunning has suspended
    the account nothing runs."""
    subscription = account.subscription(subscription_id)
    assert subscription is not None
    assert account.customer is not None
    runs = subscription.gives_rights and account.owing.suspended_at is None
    currency = account.customer.currency
    books = with_segments(account.books, subscription, currency, since, at, because=account.seq, runs=runs)
    return replace(account, books=books)


_CHARGED = (
    e.SubscriptionStarted
    | e.TrialEnded
    | e.PlanChanged
    | e.QuantityChanged
    | e.AddOnAdded
    | e.AddOnRemoved
    | e.SubscriptionPaused
    | e.SubscriptionResumed
    | e.SubscriptionEnded
)
"""What changes which terms run."""


def _rights_from(event: e.RightsEvent, at: datetime) -> datetime:
    """A start or the end of a trial that was recorded late counts from its own instant."""
    match event:
        case e.SubscriptionStarted(period=period) | e.TrialEnded(period=period):
            return period.start
        case _:
            return at


def _charged_from(event: e.RightsEvent, at: datetime) -> datetime:
    """What is dated back is charged from before rights changed."""
    since: datetime | None = getattr(event, "since", None)
    return since or _rights_from(event, at)


def _evolve_rights(account: Account, event: e.RightsEvent, at: datetime) -> Account:
    match event:
        case e.CustomerCreated(customer=customer):
            return replace(account, customer=customer)
        case e.CustomerUpdated():
            return _customer_updated(account, event)
        case e.CustomerErased():
            assert account.customer is not None
            return replace(account, customer=replace(account.customer, sealed={}, erased_at=at))
        case e.SubscriptionCreated(subscription=subscription):
            return replace(account, subscriptions=(*account.subscriptions, subscription))
        case e.SubscriptionStarted(subscription_id=id):
            changed = account.changing(id, lambda subscription: _subscription_changed(subscription, event, at))
            started = changed.subscription(id)
            assert started is not None
            return _first_started(changed, started.plan.plan_key, started.start_at)
        case e.PlanChanged(subscription_id=id):
            before = account.subscription(id)
            assert before is not None
            changed = account.changing(id, lambda subscription: _subscription_changed(subscription, event, at))
            if not before.started:
                return changed
            # A trial goes on counting from where it began, also on the new plan.
            first = account.first_starts[before.plan.plan_key] if before.trialing else at
            return _first_started(changed, event.plan.plan_key, first)
        case e.EntitlementGranted(grant=grant):
            return replace(account, grants=(*account.grants, grant))
        case e.EntitlementRevoked(grant_id=id):
            return _grant_ended(account, id, at, revoked=True)
        case e.EntitlementExpired(grant_id=id):
            return _grant_ended(account, id, at, revoked=False)
        case e.ChangeScheduled(scheduled=planned):
            return account.changing(
                planned.subscription_id,
                lambda subscription: replace(subscription, scheduled=(*subscription.scheduled, planned)),
            )
        case _:
            return account.changing(
                event.subscription_id, lambda subscription: _subscription_changed(subscription, event, at)
            )


def _first_started(account: Account, plan_key: str, at: datetime) -> Account:
    first = min(at, account.first_starts.get(plan_key, at))
    return replace(account, first_starts={**account.first_starts, plan_key: first})


def _customer_updated(account: Account, event: e.CustomerUpdated) -> Account:
    customer = account.customer
    assert customer is not None
    sealed = {**customer.sealed, **event.sealed}
    return replace(
        account,
        customer=replace(
            customer,
            sealed={field: text for field, text in sealed.items() if text is not None},
            currency=event.currency or customer.currency,
            timezone=event.timezone or customer.timezone,
            country=customer.country if isinstance(event.country, UnsetType) else event.country,
            locale=event.locale or customer.locale,
            tax_id_country=(
                customer.tax_id_country if isinstance(event.tax_id_country, UnsetType) else event.tax_id_country
            ),
            tax_id_valid=customer.tax_id_valid if event.tax_id_valid is None else event.tax_id_valid,
        ),
    )


def _grant_ended(account: Account, grant_id: str, at: datetime, revoked: bool) -> Account:
    return replace(
        account,
        grants=tuple(
            replace(grant, ended_at=at, revoked=revoked) if grant.id == grant_id else grant for grant in account.grants
        ),
    )


def _subscription_changed(subscription: Subscription, event: e.RightsEvent, at: datetime) -> Subscription:
    match event:
        case e.SubscriptionStarted():
            return replace(
                subscription,
                started=True,
                period=event.period,
                anchor=event.anchor,
                trial_ends_at=event.trial_ends_at,
                trialing=event.trial_ends_at is not None,
                usage_anchor=event.usage_anchor,
                usage_since=event.usage_since,
            )
        case e.TrialEnded(period=period, usage_anchor=anchor, usage_since=since):
            return replace(subscription, trialing=False, period=period, usage_anchor=anchor, usage_since=since)
        case e.SubscriptionRenewed(period=period):
            return replace(subscription, period=period)
        case e.PlanChanged():
            return replace(
                subscription,
                plan=event.plan,
                cadence=event.cadence,
                quantity=event.quantity,
                anchor=event.anchor,
                period=event.period,
                trial_ends_at=event.trial_ends_at,
                trialing=subscription.trialing and event.trial_ends_at is not None and event.trial_ends_at > at,
                plan_since=max(at, subscription.start_at),
                overrides=subscription.overrides if event.plan.plan_id == subscription.plan.plan_id else (),
                usage_anchor=event.usage_anchor,
                usage_since=event.usage_since,
            )
        case e.QuantityChanged(quantity=quantity):
            return replace(subscription, quantity=quantity)
        case e.AddOnAdded(add_on=add_on):
            others = tuple(other for other in subscription.add_ons if other.plan.plan_key != add_on.plan.plan_key)
            return replace(subscription, add_ons=(*others, add_on))
        case e.AddOnRemoved(plan_key=key):
            return replace(
                subscription, add_ons=tuple(add_on for add_on in subscription.add_ons if add_on.plan.plan_key != key)
            )
        case e.SubscriptionPaused(resumes_at=resumes_at):
            return replace(subscription, paused_at=at, resumes_at=resumes_at)
        case e.SubscriptionResumed():
            return replace(subscription, paused_at=None, resumes_at=None)
        case e.SubscriptionEnded(reason=reason):
            return replace(subscription, ended_at=at, end_reason=EndReason(reason), scheduled=())
        case e.ChangeWithdrawn(change_id=id) | e.ChangeApplied(change_id=id):
            return subscription.without_scheduled(id)
        case _:
            raise AssertionError(f"no fold for {type(event).__name__}")


def evolve_catalog(catalog: Catalog, event: e.CatalogEvent, at: datetime) -> Catalog:
    match event:
        case e.FeatureCreated(feature=feature):
            return replace(catalog, features=(*catalog.features, feature))
        case e.MeterCreated(meter=meter):
            return replace(catalog, meters=(*catalog.meters, meter))
        case e.PlanCreated(plan=plan):
            return replace(catalog, plans=(*catalog.plans, plan))
        case e.PlanVersionPublished(version=version):
            plan = next(plan for plan in catalog.plans if plan.id == version.plan_id)
            return catalog.with_plan(replace(plan, versions=(*plan.versions, version)))
        case e.PlanArchived(plan_id=plan_id):
            plan = next(plan for plan in catalog.plans if plan.id == plan_id)
            return catalog.with_plan(replace(plan, archived_at=at))
        case e.CouponCreated(coupon=coupon):
            return replace(catalog, coupons=(*catalog.coupons, coupon))
        case e.CouponArchived(code=code):
            return replace(
                catalog,
                coupons=tuple(
                    replace(coupon, archived_at=at) if coupon.code == code else coupon for coupon in catalog.coupons
                ),
            )
        case e.SettingsChanged(settings=settings):
            return replace(catalog, settings=settings)


def evolve_clock(clock: TestClock, event: e.ClockEvent, at: datetime) -> TestClock:
    match event:
        case e.ClockCreated(id=id, name=name, now=now):
            return TestClock(id, name, now)
        case e.ClockAdvanced(to=to):
            return replace(clock, now=to)


def evolve_key(key: ApiKey, event: e.KeyEvent, at: datetime) -> ApiKey:
    match event:
        case e.KeyCreated(key=created):
            return created
        case e.KeyRevoked():
            return replace(key, revoked_at=at)
