"""A change may be charged from an earlier instant than the one at which it is recorded: a quote's, or support's."""

import pytest
from billed_shop import EXTRA, GOLD, METERED, SETUP, SILVER, TEAM, YEAR, Shop, fee, sold
from timeline import D, on

from domain import commands as c
from domain.errors import ErrorCode
from domain.policy import ChangeTiming
from domain.subscription import AddAddOn, Cancel, Change, ChangePlan, ChangeQuantity, Pause


def changed(shop: Shop, at: str, since: str, change: Change) -> None:
    shop.do(at, c.ChangeSubscription("s1", "c1", change, since=on(since)))


def silver() -> Shop:
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    return shop


@pytest.mark.parametrize("change", [ChangePlan(GOLD), ChangePlan(SILVER, YEAR), AddAddOn(EXTRA, 3), Cancel()])
def test_a_change_charged_from_earlier_costs_what_it_would_have_cost_then(change: Change) -> None:
    """So a quote binds: what is applied a quarter of an hour later comes to the same."""
    then, later = silver(), silver()
    then.change("2026-01-16 12:00", change)
    changed(later, "2026-01-16 12:15", "2026-01-16 12:00", change)
    documents = [text.split(": ", 1)[1] for text in then.bills]
    assert [text.split(": ", 1)[1] for text in later.bills] == documents
    then.until("2027-02-01")
    later.until("2027-02-01")
    assert [invoice.total for invoice in later.invoices] == [invoice.total for invoice in then.invoices]
    assert [invoice.period for invoice in later.invoices[1:]] == [invoice.period for invoice in then.invoices[1:]]


def test_a_change_dated_back_over_the_end_of_a_period_corrects_both() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", TEAM)
    shop.until("2026-02-02")
    changed(shop, "2026-02-15", "2026-01-16 12:00", ChangeQuantity(2))
    assert shop.bills[-1] == "2026-02-15: INV-3, 18.00: Team: seats, difference 6.00; Team: seats, difference 12.00"


def test_a_cancellation_dated_back_gives_back_the_periods_that_began_since() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    shop.used("calls", "2026-01-20", "100")
    shop.used("calls", "2026-02-05", "100")  # after the end, as it turns out
    shop.until("2026-02-02")
    changed(shop, "2026-02-15", "2026-01-31", Cancel())
    assert shop.bills[2:] == [
        "2026-02-15: CN-1 of INV-1, 0.32: Metered: base, given back 0.32",
        "2026-02-15: CN-2 of INV-2, 10.00: Metered: base, given back 10.00",
    ]


def test_dated_back_to_the_very_start_it_is_as_if_it_had_begun_so() -> None:
    """Its one-time price is still charged once."""
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", fee("30"), SETUP))
    changed(shop, "2026-01-10", "2026-01-01", AddAddOn(EXTRA, 1))
    changed(shop, "2026-01-10", "2026-01-01", ChangeQuantity(4))
    assert sum(invoice.total for invoice in shop.invoices) == D("134.00")
    assert shop.notes == []


def test_no_change_is_charged_from_the_future_from_before_the_last_one_or_in_what_is_closed() -> None:
    shop = silver()
    shop.change("2026-01-10", ChangePlan(GOLD))
    for since in ("2026-01-21", "2026-01-09"):
        with shop.refuses(ErrorCode.INVALID):
            changed(shop, "2026-01-20", since, ChangePlan(SILVER))
    shop.until("2026-06-02")
    with shop.refuses(ErrorCode.INVALID):
        changed(shop, "2026-06-02", "2026-04-01", ChangePlan(SILVER))
    changed(shop, "2026-06-02", "2026-04-02", ChangePlan(SILVER))


def test_only_what_takes_effect_now_can_be_dated_back() -> None:
    shop = silver()
    with shop.refuses(ErrorCode.INVALID):
        shop.do(
            "2026-01-10",
            c.ChangeSubscription("s1", "c1", ChangePlan(GOLD), ChangeTiming.PERIOD_END, since=on("2026-01-05")),
        )


def test_a_pause_begins_when_it_is_recorded() -> None:
    """Rights were there until then."""
    shop = silver()
    changed(shop, "2026-01-16 12:00", "2026-01-11", Pause())
    assert shop.bills[1:] == ["2026-01-16 12:00: CN-1 of INV-1, 15.00: Silver: base, given back 15.00"]
