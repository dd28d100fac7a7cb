"""What a change of a subscription costs: one line for the difference, or two for a move; credit notes for what goes
back. 16 January, noon, is the middle of the month."""

from typing import Any

from billed_shop import FREE, GOLD, METERED, SILVER, TEAM, YEAR, Shop, fee, seats, sold
from timeline import D

from domain import commands as c
from domain.catalog import ProrationPolicy
from domain.policy import ChangeDay, ChangesBilled, ChangeTiming
from domain.subscription import AddAddOn, ChangePlan, ChangeQuantity, Pause, Resume

MIDDLE = "2026-01-16 12:00"


def silver() -> Shop:
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    return shop


# ── quantities ──
def test_seats_more_or_less_are_one_line_for_the_difference() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", TEAM, quantity=3)
    shop.change(MIDDLE, ChangeQuantity(5))  # 2 × 12 × 1/2
    shop.change("2026-01-20", ChangeQuantity(4))  # 12 × 12/31, of what was billed last
    assert shop.bills == [
        "2026-01-01: INV-1, 36.00: Team: seats 36.00",
        "2026-01-16 12:00: INV-2, 12.00: Team: seats, difference 12.00",
        "2026-01-20: CN-1 of INV-2, 4.65: Team: seats, given back 4.65",
    ]


def test_a_seat_that_comes_and_goes_at_one_instant_costs_nothing() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", TEAM, quantity=3)
    shop.change(MIDDLE, ChangeQuantity(4))
    shop.change(MIDDLE, ChangeQuantity(3))
    assert shop.account.owing.amounts == {"EUR": D("36.00")}


def test_seats_by_the_day_cost_a_day_once_however_often_they_come_and_go_in_it() -> None:
    """Lago #4399, published case U04: added, removed, added, removed: the 16th is of those who were there
    as it began."""
    price = seats("12", proration=ProrationPolicy.BY_DAY, change_day=ChangeDay.OLD)
    shop = Shop()
    shop.subscribe("2026-01-01", sold("daily", price))
    for hour, quantity in enumerate((2, 1, 2, 1), 8):
        shop.change(f"2026-01-16 {hour:02d}:00", ChangeQuantity(quantity))
    assert shop.account.owing.amounts == {"EUR": D("12.00")}
    shop.change("2026-01-16 13:00", ChangeQuantity(2))  # 15 of 31 days
    assert shop.account.owing.amounts == {"EUR": D("17.81")}


# ── moves ──
def test_an_upgrade_gives_the_rest_back_and_charges_the_new_rest_on_one_invoice() -> None:
    shop = silver()
    shop.change(MIDDLE, ChangePlan(GOLD))
    shop.until("2026-02-01 01:00")
    assert shop.bills[1:] == [
        "2026-01-16 12:00: INV-2, 30.00: Silver: base, given back -15.00; Gold: base 45.00",
        "2026-02-01 01:00: INV-3, 90.00: Gold: base 90.00",
    ]


def test_lines_are_rounded_not_their_difference() -> None:
    """Published case P49: 29 and 49 with 16 of 30 days left are −15.47 and 26.13, so 10.66."""
    shop = Shop("2026-04-01")
    shop.subscribe("2026-04-01", sold("old", fee("29")))
    shop.change("2026-04-15", ChangePlan(sold("new", fee("49"))))
    assert shop.bills[1:] == ["2026-04-15: INV-2, 10.66: Old: base, given back -15.47; New: base 26.13"]


def test_a_downgrade_gives_back_in_a_credit_note_and_charges_the_rest_of_the_cheaper_plan() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", GOLD)
    shop.pay("2026-01-02")
    shop.change(MIDDLE, ChangePlan(SILVER))
    assert shop.bills[1:] == [
        "2026-01-16 12:00: CN-1 of INV-1, 45.00: Gold: base, given back 45.00",
        "2026-01-16 12:00: INV-2, 15.00: Silver: base 15.00",
    ]
    assert (shop.account.owing.amounts, shop.account.prepaid) == ({}, {"EUR": D("30.00")})  # paid from the credit


def test_upgraded_and_cancelled_the_next_day_all_that_was_not_used_comes_back() -> None:
    """Of the 60.00 paid, 15.00 were half a month of silver, 2.90 a day of gold."""
    shop = silver()
    shop.change(MIDDLE, ChangePlan(GOLD))
    shop.pay("2026-01-16 13:00")
    shop.cancel("2026-01-17 12:00", "NOW")
    assert shop.bills[2:] == [
        "2026-01-17 12:00: CN-1 of INV-2, 30.00: Gold: base, given back 30.00",
        "2026-01-17 12:00: CN-2 of INV-1, 12.10: Gold: base, given back 12.10",
    ]
    assert shop.account.prepaid == {"EUR": D("42.10")}


def test_two_upgrades_on_one_day_give_back_no_more_than_was_billed() -> None:
    """Lago #1778, published case P12a."""
    shop = silver()
    shop.change("2026-01-16 06:00", ChangePlan(GOLD))
    shop.change("2026-01-16 18:00", ChangePlan(sold("platinum", fee("300"))))
    assert shop.bills[1:] == [
        "2026-01-16 06:00: INV-2, 30.49: Silver: base, given back -15.24; Gold: base 45.73",
        "2026-01-16 18:00: INV-3, 103.30: Gold: base, given back -44.28; Platinum: base 147.58",
    ]
    gold = [line for invoice in shop.invoices for line in invoice.lines if line.plan_key == "gold"]
    assert sum(line.amount for line in gold) == D("1.45")  # half a day of 90


def test_from_free_to_paid_on_the_same_day_there_is_one_paid_line() -> None:
    """Kill Bill #783."""
    shop = Shop()
    shop.subscribe("2026-01-01", FREE)
    shop.change("2026-01-01", ChangePlan(SILVER))
    shop.until("2026-01-31")
    assert shop.bills == ["2026-01-01: INV-1, 30.00: Silver: base 30.00"]


def test_another_rhythm_begins_a_period_of_its_own() -> None:
    shop = silver()
    shop.change(MIDDLE, ChangePlan(SILVER, YEAR))
    shop.until("2027-01-16 13:00")
    assert shop.bills[1:] == [
        "2026-01-16 12:00: INV-2, 285.00: Silver: base, given back -15.00; Silver: base 300.00",
        "2027-01-16 13:00: INV-3, 300.00: Silver: base 300.00",
    ]


def test_a_change_of_rhythm_planned_for_the_end_advances_the_period_once() -> None:
    """Polar 8454c2743c."""
    shop = silver()
    shop.change("2026-01-10", ChangePlan(SILVER, YEAR), "PERIOD_END")
    shop.until("2026-12-31")
    assert shop.bills[1:] == ["2026-02-01 01:00: INV-2, 300.00: Silver: base 300.00"]


# ── the end ──
def test_cancelled_at_the_end_nothing_comes_back_and_the_last_usage_is_billed() -> None:
    """Kill Bill #139, published case P59: an end at the boundary is no day short of it, in any zone."""
    shop = Shop("2025-12-31", "America/Los_Angeles")
    shop.subscribe("2026-01-01 08:00", METERED)
    shop.cancel("2026-01-10")
    shop.used("calls", "2026-02-01 07:59", "7")
    shop.until("2026-04-01")
    assert shop.bills == [
        "2026-01-01 08:00: INV-1, 10.00: Metered: base 10.00",
        "2026-02-01 09:00: INV-2, 0.35: Metered: calls 0.35",
    ]


def test_cancelled_now_the_rest_comes_off_what_is_owed_or_back_as_credit() -> None:
    unpaid, paid = silver(), silver()
    paid.pay("2026-01-02")
    for shop in (unpaid, paid):
        shop.cancel(MIDDLE, "NOW")
        assert shop.bills[1:] == ["2026-01-16 12:00: CN-1 of INV-1, 15.00: Silver: base, given back 15.00"]
    assert (unpaid.account.owing.amounts, unpaid.account.prepaid) == ({"EUR": D("15.00")}, {})
    assert (paid.account.owing.amounts, paid.account.prepaid) == ({}, {"EUR": D("15.00")})


def test_cancelled_at_the_instant_of_its_start_it_costs_nothing() -> None:
    """OpenMeter #4364."""
    shop = silver()
    shop.cancel("2026-01-01", "NOW")
    assert shop.bills[1:] == ["2026-01-01: CN-1 of INV-1, 30.00: Silver: base, given back 30.00"]
    assert shop.account.owing.amounts == {}


def test_cancelled_in_the_last_microsecond_there_is_nothing_to_give_back() -> None:
    shop = silver()
    shop.cancel("2026-01-31 23:59:59.999999", "NOW")
    shop.until("2026-03-01")
    assert shop.bills == ["2026-01-01: INV-1, 30.00: Silver: base 30.00"]


# ── pauses ──
def test_a_pause_gives_the_rest_back_and_resuming_charges_what_is_left() -> None:
    shop = silver()
    shop.change("2026-01-11", Pause())
    shop.change("2026-01-21", Resume())
    shop.until("2026-02-01 01:00")
    assert shop.bills[1:] == [
        "2026-01-11: CN-1 of INV-1, 20.32: Silver: base, given back 20.32",  # 21 days
        "2026-01-21: INV-2, 10.64: Silver: base, difference 10.64",  # 11 days
        "2026-02-01 01:00: INV-3, 30.00: Silver: base 30.00",
    ]


def test_what_is_paused_over_a_whole_period_costs_nothing_in_it() -> None:
    shop = silver()
    shop.change("2026-02-01 02:00", Pause())
    shop.change("2026-04-01", Resume())
    shop.until("2026-04-01 01:00")
    months = [line.amount for invoice in shop.invoices for line in invoice.lines]
    back = [line.amount for note in shop.notes for line in note.lines]
    assert (months, back) == ([D("30.00"), D("30.00"), D("30.00")], [D("29.91")])


# ── when changes are billed, and when they take effect ──
NEXT = ChangesBilled.NEXT_INVOICE
SLOW, FAST = sold("slow", fee("30"), changes_billed=NEXT), sold("fast", fee("90"), changes_billed=NEXT)


def test_a_plan_may_leave_differences_to_the_next_invoice() -> None:
    """Published cases P48 and P52 (Stripe): renewal + debit − credit."""
    shop = Shop()
    shop.subscribe("2026-01-01", SLOW)
    shop.change(MIDDLE, ChangePlan(FAST))
    shop.until("2026-02-01 01:00")
    assert shop.bills[1:] == [
        "2026-02-01 01:00: INV-2, 120.00: Slow: base, given back -15.00; Fast: base 45.00; Fast: base 90.00"
    ]


def test_where_no_invoice_follows_the_difference_does_not_wait_for_one() -> None:
    """A move to a free plan, a pause, the end."""
    for change in (ChangePlan(FREE), Pause()):
        shop = Shop()
        shop.subscribe("2026-01-01", SLOW)
        shop.change(MIDDLE, change)
        assert shop.bills[1:] == ["2026-01-16 12:00: CN-1 of INV-1, 15.00: Slow: base, given back 15.00"]


def test_a_plan_may_let_less_begin_with_the_next_period() -> None:
    """Upgrades now, downgrades at the end: what is less is told by a year's fixed fees, as the subscriber pays them."""
    patient = sold("patient", fee("30"), downgrades=ChangeTiming.PERIOD_END)
    shop = Shop()
    shop.subscribe("2026-01-01", patient, overrides=(fee("5"),))
    shop.do(MIDDLE, c.ChangeSubscription("s1", "c1", ChangePlan(sold("plain", fee("20"))), None))
    assert shop.sub.plan.plan_key == "plain"
    shop = Shop()
    shop.subscribe("2026-01-01", patient)
    shop.do(MIDDLE, c.ChangeSubscription("s1", "c1", ChangePlan(sold("plain", fee("20"))), None))
    assert shop.sub.plan.plan_key == "patient"
    shop.until("2026-02-01 01:00")
    assert shop.bills[1:] == ["2026-02-01 01:00: INV-2, 20.00: Plain: base 20.00"]


def test_an_add_on_does_not_go_on_with_what_its_plan_was_charged() -> None:
    """By days, of whom a day belongs to the old: an add-on of its own has its first day."""
    day: dict[str, Any] = {"proration": ProrationPolicy.BY_DAY, "change_day": ChangeDay.OLD}
    plan, extra = sold("plan", fee("31", **day)), sold("extra", fee("31", key="extra", **day))
    shop = Shop()
    shop.subscribe("2026-01-01", plan)
    shop.change("2026-01-31 12:00", ChangeQuantity(2))
    shop.change("2026-01-31 12:00", AddAddOn(extra, 1))
    assert shop.bills[1:] == ["2026-01-31 12:00: INV-2, 1.00: Extra: extra 1.00"]
