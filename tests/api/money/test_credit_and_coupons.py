"""Credit and coupons, from being offered to being used up."""

import asyncio

from e2e.client import Json, unique
from money_desk import INVOICE, Buyer, Till, price

CREDIT = "credit { id kind amount { amount } remaining { amount } priority expiresAt reason voidedAt }"
COUPON = "coupon { code name percent amount { amount } periods plans redemptionsMax expiresAt archivedAt }"
REDEEMED = "redemption { id coupon { code } subscriptionId invoicesLeft active endedAt }"
SOLD = "subscription { id } invoice { discount { amount } total { amount } }"


def usd(amount: str) -> Json:
    return {"amount": amount, "currency": "USD"}


async def coupon(till: Till, **terms: object) -> str:
    """A new coupon's code; a tenth off unless the terms say otherwise."""
    code = unique("CODE")
    off = {} if "amount" in terms else {"percent": "10"}
    await till.api.do("createCoupon", COUPON, code=code, name="Off", **{**off, **terms})
    return code


# ── credit ───────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_credit_is_given_once_and_used_by_the_next_invoice(till: Till) -> None:
    buyer = await till.buyer()
    asked: Json = {"customer": buyer.ref, "amount": usd("30"), "reason": "sorry", "idempotencyKey": unique()}
    given = await till.do("grantCredit", CREDIT, **asked)
    assert given["credit"]["kind"] == "PROMOTIONAL"
    assert given["credit"]["remaining"] == {"amount": "30.00"}
    made = await till.do(
        "subscribe", f"invoice {{ {INVOICE} }}", customer=buyer.ref, plan=await till.plan(price("100"))
    )
    assert (made["invoice"]["credit"], made["invoice"]["total"]) == ({"amount": "30.00"}, {"amount": "70.00"})
    assert await till.do("grantCredit", CREDIT, **asked) == given
    assert len((await till.about(buyer, "credits { id }"))["credits"]) == 1


async def test_credit_is_taken_back_in_part_or_as_far_as_it_is_left(till: Till) -> None:
    buyer = await till.buyer()
    given = await till.do("grantCredit", CREDIT, customer=buyer.ref, amount=usd("30"), reason="sorry")
    asked: Json = {"creditId": given["credit"]["id"]}
    assert await till.refused("voidCredit", **asked, amount="30.01") == ("INVALID", ["input", "amount"])
    left = await till.do("voidCredit", CREDIT, **asked, amount="12")
    assert (left["credit"]["remaining"], left["credit"]["voidedAt"]) == ({"amount": "18.00"}, None)
    gone = await till.do("voidCredit", CREDIT, **asked, reason="given by mistake")
    assert gone["credit"]["remaining"] == {"amount": "0.00"}
    assert gone["credit"]["voidedAt"] == "2026-01-01T00:00:00Z"
    assert await till.refused("voidCredit", **asked) == ("CONFLICT", ["input", "creditId"])


async def test_giving_is_refused_with_the_field_at_fault(till: Till) -> None:
    buyer = await till.buyer()
    asked: Json = {"customer": buyer.ref, "amount": usd("1"), "reason": "x"}
    for wrong, code, field in (
        ({"amount": usd("0.001")}, "INVALID", ["amount", "amount"]),
        ({"amount": {"amount": "1", "currency": "EUR"}}, "CURRENCY_MISMATCH", ["amount", "currency"]),
        ({"priority": 101}, "INVALID", ["priority"]),
        ({"expiresAt": "2026-01-01T00:00:00Z"}, "INVALID", ["expiresAt"]),
        ({"reason": ""}, "INVALID", ["reason"]),
    ):
        assert await till.refused("grantCredit", **{**asked, **wrong}) == (code, ["input", *field])


async def test_credit_is_bought_by_paying_for_it(till: Till) -> None:
    buyer = await till.buyer()
    asked: Json = {"customer": buyer.ref, "amount": usd("100"), "credits": "120", "expiresAt": "2027-01-01T00:00:00Z"}
    bought = await till.do("buyCredit", f"invoice {{ {INVOICE} }}", **asked)
    assert (bought["invoice"]["status"], bought["invoice"]["total"]) == ("OPEN", {"amount": "100.00"})
    shown = "credits { kind amount { amount } expiresAt }"
    assert (await till.about(buyer, shown))["credits"] == []
    await till.do("recordPayment", "payment { id }", customer=buyer.ref, amount=usd("100"))
    assert (await till.about(buyer, shown))["credits"] == [
        {"kind": "PREPAID", "amount": {"amount": "120.00"}, "expiresAt": "2027-01-01T00:00:00Z"}
    ]


async def test_buying_is_refused_with_the_field_at_fault(till: Till) -> None:
    buyer = await till.buyer()
    asked: Json = {"customer": buyer.ref, "amount": usd("1")}
    for wrong, code, field in (
        ({"amount": usd("0")}, "INVALID", ["amount", "amount"]),
        ({"amount": {"amount": "1", "currency": "EUR"}}, "CURRENCY_MISMATCH", ["amount", "currency"]),
        ({"credits": "0"}, "INVALID", ["credits"]),
        ({"expiresAt": "2025-12-31T00:00:00Z"}, "INVALID", ["expiresAt"]),
        ({"description": " "}, "INVALID", ["description"]),
    ):
        assert await till.refused("buyCredit", **{**asked, **wrong}) == (code, ["input", *field])
    assert await till.invoices(buyer, "id") == []


# ── coupons ──────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_coupon_is_offered_once_and_taken_off_the_market(till: Till) -> None:
    asked: Json = {"code": unique("SPRING"), "name": "Spring", "percent": "12.5", "periods": 3, "redemptionsMax": 9}
    made = await till.api.do("createCoupon", COUPON, **asked)
    assert made["coupon"] == {
        **asked,
        "amount": None,
        "plans": [],
        "expiresAt": None,
        "archivedAt": None,
    }
    assert await till.api.do("createCoupon", COUPON, **asked) == made
    assert await till.api.refused("createCoupon", **{**asked, "percent": "13"}) == ("ALREADY_EXISTS", ["input", "code"])
    archived = await till.api.do("archiveCoupon", COUPON, code=asked["code"])
    assert archived["coupon"]["archivedAt"] is not None
    buyer = await till.buyer()
    told = await till.refused("applyCoupon", customer=buyer.ref, code=asked["code"])
    assert told == ("CONFLICT", ["input", "code"])
    assert await till.api.refused("archiveCoupon", code="nothing") == ("NOT_FOUND", ["input", "code"])


async def test_a_coupon_comes_with_a_subscription_or_later(till: Till) -> None:
    buyer, plan = await till.buyer(), await till.plan(price("100"))
    made = await till.do("subscribe", SOLD, customer=buyer.ref, plan=plan, coupon=await coupon(till, periods=1))
    assert made["invoice"] == {"discount": {"amount": "10.00"}, "total": {"amount": "90.00"}}
    asked: Json = {"customer": buyer.ref, "code": await coupon(till, amount=usd("5")), "idempotencyKey": unique()}
    applied = await till.do("applyCoupon", REDEEMED, **asked, subscriptionId=made["subscription"]["id"])
    assert applied["redemption"]["subscriptionId"] == made["subscription"]["id"]
    assert (await till.draft(buyer, "total { amount }"))["total"] == {"amount": "95.00"}
    removed = await till.do("removeCoupon", REDEEMED, redemptionId=applied["redemption"]["id"])
    assert (removed["redemption"]["active"], removed["redemption"]["endedAt"] is None) == (False, False)
    assert (await till.draft(buyer, "total { amount }"))["total"] == {"amount": "100.00"}
    told = await till.refused("applyCoupon", customer=buyer.ref, code=asked["code"])
    assert told == ("ALREADY_EXISTS", ["input", "code"])


async def test_a_coupon_for_few_is_redeemed_by_few_however_many_try_at_once(till: Till) -> None:
    code, plan = await coupon(till, redemptionsMax=2), await till.plan(price("100"))
    buyers = [await till.buyer() for _ in range(6)]

    async def attempt(n: int, buyer: Buyer) -> list[Json]:
        asked: Json = {"customer": buyer.ref, "idempotencyKey": unique()}
        if n % 2:
            payload = await till.api.attempt("applyCoupon", REDEEMED, **asked, code=code)
        else:
            payload = await till.api.attempt("subscribe", SOLD, **asked, plan=plan, coupon=code)
        errors: list[Json] = payload["userErrors"]
        return errors

    told = await asyncio.gather(*(attempt(n, buyer) for n, buyer in enumerate(buyers)))
    assert [error["code"] for errors in told for error in errors] == ["LIMIT_REACHED"] * 4
    refused = {tuple(error["field"]) for errors in told for error in errors}
    assert refused <= {("input", "code"), ("input", "coupon")}
    for errors, buyer in zip(told, buyers, strict=True):
        held = await till.about(buyer, "subscriptions(first: 9) { edges { node { id } } }")
        assert not errors or held["subscriptions"]["edges"] == []
    another = await till.buyer()
    quote = await till.preview("previewSubscribe", customer=another.ref, plan=plan, coupon=code)
    assert [error["code"] for error in quote["userErrors"]] == ["LIMIT_REACHED"]


async def test_a_retry_redeems_once(till: Till) -> None:
    code = await coupon(till, redemptionsMax=2)
    buyer, other = await till.buyer(), await till.buyer()
    asked: Json = {"customer": buyer.ref, "code": code, "idempotencyKey": unique()}
    first = await till.do("applyCoupon", REDEEMED, **asked)
    assert await till.do("applyCoupon", REDEEMED, **asked) == first
    await till.do("applyCoupon", REDEEMED, customer=other.ref, code=code)


async def test_coupons_are_refused_with_the_field_at_fault(till: Till) -> None:
    buyer, plan = await till.buyer(), await till.plan(price("100"))
    euros = await coupon(till, amount={"amount": "5", "currency": "EUR"})
    for asked, code, field in (
        ({"code": "nothing"}, "NOT_FOUND", "code"),
        ({"code": euros}, "CURRENCY_MISMATCH", "code"),
        ({"code": await coupon(till), "subscriptionId": "subscription_1"}, "NOT_FOUND", "subscriptionId"),
    ):
        assert await till.refused("applyCoupon", customer=buyer.ref, **asked) == (code, ["input", field])
    told = await till.refused("subscribe", customer=buyer.ref, plan=plan, coupon=euros)
    assert told == ("CURRENCY_MISMATCH", ["input", "coupon"])
    for wrong, field in (
        ({"percent": "101"}, ["percent"]),
        ({"percent": "10", "amount": usd("1")}, ["percent"]),
        ({"percent": "10", "periods": 0}, ["periods"]),
        ({"percent": "10", "redemptionsMax": 0}, ["redemptionsMax"]),
        ({"percent": "10", "plans": [plan, plan]}, ["plans", "1"]),
        ({"amount": usd("0.001")}, ["amount", "amount"]),
    ):
        asked: Json = {"code": unique("C"), "name": "x", **wrong}
        assert await till.api.refused("createCoupon", **asked) == ("INVALID", ["input", *field])
