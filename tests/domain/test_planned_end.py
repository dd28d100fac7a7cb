"""A cancellation that is planned is known: what is paid in advance is billed up to it."""

from billed_shop import ONCE, YEAR, Shop, fee, sold
from msgspec.structs import replace
from timeline import D

from domain import commands as c
from domain.catalog import BillingMode, PlanVersion
from domain.subscription import AddAddOn, ChangePlan

YEARLY = sold("yearly", fee("365", YEAR))


def test_a_year_that_ends_in_its_middle_is_billed_to_its_middle() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", YEARLY)
    shop.cancel("2026-05-01", "2027-07-02 12:00")
    shop.until("2028-01-01")
    assert shop.bills == [
        "2026-01-01: INV-1, 365.00: Yearly: base 365.00",
        "2027-01-01 01:00: INV-2, 182.50: Yearly: base 182.50",
    ]


def test_called_off_it_is_billed_on_at_once() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", YEARLY)
    shop.cancel("2026-05-01", "2027-07-02 12:00")
    shop.do("2027-03-01", c.RevokeCancellation("s1"))
    shop.until("2027-12-31")
    assert shop.bills[1:] == [
        "2027-01-01 01:00: INV-2, 182.50: Yearly: base 182.50",
        "2027-03-01: INV-3, 182.50: Yearly: base, difference 182.50",
    ]


def test_planned_when_the_year_is_billed_already_it_gives_back_when_it_comes() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", YEARLY)
    shop.cancel("2026-03-01", "2026-07-02 12:00")
    shop.until("2026-07-01")
    assert len(shop.bills) == 1
    shop.until("2026-08-01")
    assert shop.bills[1:] == ["2026-07-02 12:00: CN-1 of INV-1, 182.50: Yearly: base, given back 182.50"]


def test_put_off_it_is_billed_up_to_the_later_end() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", YEARLY)
    shop.cancel("2026-05-01", "2027-07-02 12:00")
    shop.cancel("2027-03-01", "2027-10-01 18:00", replacing=True)
    shop.until("2028-01-01")
    assert sum(invoice.total for invoice in shop.invoices[1:]) == D("273.75")
    assert shop.notes == []


def test_who_leaves_before_the_end_that_was_planned_gets_back_what_was_billed_to_it() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", YEARLY)
    shop.cancel("2026-05-01", "2027-07-02 12:00")
    shop.cancel("2027-04-02 06:00", "NOW")
    assert shop.bills[2:] == ["2027-04-02 06:00: CN-1 of INV-2, 91.25: Yearly: base, given back 91.25"]


def test_in_arrears_it_costs_what_was_used() -> None:
    shop = Shop()
    later = replace(YEARLY, terms=replace(YEARLY.terms, billing=BillingMode.IN_ARREARS))
    shop.subscribe("2026-01-01", later)
    shop.cancel("2026-05-01", "2026-07-02 12:00")
    shop.until("2027-02-01")
    assert shop.bills == ["2026-07-02 12:00: INV-1, 182.50: Yearly: base 182.50"]


# ── what is paid once ──
def version(key: str, number: int, amount: str, setup: str = "100") -> PlanVersion:
    made = sold(key, fee(amount), fee(setup, ONCE, "setup"))
    prices = tuple(replace(price, id=f"{price.id}_{number}") for price in made.terms.prices)
    return replace(made, id=f"{made.id}_{number}", number=number, terms=replace(made.terms, prices=prices))


def test_a_setup_fee_is_paid_once_whatever_version_is_moved_to() -> None:
    shop = Shop("2026-06-01")
    shop.subscribe("2026-06-01", version("plan", 1, "30"))
    shop.change("2026-06-16", ChangePlan(version("plan", 2, "60", setup="150")))
    assert shop.bills[1:] == ["2026-06-16: INV-2, 15.00: Plan: base, given back -15.00; Plan: base 30.00"]


def test_an_add_ons_setup_fee_too() -> None:
    shop = Shop("2026-06-01")
    shop.subscribe("2026-06-01", sold("plan", fee("30")))
    shop.change("2026-06-01", AddAddOn(version("extra", 1, "30")))
    shop.change("2026-06-16", AddAddOn(version("extra", 2, "60")))
    charged = [line.amount for invoice in shop.invoices for line in invoice.lines if line.key.endswith("/once")]
    assert charged == [D("100.00")]


def test_another_plan_has_a_setup_fee_of_its_own_and_coming_back_none() -> None:
    shop = Shop("2026-06-01")
    one, other = version("one", 1, "30"), version("other", 1, "30", setup="50")
    shop.subscribe("2026-06-01", one)
    shop.change("2026-06-11", ChangePlan(other))
    shop.change("2026-06-21", ChangePlan(one))
    charged = [line.amount for invoice in shop.invoices for line in invoice.lines if line.key.endswith("/once")]
    assert charged == [D("100.00"), D("50.00")]
