"""What holds for every customer, whatever is asked, whenever, wherever. Random lives; the laws of DESIGN.md."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise, permutations
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from timeline import EXTRA, FEATURES, PRO, STARTER, Timeline, flat, for_nothing, gives, on, plan

from adapters.postgres.codec import decode_account, decode_event, encode
from domain import commands as c
from domain import events as e
from domain.account import Account, Grant
from domain.errors import Refusal
from domain.evolve import evolve_account
from domain.lifecycle.due import next_due, present
from domain.period import Cadence, Period, add_days
from domain.rights.account_rights import entitlement, entitlements
from domain.subscription import (
    AddAddOn,
    Cancel,
    ChangePlan,
    ChangeQuantity,
    Pause,
    RemoveAddOn,
    Resume,
    Subscription,
    conflicts,
)

# ── random lives ─────────────────────────────────────────────────────────────────────────────────────────────────────
DAY, WEEK, MONTH, QUARTER, YEAR = (cadence for cadence in Cadence if cadence is not Cadence.ONCE)
FREE = plan("free", gives("sso", enabled=False), gives("storage", "5"))
TEAM = plan(
    "team", flat("1", DAY), flat("5", WEEK), flat("20"), gives("calls", "5", resets=DAY), gives("sso"), trial_days=10
)
CLUB = plan("club", flat("2", DAY), flat("60", QUARTER), gives("adapters", value=3), trial_days=30)
PRO_2 = plan("pro", flat("599"), gives("calls"), version=2)
PLANS = [for_nothing(plan) for plan in (FREE, STARTER, PRO, TEAM, CLUB, EXTRA, PRO_2)]
"""These are lives of rights; those of billed_lives.py are billed."""

# Zones that move their clocks, by an hour or by half of one, at midnight, across the date line, or not at all.
ZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Havana",
    "Pacific/Apia",
    "Asia/Kolkata",
]
# Shortly before clocks change, months end, or a leap day comes.
BEGINNINGS = [
    "2011-12-29 11:00",
    "2024-02-28 23:30",
    "2026-01-31 10:00",
    "2026-03-28 05:30",
    "2026-10-24 23:59:59.999999",
]
STEPS = [timedelta(0), timedelta(microseconds=1), timedelta(hours=1), *(timedelta(days=n) for n in (1, 9, 31, 120))]


class Step(NamedTuple):
    """One command, so long after the one before. `which` picks a subscription, a planned change or a grant."""

    after: timedelta
    which: int
    command: Any


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


plans, quantities = st.sampled_from(PLANS), st.integers(1, 4)
cadences = st.sampled_from([None, None, None, *Cadence])
ahead = st.sampled_from(STEPS)
around = ahead | ahead.map(lambda step: -step)

subscribing = st.builds(
    c.Subscribe,
    st.just(""),
    plans,
    quantities,
    cadences,
    start_at=_maybe(around),
    anchor=_maybe(around),
    trial_days=_maybe(st.integers(0, 40)),
    add_ons=st.just(()) | st.lists(plans, max_size=2).map(tuple),
)
changes = st.one_of(
    st.builds(ChangePlan, plans, cadences, _maybe(quantities)),
    st.builds(ChangePlan, plans),
    st.builds(ChangeQuantity, quantities),
    st.builds(AddAddOn, plans, quantities),
    st.builds(RemoveAddOn, plans.map(lambda plan: plan.plan_key)),
    st.builds(Pause, _maybe(ahead)),  # made an instant when it is asked for
    st.just(Resume()),
    st.just(Cancel()),
)
timings = st.sampled_from(c.ChangeTiming)
changing = st.builds(c.ChangeSubscription, st.just(""), st.just(""), changes, timings, ahead, st.booleans())
granting = st.builds(
    Grant,
    st.just(""),
    st.sampled_from([FEATURES["sso"], FEATURES["region"]]),
    st.just("because"),
    st.just(on("2026-01-01")),
    override=st.booleans(),
    enabled=st.just(False) | st.none(),
    value=st.none() | st.just({"eu": [1, 2.5, None]}),
    expires_at=_maybe(ahead),
)
others = st.one_of(
    st.just(c.RevokeCancellation("")),
    st.just(c.CancelScheduledChange("")),
    st.just(c.RevokeEntitlement("")),
    st.builds(c.UpdateCustomer, timezone=st.sampled_from(ZONES), country=st.sampled_from(["FR", None])),
    st.just(c.CatchUp()),
)
# A life begins with a subscription; then mostly changes of it, now and then another; seldom the end of it all.
steps = st.tuples(ahead, st.integers(0, 3), st.sampled_from([changing] * 6 + [subscribing] * 2 + [granting, others]))
lives = st.tuples(
    st.sampled_from(ZONES),
    st.sampled_from(BEGINNINGS),
    st.builds(Step, ahead, st.just(0), subscribing),
    st.lists(steps.flatmap(lambda step: st.builds(Step, st.just(step[0]), st.just(step[1]), step[2])), max_size=14),
    st.integers(0, 3).map(lambda number: number == 0),
)
Life = tuple[str, str, Step, list[Step], bool]


def _concrete(life: Timeline, number: int, step: Step, now: datetime) -> c.AccountCommand:
    """The command with ids and instants in it."""

    def pick(ids: list[str]) -> str:
        return ids[step.which % len(ids)] if ids else "none"

    def instant(offset: timedelta | None) -> datetime | None:
        return None if offset is None else now + offset

    command = step.command
    held = [subscription.id for subscription in life.account.subscriptions]
    match command:
        case c.Subscribe():
            values = {name: getattr(command, name) for name in command.__struct_fields__}
            values |= {"subscription_id": f"s{len(held) + 1}"}
            values |= {name: instant(values[name]) for name in ("start_at", "anchor")}
            return c.Subscribe(**values)
        case c.ChangeSubscription():
            change = command.change
            if isinstance(change, Pause):
                change = Pause(instant(change.resumes_at))  # type: ignore[arg-type]
            id = f"c{number:02}"
            timing = command.timing
            later = instant(command.effective_at) if timing is c.ChangeTiming.AT else None  # type: ignore[arg-type]
            return c.ChangeSubscription(pick(held), id, change, timing, later, command.replace_scheduled)
        case c.RevokeCancellation():
            return c.RevokeCancellation(pick(held))
        case c.CancelScheduledChange():
            return c.CancelScheduledChange(
                pick([p.id for subscription in life.account.subscriptions for p in subscription.scheduled])
            )
        case Grant():
            grants = {name: getattr(command, name) for name in command.__struct_fields__}
            grants |= {"id": f"g{len(life.account.grants)}", "expires_at": instant(command.expires_at)}
            return c.GrantEntitlement(Grant(**grants))
        case c.RevokeEntitlement():
            return c.RevokeEntitlement(pick([grant.id for grant in life.account.grants]))
    return command  # type: ignore[no-any-return]


def lived(drawn: Life, *, often: bool = False) -> Iterator[tuple[Timeline, datetime]]:
    """The life after each of its steps. `often`: the worker passes by many times in between."""
    zone, beginning, first, later, erased = drawn
    life, now = Timeline(beginning, zone), on(beginning)
    yield life, now
    erasure = [Step(timedelta(days=1), 0, c.EraseCustomer())] if erased else []
    for number, step in enumerate([first, *later, *erasure, Step(timedelta(days=200), 0, c.CatchUp())]):
        if often:
            for part in range(1, 8):
                life.until(now + step.after * part / 8)
        now += step.after
        before, frozen = life.account, encode(life.account)
        try:
            life.do(now, _concrete(life, number, step, now))
        except Refusal:
            life.until(now)
        assert encode(before) == frozen  # whatever was decided, nothing was changed in place
        yield life, now


def ended(drawn: Life, *, often: bool = False) -> Timeline:
    *_, (life, _) = lived(drawn, often=often)
    return life


LAW = settings(max_examples=60)


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@LAW
@given(lives)
def test_folding_the_journal_again_gives_the_same_state_byte_for_byte(drawn: Life) -> None:
    life = ended(drawn)
    folded = Account()
    for entry in life.journal:
        payload = encode(entry.event)
        event = decode_event(payload, 1)
        assert (event, encode(event)) == (entry.event, payload)
        folded = evolve_account(folded, event, entry.at)  # type: ignore[arg-type]
    assert encode(folded) == encode(life.account)
    assert encode(decode_account(encode(life.account))) == encode(life.account)
    assert decode_account(encode(life.account)) == life.account


@LAW
@given(lives)
def test_however_often_the_worker_looks_the_journal_is_the_same(drawn: Life) -> None:
    assert ended(drawn, often=True).journal == ended(drawn).journal


@LAW
@given(lives)
def test_a_reader_sees_at_every_instant_what_the_worker_would_record(drawn: Life) -> None:
    before = None
    for life, now in lived(drawn):
        if before is not None and before[1] < now:
            account, then = before
            middle = then + (now - then) / 2
            assert present(present(account, middle), now) == present(account, now)
        before = (life.account, now)
        assert present(life.account, now) == life.account
        assert (due_at := next_due(life.account)) is None or due_at > now


@LAW
@given(lives)
def test_time_in_a_journal_never_goes_back(drawn: Life) -> None:
    assert all(entry.at <= other.at for entry, other in pairwise(ended(drawn).journal))


@LAW
@given(lives)
def test_the_periods_of_a_subscription_tile_its_life(drawn: Life) -> None:
    life = ended(drawn)
    now = max(entry.at for entry in life.journal)
    for held in life.account.subscriptions:
        periods = list(_periods(life, held))
        if not held.started:
            assert periods == []
            continue
        assert periods[0].start == held.start_at
        assert all(period.start < period.end for period in periods)
        assert all(period.end == other.start for period, other in pairwise(periods))
        assert periods[-1] == held.period
        assert held.period.end >= (held.ended_at or now)
        assert held.ended_at is None or held.ended_at >= held.period.start or held.ended_at < held.start_at


def _periods(life: Timeline, held: Subscription) -> Iterator[Period]:
    """The periods as the journal tells them. A change of plan may cut one short at its own instant, or move its end."""
    present_one: Period | None = None
    for at, event in life.journal:
        if getattr(event, "subscription_id", None) != held.id:
            continue
        match event:
            case e.SubscriptionStarted(period=period):
                present_one = period
            case e.TrialEnded(period=period) | e.SubscriptionRenewed(period=period):
                assert present_one is not None
                yield present_one
                present_one = period
            case e.PlanChanged(period=period) if present_one is not None:
                if period.start != present_one.start:
                    assert period.start == at <= present_one.end
                    yield Period(present_one.start, at)
                present_one = period
    if present_one is not None:
        yield present_one


@LAW
@given(lives)
def test_what_is_planned_never_conflicts_and_always_lies_ahead(drawn: Life) -> None:
    for life, now in lived(drawn):
        for held in life.account.subscriptions:
            assert all(planned.effective_at > now for planned in held.scheduled)
            assert held.ended_at is None or held.scheduled == ()
            for change, other in permutations(held.scheduled, 2):
                assert not conflicts(change, other.change, other.effective_at)


@LAW
@given(lives)
def test_every_planned_change_is_applied_or_withdrawn_exactly_once(drawn: Life) -> None:
    life = ended(drawn)
    planned = [entry.event.scheduled.id for entry in life.journal if isinstance(entry.event, e.ChangeScheduled)]
    settled = [
        entry.event.change_id for entry in life.journal if isinstance(entry.event, e.ChangeApplied | e.ChangeWithdrawn)
    ]
    open_ones = [change.id for held in life.account.subscriptions for change in held.scheduled]
    assert sorted(planned) == sorted(settled + open_ones)


@LAW
@given(lives)
def test_a_customer_holds_each_plan_once_and_never_as_its_own_add_on(drawn: Life) -> None:
    for life, _ in lived(drawn):
        running = [held for held in life.account.subscriptions if held.ended_at is None]
        assert len({held.plan.plan_id for held in running}) == len(running)
        for held in running:
            keys = [held.plan.plan_key, *(add_on.plan.plan_key for add_on in held.add_ons)]
            assert len(set(keys)) == len(keys)


@LAW
@given(lives)
def test_no_trial_outlasts_its_days_counted_from_the_first_start(drawn: Life) -> None:
    for life, now in lived(drawn):
        for held in life.account.subscriptions:
            if held.trialing and held.ended_at is None:
                assert held.trial_ends_at is not None
                assert now < held.trial_ends_at == held.period.end
                first = held.start_at if held.trial_days is not None else life.account.first_starts[held.plan.plan_key]
                days = held.plan.terms.trial_days if held.trial_days is None else held.trial_days
                assert held.trial_ends_at <= add_days(first, days, held.zone)


@LAW
@given(lives)
def test_a_right_is_counted_over_a_period_that_contains_the_instant(drawn: Life) -> None:
    for life, now in lived(drawn):
        rights = entitlements(life.account, now)
        assert rights == tuple(entitlement(life.account, right.feature.key, now) for right in rights)
        assert all(right.period is None or right.period.contains(now) for right in rights)
        gone = life.customer.erased_at is not None
        assert not (gone and rights)
