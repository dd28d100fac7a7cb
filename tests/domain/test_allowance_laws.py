"""Laws of allowances: whatever is bought, left, granted and used, the gate and the invoice say the same.

A random customer asks the gate before each use. What it calls within the limit is never billed as overage; what it
calls overage is billed once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from billed_shop import MONTH, YEAR, calls, fee, sold
from gated import Gated
from hypothesis import given, note, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from timeline import FEATURES, D, gives, on, plan, written

from domain import commands as c
from domain.account import Grant
from domain.catalog import PlanVersion
from domain.errors import Refusal
from domain.rights.account_rights import entitlement
from domain.rights.gate import DecisionReason
from domain.rights.past_rights import entitlement_then
from domain.subscription import AddAddOn, Cancel, ChangePlan, Pause, RemoveAddOn, Resume

START = "2026-01-01"


def offer(key: str, limit: int, *, version: int = 1, **given: Any) -> PlanVersion:
    """So many calls a month, then 1.00 a unit, under a fee by the month or by the year."""
    over = calls("1", included=D(limit))
    terms = {"hard": False, "resets": MONTH, **given}
    made = plan(key, fee("30"), fee("300", YEAR), over, gives("calls", str(limit), **terms), version=version)
    return replace(made, number=version)


SMALL, NEWER = offer("small", 10, rollover=D(5)), offer("small", 10, rollover=D(5), version=2)
BIG = offer("big", 40)
TRIED = replace(offer("tried", 20), terms=replace(offer("tried", 20).terms, trial_days=10))
OTHER = offer("other", 15, rollover=D(100))
ROOM = plan("room", fee("3"), gives("calls", "7", hard=True, resets=MONTH))
AWAY = sold("away", fee("1"))
MORE, PRICED = plan("more", fee("2"), gives("calls", "5", hard=True, resets=MONTH)), offer("priced", 6)

AFTER = [timedelta(seconds=1), timedelta(minutes=1), timedelta(days=3), timedelta(days=17), timedelta(days=31)]
plans = st.sampled_from([SMALL, NEWER, BIG, TRIED, OTHER, ROOM, AWAY])
changes = st.one_of(
    st.builds(ChangePlan, plans),
    st.builds(ChangePlan, plans, st.sampled_from([MONTH, YEAR])),
    st.builds(AddAddOn, st.sampled_from([MORE, PRICED]), st.integers(1, 2)),
    st.builds(RemoveAddOn, st.sampled_from(["more", "priced"])),
    st.just(Pause()),
    st.just(Resume()),
    st.just(Resume()),
    st.just(Cancel()),
)
grants = st.tuples(
    st.sampled_from(["grant"]), st.sampled_from([None, 3, 8, 50]), st.sampled_from([None, *AFTER[1:]]), st.booleans()
)
anchors = st.sampled_from([timedelta(0), timedelta(0), timedelta(days=5), timedelta(days=20)])
acts = st.one_of(
    st.tuples(st.just("change"), st.integers(0, 1), changes), st.tuples(st.just("buy"), plans, anchors), grants
)
naming = st.sampled_from([None, None, 0, 1, 2])
uses = st.lists(st.tuples(st.sampled_from(AFTER[:4]), st.integers(1, 30), naming), max_size=3)
steps = st.lists(st.tuples(st.sampled_from(AFTER), acts, uses), min_size=1, max_size=9)


class Lived(Gated):
    """`beyond`: the units that the gate called overage while somebody charged for them. `lifted`: a grant came after
    some, which it may still allow."""

    def __init__(self) -> None:
        super().__init__(START)
        self.now = on(START)
        self.beyond = D(0)
        self.lifted = False
        self.told: list[str] = []

    def act(self, act: Any) -> None:
        try:
            self.do(self.now, self._command(act))
        except Refusal:
            self.until(self.now)

    def _command(self, act: Any) -> c.AccountCommand:
        ids = [held.id for held in self.account.subscriptions if held.ended_at is None]
        match act:
            case ("buy", sold_plan, before):
                return c.Subscribe(
                    f"s{len(self.account.subscriptions) + 1}", sold_plan, anchor=self.now - before if before else None
                )
            case ("change", which, change):
                return c.ChangeSubscription(ids[which % len(ids)] if ids else "none", "c", change, c.ChangeTiming.NOW)
            case (_, limit, lasting, _):
                self.lifted = self.lifted or self.beyond > 0
                grant = Grant(f"g{len(self.account.grants) + 1}", FEATURES["calls"], "sorry", self.now)
                expires_at = None if lasting is None else self.now + lasting
                return c.GrantEntitlement(
                    replace(
                        grant, limit=None if limit is None else D(limit), unlimited=limit is None, expires_at=expires_at
                    )
                )

    def use_up(self, quantity: int, which: int | None) -> None:
        """`which` of the subscriptions the use names, whatever has become of it."""
        at = written(self.now)
        decision = self.ask(at, str(quantity))
        self.told.append(f"{at}: {decision.reason} {quantity} of {decision.limit}, {decision.used} used")
        if not decision.allowed:
            return
        held = self.account.subscriptions
        self.used("calls", at, str(quantity), None if which is None else held[which % len(held)].id)
        if decision.reason is DecisionReason.OVERAGE_BILLED and self._charged():
            assert decision.limit is not None
            assert decision.used is not None
            self.beyond += quantity - max(Decimal(0), decision.limit - decision.used)

    def _charged(self) -> bool:
        return any(
            not segment.trial and segment.end is None and any(price.meter_key for price in segment.prices)
            for segment in self.account.books.segments
        )


def lived(drawn: list[Any]) -> Lived:
    life = Lived()
    life.act(("buy", SMALL, timedelta(0)))
    for after, act, used in drawn:
        life.now += after
        life.act(act)
        for later, quantity, which in used:
            life.now += later
            life.use_up(quantity, which)
    note("\n".join(life.told))
    return life


@settings(max_examples=150, deadline=None)
@given(steps)
def test_what_the_gate_calls_overage_is_billed_once_and_nothing_else(drawn: list[Any]) -> None:
    life = lived(drawn)
    billed = life.billed(written(life.now + timedelta(days=120)))
    note("\n".join(life.ledger()))
    assert billed <= life.beyond
    assert life.lifted or billed == life.beyond


@settings(max_examples=100, deadline=None)
@given(steps)
def test_the_history_of_limits_says_what_the_rights_were(drawn: list[Any]) -> None:
    life = Lived()
    life.act(("buy", SMALL, timedelta(0)))
    known: dict[Any, Any] = {}
    for after, act, _ in drawn:
        life.now += after
        life.act(act)
        known[life.now] = entitlement(life.account, "calls", life.now)
    for at, right in known.items():
        then = entitlement_then(life.account, "calls", at)
        assert _terms(then) == _terms(right)


def _terms(right: Any) -> Any:
    return right and (right.limit, right.unlimited, right.hard, right.resets, right.rollover, right.period, right.since)
