"""What is planned for later: what cannot stand side by side, what gives way, and what is checked again when due."""

from itertools import combinations

import pytest
from timeline import EXTRA, PRO, STARTER, Timeline, flat, plan

from domain import commands as c
from domain.errors import ErrorCode
from domain.period import Cadence
from domain.subscription import (
    AddAddOn,
    Cancel,
    Change,
    ChangePlan,
    ChangeQuantity,
    Pause,
    RemoveAddOn,
    Resume,
    conflicts,
)

YEAR = Cadence.YEAR


def pro(**terms: object) -> Timeline:
    """On Pro since 1 January, so the present period ends on 1 February."""
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO, quantity=3, **terms)
    return life


# ── conflicts ──
SAME_THING: list[tuple[Change, Change]] = [
    (ChangePlan(STARTER), ChangePlan(STARTER, YEAR)),
    (ChangeQuantity(4), ChangeQuantity(5)),
    (ChangePlan(STARTER, quantity=4), ChangeQuantity(5)),
    (AddAddOn(EXTRA), AddAddOn(EXTRA, 2)),
    (Pause(), Pause()),
    (Cancel(), Cancel()),
]
OTHER_THING: list[tuple[Change, Change]] = [
    (ChangePlan(STARTER), ChangeQuantity(4)),
    (ChangePlan(STARTER), AddAddOn(EXTRA)),
    (ChangeQuantity(4), Pause()),
    (AddAddOn(EXTRA), AddAddOn(plan("more", flat("1")))),
]


@pytest.mark.parametrize(("planned", "wanted"), SAME_THING)
@pytest.mark.parametrize("when", ["2026-01-10", "2026-01-20", "2026-03-01"])
def test_two_planned_changes_of_one_thing_conflict_whatever_their_instants(
    planned: Change, wanted: Change, when: str
) -> None:
    life = pro()
    life.change("2026-01-02", planned, "2026-01-20")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.change("2026-01-03", wanted, when)
    assert no.value.conflicts == ("c1",)


@pytest.mark.parametrize(("planned", "wanted"), OTHER_THING)
def test_changes_of_different_things_stand_side_by_side(planned: Change, wanted: Change) -> None:
    life = pro()
    life.change("2026-01-02", planned, "2026-01-20")
    life.change("2026-01-03", wanted, "2026-01-20")
    assert [change.change for change in life.sub.scheduled] == [planned, wanted]


def test_a_change_now_conflicts_with_a_planned_one_of_the_same_thing() -> None:
    life = pro()
    life.change("2026-01-02", ChangePlan(STARTER), "PERIOD_END")
    with life.refuses(ErrorCode.CONFLICT):
        life.change("2026-01-03", ChangePlan(PRO, YEAR))


def test_a_refusal_names_what_is_planned_and_when() -> None:
    life = pro()
    life.change("2026-01-02", ChangePlan(STARTER), "PERIOD_END")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.change("2026-01-03", ChangePlan(STARTER, YEAR, 5), "2026-01-20")
    assert no.value.message == (
        "conflicts with what is planned: change plan to starter (version 1) at 2026-02-01T00:00:00+00:00 (c1)"
    )
    assert no.value.field == ("timing",)


def test_nothing_is_planned_at_or_after_the_end() -> None:
    life = pro()
    life.cancel("2026-01-02", "2026-01-20")
    life.change("2026-01-03", ChangeQuantity(4), "2026-01-19 23:59")
    for when in ("2026-01-20", "2026-01-21", "PERIOD_END"):
        with life.refuses(ErrorCode.CONFLICT) as no:
            life.change("2026-01-03", ChangePlan(STARTER), when)
        assert no.value.conflicts == ("c1",)


def test_no_end_is_planned_at_or_before_a_planned_change() -> None:
    life = pro()
    life.change("2026-01-02", ChangeQuantity(4), "2026-01-20")
    for when in ("2026-01-20", "2026-01-19"):
        with life.refuses(ErrorCode.CONFLICT) as no:
            life.cancel("2026-01-03", when)
        assert no.value.conflicts == ("c1",)
    life.cancel("2026-01-03", "2026-01-20 00:01")


def test_a_refusal_names_every_conflict() -> None:
    life = pro()
    life.change("2026-01-02", ChangeQuantity(4), "PERIOD_END")
    life.change("2026-01-02", AddAddOn(EXTRA), "PERIOD_END")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.cancel("2026-01-03")
    assert no.value.conflicts == ("c1", "c2")


def test_what_is_planned_for_the_periods_end_does_not_let_the_period_end_elsewhere() -> None:
    """Else a subscription "cancelled at the end of the month" would end in the middle of a year paid in advance."""
    life = pro()
    life.cancel("2026-01-02")
    for when in ("NOW", "2026-01-20"):
        with life.refuses(ErrorCode.CONFLICT) as no:
            life.change("2026-01-03", ChangePlan(PRO, YEAR), when)
        assert no.value.conflicts == ("c1",)
    life.change("2026-01-03", ChangePlan(STARTER))  # the period stays
    assert life.until("2026-02-01") == ["2026-02-01: s1 c1 applied", "2026-02-01: s1 ended, CANCELED"]


def test_nothing_is_planned_for_a_periods_end_that_a_planned_change_will_move() -> None:
    life = pro()
    life.change("2026-01-02", ChangePlan(PRO, YEAR), "2026-01-20")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.change("2026-01-03", ChangeQuantity(4), "PERIOD_END")
    assert no.value.conflicts == ("c1",)
    life.change("2026-01-03", ChangeQuantity(4), "2026-03-01")  # a date of its own is meant as it stands


def test_a_longer_trial_moves_the_periods_end_too() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", plan("ten", flat("20"), trial_days=10))
    life.cancel("2026-01-02")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.change("2026-01-03", ChangePlan(plan("thirteen", flat("20"), trial_days=13)))
    assert no.value.conflicts == ("c1",)


def test_two_subscriptions_cannot_be_planned_onto_one_plan() -> None:
    life = pro()
    life.subscribe("2026-01-01", STARTER)
    target = plan("target", flat("10"))
    life.change("2026-01-02", ChangePlan(target), "PERIOD_END", of="s1")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.change("2026-01-03", ChangePlan(target), "2026-05-01", of="s2")
    assert no.value.conflicts == ("c1",)
    assert life.change("2026-01-03", ChangePlan(target), of="s2", replacing=True) == [
        "2026-01-03: s1 c1 withdrawn: replaced: change plan to target (version 1)",
        "2026-01-03: s2 on 1 × target by the month, 2026-01-01 → 2026-02-01",
    ]


# ── giving way ──
def test_told_to_a_new_change_takes_the_place_of_those_it_conflicts_with_and_of_no_others() -> None:
    life = pro()
    life.change("2026-01-02", ChangePlan(STARTER), "PERIOD_END")
    life.change("2026-01-02", ChangeQuantity(4), "PERIOD_END")
    assert life.change("2026-01-03", ChangePlan(STARTER, YEAR), "PERIOD_END", replacing=True) == [
        "2026-01-03: s1 c1 withdrawn: replaced: change plan to starter (version 1), billed by the year",
        "2026-01-03: s1 c3 planned for 2026-02-01: change plan to starter (version 1), billed by the year",
    ]
    assert [change.id for change in life.sub.scheduled] == ["c2", "c3"]


def test_a_replacement_that_is_itself_refused_leaves_what_was_planned() -> None:
    life = pro()
    life.change("2026-01-02", ChangePlan(STARTER), "PERIOD_END")
    with life.refuses(ErrorCode.CURRENCY_MISMATCH):
        life.change("2026-01-03", ChangePlan(plan("euro", flat("1", currency="EUR"))), replacing=True)
    assert [change.id for change in life.sub.scheduled] == ["c1"]


def test_a_planned_change_is_withdrawn_on_request() -> None:
    life = pro()
    life.change("2026-01-02", ChangePlan(STARTER), "PERIOD_END")
    assert life.do("2026-01-03", c.CancelScheduledChange("c1")) == ["2026-01-03: s1 c1 withdrawn: withdrawn by request"]
    assert life.until("2026-02-01") == ["2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01"]


def test_a_change_that_was_applied_or_withdrawn_cannot_be_withdrawn() -> None:
    life = pro()
    life.change("2026-01-02", ChangeQuantity(4), "2026-01-10")
    life.change("2026-01-02", AddAddOn(EXTRA), "2026-01-20")
    life.do("2026-01-03", c.CancelScheduledChange("c2"))
    for change_id in ("c1", "c2", "c9"):
        with life.refuses(ErrorCode.NOT_FOUND):
            life.do("2026-01-11", c.CancelScheduledChange(change_id))


# ── what can be planned at all ──
def test_a_change_that_is_impossible_now_cannot_be_planned() -> None:
    life = pro()
    impossible: list[tuple[Change, ErrorCode]] = [
        (ChangePlan(PRO), ErrorCode.CONFLICT),
        (ChangeQuantity(0), ErrorCode.INVALID),
        (RemoveAddOn("extra"), ErrorCode.NOT_FOUND),
        (Resume(), ErrorCode.CONFLICT),
    ]
    for change, code in impossible:
        with life.refuses(code):
            life.change("2026-01-02", change, "PERIOD_END")


def test_changes_can_be_planned_before_the_start_and_the_cancellation_of_a_start_ends_it() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO, start_at="2026-02-01")
    life.change("2026-01-02", ChangeQuantity(4), "2026-02-01")
    life.cancel("2026-01-02", "2026-02-10")
    assert life.until("2026-03-01") == [
        "2026-02-01: s1 started, 2026-02-01 → 2026-03-01",
        "2026-02-01: s1 c1 applied",
        "2026-02-01: s1 quantity 4",
        "2026-02-10: s1 c2 applied",
        "2026-02-10: s1 ended, CANCELED",
    ]


# ── when due ──
def test_what_has_become_impossible_is_withdrawn_when_due_and_the_journal_says_why() -> None:
    life = pro()
    life.subscribe("2026-01-01", STARTER)
    life.change("2026-01-02", ChangePlan(plan("target")), "PERIOD_END")
    life.change("2026-01-03", AddAddOn(plan("target")), of="s1")
    assert life.until("2026-02-01") == [
        "2026-02-01: s1 c1 withdrawn: target is an add-on of the subscription",
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-01: s2 renewed, 2026-02-01 → 2026-03-01",
    ]


def test_at_one_instant_changes_take_effect_in_the_order_in_which_they_were_planned_before_the_renewal() -> None:
    life = pro()
    life.change("2026-01-02", ChangeQuantity(4), "PERIOD_END")
    life.change("2026-01-03", AddAddOn(EXTRA), "PERIOD_END")
    life.change("2026-01-04", ChangePlan(STARTER), "PERIOD_END")
    assert life.until("2026-02-01") == [
        "2026-02-01: s1 c1 applied",
        "2026-02-01: s1 quantity 4",
        "2026-02-01: s1 c2 applied",
        "2026-02-01: s1 with 1 × extra",
        "2026-02-01: s1 c3 applied",
        "2026-02-01: s1 on 4 × starter by the month, 2026-01-01 → 2026-02-01",
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
    ]


def test_a_planned_change_that_finds_nothing_left_to_do_is_applied_without_effect() -> None:
    life = pro()
    life.change("2026-01-02", ChangeQuantity(4), "PERIOD_END")
    life.change("2026-01-03", ChangePlan(STARTER), "PERIOD_END")
    life.do("2026-01-04", c.CancelScheduledChange("c1"))
    life.change("2026-01-05", ChangeQuantity(3), "PERIOD_END")
    assert life.until("2026-02-01")[:3] == [
        "2026-02-01: s1 c2 applied",
        "2026-02-01: s1 on 3 × starter by the month, 2026-01-01 → 2026-02-01",
        "2026-02-01: s1 c3 applied",
    ]


def test_whatever_is_planned_together_stands_without_conflict() -> None:
    life = pro()
    life.change("2026-01-02", ChangePlan(STARTER), "PERIOD_END")
    life.change("2026-01-02", ChangeQuantity(4), "PERIOD_END")
    life.change("2026-01-02", AddAddOn(EXTRA), "PERIOD_END")
    life.change("2026-01-02", Pause(), "PERIOD_END")
    life.cancel("2026-01-02", "2026-03-01")
    pairs = combinations(life.sub.scheduled, 2)
    assert not any(conflicts(pair, other.change, other.effective_at) for pair, other in pairs)
