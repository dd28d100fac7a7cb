"""A preview is the change itself, not written: whatever it is, the change then comes to exactly that."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from e2e.client import Api, Json, unique
from e2e.deployment import Deployment
from money_desk import CHANGES, LINE, UNTAXED, Buyer, Till, price, seats

MIDDLE = "2026-01-16T12:00:00Z"  # half of January
BILLED = f"id due {{ amount }} lines {{ {LINE} }} creditNotes {{ id total {{ amount }} lines {{ {LINE} }} }}"
Asked = tuple[str, Json]
Case = Callable[[Till, Buyer], Awaitable[Asked]]


async def on(till: Till, buyer: Buyer, *prices: Json, at: str = MIDDLE, **version: Any) -> str:
    """Subscribed at the beginning to a plan with these prices; the subscription, some time later."""
    id = await till.subscribe(buyer, await till.plan(*prices, **version), quantity=3)
    await till.to(buyer, at)
    return id


async def upgrade(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, price("100"))
    return "previewPlanChange", {"subscriptionId": id, "plan": await till.plan(price("300"))}


async def downgrade_of_what_is_paid(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, price("300"))
    await till.do("recordPayment", "payment { id }", customer=buyer.ref, amount={"amount": "300", "currency": "USD"})
    return "previewPlanChange", {"subscriptionId": id, "plan": await till.plan(price("100"))}


async def to_the_year(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, price("100"), price("1000", cadence="YEAR"))
    plan = (await till.api.ask("query($id: ID!) { subscription(id: $id) { plan { key } } }", id=id))["subscription"]
    return "previewPlanChange", {"subscriptionId": id, "plan": plan["plan"]["key"], "cadence": "YEAR"}


async def more_seats(till: Till, buyer: Buyer) -> Asked:
    return "previewQuantityChange", {"subscriptionId": await on(till, buyer, seats("10")), "quantity": 7}


async def fewer_seats_with_the_last_second(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, seats("10"), at="2026-01-31T23:59:59Z")
    return "previewQuantityChange", {"subscriptionId": id, "quantity": 1}


async def twice_in_one_second(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, seats("10"))
    await till.do("changeQuantity", "subscription { id }", subscriptionId=id, quantity=9)
    return "previewQuantityChange", {"subscriptionId": id, "quantity": 4}


async def with_an_add_on(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, price("100"))
    return "previewAddOn", {"subscriptionId": id, "addOn": await till.plan(price("20")), "quantity": 2}


async def without_an_add_on(till: Till, buyer: Buyer) -> Asked:
    add_on = await till.plan(price("20"))
    id = await till.subscribe(buyer, await till.plan(price("100")), addOns=[add_on])
    await till.to(buyer, MIDDLE)
    return "previewAddOnRemoval", {"subscriptionId": id, "addOn": add_on}


async def an_end_at_once(till: Till, buyer: Buyer) -> Asked:
    return "previewCancellation", {"subscriptionId": await on(till, buyer, price("100")), "timing": "NOW"}


async def an_end_later(till: Till, buyer: Buyer) -> Asked:
    return "previewCancellation", {"subscriptionId": await on(till, buyer, price("100"))}


async def in_a_trial(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, price("100"), trialDays=30)
    return "previewPlanChange", {"subscriptionId": id, "plan": await till.plan(price("300"), trialDays=30)}


async def out_of_a_trial(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, price("100"), trialDays=30)
    return "previewPlanChange", {"subscriptionId": id, "plan": await till.plan(price("300"))}


async def into_a_trial(till: Till, buyer: Buyer) -> Asked:
    return "previewSubscribe", {"customer": buyer.ref, "plan": await till.plan(price("100")), "trialDays": 14}


async def since_three_months(till: Till, buyer: Buyer) -> Asked:
    await till.to(buyer, "2026-04-10T00:00:00Z")
    return "previewSubscribe", {
        "customer": buyer.ref,
        "plan": await till.plan(price("100")),
        "startAt": "2026-01-10T00:00:00Z",
    }


async def with_a_coupon(till: Till, buyer: Buyer) -> Asked:
    code = unique("HALF")
    await till.api.do("createCoupon", "coupon { id }", code=code, name="Half", percent="50")
    return "previewSubscribe", {"customer": buyer.ref, "plan": await till.plan(price("99.99")), "coupon": code}


async def with_both_kinds_of_credit(till: Till, buyer: Buyer) -> Asked:
    for kind, amount in (("PROMOTIONAL", "30"), ("PREPAID", "20")):
        given = {"amount": amount, "currency": "USD"}
        await till.do("grantCredit", "credit { id }", customer=buyer.ref, amount=given, kind=kind, reason="welcome")
    return "previewSubscribe", {"customer": buyer.ref, "plan": await till.plan(price("100"))}


async def with_prices_of_its_own(till: Till, buyer: Buyer) -> Asked:
    plan = await till.plan(price("100"))
    return "previewSubscribe", {"customer": buyer.ref, "plan": plan, "priceOverrides": [price("80.08")]}


async def while_a_period_waits_to_be_final(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, price("100"), draftHours=48, at="2026-02-01T12:00:00Z")
    return "previewPlanChange", {"subscriptionId": id, "plan": await till.plan(price("300"))}


async def with_usage_so_far(till: Till, buyer: Buyer) -> Asked:
    usage = price("0.10", "calls", model="PER_UNIT", meterKey="api_calls")
    id = await on(till, buyer, price("100"), usage)
    await till.api.use(buyer.id, "api.calls", 123)
    return "previewPlanChange", {"subscriptionId": id, "plan": await till.plan(price("300"))}


async def billed_with_the_next(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, seats("10"), changesBilled="NEXT_INVOICE")
    return "previewQuantityChange", {"subscriptionId": id, "quantity": 5}


async def down_at_the_end_as_the_plan_says(till: Till, buyer: Buyer) -> Asked:
    id = await on(till, buyer, price("300"), downgrades="PERIOD_END")
    return "previewPlanChange", {"subscriptionId": id, "plan": await till.plan(price("100"))}


CASES: list[Case] = [
    upgrade,
    downgrade_of_what_is_paid,
    to_the_year,
    more_seats,
    fewer_seats_with_the_last_second,
    twice_in_one_second,
    with_an_add_on,
    without_an_add_on,
    an_end_at_once,
    an_end_later,
    in_a_trial,
    out_of_a_trial,
    into_a_trial,
    since_three_months,
    with_a_coupon,
    with_both_kinds_of_credit,
    with_prices_of_its_own,
    while_a_period_waits_to_be_final,
    with_usage_so_far,
    billed_with_the_next,
    down_at_the_end_as_the_plan_says,
]


async def taxed(api: Api) -> None:
    """The seller is in Berlin, so whoever is has to pay a fifth on top, nearly."""
    rate: Json = {"country": "DE", "category": "standard", "name": "USt. 19 %", "percent": "19"}
    seller = {"name": "Tollgate GmbH", "country": "DE"}
    await api.do("updateBillingSettings", "settings { netDays }", seller=seller, taxRates=[rate])


@pytest.mark.parametrize("country", ["US", "DE"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
async def test_a_change_comes_to_its_preview_which_writes_nothing(
    till: Till, deployment: Deployment, case: Case, country: str
) -> None:
    await taxed(till.api)
    buyer = await till.buyer(address={"country": country})
    query, asked = await case(till, buyer)
    stored = await deployment.contents()
    quote = await till.quoted(query, **asked)
    assert await deployment.contents() == stored
    before = {one["id"]: one for one in await till.invoices(buyer, BILLED)}
    await till.do(CHANGES[query], "userErrors { code }", **asked, quote=quote["token"])
    after = await till.invoices(buyer, BILLED)
    new = [one for one in after if one["id"] not in before]
    if query != "previewSubscribe":
        new = [one for one in new if not _was_waiting(one, quote)]
    notes = [
        note
        for one in after
        for note in one["creditNotes"]
        if note not in before.get(one["id"], {"creditNotes": []})["creditNotes"]
    ]
    lines = [_told(line) for one in new for line in one["lines"]]
    lines += [_told(line, back=True) for note in notes for line in note["lines"]]
    assert sorted(lines) == sorted(_told(line) for line in quote["lines"])
    assert sum(_units(one["due"]) for one in new) == _units(quote["dueNow"])
    assert sum(_units(note["total"]) for note in notes) == _units(quote["credited"])
    if query != "previewCancellation":
        assert (await till.draft(buyer, "total { amount }"))["total"] == quote["nextInvoice"]


def _was_waiting(invoice: Json, quote: Json) -> bool:
    """The invoice of a period that was over: a change at once closes it first, and it would have come anyway."""
    return all(line["period"]["start"] < quote["effectiveAt"] for line in invoice["lines"])


def _told(line: Json, back: bool = False) -> tuple[str, list[int], str]:
    sign = -1 if back else 1
    amounts = [sign * _units(line[name]) for name in ("amount", "discount", "credit")]
    return line["description"], amounts, str(line["period"])


def _units(money: Json) -> int:
    return round(float(money["amount"]) * 100)


async def test_a_quote_is_charged_from_its_own_instant_however_long_the_button_takes(till: Till) -> None:
    customer = await till.api.customer(address=UNTAXED)
    id = (await till.api.subscribe(customer, await till.plan(price("1000000"))))["id"]
    asked: Json = {"subscriptionId": id, "plan": await till.plan(price("9000000"))}
    quote = await till.quoted("previewPlanChange", **asked)
    await asyncio.sleep(2)  # of a month that costs eight millions more, two seconds are about six dollars
    made = await till.do(
        "changePlan", f"invoice {{ total {{ amount }} lines {{ {LINE} }} }}", quote=quote["token"], **asked
    )
    assert sorted(map(_told, made["invoice"]["lines"])) == sorted(map(_told, quote["lines"]))
    assert made["invoice"]["total"] == {"amount": quote["dueNow"]["amount"]}


async def test_a_beginning_is_held_to_its_quote_too(till: Till) -> None:
    customer = {"id": await till.api.customer(address=UNTAXED)}
    plan = await till.plan(price("1000000"))
    quote = await till.quoted("previewSubscribe", customer=customer, plan=plan)
    await asyncio.sleep(1)
    shown = "subscription { startedAt } invoice { total { amount } }"
    made = await till.do("subscribe", shown, customer=customer, plan=plan, quote=quote["token"])
    assert made["invoice"]["total"]["amount"] == quote["dueNow"]["amount"] == "1000000.00"
    assert made["subscription"]["startedAt"] == quote["effectiveAt"]


async def test_a_quote_that_would_come_to_something_else_is_stale(till: Till) -> None:
    buyer = await till.buyer()
    id = await on(till, buyer, seats("10"))
    asked: Json = {"subscriptionId": id, "quantity": 5}
    quote = await till.quoted("previewQuantityChange", **asked)
    add_on = await till.plan(price("1"))
    await till.do("addAddOn", "subscription { id }", subscriptionId=id, addOn=add_on)
    await till.do("changeQuantity", "subscription { id }", subscriptionId=id, quantity=4)
    refused = await till.refused("changeQuantity", **asked, quote=quote["token"])
    assert refused == ("STALE", ["input", "quote"])


async def test_a_quote_from_before_another_change_is_stale_and_says_so_about_itself(till: Till) -> None:
    """Charged from an instant at which something else held: nobody said that instant but the quote."""
    buyer = await till.buyer()
    id = await on(till, buyer, seats("10"))
    asked: Json = {"subscriptionId": id, "quantity": 5}
    quote = await till.quoted("previewQuantityChange", **asked)
    await till.to(buyer, "2026-01-16T12:01:00Z")
    await till.do("changeQuantity", "subscription { id }", subscriptionId=id, quantity=4)
    refused = await till.refused("changeQuantity", **asked, quote=quote["token"])
    assert refused == ("STALE", ["input", "quote"])


async def test_a_quote_binds_for_as_long_as_the_settings_say(till: Till) -> None:
    buyer = await till.buyer()
    asked: Json = {"subscriptionId": await on(till, buyer, seats("10")), "quantity": 5}
    quote = await till.quoted("previewQuantityChange", **asked)
    assert quote["expiresAt"] == "2026-01-16T12:15:00Z"
    await till.to(buyer, quote["expiresAt"])
    refused = await till.refused("changeQuantity", **asked, quote=quote["token"])
    assert refused == ("STALE", ["input", "quote"])


async def test_a_retry_is_answered_though_its_quote_is_over(till: Till) -> None:
    buyer = await till.buyer()
    asked: Json = {"subscriptionId": await on(till, buyer, seats("10")), "quantity": 5, "idempotencyKey": unique()}
    quote = await till.quoted("previewQuantityChange", **asked)
    shown = "subscription { quantity } invoice { id total { amount } }"
    first = await till.do("changeQuantity", shown, **asked, quote=quote["token"])
    await till.to(buyer, "2026-03-01T00:00:00Z")
    assert await till.do("changeQuantity", shown, **asked, quote=quote["token"]) == first


async def test_a_quote_is_for_one_customer_and_one_input(till: Till) -> None:
    plan = await till.plan(price("10"))
    buyer, other = await till.buyer(), await till.buyer()
    token = (await till.quoted("previewSubscribe", customer=buyer.ref, plan=plan))["token"]
    for asked in (
        {"customer": other.ref, "quote": token},
        {"customer": buyer.ref, "quote": token, "quantity": 2},
        {"customer": buyer.ref, "quote": f"{token}x"},
        {"customer": buyer.ref, "quote": "no quote"},
    ):
        assert await till.refused("subscribe", plan=plan, **asked) == ("INVALID", ["input", "quote"])


async def test_a_quote_holds_whichever_way_the_customer_is_named(till: Till) -> None:
    external_id, plan = unique("customer"), await till.plan(price("10"))
    customer = await till.api.customer(external_id, address=UNTAXED)
    quote = await till.quoted("previewSubscribe", customer={"externalId": external_id}, plan=plan)
    made = await till.do(
        "subscribe", "invoice { total { amount } }", customer={"id": customer}, plan=plan, quote=quote["token"]
    )
    assert made["invoice"]["total"]["amount"] == "10.00"


async def test_what_stands_in_the_way_is_quoted_as_replaced_and_named(till: Till) -> None:
    buyer = await till.buyer()
    id = await on(till, buyer, price("100"))
    planned = await till.do(
        "changePlan",
        "scheduled { id change }",
        subscriptionId=id,
        plan=await till.plan(price("50")),
        timing="PERIOD_END",
    )
    asked: Json = {"subscriptionId": id, "plan": await till.plan(price("300"))}
    quote = await till.quoted("previewPlanChange", **asked)
    assert quote["conflicts"] == [planned["scheduled"]]
    assert quote["dueNow"]["amount"] == "100.00"
    assert await till.refused("changePlan", "conflicts { id }", **asked) == ("CONFLICT", ["input", "timing"])
    made = await till.do(
        "changePlan", "invoice { total { amount } }", **asked, replaceScheduled=True, quote=quote["token"]
    )
    assert made["invoice"]["total"]["amount"] == "100.00"


async def test_a_quote_tells_which_rights_change_and_what_is_above_the_new_limit(till: Till) -> None:
    """Nine GB are stored; the smaller plan allows five."""
    gives = {"feature": "storage", "hard": True}
    big = await till.plan(price("100"), entitlements=[{**gives, "limit": "50"}])
    small = await till.plan(price("10"), entitlements=[{**gives, "limit": "5"}])
    buyer = await till.buyer()
    id = await till.subscribe(buyer, big)
    await till.api.use(buyer.id, "storage.level", 9)
    for timing, then in (("NOW", "2026-01-01T00:00:00Z"), ("PERIOD_END", "2026-02-01T00:00:00Z")):
        quote = await till.quoted("previewPlanChange", subscriptionId=id, plan=small, timing=timing)
        assert quote["effectiveAt"] == then
        assert quote["entitlementChanges"] == [
            {
                "feature": {"key": "storage"},
                "before": {"limit": "50", "used": "9"},
                "after": {"limit": "5", "used": "9"},
                "overBy": "4",
            }
        ]
    ends = await till.quoted("previewCancellation", subscriptionId=id)
    assert ends["entitlementChanges"] == [
        {"feature": {"key": "storage"}, "before": {"limit": "50", "used": "9"}, "after": None, "overBy": "9"}
    ]


async def test_what_would_be_refused_is_told_as_data(till: Till) -> None:
    buyer, plan = await till.buyer(), await till.plan(price("10"))
    id = await till.subscribe(buyer, plan)
    for query, asked, code, field in (
        ("previewSubscribe", {"customer": buyer.ref, "plan": plan}, "CONFLICT", ["input", "plan"]),
        ("previewSubscribe", {"customer": buyer.ref, "plan": "none"}, "NOT_FOUND", ["input", "plan"]),
        ("previewSubscribe", {"customer": buyer.ref, "plan": plan, "coupon": "no"}, "NOT_FOUND", ["input", "coupon"]),
        ("previewSubscribe", {"customer": {"externalId": "nobody"}, "plan": plan}, "NOT_FOUND", ["input", "customer"]),
        ("previewQuantityChange", {"subscriptionId": id, "quantity": 0}, "INVALID", ["input", "quantity"]),
        ("previewPlanChange", {"subscriptionId": buyer.id, "plan": plan}, "NOT_FOUND", ["input", "subscriptionId"]),
    ):
        quote = await till.preview(query, **asked)
        (error,) = quote.pop("userErrors")
        assert (error["code"], error["field"]) == (code, field)
        assert {value for value in quote.values() if value is not None and value != []} == set()


async def test_a_change_can_be_charged_from_an_earlier_day(till: Till) -> None:
    """Support knows on the 25th that the customer asked on the 16th: half the month at the new price."""
    buyer = await till.buyer()
    id = await on(till, buyer, price("100"), at="2026-01-25T00:00:00Z")
    asked: Json = {"subscriptionId": id, "plan": await till.plan(price("300")), "chargedFrom": MIDDLE}
    quote = await till.quoted("previewPlanChange", **asked)
    assert quote["dueNow"]["amount"] == "100.00"
    made = await till.do("changePlan", "invoice { total { amount } }", **asked, quote=quote["token"])
    assert made["invoice"]["total"]["amount"] == "100.00"
    late: Json = {"subscriptionId": id, "plan": await till.plan(price("1")), "chargedFrom": "2026-01-20T00:00:00Z"}
    assert await till.refused("changePlan", **{**late, "chargedFrom": "2026-01-10T00:00:00Z"}) == (
        "INVALID",
        ["input", "chargedFrom"],
    )
    narrow = await till.api.do(
        "createApiKey", "secret", name="product", role="SERVICE", scopes=["subscriptions:write", "customers:read"]
    )
    told = await till.api.with_key(narrow["secret"]).fails(
        "mutation($input: ChangePlanInput!) { changePlan(input: $input) { userErrors { code } } }",
        input={**late, "idempotencyKey": unique()},
    )
    assert told == ["FORBIDDEN"]


async def test_a_move_waits_if_the_plan_says_so_and_nobody_else_does(till: Till) -> None:
    buyer = await till.buyer()
    id = await on(till, buyer, price("300"), downgrades="PERIOD_END")
    cheaper = await till.plan(price("100"))
    shown = "scheduled { effectiveAt } subscription { plan { key } }"
    made = await till.do("changePlan", shown, subscriptionId=id, plan=cheaper)
    assert made["scheduled"] == {"effectiveAt": "2026-02-01T00:00:00Z"}
    made = await till.do("changePlan", shown, subscriptionId=id, plan=cheaper, timing="NOW", replaceScheduled=True)
    assert (made["scheduled"], made["subscription"]["plan"]["key"]) == (None, cheaper)
