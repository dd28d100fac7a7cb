"""When it is billed: drafts and what closes them, starts dated back, a worker that was away."""

from datetime import timedelta

from billed_shop import GOLD, METERED, SILVER, TEAM, WEEK, YEAR, Shop, calls, fee, sold
from timeline import D, on

from domain import commands as c
from domain.billing.billing_point import BillingPoint, by_hand, next_billing_point
from domain.catalog import BillingMode
from domain.coupon import Coupon
from domain.errors import ErrorCode, NotChargeable
from domain.money import Money
from domain.subscription import ChangePlan, ChangeQuantity

HOUR = timedelta(hours=1)


# ── drafts ──
def test_an_invoice_stays_a_draft_for_as_long_as_its_plan_says() -> None:
    for hours in (0, 1, 24):
        shop = Shop()
        shop.subscribe("2026-01-01", sold("plan", fee("10"), calls("0.05"), draft_hours=hours))
        final_at = on("2026-02-01") + hours * HOUR
        assert next_billing_point(shop.account) == BillingPoint(final_at, on("2026-02-01"), closes=True)
        shop.until(final_at - timedelta.resolution)
        shop.used("calls", "2026-01-31 23:59", "10")
        assert len(shop.invoices) == 1
        shop.until(final_at)
        assert [line.amount for line in shop.invoices[1].lines] == [D("10.00"), D("0.50")]


def test_of_what_ends_together_the_longest_draft_counts() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("slow", fee("10"), draft_hours=48))
    shop.subscribe("2026-01-01", SILVER)
    shop.until("2026-02-03")
    assert shop.bills[-1] == "2026-02-03: INV-3, 40.00: Slow: base 10.00; Silver: base 30.00"


def test_a_change_while_the_draft_waits_closes_it_as_it_was_and_is_billed_after_it() -> None:
    """So what a period's invoice says does not depend on how long it is a draft."""
    for hours in (0, 24):
        shop = Shop()
        shop.subscribe("2026-01-01", sold("plan", fee("28"), draft_hours=hours))
        shop.change("2026-02-01 12:00", ChangePlan(GOLD))
        closed_at = "2026-02-01" if hours == 0 else "2026-02-01 12:00"
        assert shop.bills[1:] == [
            f"{closed_at}: INV-2, 28.00: Plan: base 28.00",
            "2026-02-01 12:00: INV-3, 60.89: Plan: base, given back -27.50; Gold: base 88.39",
        ]


def test_a_fixed_coupon_is_not_lost_on_a_change_while_the_draft_waits() -> None:
    shop = Shop()
    shop.do("2026-01-01", c.RedeemCoupon(Coupon("c1", "FIVE", "Five", amount=Money(D(5), "EUR")), "r1"))
    shop.subscribe("2026-01-01", TEAM)
    shop.change("2026-02-01 00:30", ChangeQuantity(2))
    assert [(invoice.subtotal, invoice.discount) for invoice in shop.invoices] == [
        (D("12.00"), D("5.00")),
        (D("12.00"), D("5.00")),
        (D("11.99"), D("0.00")),  # one more seat, but for half an hour
    ]


def test_a_draft_can_be_closed_by_hand_first_the_one_of_the_period_that_is_over() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    shop.used("calls", "2026-01-31", "100")
    shop.used("calls", "2026-02-01 00:10", "7")
    assert by_hand(shop.account.books, on("2026-02-01 00:30")).until == on("2026-02-01")
    shop.finalize("2026-02-01 00:30")
    shop.finalize("2026-02-01 00:30")
    shop.until("2026-03-01 01:00")
    assert shop.bills[1:] == [
        "2026-02-01 00:30: INV-2, 15.00: Metered: base 10.00; Metered: calls 5.00",
        "2026-02-01 00:30: INV-3, 0.35: Metered: calls 0.35",
        "2026-03-01 01:00: INV-4, 10.00: Metered: base 10.00",
    ]


def test_closing_again_finds_nothing_to_bill() -> None:
    """Lago #5523: one invoice finalized twice."""
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    draft = shop.invoices[0].id
    with shop.refuses(ErrorCode.INVOICE_FINALIZED):
        shop.do("2026-01-02", c.FinalizeInvoice(draft))
    shop.finalize("2026-01-16")
    assert len(shop.invoices) == 1


def test_a_draft_recalculated_many_times_says_the_same() -> None:
    """OpenMeter #2703, Lago #3809: it is worked out anew each time, from the state, and changes nothing in it."""
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    shop.used("calls", "2026-01-10", "100")
    until = on("2026-02-01")
    first, *others = (shop.wanted(shop.account, until) for _ in range(5))
    assert all(again == first for again in others)


# ── away for long ──
def test_after_a_long_downtime_every_missed_period_is_billed_once_in_order() -> None:
    """Kill Bill 293097809b; each for what it held, at its own instant."""
    shop, prompt = Shop(), Shop()
    for billed_shop in (shop, prompt):
        billed_shop.subscribe("2026-01-01", METERED)
        for month in (1, 2, 3):
            billed_shop.used("calls", f"2026-{month:02d}-10", str(100 * month))
    for day in range(2, 121):
        prompt.until(on("2026-01-01") + timedelta(days=day, hours=7))
    shop.until("2026-05-01 07:00")
    assert shop.bills == prompt.bills
    assert shop.bills[1:] == [
        "2026-02-01 01:00: INV-2, 15.00: Metered: base 10.00; Metered: calls 5.00",
        "2026-03-01 01:00: INV-3, 20.00: Metered: base 10.00; Metered: calls 10.00",
        "2026-04-01 01:00: INV-4, 25.00: Metered: base 10.00; Metered: calls 15.00",
        "2026-05-01 01:00: INV-5, 10.00: Metered: base 10.00",
    ]


def test_two_runs_on_one_billing_day_make_one_invoice() -> None:
    """Lago #662, #1074, published case A17: at 20:00 and at 23:00 UTC, the second after midnight in Paris."""
    shop = Shop("2023-05-22", "Europe/Paris")
    shop.subscribe("2023-05-22 22:00", sold("weekly", fee("7", cadence=WEEK)))
    shop.until("2023-05-30 20:00")
    shop.until("2023-05-30 23:00")
    assert [text.split(":")[0] for text in shop.bills] == ["2023-05-22 22", "2023-05-29 23"]


def test_running_again_and_again_bills_nothing_new() -> None:
    """Lago #4795, Kill Bill #150 and #1856, in a zone other than ours."""
    shop = Shop("2026-03-28", "America/New_York")
    shop.subscribe("2026-03-28 04:30", METERED)
    shop.used("calls", "2026-04-01", "10")
    shop.until("2026-04-28 12:00")
    bills, journal = shop.bills, len(shop.journal)
    for _ in range(10):
        shop.until("2026-04-28 12:00")
    assert (shop.bills, len(shop.journal)) == (bills, journal)


def test_what_was_left_in_mid_period_is_not_billed_again_while_its_period_lasts() -> None:
    """A year in arrears, left after 59 days. It is closed with its year, not 60 days after it was left."""
    shop = Shop()
    old = sold("old", fee("365", YEAR), billing=BillingMode.IN_ARREARS)
    shop.subscribe("2026-01-01", old, cadence=YEAR)
    shop.change("2026-03-01", ChangePlan(sold("new", fee("0", YEAR))))
    shop.subscribe("2026-03-01", SILVER)
    shop.until("2027-04-02")
    lines = [line for invoice in shop.invoices for line in invoice.lines]
    assert [line.amount for line in lines if line.plan_key == "old"] == [D("59.00")]
    assert sum(line.amount for line in lines if line.plan_key == "silver") == 14 * D("30.00")
    assert len(shop.account.books.billed) <= 4, "what is closed is forgotten"


# ── dated back ──
def test_a_start_dated_back_bills_each_missed_period_on_an_invoice_of_its_own() -> None:
    shop = Shop()
    shop.until("2026-04-10")
    shop.subscribe("2026-04-10", METERED, start_at="2026-01-15")
    assert shop.bills == [
        "2026-04-10: INV-1, 10.00: Metered: base 10.00",
        "2026-04-10: INV-2, 10.00: Metered: base 10.00",
        "2026-04-10: INV-3, 10.00: Metered: base 10.00",
    ]
    periods = [line.period.start.date().isoformat() for invoice in shop.invoices for line in invoice.lines]
    assert periods == ["2026-01-15", "2026-02-15", "2026-03-15"]


def test_nothing_starts_in_what_is_closed_already() -> None:
    """It could not be billed: of closed periods no one knows any more what was."""
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    shop.until("2026-06-02")
    assert shop.account.books.closed_until == on("2026-04-02")
    with shop.refuses(ErrorCode.INVALID) as no:
        shop.subscribe("2026-06-02", TEAM, start_at="2026-04-01")
    assert (type(no.value), no.value.field) == (NotChargeable, ("start_at",))
    shop.subscribe("2026-06-02 12:00", TEAM, start_at="2026-04-02")
    assert sum(invoice.total for invoice in shop.invoices[6:]) == D("36.00")


# ── once more ──
def test_what_was_voided_to_be_billed_again_is_billed_again_at_once() -> None:
    shop = Shop()
    shop.do("2026-01-01", c.RedeemCoupon(Coupon("c1", "FIVE", "Five", amount=Money(D(5), "EUR"), periods=1), "r1"))
    shop.subscribe("2026-01-01", SILVER)
    shop.do("2026-01-05", c.VoidInvoice(shop.invoices[0].id, rebill=True))
    assert shop.bills == [
        "2026-01-01: INV-1, 25.00: Silver: base 30.00",
        "2026-01-05: INV-2, 25.00: Silver: base 30.00",
    ]
    assert shop.account.owing.amounts == {"EUR": D("25.00")}


def test_what_was_voided_for_good_is_neither_billed_again_nor_given_back() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    shop.do("2026-01-05", c.VoidInvoice(shop.invoices[0].id))
    shop.cancel("2026-01-16 12:00", "NOW")
    shop.until("2026-03-01")
    assert (len(shop.invoices), shop.notes, shop.account.owing.amounts, shop.account.prepaid) == (1, [], {}, {})
