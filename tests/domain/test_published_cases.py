"""What others published, worked out by our rules.

Each case of published_cases.json stands in one of three tables. REPRODUCED: our public functions give its figures,
except those that PARTS sets apart with a reason. DIFFERS: we hold another convention, and the table says what we get
instead (docs/decisions/0002). LATER: it is about something not built yet, or not decided in the domain.
"""

import json
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import accumulate, count, pairwise, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from domain.account import Account, Customer, CustomerKind
from domain.books.credit import Credit, CreditKind
from domain.catalog import Aggregation, PlanVersion, Terms
from domain.commands import AccountCommand, CreateCustomer, Subscribe
from domain.commands import ChangeSubscription as Change
from domain.decide import decide_account
from domain.events import SubscriptionStarted, TrialEnded
from domain.evolve import evolve_account
from domain.exact import divided, quantized
from domain.lifecycle.due import catch_up, present
from domain.money import Money
from domain.period import (
    FOREVER,
    Cadence,
    Grain,
    Period,
    add_days,
    bucket,
    buckets,
    local_date,
    midnight,
    nth,
    period_at,
)
from domain.seller import BillingSettings
from domain.subscription import Cancel, ChangePlan
from domain.totals import burn
from domain.usage import Reading, carry_over, roll_up, total

Figures = dict[str, Any]
CASES: dict[str, Figures] = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "published_cases.json").read_text(encoding="utf-8"))["cases"]
}


def day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time.min, UTC)


CADENCES = {1: Cadence.MONTH, 3: Cadence.QUARTER, 12: Cadence.YEAR}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def shown(at: datetime) -> str:
    return at.date().isoformat()


# ── calendar ──


def a01(given: Figures) -> Figures:
    dates = [shown(nth(day(given["anchor"]), Cadence.MONTH, "UTC", n)) for n in range(given["n"])]
    return {"dates": dates, "leap_second_date": shown(nth(day("2024-01-31"), Cadence.MONTH, "UTC", 1))}


def a03(given: Figures) -> Figures:
    bounds = [nth(day(given["anchor"]), Cadence.YEAR, "UTC", n) for n in range(given["n"] + 1)]
    periods = [Period(start, end) for start, end in pairwise(bounds)]
    inclusive = [[shown(period.start), shown(period.end - timedelta(days=1))] for period in periods]
    holding = [shown(period.start) for period in periods if period.contains(day(given["event"]))]
    return {"periods": inclusive, "event_in": holding[0], "event_count_over_all_periods": str(len(holding))}


def a03b(given: Figures) -> Figures:
    return {"starts": [shown(nth(day(given["anchor"]), Cadence.YEAR, "UTC", n)) for n in range(given["n"])]}


def a07(given: Figures) -> Figures:
    """A billing day is an anchor on that day of the month of the start, or on its last one."""

    def first(start: str, at: int, months: int) -> str:
        begun = date.fromisoformat(start)
        anchor = begun.replace(day=min(at, monthrange(begun.year, begun.month)[1]))
        period = period_at(day(anchor.isoformat()), CADENCES[months], "UTC", day(start))
        return shown(period.start if period.start == day(start) else period.end)

    return {"first": [first(*row) for row in given["rows"]]}


def complete(start: datetime, end: datetime, cadence: Cadence) -> int:
    """How many periods, counted from `start`, are over by `end`."""
    bounds = (nth(start, cadence, "UTC", n) for n in count(1))
    return sum(1 for _ in takewhile(lambda bound: bound <= end, bounds))


def a07c(given: Figures) -> Figures:
    def whole(rows: str, cadence: Cadence, each: int = 1) -> list[str]:
        return [str(complete(day(a), day(b), cadence) // each) for a, b in given[rows]]

    begin = day(given["add_30_days_x7_from"])
    return {
        "monthly": whole("monthly", Cadence.MONTH),
        "thirty_days": whole("thirty_days", Cadence.DAY, 30),
        "weekly": whole("weekly", Cadence.WEEK),
        "add_30_days_x7": shown(add_days(begin, 7 * 30, "UTC")),
        "add_months_x7": shown(nth(begin, Cadence.MONTH, "UTC", 7)),
    }


def a14(given: Figures) -> Figures:
    first, last = (day(text) for text in given["period"])
    month = period_at(first, Cadence.MONTH, "UTC", last)
    assert month == Period(first, last + timedelta(days=1)), "the whole of February is one whole period"
    return {"days": str(len(list(buckets(month, Grain.DAY, "UTC"))))}


def a15(given: Figures) -> Figures:
    zone = given["zone"]
    first, end = (midnight(date.fromisoformat(text), zone) for text in given["period"])
    period = bucket(first, Grain.MONTH, zone)
    assert period == Period(first, end)
    seconds = Decimal((end - first) // timedelta(seconds=1))
    return {
        "local_days": str(len(list(buckets(period, Grain.DAY, zone)))),
        "seconds": str(seconds),
        "seconds_over_86400": str(divided(seconds, Decimal(86400), 5, ROUND_HALF_UP)),
    }


def a17(given: Figures) -> Figures:
    zone = given["zone"]
    anchor = midnight(date.fromisoformat(given["created"]), zone)
    runs = [instant(text) for text in given["runs"]]
    return {
        "local_dates": [local_date(run, zone).isoformat() for run in runs],
        "invoices_expected": str(len({period_at(anchor, Cadence.WEEK, zone, run) for run in runs})),
    }


# ── trials ──


def plan(key: str, trial_days: int) -> PlanVersion:
    return PlanVersion(f"version_{key}", f"plan_{key}", key, key, 1, day("2024-01-01"), Terms(trial_days=trial_days))


def customer() -> CreateCustomer:
    return CreateCustomer(Customer("customer_1", CustomerKind.USER, "anonymous", {}, "EUR", "UTC", day("2024-01-01")))


def after(account: Account, command: AccountCommand, at: datetime) -> Account:
    account = present(account, at)
    for event in decide_account(account, command, at):
        account = evolve_account(account, event, at)
    return present(account, at)


def tr02(given: Figures) -> Figures:
    started, upgrade = instant(given["started"]), instant(given["upgrade"])
    account = after(Account(), customer(), started)
    account = after(account, Subscribe("s", plan("old", given["old_trial"])), started)
    old_end = add_days(started, given["old_trial"], "UTC")
    account = after(account, Change("s", "c", ChangePlan(plan("new", given["new_trial"]))), upgrade)
    fell_due = [(at, event) for at, event, _ in catch_up(account, upgrade + timedelta(days=20))]
    ends = [at for at, event in fell_due if isinstance(event, TrialEnded)]
    assert len(ends) == 1
    assert all(shown(at) != shown(old_end) for at, _ in fell_due), "nothing happens when the old trial would have ended"
    return {"nothing_on": shown(old_end), "bill_on": shown(ends[0])}


def tr06(given: Figures) -> Figures:
    """No figure yet, but its rule: the trial is counted from the first start, so there is no second one."""
    started, ended, again = (instant(given[at]) for at in ("started", "terminated", "resubscribed"))
    version = plan("p", given["trial_days"])
    account = after(Account(), customer(), started)
    account = after(account, Subscribe("first", version), started)
    assert account.subscriptions[0].trial_ends_at == started + timedelta(days=given["trial_days"])
    account = after(account, Change("first", "c", Cancel()), ended)
    second = Subscribe("second", version)
    created = evolve_account(account, decide_account(account, second, again)[0], again)
    begun = next(event for _, event, _ in catch_up(created, again) if isinstance(event, SubscriptionStarted))
    assert begun.trial_ends_at is None
    return {}


# ── entitlements ──

NOW = day("2024-05-01")


def pot(
    id: str, amount: str | Decimal, priority: int = 1, start: datetime = NOW, end: datetime | None = None
) -> Credit:
    """An amount that can be used up is a credit here."""
    given, kind = Decimal(amount), CreditKind.PROMOTIONAL
    return Credit(id, kind, "EUR", given, given, "given", start, priority, end)


class Burned(NamedTuple):
    """`left` of what can be used at the instant, in the order of burning; `overage` is what nothing covered."""

    left: dict[str, Decimal]
    overage: Decimal


def burned(pots: list[Credit], used: Decimal, at: datetime) -> Burned:
    def taken(amount: Decimal) -> dict[str, Decimal]:
        found = burn(pots, amount, BillingSettings().burn_order, CreditKind.PROMOTIONAL, "EUR", at)
        return {burn.credit_id: burn.amount for burn in found}

    there, gone = taken(Decimal(10**12)), taken(used)
    return Burned({id: there[id] - gone.get(id, 0) for id in there}, used - sum(gone.values()))


def text(amounts: dict[str, Decimal]) -> dict[str, str]:
    return {id: str(amount) for id, amount in sorted(amounts.items())}


def e01(given: Figures) -> Figures:
    pots = [pot(id, amount, priority) for id, amount, priority in given["grants"]]
    left, overage = burned(pots, Decimal(given["use"]), NOW)
    return {"left": text(left), "overage": str(overage)}


def e02(given: Figures) -> Figures:
    ends = {"expires sooner": day("2024-06-01"), "expires later": day("2024-07-01")}
    pots = [pot(id, amount, end=ends[when]) for id, amount, when in given["grants"]]
    return {"left": text(burned(pots, Decimal(given["use"]), NOW).left)}


def e03(given: Figures) -> Figures:
    pots = [pot(f"{n}", given["each"], end=NOW + timedelta(hours=2000 - n)) for n in range(2000)]
    soonest, *others = burned(pots, Decimal(given["use"]), NOW).left.values()
    (other,) = set(others)
    return {"soonest_left": str(soonest), "others_left": str(other)}


def e06(given: Figures) -> Figures:
    """Each segment goes on from what the one before left: nothing is filled again until the next refill."""
    (_, first), (_, second) = given["use"]
    left = burned([pot("g1", "100")], Decimal(first), NOW).left["g1"]
    later = NOW + timedelta(minutes=90)
    joined = [pot("g1", left), pot("g2", "100", 2, NOW + timedelta(hours=1))]
    return {"left": text(burned(joined, Decimal(second), later).left), "g1_when_g2_starts": str(left)}


def e09(given: Figures) -> Figures:
    use = Decimal(given["use"])
    future, expired = pot("f", "100", start=day("2024-05-02")), pot("x", "100", start=day("2024-04-01"), end=NOW)
    return {
        "none": str(burned([], use, NOW).overage),
        "future_balance": str(sum(burned([future], use, NOW).left.values())),
        "expired_balance": str(sum(burned([expired], use, NOW).left.values())),
    }


def e14(given: Figures) -> Figures:
    """The use of a segment is the level read last in it, however often the level was read."""
    balances = []
    for start, latest in zip(given["balance_at_start"], given["latest_used_per_segment"], strict=True):
        rows = [Reading(NOW, Decimal(30)), Reading(NOW + timedelta(hours=1), Decimal(latest))]
        segment = Period(NOW, day("2024-05-02"))
        used = total(Aggregation.LATEST, [roll_up(Aggregation.LATEST, rows)], None, segment, segment.end)
        balances.append(str(sum(burned([pot("g", start)], used, NOW).left.values())))
    return {"balances": balances}


def e17(given: Figures) -> Figures:
    """Free units are one pot for the period: what is billed is how far each line moves the overage."""

    def billed(free: str, before: Decimal, lines: list[str]) -> list[str]:
        steps = accumulate([before, *map(Decimal, lines)])
        beyond = [burned([pot("free", free)], used, NOW).overage for used in steps]
        return [str(b - a) for a, b in pairwise(beyond)]

    first, *rest = given["rows"]
    (single,) = billed(first["free"], Decimal(first["pre"]), [first["qty"]])
    return {"billed": [single, *(billed(row["free"], Decimal(0), row["quantities"]) for row in rest)]}


# ── usage ──


def share(
    levels: list[tuple[datetime, str]], before: Decimal, period: Period, until: datetime | None = None
) -> Decimal:
    """The mean of a level over a period: its unit-hours by the period's hours."""
    hours = Decimal((period.end - period.start) // timedelta(hours=1))
    rows = [roll_up(Aggregation.TIME_WEIGHTED, [Reading(at, Decimal(level))]) for at, level in levels]
    unit_hours = total(Aggregation.TIME_WEIGHTED, rows, before, period, until or period.end)
    return divided(unit_hours, hours, 12, ROUND_HALF_UP)


def cents(amount: Decimal) -> str:
    return str(int(Money(amount, "EUR").rounded().amount * 100))


def month(text: str) -> Period:
    return bucket(day(text), Grain.MONTH, "UTC")


def u01(given: Figures) -> Figures:
    """Lago sends changes of a level; a level meter reads the level itself, that is their running sum."""
    level = Decimal(0)
    amounts, carried = [], []
    for name, period in (("march_events", month("2023-03-01")), ("april_events", month("2023-04-01"))):
        sums = list(accumulate((Decimal(change) for _, change in given[name]), initial=level))
        levels = [(instant(at), str(sum_)) for (at, _), sum_ in zip(given[name], sums[1:], strict=True)]
        amounts.append(cents(share(levels, level, period) * Decimal(given["unit_price"])))
        rows = [roll_up(Aggregation.LATEST, [Reading(at, Decimal(level))]) for at, level in levels]
        level = total(Aggregation.LATEST, rows, level, period, period.end)
        carried.append(str(level))
    return {"march_cents": amounts[0], "april_cents": amounts[1], "carried_over": carried}


def u05(given: Figures) -> Figures:
    seat = Decimal(given["seat_price_cents"]) / 100
    june, july, august = (month(text) for text in ("2024-06-01", "2024-07-01", "2024-08-01"))
    zero, five, seven = Decimal(0), Decimal(5), Decimal(5 + given["july_extra"])
    growing = [(day(at), str(n)) for n, at in enumerate(given["added"], 1)]
    end = day(given["terminated_in_arrears"]) + timedelta(days=1)  # the day it ends on is still used
    return {
        "june_each": [cents(share([(day(at), "1")], zero, june) * seat) for at in given["added"]],
        "june_in_arrears": cents(share(growing, zero, june) * seat),
        "july": cents(share([], five, july) * seat),
        "august": cents(share([], seven, august) * seat),
        "july_terminated_15th": cents(share([], five, july, end) * seat),
    }


def u06(given: Figures) -> Figures:
    rows = [Reading(NOW + timedelta(hours=n), Decimal(change)) for n, (_, change) in enumerate(given["events"])]
    period = month("2024-05-01")
    rolled = roll_up(Aggregation.SUM, rows)
    return {"units": str(total(Aggregation.SUM, [rolled], None, period, period.end))}


def u07(given: Figures) -> Figures:
    """No meter rounds; where a price will, it rounds the finished figure."""
    modes = {"round": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}
    value = Decimal(given["value"])
    rows = [Reading(NOW, value / 4)] * 4  # rounding each event first would give 124, or 123.44
    period = month("2024-05-01")
    summed = total(Aggregation.SUM, [roll_up(Aggregation.SUM, rows)], None, period, period.end)
    return {"values": [str(quantized(summed, int(row.split()[1]), modes[row.split()[0]])) for row in given["rows"]]}


def u10(given: Figures) -> Figures:
    """An event a fraction of a millisecond before the start is in the period before, and in no other."""
    event, start = (
        datetime.fromtimestamp(int(text.split(".")[0]), UTC)
        + timedelta(microseconds=int(text.split(".")[1].ljust(6, "0")))
        for text in (given["event_ts"], given["subscription_started_at"])
    )
    first = period_at(start, Cadence.MONTH, "UTC", start)
    before = period_at(start, Cadence.MONTH, "UTC", event)
    assert before.end == first.start == start
    assert before.contains(event)
    return {"counted_with_raw_start": str(int(first.contains(event)))}


REPRODUCED: dict[str, Callable[[Figures], Figures]] = {
    "A01": a01,
    "A03": a03,
    "A03b": a03b,
    "A07": a07,
    "A07c": a07c,
    "A14": a14,
    "A15": a15,
    "A17": a17,
    "TR02": tr02,
    "TR06": tr06,
    "E01": e01,
    "E02": e02,
    "E03": e03,
    "E06": e06,
    "E09": e09,
    "E14": e14,
    "E17": e17,
    "U01": u01,
    "U05": u05,
    "U06": u06,
    "U07": u07,
    "U10": u10,
}

_LINES = "an amount on an invoice line; lines are made in the next issue"
PARTS: dict[tuple[str, str], str] = {
    ("A07c", "trailing_fraction"): "a fraction over several months: we divide by the period that contains the change",
    ("A14", "fee_cents"): _LINES,
    ("A17", "invoices_with_bug"): "the figure of the bug",
    ("TR02", "cents"): _LINES,
    ("TR02", "usage_invoice_cents"): _LINES,
    ("TR02", "april_cents"): _LINES,
    ("TR06", "first_cents"): _LINES,
    ("TR06", "credit_cents"): _LINES,
    ("TR06", "second_cents"): _LINES,
    ("U06", "amount_cents"): _LINES,
    ("U10", "counted_with_start_floored_to_ms"): "we compare in one precision, microseconds, and floor nothing",
}


# ── where we hold another convention: what we get instead ──


def ours_e10(given: Figures) -> Figures:
    rows = given["rows"]
    carried = [carry_over([(Decimal(row["grant"]), Decimal(row["max"]), Decimal(row["used"]))]) for row in rows]
    return {"after": [str(amount) for amount in carried]}


def ours_e11(given: Figures) -> Figures:
    limit = sum(Decimal(grant["amount"]) for grant in given["grants"])
    rollover = sum(Decimal(grant["max"]) for grant in given["grants"])
    return {"balance_after_first": str(carry_over([(Decimal(limit), Decimal(rollover), Decimal(given["used"]))]))}


def ours_e12(given: Figures) -> Figures:
    limit = sum(Decimal(grant["amount"]) for grant in given["grants"])
    rollover = sum(Decimal(grant["max"]) for grant in given["grants"])
    return {
        "balances": [str(carry_over([(Decimal(limit), Decimal(rollover), Decimal(used))])) for used in given["used"]],
        "overages": ["0", "0"],
    }


def ours_e16(given: Figures) -> Figures:
    """There is no reset by hand; a period begins at its own microsecond and the one before ends there."""
    anchor = instant("2024-05-01T12:00:30.000001+00:00")
    assert period_at(anchor, Cadence.ONCE, "UTC", anchor) == Period(anchor, FOREVER)
    boundary = nth(anchor, Cadence.MONTH, "UTC", 1)
    assert boundary.isoformat() == "2024-06-01T12:00:30.000001+00:00"
    return {"allowed": []}


def ours_u03(given: Figures) -> Figures:
    """Both events fall 6 days before the end of a month of 31, and raise the level from 5 by 12 each."""
    period = month("2024-03-01")
    at = day("2024-03-26")
    mean = share([(at, "29")], Decimal(given["carried"]), period)
    return {"units": str(mean), "half_up_would_be": str(quantized(mean, 5, ROUND_HALF_UP))}


def ours_u04(given: Figures) -> Figures:
    period = month("2024-03-01")
    units = []
    for row in given["rows"]:
        whole, _, part = row.rpartition("+")
        days = int(part.strip().split("/")[0])
        begun = [(period.end - timedelta(days=days), str(int(whole or 0) + 1))]
        units.append(str(share(begun, Decimal(whole.strip() or 0), period)))
    return {"units": units}


DIFFERS: dict[str, tuple[Callable[[Figures], Figures], Figures]] = {
    "E10": (ours_e10, {"after": ["50", "0"]}),
    "E11": (ours_e11, {"balance_after_first": "1100"}),
    "E12": (ours_e12, {"balances": ["0", "0"], "overages": ["0", "0"]}),
    "E16": (ours_e16, {"allowed": []}),
    "U03": (ours_u03, {"units": "9.645161290323", "half_up_would_be": "9.64516"}),
    "U04": (
        ours_u04,
        {
            "units": [
                "1.677419354839",
                "0.516129032258",
                "0.483870967742",
                "0.258064516129",
                "0.032258064516",
                "0.096774193548",
            ]
        },
    ),
}

LATER: dict[str, str] = {
    "U08": "the correcting line of a late event, invoice = wanted − billed: test_published_billing.py",
    "U09": "duplicates are told apart by (customer, source, id) where usage is written, not in the domain",
}


@pytest.mark.parametrize("id", REPRODUCED)
def test_a_published_figure_comes_out_of_our_rules(id: str) -> None:
    case = CASES[id]
    expected = {key: figure for key, figure in case["expect"].items() if (id, key) not in PARTS}
    assert REPRODUCED[id](case["given"]) == expected


@pytest.mark.parametrize("id", DIFFERS)
def test_where_we_differ_we_know_by_how_much(id: str) -> None:
    work_out, ours = DIFFERS[id]
    assert work_out(CASES[id]["given"]) == ours
    assert ours != {key: CASES[id]["expect"][key] for key in ours}


def test_every_published_case_is_accounted_for_once() -> None:
    assert sorted([*REPRODUCED, *DIFFERS, *LATER]) == sorted(CASES)


def test_every_part_set_apart_is_a_figure_of_its_case() -> None:
    assert all(id in REPRODUCED and key in CASES[id]["expect"] for id, key in PARTS)


def test_every_case_that_differs_is_explained_in_the_decision() -> None:
    decisions = Path(__file__).parents[2] / "docs" / "decisions"
    decision = (decisions / "0002-published-cases-with-other-conventions.md").read_text(encoding="utf-8")
    set_apart = {id for (id, _), reason in PARTS.items() if reason != _LINES}
    assert all(id in decision for id in {*DIFFERS, *LATER, *set_apart})
