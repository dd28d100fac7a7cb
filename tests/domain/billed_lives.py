"""Random lives of customers who are billed, for the laws of billing: what is sold, what is asked for, and when."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import note
from hypothesis import strategies as st
from msgspec.structs import replace
from timeline import MICROSECOND, D, Timeline, flat, on, plan

from domain import commands as c
from domain.billing.moment import next_boundary
from domain.catalog import BillingMode, ChargeModel, Price, ProrationPolicy, Tier
from domain.errors import Refusal
from domain.money import Money
from domain.period import Cadence
from domain.policy import ChangeDay, ChangesBilled, ChangeTiming, LastStep, TrialUsage
from domain.seller import Dunning, Settings
from domain.subscription import AddAddOn, Cancel, ChangePlan, ChangeQuantity, Pause, RemoveAddOn, Resume

WEEK, MONTH, YEAR, ONCE = Cadence.WEEK, Cadence.MONTH, Cadence.YEAR, Cadence.ONCE


def fee(amount: str, cadence: Cadence = MONTH, key: str = "base") -> Price:
    return flat(amount, cadence, "EUR", key)


def seats(amount: str, cadence: Cadence = MONTH, **terms: Any) -> Price:
    return Price(f"price_seats_{cadence}", "seats", ChargeModel.PER_SEAT, cadence, "EUR", D(amount), **terms)


def calls(amount: str, cadence: Cadence = MONTH, **terms: Any) -> Price:
    return Price(f"price_calls_{cadence}", "calls", ChargeModel.PER_UNIT, cadence, "EUR", D(amount), "calls", **terms)


def tiers(*bounds: tuple[str | None, str], model: ChargeModel = ChargeModel.GRADUATED) -> Price:
    made = tuple(Tier(None if up_to is None else D(up_to), D(unit)) for up_to, unit in bounds)
    return Price("price_tiers", "tiers", model, MONTH, "EUR", meter_key="calls", tiers=made)


def terms(sold: Any, **changed: Any) -> Any:
    """The plan under other terms."""
    return replace(sold, terms=replace(sold.terms, **changed))


ARREARS, NEXT = BillingMode.IN_ARREARS, ChangesBilled.NEXT_INVOICE
SETUP = Price("price_setup", "setup", ChargeModel.FLAT, ONCE, "EUR", D("99"))
FREE = plan("free")
BASIC = plan("basic", fee("30"), fee("300", YEAR), calls("0.07"))
TEAM = plan("team", seats("12.50", included=D(1)), seats("100", YEAR), SETUP)
LATER = terms(plan("later", fee("50"), tiers(("10", "1"), (None, "0.333"))), billing=ARREARS)
WEEKLY = terms(plan("weekly", fee("7", WEEK), calls("0.10", WEEK)), changes_billed=NEXT, draft_hours=24)
DAYS = plan(
    "days",
    seats("31", proration=ProrationPolicy.BY_DAY, change_day=ChangeDay.OLD),
    fee("310", key="days"),
)
LEAST = terms(plan("least", fee("5"), calls("0.01"), fee("60", YEAR)), minimum_spend=(Money(D(20), "EUR"),))
TRIED = terms(plan("tried", fee("40"), calls("0.05"), trial_days=10), trial_usage=TrialUsage.BILLED, draft_hours=0)
EXTRA = plan("extra", fee("9"), SETUP)
LAST = plan("last", fee("1"))
PLANS = [FREE, BASIC, TEAM, LATER, WEEKLY, DAYS, LEAST, TRIED]

ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]
BEGINNINGS = [
    "2011-12-29 11:00",
    "2024-02-28 23:30",
    "2026-01-31 10:00",
    "2026-03-28 05:30",
    "2026-10-24 23:59:59.999999",
]
STEPS = [timedelta(0), MICROSECOND, timedelta(minutes=30), *(timedelta(days=n) for n in (1, 9, 31, 100))]
PATIENT = Dunning(retry_days=(), grace_days=36_500, last_step=LastStep.LEAVE)
EDGES = [-MICROSECOND, timedelta(0), MICROSECOND]


class Step(NamedTuple):
    """So long after the step before (or, with `edge`, so near to the next end of a period), usage arrives, then a
    command; then the customer `pays` all they owe. `usage`: (how long before, how much)."""

    after: timedelta
    edge: timedelta | None
    which: int
    usage: list[tuple[timedelta, int]]
    command: Any
    pays: bool


class Life(NamedTuple):
    zone: str
    beginning: str
    steps: list[Step]


plans, quantities = st.sampled_from(PLANS), st.integers(1, 4)
cadences = st.sampled_from([None, None, None, *Cadence])
ahead = st.sampled_from(STEPS)
back = ahead.map(lambda one: -one)
subscribing = st.builds(
    c.Subscribe,
    st.just(""),
    plans,
    quantities,
    cadences,
    start_at=st.none() | st.none() | back | ahead,
    anchor=st.none() | st.none() | back | ahead,
    trial_days=st.none() | st.none() | st.integers(0, 20),
    add_ons=st.just(()) | st.just((EXTRA,)),
)
changes = st.one_of(
    st.builds(ChangePlan, plans, cadences, st.none() | quantities),
    st.builds(ChangePlan, plans),
    st.builds(ChangeQuantity, quantities),
    st.builds(ChangeQuantity, quantities),
    st.builds(AddAddOn, st.just(EXTRA), quantities),
    st.just(RemoveAddOn("extra")),
    st.builds(Pause, st.none() | ahead),
    st.just(Resume()),
    st.just(Cancel()),
)
timings = st.sampled_from([None, *ChangeTiming, ChangeTiming.NOW, ChangeTiming.NOW])
changing = st.builds(
    c.ChangeSubscription, st.just(""), st.just(""), changes, timings, ahead, st.booleans(), since=st.none() | back
)
usage = st.lists(st.tuples(ahead, st.integers(1, 30)), max_size=2)
steps = st.builds(
    Step,
    ahead,
    st.none() | st.sampled_from(EDGES),
    st.integers(0, 3),
    usage,
    st.one_of(changing, changing, changing, subscribing, st.just(c.CatchUp())),
    st.booleans(),
)
beginning = st.builds(Step, ahead, st.none(), st.just(0), usage, subscribing, st.booleans())
lives = st.builds(
    Life,
    st.sampled_from(ZONES),
    st.sampled_from(BEGINNINGS),
    st.tuples(
        st.builds(Step, ahead, st.none(), st.just(0), usage, subscribing, st.booleans()), st.lists(steps, max_size=8)
    ).map(lambda drawn: [drawn[0], *drawn[1]]),
)


def lived(drawn: Life, *, often: bool = False, **terms: Any) -> Iterator[Timeline]:
    """The life after each of its steps. `often`: the worker passes by many times in between."""
    settings = Settings(dunning=PATIENT, **terms)
    life, now = Timeline(drawn.beginning, drawn.zone, "EUR", settings), on(drawn.beginning)
    for number, step in enumerate(drawn.steps):
        before = now
        now = _instant(life, now, step)
        for part in range(1, 8 if often else 1):
            life.until(before + (now - before) * part / 8)
        life.until(now)
        for ago, value in step.usage:
            life.events.append(("calls", now - ago, D(value)))
        try:
            life.do(now, _concrete(life, number, step, now))
        except Refusal:
            life.until(now)
        if step.pays and (owed := sum(one.due for one in life.account.books.open)):
            life.do(now, c.RecordPayment(f"p{number}", D(owed), "EUR"))
        yield life


def ended(drawn: Life, *, often: bool = False, **terms: Any) -> Timeline:
    """The life at its end: all is cancelled and billed, also what was used late."""
    *_, life = lived(drawn, often=often, **terms)
    now = life.journal[-1].at + timedelta(days=70)
    for part in range(1, 8 if often else 1):
        life.until(life.journal[-1].at + (now - life.journal[-1].at) * part / 8)
    life.until(now)
    for held in life.account.subscriptions:
        if held.ended_at is None:
            life.do(now, c.ChangeSubscription(held.id, "end", Cancel(), replace_scheduled=True))
    life.do(now, c.Subscribe("last", LAST))  # so that there is another invoice for what came late
    life.until(now + timedelta(days=2))
    note("\n".join(life.ledger()))
    return life


def _instant(life: Timeline, now: datetime, step: Step) -> datetime:
    if step.edge is not None:
        life.until(now)
        end, _ = next_boundary(life.account.books)
        if end is not None and end + step.edge >= now:
            return end + step.edge
    return now + step.after


def _concrete(life: Timeline, number: int, step: Step, now: datetime) -> c.AccountCommand:
    """The command with ids and instants in it."""

    def instant(offset: Any) -> datetime | None:  # drawn as the time from now
        return None if offset is None else now + offset

    ids = [held.id for held in life.account.subscriptions]
    command: c.AccountCommand = step.command
    if isinstance(command, c.Subscribe):
        return replace(
            command,
            subscription_id=f"s{len(ids) + 1}",
            start_at=instant(command.start_at),
            anchor=instant(command.anchor),
        )
    if isinstance(command, c.ChangeSubscription):
        change = command.change
        if isinstance(change, Pause):
            change = replace(change, resumes_at=instant(change.resumes_at))
        at = instant(command.effective_at) if command.timing is ChangeTiming.AT else None
        which = ids[step.which % len(ids)] if ids else "none"
        return replace(
            command,
            subscription_id=which,
            change_id=f"c{number}",
            change=change,
            effective_at=at,
            since=instant(command.since),
        )
    return command
