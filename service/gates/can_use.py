"""May this customer do this? Answered from memory when it is known there, without waiting."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from adapters.postgres.reads import catalog as catalogs
from adapters.postgres.reads import entries
from adapters.postgres.reads.entries import AsOfQuery
from domain.account import Account
from domain.catalog import Catalog, Plan
from domain.exact import ONE
from domain.lifecycle.due import present
from domain.rights.account_rights import entitlement
from domain.rights.gate import Decision, DecisionReason, FeatureUsage, cheapest_plan, decide_use
from service.access.principal import Principal
from service.gates.snapshot import GateAnswer, Snapshot, UsageOfEntitlement
from service.live.cursors import journal_cursor

if TYPE_CHECKING:
    from service.runtime import Runtime

__all__ = ["GateAnswer", "GateCustomer", "answer", "can_use", "known", "look_up", "look_up_answers"]

ANSWERS_MAX = 200
"""Different questions that one snapshot remembers the answers to."""

_NO_PLAN_HELPS = frozenset(
    {
        DecisionReason.UNKNOWN_FEATURE,
        DecisionReason.REVOKED,
        DecisionReason.SUSPENDED,
        DecisionReason.PAYMENT_OVERDUE,
        DecisionReason.CREDIT_EXHAUSTED,
    }
)


class GateCustomer(NamedTuple):
    """Which customer: by our id or by the caller's own."""

    id: str | None = None
    external_id: str | None = None


def can_use(
    runtime: "Runtime",
    principal: Principal,
    ref: GateCustomer,
    feature: str,
    quantity: Decimal = ONE,
    at: datetime | None = None,
    fresh: bool = False,
) -> GateAnswer | Awaitable[GateAnswer]:
    """Whether `quantity` more of the feature may be used. Customers that are not there, or that the principal may not
    see, are answered alike. `at`: as of then. `fresh`: not from memory."""
    if at is None and not fresh and (snapshot := known(runtime, principal, ref)) is not None:
        return answer(snapshot, feature, quantity)
    return _looked_up(runtime, principal, ref, feature, quantity, at, fresh)


def known(runtime: "Runtime", principal: Principal, ref: GateCustomer) -> Snapshot | None:
    """The customer's snapshot, if it is in memory and the principal may see it."""
    snapshots = runtime.snapshots
    customer_id = ref.id
    if customer_id is None:
        customer_id = snapshots.known_id(ref.external_id or "")
    if customer_id is None or not principal.sees(customer_id):
        return None
    snapshot = snapshots.cached(customer_id)
    return None if snapshot is None or (ref.id is None and snapshot.erased) else snapshot


async def look_up(runtime: "Runtime", principal: Principal, ref: GateCustomer, fresh: bool = False) -> Snapshot | None:
    """The customer's snapshot. None: no such customer among those that the principal may see."""
    snapshots = runtime.snapshots
    read = snapshots.fresh if fresh else snapshots.get
    if ref.id is not None:
        return await read(ref.id) if principal.sees(ref.id) else None
    external_id = ref.external_id or ""
    customer_id = snapshots.known_id(external_id)
    if customer_id is not None and principal.sees(customer_id):
        snapshot = await read(customer_id)
        if snapshot is not None and not snapshot.erased:
            return snapshot
    customer_id = await snapshots.find_id(external_id)  # never heard of, or a new customer after one was erased
    return await read(customer_id) if customer_id is not None and principal.sees(customer_id) else None


def answer(snapshot: Snapshot, feature: str, quantity: Decimal) -> GateAnswer:
    """The snapshot's answer: decided once, then remembered as long as the snapshot lives."""
    found = snapshot.answers.get((feature, quantity))
    if found is None:
        usage = snapshot.usage.get(feature, FeatureUsage())
        decided = decide_use(snapshot.account, snapshot.catalog, feature, quantity, usage, snapshot.now)
        plan = _plan_that_would_help(decided, snapshot.account, snapshot.catalog, usage, quantity)
        found = GateAnswer(decided, plan, snapshot.catalog, snapshot.now, snapshot.version)
        if len(snapshot.answers) < ANSWERS_MAX:
            snapshot.answers[feature, quantity] = found
    return found


async def look_up_answers(
    runtime: "Runtime", principal: Principal, ref: GateCustomer, features: Sequence[str]
) -> list[GateAnswer]:
    """Whether each feature may be used, all from one state."""
    snapshot = await look_up(runtime, principal, ref)
    if snapshot is None:
        return [await _nobody(runtime, feature, ONE, None) for feature in features]
    return [answer(snapshot, feature, ONE) for feature in features]


async def explained(
    runtime: "Runtime", principal: Principal, ref: GateCustomer, decision: Decision, quantity: Decimal
) -> GateAnswer:
    """A decision that was made elsewhere (under the meter's lock), with what belongs to an answer."""
    snapshot = await look_up(runtime, principal, ref)
    if snapshot is None:
        return await _nobody(runtime, decision.feature, quantity, None)
    usage = FeatureUsage(used=decision.used or Decimal(0))
    plan = _plan_that_would_help(decision, snapshot.account, snapshot.catalog, usage, quantity)
    return GateAnswer(decision, plan, snapshot.catalog, snapshot.now, snapshot.version)


async def _looked_up(
    runtime: "Runtime",
    principal: Principal,
    ref: GateCustomer,
    feature: str,
    quantity: Decimal,
    at: datetime | None,
    fresh: bool,
) -> GateAnswer:
    snapshot = await look_up(runtime, principal, ref, fresh)
    if snapshot is None:
        return await _nobody(runtime, feature, quantity, at)
    return answer(snapshot, feature, quantity) if at is None else await _as_of(runtime, snapshot, feature, quantity, at)


async def _nobody(runtime: "Runtime", feature: str, quantity: Decimal, at: datetime | None) -> GateAnswer:
    as_of = at or runtime.clock.now()
    catalog = (await catalogs.catalog(runtime.engine)).catalog
    decided = decide_use(None, catalog, feature, quantity, FeatureUsage(), as_of)
    return GateAnswer(decided, None, catalog, as_of, journal_cursor("", 0))


async def _as_of(runtime: "Runtime", snapshot: Snapshot, feature: str, quantity: Decimal, at: datetime) -> GateAnswer:
    """Before the customer's present: what the journal says up to then. After it: what will have fallen due by then."""
    account, seq = snapshot.account, snapshot.seq
    if at < snapshot.now:
        asked = AsOfQuery(snapshot.customer_id, at)
        past = (await entries.as_of(runtime.engine, [asked], frozenset({snapshot.customer_id}))).get(asked)
        account, seq = (Account(), 0) if past is None else (past.account, past.seq)
    account = present(account, at)
    right = entitlement(account, feature, at)
    usage = FeatureUsage()
    if right is not None and right.period is not None:
        (usage,) = await runtime.usage.reads.of([UsageOfEntitlement(snapshot.customer_id, right, at)])
    decided = decide_use(account, snapshot.catalog, feature, quantity, usage, at)
    plan = _plan_that_would_help(decided, account, snapshot.catalog, usage, quantity)
    return GateAnswer(decided, plan, snapshot.catalog, at, journal_cursor(snapshot.customer_id, seq))


def _plan_that_would_help(
    decided: Decision, account: Account, catalog: Catalog, usage: FeatureUsage, quantity: Decimal
) -> Plan | None:
    if decided.allowed or decided.reason in _NO_PLAN_HELPS or account.customer is None:
        return None
    needed = usage.used + usage.held + quantity
    return cheapest_plan(catalog, decided.feature, needed, account.customer.currency)
