"""Coupons redeemed by a customer, and the coupons there are to redeem."""

from typing import Any

import pytest
from desk import Desk
from double_entry import JANUARY, invoice, line
from msgspec.structs import replace
from timeline import PRO, D, Timeline, on

from domain import commands as c
from domain import events as e
from domain.books.redemption import Redemption
from domain.catalog import Catalog, Plan
from domain.coupon import Coupon
from domain.decide import decide_catalog
from domain.decide.coupons import REDEMPTIONS_MAX, decide_coupon
from domain.errors import ErrorCode, Refusal
from domain.evolve import evolve_catalog
from domain.money import Money

TENTH = Coupon("coupon_1", "WELCOME10", "Ten percent", percent=D(10), periods=3)


def redeem(coupon: Coupon = TENTH, id: str = "r1", subscription_id: str | None = None) -> c.RedeemCoupon:
    return c.RedeemCoupon(coupon, id, subscription_id)


# ── redeemed ──
def test_a_redemption_keeps_the_coupons_terms_and_counts_its_periods_from_now() -> None:
    desk = Desk()
    made = Redemption("r1", TENTH, on("2026-01-10"), left=3)
    assert desk.do("2026-01-10", redeem()) == [e.CouponRedeemed(made)]
    assert desk.account.books.redemptions == (made,)


def test_a_coupon_redeemed_in_month_ten_lowers_three_invoices() -> None:
    """Polar #8827: its age was counted from the start of the subscription, so it was over at once."""
    desk = Desk("2026-01-01")
    desk.do("2026-10-10", redeem())
    lefts = []
    for month in (11, 12):
        billed = invoice(str(month), line("90", JANUARY), at=f"2026-{month}-01")
        desk.post(f"2026-{month}-01", replace(billed, used=("r1",)))
        lefts.append(desk.account.books.redemptions[0].left)
    assert lefts == [2, 1]
    assert desk.account.books.redemptions[0].ended_at is None
    desk.post("2027-01-01", replace(invoice("13", line("90", JANUARY), at="2027-01-01"), used=("r1",)))
    assert desk.account.books.redemptions[0].ended_at == on("2027-01-01")


def test_each_customer_redeems_a_coupon_once_whatever_became_of_it() -> None:
    desk = Desk()
    desk.do("2026-01-10", redeem())
    with desk.refuses(ErrorCode.ALREADY_EXISTS, "coupon"):
        desk.do("2026-01-11", redeem(id="r2"))
    desk.do("2026-01-12", c.RemoveCoupon("r1"))
    with desk.refuses(ErrorCode.ALREADY_EXISTS, "coupon"):
        desk.do("2026-01-13", redeem(id="r2"))
    assert desk.do("2026-01-13", redeem(replace(TENTH, code="OTHER"), id="r2"))


@pytest.mark.parametrize("gone", [{"archived_at": on("2026-01-01")}, {"expires_at": on("2026-01-10")}])
def test_a_coupon_that_is_archived_or_expired_cannot_be_redeemed(gone: dict[str, Any]) -> None:
    desk = Desk()
    with desk.refuses(ErrorCode.CONFLICT, "coupon"):
        desk.do("2026-01-10", redeem(replace(TENTH, **gone)))


def test_an_amount_off_is_for_customers_who_are_billed_in_its_currency() -> None:
    desk = Desk()
    with desk.refuses(ErrorCode.CURRENCY_MISMATCH, "coupon"):
        desk.do("2026-01-10", redeem(Coupon("k", "FIVE", "Five off", amount=Money(D(5), "USD"))))
    assert desk.do("2026-01-10", redeem(Coupon("k", "FIVE", "Five off", amount=Money(D(5), "EUR"))))


def test_a_coupon_for_a_plan_that_the_customer_does_not_have_waits_for_it() -> None:
    assert Desk().do("2026-01-10", redeem(replace(TENTH, plans=("pro",))))


def test_a_coupon_can_be_for_one_subscription_which_has_to_run() -> None:
    life = Timeline()
    life.subscribe("2026-01-01", PRO)
    command = redeem(subscription_id="s1")
    (made,) = decide_coupon(life.account, command, on("2026-01-10"))
    assert made == e.CouponRedeemed(Redemption("r1", TENTH, on("2026-01-10"), 3, "s1"))
    with pytest.raises(Refusal) as unknown:
        decide_coupon(life.account, redeem(subscription_id="s2"), on("2026-01-10"))
    assert (unknown.value.code, unknown.value.field) == (ErrorCode.NOT_FOUND, ("subscription_id",))
    life.cancel("2026-01-11", "NOW")
    with pytest.raises(Refusal) as ended:
        decide_coupon(life.account, command, on("2026-01-12"))
    assert (ended.value.code, ended.value.field) == (ErrorCode.CONFLICT, ("subscription_id",))


def test_a_customer_has_at_most_so_many_running_coupons() -> None:
    desk = Desk()
    for n in range(REDEMPTIONS_MAX):
        desk.do("2026-01-10", redeem(replace(TENTH, code=f"CODE{n}"), id=f"r{n}"))
    with desk.refuses(ErrorCode.LIMIT_REACHED, "coupon"):
        desk.do("2026-01-10", redeem(id="one more"))
    desk.do("2026-01-11", c.RemoveCoupon("r0"))
    assert desk.do("2026-01-11", redeem(id="one more"))


def test_a_removed_coupon_has_ended_and_removing_it_again_changes_nothing() -> None:
    desk = Desk()
    desk.do("2026-01-10", redeem())
    assert desk.do("2026-01-12", c.RemoveCoupon("r1")) == [e.CouponRemoved("r1")]
    assert desk.account.books.redemptions[0].ended_at == on("2026-01-12")
    assert desk.do("2026-01-13", c.RemoveCoupon("r1")) == []
    with desk.refuses(ErrorCode.NOT_FOUND, "redemption_id"):
        desk.do("2026-01-13", c.RemoveCoupon("r2"))


# ── offered ──
PRO_PLAN = Plan("plan_pro", "pro", "Pro", versions=(PRO,))
SHOP = Catalog(plans=(PRO_PLAN,))


def offered(coupon: Coupon, shop: Catalog = SHOP, at: str = "2026-01-10") -> list[e.CatalogEvent]:
    return list(decide_catalog(shop, c.CreateCoupon(coupon), on(at)))


def test_a_coupon_takes_off_a_percentage_or_an_amount() -> None:
    for coupon in (TENTH, Coupon("k", "a.b-c_d", "Five off", amount=Money(D("5.00"), "EUR"), plans=("pro",))):
        assert offered(coupon) == [e.CouponCreated(coupon)]


def test_the_same_coupon_again_changes_nothing_and_another_one_needs_another_code() -> None:
    shop = evolve_catalog(SHOP, e.CouponCreated(replace(TENTH, expires_at=on("2026-02-01"))), on("2026-01-10"))
    again = replace(TENTH, id="coupon_2", expires_at=on("2026-02-01"))
    assert offered(again, shop) == []
    assert offered(again, shop, at="2027-01-01") == []  # a retry, however late
    with pytest.raises(Refusal) as refusal:
        offered(replace(again, percent=D(11)), shop)
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.ALREADY_EXISTS, ("code",))


@pytest.mark.parametrize(
    ("terms", "code", "field"),
    [
        ({"code": ""}, ErrorCode.INVALID, ("code",)),
        ({"code": "-x"}, ErrorCode.INVALID, ("code",)),
        ({"code": "two words"}, ErrorCode.INVALID, ("code",)),
        ({"code": "x" * 41}, ErrorCode.INVALID, ("code",)),
        ({"name": " "}, ErrorCode.INVALID, ("name",)),
        ({"percent": None}, ErrorCode.INVALID, ("percent",)),
        ({"amount": Money(D(5), "EUR")}, ErrorCode.INVALID, ("percent",)),
        ({"percent": D(0)}, ErrorCode.INVALID, ("percent",)),
        ({"percent": D("100.01")}, ErrorCode.INVALID, ("percent",)),
        ({"percent": None, "amount": Money(D(0), "EUR")}, ErrorCode.INVALID, ("amount", "amount")),
        ({"percent": None, "amount": Money(D("0.5"), "JPY")}, ErrorCode.INVALID, ("amount", "amount")),
        ({"percent": None, "amount": Money(D(5), "EURO")}, ErrorCode.INVALID, ("amount", "currency")),
        ({"periods": 0}, ErrorCode.INVALID, ("periods",)),
        ({"redemptions_max": 0}, ErrorCode.INVALID, ("redemptions_max",)),
        ({"expires_at": on("2026-01-10")}, ErrorCode.INVALID, ("expires_at",)),
        ({"plans": ("pro", "gold")}, ErrorCode.NOT_FOUND, ("plans", "1")),
        ({"plans": ("pro", "pro")}, ErrorCode.INVALID, ("plans", "1")),
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(
    terms: dict[str, Any], code: ErrorCode, field: tuple[str, ...]
) -> None:
    with pytest.raises(Refusal) as refusal:
        offered(replace(TENTH, **terms))
    assert (refusal.value.code, refusal.value.field) == (code, field)


def test_an_archived_coupon_keeps_its_code_and_archiving_it_again_changes_nothing() -> None:
    shop = evolve_catalog(SHOP, e.CouponCreated(TENTH), on("2026-01-10"))
    archive = c.ArchiveCoupon("WELCOME10")
    assert decide_catalog(shop, archive, on("2026-01-11")) == [e.CouponArchived("WELCOME10")]
    shop = evolve_catalog(shop, e.CouponArchived("WELCOME10"), on("2026-01-11"))
    assert decide_catalog(shop, archive, on("2026-01-12")) == []
    assert offered(TENTH, shop) == []
    with pytest.raises(Refusal) as refusal:
        decide_catalog(shop, c.ArchiveCoupon("OTHER"), on("2026-01-12"))
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.NOT_FOUND, ("code",))
