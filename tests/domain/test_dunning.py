"""Collecting what is owed: when it is tried, when again, what becomes of those who cannot or will not pay."""

from datetime import timedelta
from typing import Any

import pytest
from double_entry import prepaid
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from till import AT_ONCE, Till, method, parts
from timeline import STARTER, D, Timeline, on, written

from domain import commands as c
from domain import events as e
from domain.books.payment import FailureCode, PaymentStatus
from domain.dunning import money_due, next_attempt, next_money_due
from domain.policy import LastStep
from domain.seller import Dunning
from domain.subscription import Cancel, EndReason


def failing(till: Till) -> list[str]:
    """Every attempt that is asked for is declined at once. The days of the attempts."""
    days = []
    while till.pending():
        asked = till.paid().created_at
        days.append(written(asked))
        till.fails(asked.replace(tzinfo=None).isoformat())
        if (instant := next_money_due(till.account)) is None:
            break
        till.until(instant.replace(tzinfo=None).isoformat())
    return days


# ── the schedule ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_failed_payment_is_tried_again_on_day_2_7_14_and_21() -> None:
    """Published case D01 (Polar), and Polar #11905: the count included the present failure, and one retry was lost."""
    at, dates = on("2026-01-01"), []
    for failed in range(1, 6):
        again = next_attempt(Dunning((2, 5, 7, 7)), failed, at)
        dates.append(again and written(again))
        at = again or at
    assert dates == ["2026-01-03", "2026-01-08", "2026-01-15", "2026-01-22", None]


def test_retries_come_until_the_last_has_failed_and_then_the_account_is_suspended() -> None:
    till = Till(method())
    assert till.bill("1", "100.00") == ["2026-01-01: 1 final, 100.00", "2026-01-01: p1 100.00 for 1 by visa"]
    assert till.fails("2026-01-01") == ["2026-01-01: p1 failed, DECLINED, again 2026-01-03"]
    assert till.until("2026-01-02 23:59") == []
    assert till.until("2026-01-03") == ["2026-01-03: p2 100.00 for 1 by visa"]
    assert failing(till) == ["2026-01-03", "2026-01-08", "2026-01-15", "2026-01-22"]
    assert till.journal[-2:] == ["2026-01-22: p5 failed, DECLINED", "2026-01-22: BillingSuspended"]
    assert till.account.owing.suspended_at == on("2026-01-22")
    assert till.until("2027-01-01") == []


def test_intervals_count_from_when_the_failure_was_known() -> None:
    """An answer that took a day moves what follows: nobody is asked twice within the two days."""
    till = Till(method())
    till.bill("1", "100.00")
    assert till.fails("2026-01-02 12:00") == ["2026-01-02 12:00: p1 failed, DECLINED, again 2026-01-04 12:00"]


def test_the_last_step_waits_for_the_end_of_grace() -> None:
    """14 days to pay and 14 of grace: the fourth retry fails on day 21, rights are promised until day 28."""
    till = Till(method())
    till.bill("1", "100.00", net_days=14, dunning=Dunning(grace_days=14))
    assert failing(till) == ["2026-01-01", "2026-01-03", "2026-01-08", "2026-01-15", "2026-01-22", "2026-01-29"]
    assert till.account.owing.suspended_at == till.account.owing.rights_until == on("2026-01-29")


def test_the_terms_are_those_that_the_invoice_was_made_with() -> None:
    till = Till(method())
    till.bill("1", "100.00", dunning=replace(AT_ONCE, retry_days=(1,)))
    assert failing(till) == ["2026-01-01", "2026-01-02"]


def test_attempts_count_for_each_invoice_and_so_for_each_currency() -> None:
    """As in published case D02b (Lago), where campaigns of two currencies do not use up each other's attempts."""
    till = Till(method())
    till.bill("1", "120.00", currency="USD")
    till.fails("2026-01-01")
    till.until("2026-01-03")
    till.fails("2026-01-03")
    till.bill("2", "159.00", at="2026-01-06")
    till.fails("2026-01-06")
    assert (till.owed("1").attempts, till.owed("2").attempts) == (2, 1)


# ── the last step ────────────────────────────────────────────────────────────────────────────────────────────────────
def unpaid(last_step: LastStep) -> Timeline:
    """A subscriber with an invoice that failed for the last time on 22 January."""
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", STARTER)
    life.change("2026-01-01", Cancel(), "PERIOD_END")
    till = Till(method())
    till.bill("1", "100.00", dunning=replace(AT_ONCE, last_step=last_step))
    till.account = replace(till.account, subscriptions=life.account.subscriptions)
    failing(till)
    life.account = till.account
    return life


def test_it_may_suspend_or_end_what_runs_or_leave_it() -> None:
    suspended, cancelled, left = (unpaid(step).account for step in (LastStep.SUSPEND, LastStep.CANCEL, LastStep.LEAVE))
    assert suspended.owing.suspended_at == on("2026-01-22")
    assert suspended.subscriptions[0].ended_at is None
    assert cancelled.owing.suspended_at is None
    assert cancelled.subscriptions[0].ended_at == on("2026-01-22")
    assert cancelled.subscriptions[0].end_reason is EndReason.UNPAID
    assert cancelled.subscriptions[0].scheduled == ()
    assert left.owing.suspended_at is None
    assert left.subscriptions[0].ended_at is None


def test_a_second_invoice_does_not_suspend_again() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    failing(till)
    till.bill("2", "50.00", at="2026-02-01")
    failing(till)
    assert [line for line in till.journal if "Suspended" in line] == ["2026-01-22: BillingSuspended"]


# ── without a usable method ──────────────────────────────────────────────────────────────────────────────────────────
def test_who_never_gave_a_method_gets_notices_from_the_due_date_on_and_then_the_last_step() -> None:
    till = Till()
    assert till.bill("1", "100.00", net_days=14) == ["2026-01-01: 1 final, 100.00"]
    assert till.until("2026-06-01") == [
        "2026-01-15: p1 100.00 for 1 by nobody",
        "2026-01-15: p1 failed, NO_METHOD, again 2026-01-17",
        "2026-01-17: p2 100.00 for 1 by nobody",
        "2026-01-17: p2 failed, NO_METHOD, again 2026-01-22",
        "2026-01-22: p3 100.00 for 1 by nobody",
        "2026-01-22: p3 failed, NO_METHOD, again 2026-01-29",
        "2026-01-29: p4 100.00 for 1 by nobody",
        "2026-01-29: p4 failed, NO_METHOD, again 2026-02-05",
        "2026-02-05: p5 100.00 for 1 by nobody",
        "2026-02-05: p5 failed, NO_METHOD",
        "2026-02-05: BillingSuspended",
    ]


@pytest.mark.parametrize("failure", [FailureCode.METHOD_REFUSED, FailureCode.METHOD_EXPIRED])
def test_a_method_that_will_not_do_is_not_asked_again_but_the_steps_go_on(failure: FailureCode) -> None:
    till = Till(method())
    till.bill("1", "100.00")
    assert till.fails("2026-01-01", failure) == [f"2026-01-01: p1 failed, {failure}, again 2026-01-03"]
    assert till.until("2026-01-03") == [
        "2026-01-03: p2 100.00 for 1 by nobody",
        f"2026-01-03: p2 failed, {failure}, again 2026-01-08",
    ]
    till.until("2026-06-01")
    assert till.account.owing.suspended_at == on("2026-01-22")


def test_nor_for_the_next_invoice() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.fails("2026-01-01", FailureCode.METHOD_REFUSED)
    assert till.bill("2", "50.00", at="2026-01-02", net_days=14) == ["2026-01-02: 2 final, 50.00"]


def test_a_new_default_method_is_tried_at_once_and_what_it_pays_restores_rights() -> None:
    till = Till()
    till.bill("1", "100.00")
    till.bill("2", "50.00")
    till.until("2026-03-01")
    assert till.do("2026-03-01", c.AddMethod(method())) == [
        "2026-03-01: MethodAdded",
        "2026-03-01: p11 100.00 for 1 by visa",
        "2026-03-01: p12 50.00 for 2 by visa",
    ]
    assert till.succeeds("2026-03-01", "p11") == ["2026-03-01: p11 succeeded, 100.00 on 1"]
    assert till.account.owing.suspended_at is not None
    assert till.succeeds("2026-03-01", "p12") == [
        "2026-03-01: p12 succeeded, 50.00 on 2",
        "2026-03-01: BillingRestored",
    ]
    assert till.account.owing.suspended_at is None


def test_a_new_method_that_fails_uses_up_no_step() -> None:
    till = Till(method("old"))
    till.bill("1", "100.00")
    till.fails("2026-01-01")
    till.do("2026-01-02", c.AddMethod(method("new")))
    assert till.fails("2026-01-02") == ["2026-01-02: p2 failed, DECLINED, again 2026-01-03"]
    assert till.until("2026-01-03") == ["2026-01-03: p3 100.00 for 1 by new"]
    assert till.owed().attempts == 1


def test_a_method_that_is_added_without_becoming_the_default_charges_nothing() -> None:
    till = Till(method("old"))
    till.bill("1", "100.00")
    till.fails("2026-01-01")
    assert till.do("2026-01-02", c.AddMethod(method("new"), default=False)) == ["2026-01-02: MethodAdded"]
    assert till.do("2026-01-02", c.DefaultMethod("new")) == [
        "2026-01-02: MethodDefaulted",
        "2026-01-02: p2 100.00 for 1 by new",
    ]
    assert till.do("2026-01-02", c.DefaultMethod("new")) == []


def test_what_is_not_due_yet_and_was_never_tried_waits_for_its_day() -> None:
    till = Till()
    till.bill("1", "100.00", net_days=14)
    assert till.do("2026-01-05", c.AddMethod(method())) == ["2026-01-05: MethodAdded"]
    assert till.until("2026-01-15") == ["2026-01-15: p1 100.00 for 1 by visa"]


# ── waiting for the customer ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_payment_that_needs_action_waits_until_the_next_step_and_is_then_asked_for_anew() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    assert till.needs_action("2026-01-01") == ["2026-01-01: p1 needs action"]
    assert till.until("2026-01-02 23:59") == []
    assert till.until("2026-01-03") == [
        "2026-01-03: p1 failed, ACTION_REQUIRED, again 2026-01-03",
        "2026-01-03: p2 100.00 for 1 by visa",
    ]


def test_dunning_ends_also_for_who_never_confirms() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    asked = []
    while till.pending():
        asked.append(written(till.paid().created_at))
        till.needs_action(till.paid().created_at.replace(tzinfo=None).isoformat())
        instant = next_money_due(till.account)
        assert instant is not None
        till.until(instant.replace(tzinfo=None).isoformat())
    assert asked == ["2026-01-01", "2026-01-03", "2026-01-08", "2026-01-15", "2026-01-22"]
    assert till.account.owing.suspended_at == on("2026-01-29")


def test_who_pays_by_hand_and_does_not_confirm_blocks_nothing_for_longer_than_a_day() -> None:
    """Polar #13272: what an unresolved payment left behind kept all later ones away."""
    till = Till()
    till.bill("1", "100.00", net_days=14)
    till.do("2026-01-05", c.AddMethod(method()))
    till.do("2026-01-14 12:00", c.PayInvoice("mine", "invoice_1"))
    till.needs_action("2026-01-14 12:00")
    assert till.until("2026-01-15 11:59") == []
    assert till.until("2026-01-15 12:00") == [
        "2026-01-15 12:00: p1 failed, ACTION_REQUIRED",
        "2026-01-15 12:00: p2 100.00 for 1 by visa",
    ]


def test_a_late_confirmation_is_accepted_and_no_money_is_lost() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.needs_action("2026-01-01")
    till.until("2026-01-03")
    assert till.succeeds("2026-01-03", "p1") == ["2026-01-03: p1 succeeded, 100.00 on 1"]
    assert till.paid("p1").status is PaymentStatus.SUCCEEDED
    assert till.succeeds("2026-01-04", "p2") == ["2026-01-04: p2 succeeded, 100.00 left over"]
    assert till.credit() == "100.00"


# ── what stops it ────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("stopped", [c.VoidInvoice("invoice_1"), c.WriteOffInvoice("invoice_1")])
def test_an_invoice_that_was_voided_or_written_off_is_not_tried_again(stopped: c.MoneyCommand) -> None:
    """Polar #11680."""
    till = Till(method())
    till.bill("1", "100.00")
    till.fails("2026-01-01")
    till.do("2026-01-02", stopped)
    assert next_money_due(till.account) is None
    assert till.until("2027-01-01") == []


def test_money_that_came_by_bank_stops_it() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.fails("2026-01-01")
    till.transfer("2026-01-02", "100.00")
    assert till.until("2027-01-01") == []


def test_a_part_of_it_does_not_and_the_rest_is_tried() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.fails("2026-01-01")
    till.transfer("2026-01-02", "40.00")
    assert till.until("2026-01-03") == ["2026-01-03: p3 60.00 for 1 by visa"]


def test_while_a_payment_is_under_way_nothing_else_is_asked_for() -> None:
    """Polar #10653: a retry while the first attempt was unresolved charged twice."""
    till = Till(method())
    till.bill("1", "100.00")
    assert till.until("2026-03-01") == []
    assert till.fails("2026-03-01") == ["2026-03-01: p1 failed, DECLINED, again 2026-03-03"]


# ── instalments ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_instalments_are_collected_one_by_one_each_with_its_own_attempts() -> None:
    till = Till()
    till.bill("1", "90.00", net_days=14)
    plan = parts(("2026-02-01", "30.00"), ("2026-03-01", "30.00"), ("2026-04-01", "30.00"))
    till.do("2026-01-10", c.PlanInstalments("invoice_1", plan))
    till.do("2026-01-10", c.AddMethod(method()))
    assert till.until("2026-02-01") == ["2026-02-01: p1 30.00 for 1 by visa"]
    assert till.fails("2026-02-01") == ["2026-02-01: p1 failed, DECLINED, again 2026-02-03"]
    assert till.until("2026-02-03") == ["2026-02-03: p2 30.00 for 1 by visa"]
    assert till.succeeds("2026-02-03") == ["2026-02-03: p2 succeeded, 30.00 on 1"]
    assert (till.owed().attempts, till.owed().fell_due_at) == (0, on("2026-03-01"))
    assert till.until("2026-03-01") == ["2026-03-01: p3 30.00 for 1 by visa"]


def test_an_attempt_asks_for_every_instalment_that_has_fallen_due() -> None:
    till = Till()
    till.bill("1", "90.00", dunning=replace(AT_ONCE, retry_days=(40,)))
    till.do("2026-01-01 12:00", c.PlanInstalments("invoice_1", parts(("2026-02-01", "30.00"), ("2026-03-01", "60.00"))))
    till.do("2026-01-02", c.AddMethod(method()))
    till.until("2026-02-01")
    till.fails("2026-02-01")
    assert till.until("2026-03-13") == ["2026-03-13: p3 90.00 for 1 by visa"]


# ── credit that expires ──────────────────────────────────────────────────────────────────────────────────────────────
def test_credit_expires_at_its_instant_with_what_is_left_of_it() -> None:
    till = Till()
    credit = replace(prepaid("gift", "10.00"), expires_at=on("2026-02-01"), reason="gift")
    till.do("2026-01-01", c.GrantCredit(credit))
    till.do("2026-01-02", c.VoidCredit("gift", D("4.00")))
    assert till.until("2026-01-31 23:59") == []
    assert till.until("2026-03-01") == ["2026-02-01: credit expired, 6.00"]
    assert till.credit() == "0"


def test_credit_that_is_used_up_expires_without_a_word() -> None:
    till = Till()
    till.do("2026-01-01", c.GrantCredit(replace(prepaid("gift", "10.00"), expires_at=on("2026-02-01"), reason="gift")))
    till.do("2026-01-02", c.VoidCredit("gift"))
    assert next_money_due(till.account) is None


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@given(st.lists(st.integers(0, 20), max_size=6), st.integers(0, 60), st.integers(0, 60), st.booleans())
def test_dunning_always_ends_and_never_before_grace(
    retry_days: list[int], net_days: int, grace_days: int, has_method: bool
) -> None:
    till = Till(*([method()] if has_method else []))
    terms = Dunning(tuple(retry_days), grace_days)
    till.bill("1", "100.00", net_days=net_days, dunning=terms)
    till.until("2026-01-01")
    while (instant := next_money_due(till.account)) is not None or till.pending():
        if till.pending():
            till.fails(till.paid().created_at.replace(tzinfo=None).isoformat())
        else:
            assert instant is not None
            till.until(instant.replace(tzinfo=None).isoformat())
    suspended_at = till.account.owing.suspended_at
    assert suspended_at is not None
    assert suspended_at >= on("2026-01-01") + timedelta(days=net_days + grace_days)
    assert len(retry_days) < till.owed().attempts <= len(retry_days) + 2


@given(st.lists(st.tuples(st.integers(1, 20), st.sampled_from(["fails", "succeeds", "needs_action", "nothing"]))))
def test_what_falls_due_late_is_what_would_have_fallen_due_in_time(steps: list[tuple[int, str]]) -> None:
    """However seldom somebody looks: with the same answers at the same instants the same happens."""

    def lived(look: bool) -> Any:
        till, day = Till(method()), on("2026-01-01")
        till.bill("1", "100.00")
        for days, what in steps:
            for _ in range(days):
                day += timedelta(days=1)
                if look:
                    till.until(day.replace(tzinfo=None).isoformat())
            now = day.replace(tzinfo=None).isoformat()
            till.until(now)
            if what != "nothing" and till.pending():
                getattr(till, what)(now)
        return till.account

    assert lived(True) == lived(False)


def test_money_due_is_nothing_before_its_time() -> None:
    till = Till()
    till.bill("1", "100.00", net_days=14)
    assert money_due(till.account, on("2026-01-14")) == ()
    assert isinstance(money_due(till.account, on("2026-01-15"))[0], e.PaymentRequested)
