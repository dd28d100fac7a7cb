"""A customer's life as a ledger, for the tests of the rules.

    life = Timeline("2026-01-01", zone=PARIS)           # a customer, and nothing else yet
    life.subscribe("2026-01-31", PRO)                   # each command tells what it wrote into the journal
    assert life.until("2026-03-01") == ["2026-02-28: s1 renewed, 2026-02-28 → 2026-03-31"]

What happens is what the engine makes of it, as in production; the timeline answers its questions. Instants are written
in UTC, "2026-01-31" or "2026-01-31 09:30". A life without `settings` of a seller is about rights: its invoices fall due
when nobody lives any more, and the ledger does not tell of money. Ids count up:
subscriptions s1 s2, planned changes c1 c2, grants g1.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.account import Account, Customer, CustomerKind, Grant
from domain.billing.charge import Charge, Count
from domain.billing.numbering import Numbering, series_of
from domain.billing.wanted import Wanted
from domain.books.invoice import CreditNote, Invoice
from domain.catalog import (
    Aggregation,
    Catalog,
    ChargeModel,
    Feature,
    FeatureKind,
    Meter,
    PlanEntitlement,
    PlanVersion,
    Price,
    Terms,
)
from domain.engine import Answer, Fact, Pending, Question, answered, carry_out
from domain.errors import ErrorCode, Refusal
from domain.evolve import evolve_account
from domain.period import Cadence, Period
from domain.seller import BillingSettings
from domain.subscription import Cancel, Change, Subscription, describe

PARIS = "Europe/Paris"
NEW_YORK = "America/New_York"
MICROSECOND = timedelta(microseconds=1)
D = Decimal


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def written(at: datetime) -> str:
    """The instant as the tests write it: no time at midnight, no seconds if there are none."""
    text = at.replace(tzinfo=None).isoformat(" ")
    return text.removesuffix(":00").removesuffix(" 00:00")


def span(period: Period) -> str:
    return f"{written(period.start)} → {written(period.end)}"


# ── what is sold ─────────────────────────────────────────────────────────────────────────────────────────────────────
METERS = (
    Meter("meter_calls", "calls", Aggregation.SUM, "api.call"),
    Meter("meter_storage", "storage", Aggregation.LATEST, "storage.level", unit="GB"),
)
FEATURES = {
    "calls": Feature("feature_calls", "calls", "API calls", FeatureKind.METERED, meter_key="calls"),
    "storage": Feature("feature_storage", "storage", "Storage", FeatureKind.METERED, "GB", "storage"),
    "sso": Feature("feature_sso", "sso", "Single sign-on", FeatureKind.SWITCH),
    "adapters": Feature("feature_adapters", "adapters", "Adapters", FeatureKind.VALUE),
    "region": Feature("feature_region", "region", "Region", FeatureKind.VALUE),
}
CATALOG = Catalog(features=tuple(FEATURES.values()), meters=METERS)


def flat(amount: str, cadence: Cadence = Cadence.MONTH, currency: str = "USD", key: str = "base") -> Price:
    return Price(f"price_{key}_{cadence}", key, ChargeModel.FLAT, cadence, currency, unit_amount=D(amount))


def gives(feature: str, limit: str | None = None, **terms: Any) -> PlanEntitlement:
    return PlanEntitlement(feature, limit=None if limit is None else D(limit), **terms)


def plan(key: str, *parts: Price | PlanEntitlement, trial_days: int = 0, version: int = 1) -> PlanVersion:
    """A frozen plan version, from its prices and what it gives."""
    prices = tuple(replace(part, id=f"{part.id}_{key}_{version}") for part in parts if isinstance(part, Price))
    given = tuple(part for part in parts if isinstance(part, PlanEntitlement))
    return PlanVersion(
        id=f"version_{key}_{version}",
        plan_id=f"plan_{key}",
        plan_key=key,
        plan_name=key.capitalize(),
        number=version,
        published_at=on("2026-01-01"),
        terms=Terms(trial_days=trial_days, prices=prices, entitlements=given),
        features=tuple(FEATURES[part.feature] for part in given),
        meters=METERS,
    )


def for_nothing(sold: PlanVersion) -> PlanVersion:
    """The same plan in the same rhythms at a price of zero: nothing of it is ever billed."""
    prices = tuple(replace(price, unit_amount=D(0)) for price in sold.terms.prices)
    return replace(sold, terms=replace(sold.terms, prices=prices))


# Two plans sold by the month and by the year, and one that can be added to them.
STARTER = plan(
    "starter", flat("99"), flat("990", Cadence.YEAR), gives("calls", "1000", hard=False, resets=Cadence.MONTH)
)
PRO = plan("pro", flat("499"), flat("4990", Cadence.YEAR), gives("calls", "9000", hard=False, resets=Cadence.MONTH))
EXTRA = plan("extra", flat("10"), flat("100", Cadence.YEAR), gives("calls", "500", resets=Cadence.MONTH))


RIGHTS_ONLY = BillingSettings(net_days=36_500)


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────
class Entry(NamedTuple):
    at: datetime
    event: e.AccountEvent


class Timeline:
    def __init__(
        self,
        since: str = "2026-01-01",
        zone: str = "UTC",
        currency: str = "USD",
        settings: BillingSettings | None = None,
        **customer_facts: Any,
    ) -> None:
        self.account = Account()
        self.journal: list[Entry] = []
        self.events: list[tuple[str, datetime, Decimal]] = []
        self.naming: dict[int, str] = {}  # which subscription an event names, by its place
        self.settings = settings or RIGHTS_ONLY
        self.numbers: dict[str, int] = {}
        self._grants = self._changes = 0
        customer = Customer(
            id="customer_1",
            kind=CustomerKind.GROUP,
            anonymous_id="anon_1",
            sealed={},
            currency=currency,
            timezone=zone,
            created_at=on(since),
            **customer_facts,
        )
        self.do(since, c.CreateCustomer(customer))

    # What was asked for. Each returns the lines it wrote.
    def do(self, at: str | datetime, command: c.AccountCommand) -> list[str]:
        now = on(at) if isinstance(at, str) else at
        pending = Pending(self.account, self.journal[-1].at if self.journal else None, evolve_account)
        answered(carry_out(pending, command, now), self.answer)
        pending.reword(Numbering(self._numbers(pending.facts)))
        before, self.account = len(self.journal), pending.state
        self.journal = [*self.journal, *(Entry(fact.at, fact.event) for fact in pending.facts)]
        return self.ledger(before)

    # What the engine is told: usage and the seller's terms. And numbers.
    def used(self, meter_key: str, at: str, value: str, naming: str | None = None) -> None:
        """One event that the meter sums up; it may name its subscription."""
        if naming is not None:
            self.naming[len(self.events)] = naming
        self.events.append((meter_key, on(at), D(value)))

    def answer(self, question: Question) -> Answer:
        return Answer(self.settings, {count: self._figure(count) for count in question.counts})

    def _figure(self, count: Count) -> Decimal:
        read = (
            value
            for n, (meter, at, value) in enumerate(self.events)
            if meter == count.meter_key and count.period.contains(at)
            if count.subscription_id in (None, self.naming.get(n))
        )
        return sum(read, D(0))

    def wanted(self, account: Account, until: datetime) -> tuple[Charge, ...]:
        wanted = Wanted(account, until)
        return wanted.charges({count: self._figure(count) for count in wanted.counts})

    def _numbers(self, facts: Sequence[Fact]) -> Iterator[str]:
        for fact in facts:
            if isinstance(fact.event, e.InvoiceFinalized | e.CreditNoteIssued):
                prefix, _ = series_of(self.settings, fact.event, fact.at)
                self.numbers[prefix] = self.numbers.get(prefix, 0) + 1
                yield f"{prefix}{self.numbers[prefix]}"

    def until(self, at: str | datetime) -> list[str]:
        return self.do(at, c.CatchUp())

    def subscribe(self, at: str, sold: PlanVersion, **terms: Any) -> list[str]:
        for name in ("start_at", "anchor"):
            if name in terms:
                terms[name] = on(terms[name])
        return self.do(at, c.Subscribe(f"s{len(self.account.subscriptions) + 1}", sold, **terms))

    def change(self, at: str, change: Change, when: str = "NOW", replacing: bool = False, of: str = "s1") -> list[str]:
        """`when`: NOW, PERIOD_END, or the date at which it takes effect."""
        timing = c.ChangeTiming(when) if when in set(c.ChangeTiming) else c.ChangeTiming.AT
        effective_at = on(when) if timing is c.ChangeTiming.AT else None
        command = c.ChangeSubscription(of, f"c{self._changes + 1}", change, timing, effective_at, replacing)
        lines = self.do(at, command)
        self._changes = sum(isinstance(entry.event, e.ChangeScheduled) for entry in self.journal)
        return lines

    def cancel(self, at: str, when: str = "PERIOD_END", replacing: bool = False, of: str = "s1") -> list[str]:
        return self.change(at, Cancel(), when, replacing, of)

    def grant(self, at: str, feature: str, limit: str | None = None, **terms: Any) -> list[str]:
        if "expires_at" in terms:
            terms["expires_at"] = on(terms["expires_at"])
        return self.do(
            at,
            c.GrantEntitlement(
                Grant(
                    id=f"g{len(self.account.grants) + 1}",
                    feature=FEATURES[feature],
                    reason=terms.pop("reason", "goodwill"),
                    granted_at=on(at),
                    limit=None if limit is None else D(limit),
                    **terms,
                )
            ),
        )

    @contextmanager
    def refuses(self, code: ErrorCode) -> Iterator[pytest.ExceptionInfo[Refusal]]:
        """What is done inside is refused with this code, and has changed nothing."""
        account, journal = self.account, self.journal
        with pytest.raises(Refusal) as refusal:
            yield refusal
        assert refusal.value.code is code
        assert (self.account, self.journal) == (account, journal)

    # What has become of it.
    @property
    def sub(self) -> Subscription:
        """The latest subscription."""
        return self.account.subscriptions[-1]

    @property
    def customer(self) -> Customer:
        assert self.account.customer is not None
        return self.account.customer

    def held(self, subscription_id: str) -> Subscription:
        held = self.account.subscription(subscription_id)
        assert held is not None
        return held

    @property
    def invoices(self) -> list[Invoice]:
        return [entry.event.invoice for entry in self.journal if isinstance(entry.event, e.InvoiceFinalized)]

    @property
    def notes(self) -> list[CreditNote]:
        return [entry.event.note for entry in self.journal if isinstance(entry.event, e.CreditNoteIssued)]

    def ledger(self, since: int = 0) -> list[str]:
        """What was recorded since there were so many entries."""
        entries = self.journal[since:]
        if self.settings is RIGHTS_ONLY:
            entries = [entry for entry in entries if not isinstance(entry.event, e.MoneyEvent)]
        return [f"{written(entry.at)}: {told(entry.event)}" for entry in entries]


def told(event: e.AccountEvent) -> str:
    """An event as one line of the ledger."""
    match event:
        case e.CustomerCreated():
            return "customer created"
        case e.CustomerUpdated():
            return "customer updated"
        case e.CustomerErased():
            return "customer erased"
        case e.SubscriptionCreated(subscription=made):
            terms = _terms(made.plan, made.quantity, made.cadence)
            return f"{made.id} created, {terms}, to start {written(made.start_at)}"
        case e.SubscriptionStarted(subscription_id=id, period=period, trial_ends_at=trial):
            return f"{id} started{' its trial' if trial else ''}, {span(period)}"
        case e.TrialEnded(subscription_id=id, period=period):
            return f"{id} trial ended, {span(period)}"
        case e.SubscriptionRenewed(subscription_id=id, period=period):
            return f"{id} renewed, {span(period)}"
        case e.PlanChanged(subscription_id=id):
            return f"{id} on {_terms(event.plan, event.quantity, event.cadence)}, {span(event.period)}"
        case e.QuantityChanged(subscription_id=id, quantity=quantity):
            return f"{id} quantity {quantity}"
        case e.AddOnAdded(subscription_id=id, add_on=add_on):
            return f"{id} with {add_on.quantity} × {add_on.plan.plan_key}"
        case e.AddOnRemoved(subscription_id=id, plan_key=key):
            return f"{id} without {key}"
        case e.SubscriptionPaused(subscription_id=id, resumes_at=resumes_at):
            return f"{id} paused" + (f" until {written(resumes_at)}" if resumes_at else "")
        case e.SubscriptionResumed(subscription_id=id):
            return f"{id} resumed"
        case e.SubscriptionEnded(subscription_id=id, reason=reason):
            return f"{id} ended, {reason}"
        case e.ChangeScheduled(scheduled=planned):
            what = describe(planned.change)
            return f"{planned.subscription_id} {planned.id} planned for {written(planned.effective_at)}: {what}"
        case e.ChangeWithdrawn(subscription_id=id, change_id=change_id, why=why):
            return f"{id} {change_id} withdrawn: {why}"
        case e.ChangeApplied(subscription_id=id, change_id=change_id):
            return f"{id} {change_id} applied"
        case e.EntitlementGranted(grant=grant):
            return f"{grant.id} granted, {grant.feature.key}"
        case e.EntitlementRevoked(grant_id=id):
            return f"{id} revoked"
        case e.EntitlementExpired(grant_id=id):
            return f"{id} expired"
        case _:
            return told_of_money(event)


def told_of_money(event: e.MoneyEvent) -> str:
    match event:
        case e.InvoiceFinalized(invoice=invoice):
            lines = "; ".join(f"{line.description} {line.amount}" for line in invoice.lines)
            return f"{invoice.number} {invoice.currency} {invoice.total}: {lines}"
        case e.CreditNoteIssued(note=note):
            return f"{note.number} of {note.invoice_number} {note.currency} {note.total}: {note.reason}"
        case e.CreditApplied(burns=burns):
            return f"credit applied, {sum(burn.amount for burn in burns)}"
        case e.BillingClosed():
            return "nothing to bill"
        case _:
            return str(type(event).__struct_config__.tag)


def _terms(sold: PlanVersion, quantity: int, cadence: Cadence) -> str:
    return f"{quantity} × {sold.plan_key} by the {cadence.lower()}"
