"""What falls due by itself: every instant once, in order, however late somebody looks."""

from datetime import datetime

import pytest
from msgspec.structs import replace
from timeline import EXTRA, PRO, STARTER, Timeline, flat, gives, on, plan

from domain.account import Account, Owing
from domain.books import Books
from domain.lifecycle.due import Due, next_due, present
from domain.period import Cadence
from domain.subscription import AddAddOn, ChangePlan, ChangeQuantity, Pause

DAILY = plan("daily", flat("1", Cadence.DAY), gives("calls", "10", resets=Cadence.DAY))


def eventful() -> Timeline:
    """Three subscriptions with a trial, planned changes, a pause and an end; and a grant that expires."""
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO)
    life.subscribe("2026-01-05", plan("team", flat("20"), trial_days=14), start_at="2026-01-10")
    life.subscribe("2026-01-05", STARTER, start_at="2026-03-01")
    life.grant("2026-01-05", "sso", enabled=True, expires_at="2026-02-10")
    life.change("2026-01-05", ChangeQuantity(5), "PERIOD_END", of="s1")
    life.change("2026-01-05", Pause(on("2026-02-20")), "2026-02-15", of="s1")
    life.change("2026-01-05", AddAddOn(EXTRA), "2026-01-15", of="s2")
    life.cancel("2026-01-05", "2026-04-01", of="s3")
    return life


def test_a_long_downtime_yields_everything_missed_once_in_order_each_at_its_own_instant() -> None:
    assert eventful().until("2026-04-02") == [
        "2026-01-10: s2 started its trial, 2026-01-10 → 2026-01-24",
        "2026-01-15: s2 c3 applied",
        "2026-01-15: s2 with 1 × extra",
        "2026-01-24: s2 trial ended, 2026-01-24 → 2026-02-24",
        "2026-02-01: s1 c1 applied",
        "2026-02-01: s1 quantity 5",
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-10: g1 expired",
        "2026-02-15: s1 c2 applied",
        "2026-02-15: s1 paused until 2026-02-20",
        "2026-02-20: s1 resumed",
        "2026-02-24: s2 renewed, 2026-02-24 → 2026-03-24",
        "2026-03-01: s3 started, 2026-03-01 → 2026-04-01",
        "2026-03-01: s1 renewed, 2026-03-01 → 2026-04-01",
        "2026-03-24: s2 renewed, 2026-03-24 → 2026-04-24",
        "2026-04-01: s3 c4 applied",
        "2026-04-01: s3 ended, CANCELED",
        "2026-04-01: s1 renewed, 2026-04-01 → 2026-05-01",
    ]


def test_looking_often_or_once_writes_the_same_journal() -> None:
    often, once = eventful(), eventful()
    for day in range(6, 32):
        often.until(f"2026-01-{day:02}")
    often.until("2026-03-01")
    often.until("2026-04-02")
    once.until("2026-04-02")
    assert often.ledger() == once.ledger()
    assert often.account == once.account


def test_catching_up_twice_changes_nothing() -> None:
    life = eventful()
    life.until("2026-04-02")
    before = life.account
    assert life.until("2026-04-02") == []
    assert life.account == before


def test_what_is_due_at_an_instant_has_happened_at_that_instant() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO)
    assert life.until("2026-01-31 23:59:59.999999") == []
    assert life.until("2026-02-01") == ["2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01"]


@pytest.mark.parametrize("at", ["2026-01-06", "2026-01-10", "2026-02-01", "2026-02-17", "2026-04-02"])
def test_a_reader_ahead_of_the_worker_sees_what_the_worker_will_record(at: str) -> None:
    life = eventful()
    seen = present(life.account, on(at))
    life.until(at)
    assert rights(seen) == rights(life.account)


def rights(account: Account) -> Account:
    """Without the money, whose events a reader leaves to the worker."""
    return replace(account, books=Books(), owing=Owing(), seq=0)


def test_the_next_instant_at_which_something_falls_due_is_known_ahead() -> None:
    life = eventful()
    instants = []
    while (due_at := next_due(life.account)) is not None and due_at < on("2026-03-01"):
        assert present(life.account, due_at) != life.account
        instants.append(due_at)
        life.until(due_at)
    assert instants == [
        on("2026-01-10"),
        on("2026-01-15"),
        on("2026-01-24"),
        on("2026-02-01"),
        on("2026-02-10"),
        on("2026-02-15"),
        on("2026-02-20"),
        on("2026-02-24"),
    ]


def test_nothing_is_due_for_a_customer_who_holds_nothing_that_ends() -> None:
    life = Timeline("2026-01-01")
    life.grant("2026-01-01", "sso", enabled=True)
    assert next_due(life.account) is None


def test_a_command_is_decided_after_what_fell_due_before_it() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO)
    life.change("2026-01-02", ChangeQuantity(5), "PERIOD_END")
    assert life.change("2026-02-01", ChangePlan(STARTER)) == [
        "2026-02-01: s1 c1 applied",
        "2026-02-01: s1 quantity 5",
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-01: s1 on 5 × starter by the month, 2026-02-01 → 2026-03-01",
    ]


def test_a_clock_that_runs_behind_never_takes_the_journal_back() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", PRO)
    assert life.change("2026-01-05", ChangeQuantity(2)) == ["2026-01-10: s1 quantity 2"]


def test_three_years_of_days_beside_a_thousand_grants_are_looked_at_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand steps of a thousand things each would be a million: a step looks only at what it concerns."""
    life = Timeline("2023-01-01")
    life.subscribe("2023-01-01", DAILY)
    for n in range(900):
        life.grant("2023-01-01", "calls", "1", reason=f"promise {n}", expires_at="2027-01-01")
    looked_at: list[Due] = []

    def due(at: datetime, rank: int, id: str) -> Due:
        looked_at.append(Due(at, rank, id))
        return looked_at[-1]

    monkeypatch.setattr("domain.lifecycle.due.Due", due)
    account = present(life.account, on("2026-01-01"))
    assert account.subscriptions[0].period.start == on("2026-01-01")
    assert len(looked_at) == 1 + 900 + (365 * 3 + 1)
