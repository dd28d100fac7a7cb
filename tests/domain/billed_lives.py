"""Random lives of customers who are billed, for the laws of billing: what is sold, what is asked for, and when."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from billed_shop import MONTH, PATIENT, SETUP, WEEK, YEAR, calls, fee, seats, sold, tiered
from hypothesis import note
from hypothesis import strategies as st
from msgspec.structs import replace
from timeline import MICROSECOND, D, Timeline, on

from domain import commands as c
from domain.billing.billing_point import next_boundary
from domain.billing.invoicing import invoice_id
from domain.books.credit import Credit, CreditKind
from domain.books.invoice import Adjustment, Item
from domain.catalog import BillingMode, ChargeModel, ProrationPolicy
from domain.coupon import Coupon
from domain.errors import Refusal
from domain.money import Money
from domain.policy import ChangeDay, ChangesBilled, ChangeTiming, TrialUsage
from domain.seller import BillingSettings
from domain.subscription import AddAddOn, Cancel, ChangePlan, ChangeQuantity, Pause, RemoveAddOn, Resume

FREE = sold("free")
BASIC = sold("basic", fee("30"), fee("300", YEAR), calls("0.07"))
TEAM = sold("team", seats("12.50", included=D(1)), seats("100", YEAR, tax_inclusive=True), SETUP)
GRADED = tiered(ChargeModel.GRADUATED, ("10", "1"), (None, "0.333"))
LATER = sold("later", fee("50"), GRADED, billing=BillingMode.IN_ARREARS)
WEEKLY = sold("weekly", fee("7", WEEK), calls("0.10", WEEK), changes_billed=ChangesBilled.NEXT_INVOICE, draft_hours=24)
BY_DAY: dict[str, Any] = {"proration": ProrationPolicy.BY_DAY, "change_day": ChangeDay.OLD}
DAYS = sold("days", seats("31", **BY_DAY), fee("310", MONTH, "days"))
LEAST = sold("least", fee("5"), calls("0.01"), fee("60", YEAR), minimum="20")
TRIED = sold("tried", fee("40"), calls("0.05"), trial_days=10, trial_usage=TrialUsage.BILLED, draft_hours=0)
EXTRA = sold("extra", fee("9"), SETUP)
LAST = sold("last", fee("1"))
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


class Help(NamedTuple):
    """What support does: `what`, with so much, about one of those there are."""

    what: str
    amount: int


class Life(NamedTuple):
    zone: str
    beginning: str
    steps: list[Step]


plans, quantities = st.sampled_from(PLANS), st.integers(1, 4)
cadences = st.sampled_from([None, None, None, MONTH, YEAR])
ahead = st.sampled_from(STEPS)
back = ahead.map(lambda time: -time)


def rarely(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([True, False, False, False]).flatmap(lambda drawn: strategy if drawn else st.none())


subscribing = st.builds(
    c.Subscribe,
    st.just(""),
    plans,
    quantities,
    cadences,
    start_at=rarely(back | ahead),
    anchor=rarely(back | ahead),
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
timings = st.sampled_from([None, *ChangeTiming, *[ChangeTiming.NOW] * 4])
changing = st.builds(
    c.ChangeSubscription, st.just(""), st.just(""), changes, timings, ahead, st.booleans(), since=rarely(back)
)
helping = st.builds(
    Help,
    st.sampled_from(["coupon", "credit", "prepaid", "void", "rebill", "note", "part", "adjust", "item", "close"]),
    st.integers(1, 100),
)
usage = st.lists(st.tuples(ahead, st.integers(-9, 30)), max_size=2)
beginning = st.builds(Step, ahead, st.none(), st.just(0), usage, subscribing, st.booleans())


def _lives(*commands: st.SearchStrategy[Any]) -> st.SearchStrategy[Life]:
    edges = st.none() | st.sampled_from(EDGES)
    step = st.builds(Step, ahead, edges, st.integers(0, 3), usage, st.one_of(*commands), st.booleans())
    steps = st.tuples(beginning, st.lists(step, min_size=2, max_size=8)).map(lambda drawn: [drawn[0], *drawn[1]])
    return st.builds(Life, st.sampled_from(ZONES), st.sampled_from(BEGINNINGS), steps)


lives = _lives(changing, changing, changing, subscribing, st.just(c.CatchUp()))
helped_lives = _lives(changing, helping, helping, helping, subscribing)
"""Support has a hand in them: coupons, credit, voids, credit notes, words on lines, drafts closed by hand."""


def lived(drawn: Life, *, often: bool = False, **terms: Any) -> Iterator[Timeline]:
    """The life after each of its steps. `often`: the worker passes by many times in between."""
    settings = BillingSettings(dunning=PATIENT, **terms)
    life, now = Timeline(drawn.beginning, drawn.zone, "EUR", settings, country="DE"), on(drawn.beginning)
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
        if step.pays and (owed := sum(owed.due for owed in life.account.books.open)):
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
    if isinstance(step.command, Help):
        return _helped(life, number, step.which, *step.command)
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
        since = instant(command.since) if command.timing is ChangeTiming.NOW else None
        if since is not None:  # not before what it changes began
            began = [segment.start for segment in life.account.books.segments if segment.subscription_id == which]
            since = max(since, *began, life.account.books.closed_until or since)
        return replace(
            command,
            subscription_id=which,
            change_id=f"c{number}",
            change=change,
            effective_at=at,
            since=since,
        )
    return command


def _helped(life: Timeline, number: int, which: int, what: str, amount: int) -> c.AccountCommand:
    books, id = life.account.books, f"{what}{number}"
    invoices = list(books.receivables.values())
    owed = invoices[which % len(invoices)] if invoices else None
    match what:
        case "coupon":
            percent = D(amount) if amount % 2 else None
            fixed = None if percent else Money(D(amount) / 4, "EUR")
            return c.RedeemCoupon(Coupon(id, id, id, percent, fixed, [None, 1, 2, 3][which]), id)
        case "credit" | "prepaid":
            kind = CreditKind.PREPAID if what == "prepaid" else CreditKind.PROMOTIONAL
            return c.GrantCredit(Credit(id, kind, "EUR", D(amount), D(amount), "sorry", life.journal[-1].at))
        case "void" | "rebill":
            return c.VoidInvoice(owed.id if owed else "none", rebill=what == "rebill")
        case "note":
            return c.IssueCreditNote(owed.id if owed else "none", "sorry")
        case "part":
            line = owed.lines[0] if owed else None
            part = {line.id: (line.net * amount / 100).quantize(D("0.01"))} if line else None
            return c.IssueCreditNote(owed.id if owed else "none", "sorry", part)
        case "adjust":
            keys = list(books.billed)
            word = Adjustment(keys[which % len(keys)] if keys else "none", D(amount), "sorry")
            return c.AdjustLine(invoice_id(life.account), word)
        case "item":
            item = Item(id, id, D(1), D(amount), "EUR", life.journal[-1].at)
            return c.AddItem(item, at_once=amount % 2 == 0)
        case _:
            return c.FinalizeInvoice(invoice_id(life.account))
