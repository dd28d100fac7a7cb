"""What may be added to the catalog. Creating what is already there, with the same content, changes nothing."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.catalog import (
    Aggregation,
    Catalog,
    Feature,
    FeatureKind,
    Meter,
    Plan,
    PlanEntitlement,
    PlanVersion,
    Terms,
)
from domain.decide.offers import archive_coupon, create_coupon
from domain.errors import ErrorCode, Refusal, invalid
from domain.money import is_currency
from domain.policy import ChangeTiming
from domain.pricing import check_prices
from domain.seller_check import check_settings
from domain.wording import (
    DESCRIPTION_CHARS_MAX,
    EVENT_NAME_CHARS_MAX,
    NAME_CHARS_MAX,
    check_length,
    check_name,
    check_setting,
)

KEY = re.compile(r"[a-z][a-z0-9_.-]{0,62}")
TRIAL_DAYS_MAX = 730
DRAFT_HOURS_MAX = 168
"""A week: for longer nobody would know what a period came to."""


def decide_catalog(catalog: Catalog, command: c.CatalogCommand, at: datetime) -> Sequence[e.CatalogEvent]:
    match command:
        case c.CreateFeature(feature=feature):
            return _create_feature(catalog, feature)
        case c.CreateMeter(meter=meter):
            return _create_meter(catalog, meter)
        case c.CreatePlan():
            return _create_plan(catalog, command, at)
        case c.PublishPlanVersion():
            return _publish(catalog, command, at)
        case c.ArchivePlan(plan_key=key):
            plan = _plan(catalog, key)
            return [] if plan.archived_at is not None else [e.PlanArchived(plan.id)]
        case c.CreateCoupon(coupon=coupon):
            return create_coupon(catalog, coupon, at)
        case c.ArchiveCoupon(code=code):
            return archive_coupon(catalog, code)
        case c.ChangeSettings(settings=settings):
            check_settings(settings)
            return [] if settings == catalog.settings else [e.SettingsChanged(settings)]


def _create_feature(catalog: Catalog, feature: Feature) -> Sequence[e.CatalogEvent]:
    check_key(feature.key, "key")
    check_name(feature.name, "name")
    check_length(feature.unit, NAME_CHARS_MAX, "unit")
    metered = feature.kind is FeatureKind.METERED
    if metered and feature.meter_key is None:
        raise invalid("a METERED feature needs a meter", "meter_key")
    if not metered and feature.meter_key is not None:
        raise invalid(f"a {feature.kind} feature has no meter", "meter_key")
    if feature.meter_key is not None and catalog.meter(feature.meter_key) is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"no meter has the key {feature.meter_key}", "meter_key")
    there = catalog.feature(feature.key)
    if there is None:
        return [e.FeatureCreated(feature)]
    same = (there.name, there.kind, there.unit, there.meter_key)
    return _only_if(same == (feature.name, feature.kind, feature.unit, feature.meter_key), "feature", feature.key)


def _create_meter(catalog: Catalog, meter: Meter) -> Sequence[e.CatalogEvent]:
    check_key(meter.key, "key")
    check_name(meter.event_type, "event_type", chars_max=EVENT_NAME_CHARS_MAX)
    if meter.property is not None:
        check_name(meter.property, "property", chars_max=EVENT_NAME_CHARS_MAX)
    check_length(meter.unit, NAME_CHARS_MAX, "unit")
    if meter.aggregation is Aggregation.UNIQUE and meter.property is None:
        raise invalid("a UNIQUE meter needs the property whose values it counts", "property")
    if meter.aggregation is Aggregation.COUNT and meter.property is not None:
        raise invalid("a COUNT meter reads no property", "property")
    there = catalog.meter(meter.key)
    if there is None:
        return [e.MeterCreated(meter)]
    same = (there.aggregation, there.event_type, there.property, there.unit)
    asked = (meter.aggregation, meter.event_type, meter.property, meter.unit)
    return _only_if(same == asked, "meter", meter.key)


def _create_plan(catalog: Catalog, command: c.CreatePlan, at: datetime) -> Sequence[e.CatalogEvent]:
    check_key(command.key, "key")
    check_name(command.name, "name")
    check_length(command.description, DESCRIPTION_CHARS_MAX, "description")
    there = catalog.plan(command.key)
    plan = Plan(command.plan_id, command.key, command.name, command.description)
    version = freeze(catalog, plan, command.version_id, command.terms, at, "terms")
    if there is None:
        return [e.PlanCreated(Plan(plan.id, plan.key, plan.name, plan.description, (version,)))]
    described = (there.name, there.description) == (command.name, command.description)
    return _only_if(described and _alike(there.current.terms, command.terms), "plan", command.key)


def _publish(catalog: Catalog, command: c.PublishPlanVersion, at: datetime) -> Sequence[e.CatalogEvent]:
    plan = _plan(catalog, command.plan_key)
    if plan.archived_at is not None:
        raise Refusal(ErrorCode.CONFLICT, f"plan {plan.key} is archived", "plan_key")
    if _alike(plan.current.terms, command.terms):
        return []
    return [e.PlanVersionPublished(freeze(catalog, plan, command.version_id, command.terms, at, "terms"))]


def freeze(catalog: Catalog, plan: Plan, id: str, terms: Terms, at: datetime, *path: str) -> PlanVersion:
    """The terms with the features and meters they name, as these stand now."""
    try:
        _check_terms(catalog, terms)
    except Refusal as refusal:
        raise refusal.under(*path) from None
    features = tuple(found for given in terms.entitlements if (found := catalog.feature(given.feature)) is not None)
    keys = {price.meter_key for price in terms.prices} | {feature.meter_key for feature in features}
    meters = tuple(meter for meter in catalog.meters if meter.key in keys)
    return PlanVersion(id, plan.id, plan.key, plan.name, len(_versions(catalog, plan)) + 1, at, terms, features, meters)


def _versions(catalog: Catalog, plan: Plan) -> tuple[PlanVersion, ...]:
    there = catalog.plan(plan.key)
    return () if there is None else there.versions


def _check_terms(catalog: Catalog, terms: Terms) -> None:
    if not 0 <= terms.trial_days <= TRIAL_DAYS_MAX:
        raise invalid(f"must be between 0 and {TRIAL_DAYS_MAX}", "trial_days")
    for name, timing in (("upgrades", terms.upgrades), ("downgrades", terms.downgrades)):
        if timing is ChangeTiming.AT:
            raise invalid("a plan knows no date: say NOW or PERIOD_END", name)
    if not 0 <= terms.draft_hours <= DRAFT_HOURS_MAX:
        raise invalid(f"must be between 0 and {DRAFT_HOURS_MAX}", "draft_hours")
    check_prices(terms.prices, {meter.key for meter in catalog.meters}, "prices")
    for index, price in enumerate(terms.prices):
        check_key(price.key, "prices", str(index), "key")
    seen: set[str] = set()
    for index, given in enumerate(terms.entitlements):
        where = ("entitlements", str(index))
        feature = catalog.feature(given.feature)
        if feature is None:
            raise Refusal(ErrorCode.NOT_FOUND, f"no feature has the key {given.feature}", *where, "feature")
        if given.feature in seen:
            raise invalid(f"feature {given.feature} stands twice", *where, "feature")
        seen.add(given.feature)
        try:
            _check_entitlement(feature, given)
        except Refusal as refusal:
            raise refusal.under(*where) from None
    currencies: set[str] = set()
    for index, money in enumerate(terms.minimum_spend):
        if not is_currency(money.currency) or money.amount < 0:
            raise invalid("needs an ISO 4217 currency and an amount of zero or more", "minimum_spend", str(index))
        if money.currency in currencies:
            raise invalid(f"stands twice for {money.currency}", "minimum_spend", str(index))
        currencies.add(money.currency)


def _check_entitlement(feature: Feature, given: PlanEntitlement) -> None:
    if feature.kind is not FeatureKind.METERED:
        for name, present in (
            ("limit", given.limit is not None),
            ("hard", given.hard is not None),
            ("resets", given.resets is not None),
            ("rollover", given.rollover is not None),
        ):
            if present:
                raise invalid(f"{feature.key} is a {feature.kind}: only a METERED feature has this", name)
    if feature.kind is not FeatureKind.VALUE and given.value is not None:
        raise invalid(f"{feature.key} is a {feature.kind}: only a VALUE feature has this", "value")
    if feature.kind is FeatureKind.VALUE and given.value is None and given.enabled is not False:
        raise invalid(f"{feature.key} needs its value", "value")
    check_setting(given.value, "value")
    if given.limit is not None and given.limit < Decimal(0):
        raise invalid("must not be negative", "limit")
    if given.rollover is not None:
        if given.resets is None or given.limit is None:
            raise invalid("only a limit that resets can roll over", "rollover")
        if given.rollover < Decimal(0):
            raise invalid("must not be negative", "rollover")


def check_key(key: str, *path: str) -> None:
    if not KEY.fullmatch(key):
        raise invalid("must start with a-z and hold a-z, 0-9, _, . or -, at most 63 in all", *path)


def _plan(catalog: Catalog, key: str) -> Plan:
    plan = catalog.plan(key)
    if plan is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"no plan has the key {key}", "plan_key")
    return plan


def _alike(there: Terms, asked: Terms) -> bool:
    """Equal but for the ids that were made for this request. (To Python a setting of true is one of 1.)"""
    return _nameless(there) == _nameless(asked) and _settings(there) == _settings(asked)


def _nameless(terms: Terms) -> Terms:
    return replace(terms, prices=tuple(replace(price, id="") for price in terms.prices))


def _settings(terms: Terms) -> list[bytes]:
    return [msgspec.json.encode(given.value, order="deterministic") for given in terms.entitlements]


def _only_if(same: bool, kind: str, key: str) -> Sequence[e.CatalogEvent]:
    if not same:
        raise Refusal(ErrorCode.ALREADY_EXISTS, f"another {kind} has the key {key}", "key")
    return []
