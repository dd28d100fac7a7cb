"""By day: every local day of a subscription has one owner, whatever changes on it."""

import pytest
from billed_shop import YEAR, Shop, fee, sold
from hypothesis import given
from hypothesis import strategies as st
from timeline import D

from domain.catalog import PlanVersion, ProrationPolicy
from domain.policy import ChangeDay
from domain.subscription import ChangePlan, Pause, Resume

BY_DAY = ProrationPolicy.BY_DAY
OLD, NEW = ChangeDay.OLD, ChangeDay.NEW


def by_day(key: str, owner: ChangeDay, amount: str = "30000", yearly: str = "365000") -> PlanVersion:
    return sold(
        key,
        fee(amount, proration=BY_DAY, change_day=owner),
        fee(yearly, YEAR, proration=BY_DAY, change_day=owner),
    )


def charged(shop: Shop) -> str:
    notes = sum((note.total for note in shop.notes), D(0))
    return f"{sum((invoice.total for invoice in shop.invoices), D(0)) - notes:f}"


def june(*plans: tuple[str, PlanVersion]) -> str:
    """What June costs, if these begin then."""
    shop = Shop("2026-06-01")
    shop.subscribe(plans[0][0], plans[0][1])
    for at, plan in plans[1:]:
        shop.change(at, ChangePlan(plan))
    shop.until("2026-06-30")
    return charged(shop)


@pytest.mark.parametrize("first", [OLD, NEW])
@pytest.mark.parametrize("second", [OLD, NEW])
@pytest.mark.parametrize("back", ["2026-06-20 15:00", "2026-06-10 23:00"])
def test_to_another_plan_of_the_same_price_and_back_costs_the_month(
    first: ChangeDay, second: ChangeDay, back: str
) -> None:
    a, b = by_day("a", first), by_day("b", second)
    assert june(("2026-06-01", a), ("2026-06-10 08:00", b), (back, a)) == "30000.00"


def test_the_policy_of_what_ends_says_whose_the_day_is() -> None:
    """A at 1,000 a day keeps the 10th; B at 2,000 a day has the 11th to the 19th; A again from the 20th."""
    a, b = by_day("a", OLD), by_day("b", NEW, "60000")
    assert june(("2026-06-01", a), ("2026-06-10 08:00", b), ("2026-06-20", a)) == str(D(21_000 + 18_000)) + ".00"


def test_a_plan_that_counts_no_days_leaves_the_day() -> None:
    assert june(("2026-06-01", sold("free")), ("2026-06-21 12:00", by_day("a", OLD))) == "10000.00"


def test_a_pause_that_ends_on_the_day_it_began_costs_that_day_once() -> None:
    for owner in (OLD, NEW):
        shop = Shop("2026-06-01")
        shop.subscribe("2026-06-01", by_day("a", owner))
        shop.change("2026-06-10 08:00", Pause())
        shop.change("2026-06-10 20:00", Resume())
        shop.until("2026-06-30")
        assert charged(shop) == "30000.00"


def test_another_rhythm_has_the_day_on_which_it_begins() -> None:
    """Nine days by the month, then the year; whoever kept the day of a change."""
    for owner in (OLD, NEW):
        shop = Shop("2026-06-01")
        plan = by_day("a", owner)
        shop.subscribe("2026-06-01", plan)
        shop.change("2026-06-10 08:00", ChangePlan(plan, YEAR))
        shop.until("2026-06-30")
        assert charged(shop) == "374000.00"


@given(
    st.lists(st.tuples(st.integers(1, 29 * 24), st.sampled_from("abc")), max_size=6),
    st.tuples(*[st.sampled_from([OLD, NEW])] * 3),
)
def test_no_day_is_charged_twice_or_never(changes: list[tuple[int, str]], owners: tuple[ChangeDay, ...]) -> None:
    plans = {key: by_day(key, owner) for key, owner in zip("abc", owners, strict=True)}
    moves = [("2026-06-01", plans["a"])]
    for hours, key in sorted(set(changes)):
        day, hour = divmod(hours, 24)
        at = f"2026-06-{day + 1:02} {hour:02}:00"
        if plans[key] != moves[-1][1] and at != moves[-1][0]:
            moves.append((at, plans[key]))
    assert june(*moves) == "30000.00"
