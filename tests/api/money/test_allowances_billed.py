"""Allowances over the API: canUse, consume, the usage meter, the quote and the invoice say the same (decisions/0021).
June has 30 days; the customer lives by a test clock."""

from decimal import Decimal

from e2e.client import Json
from money_desk import Buyer, Till, price

OVER = price("1", "calls", model="PER_UNIT", meterKey="api_calls", included="100")
EACH = price("1", "calls", model="PER_UNIT", meterKey="api_calls")
LIMIT: Json = {"feature": "api_calls", "limit": "100", "hard": False, "resets": "MONTH"}
HARD = {**LIMIT, "hard": True}


def instant(day: str, time: str = "12:00:00") -> str:
    return f"2026-{day}T{time}Z"


async def may(till: Till, buyer: Buyer) -> tuple[str, str]:
    found = await till.api.ask(
        'query($ref: CustomerRef!) { canUse(customer: $ref, feature: "api_calls") { reason limit } }', ref=buyer.ref
    )
    return found["canUse"]["reason"], found["canUse"]["limit"]


async def consumed(till: Till, buyer: Buyer, quantity: str) -> str:
    shown = "decision { reason }"
    made = await till.do("consume", shown, customer=buyer.ref, feature="api_calls", quantity=quantity)
    reason: str = made["decision"]["reason"]
    return reason


async def grant(till: Till, buyer: Buyer, limit: str) -> None:
    await till.do("grantEntitlement", "grant { id }", customer=buyer.ref, feature="api_calls", limit=limit, reason="x")


async def charged(till: Till, buyer: Buyer) -> str:
    """For calls, on all final invoices."""
    lines = [line for one in await till.invoices(buyer) for line in one["lines"] if "calls" in line["description"]]
    return str(sum((Decimal(line["amount"]["amount"]) for line in lines), Decimal("0.00")))


async def flip(till: Till, buyer: Buyer, day: int, there: tuple[str, Json], back: tuple[str, Json], id: str) -> None:
    """A change, and a minute later the way back."""
    for time, (mutation, input) in (("13:00:00", there), ("13:01:00", back)):
        await till.to(buyer, instant(f"06-{day:02d}", time))
        await till.do(mutation, "subscription { id }", subscriptionId=id, **input)


async def test_included_units_do_not_begin_anew_with_each_pause(till: Till) -> None:
    """Row 9: five times 100 units, between them a pause of a minute."""
    buyer = await till.buyer(instant("06-01", "00:00:00"))
    id = await till.subscribe(buyer, await till.plan(OVER))
    for day in range(2, 7):
        await till.to(buyer, instant(f"06-{day:02d}"))
        await till.api.use(buyer.id, "api.calls", 100)
        if day < 6:
            await flip(till, buyer, day, ("pauseSubscription", {}), ("resumeSubscription", {}), id)
    await till.to(buyer, instant("07-01"))
    assert await charged(till, buyer) == "400.00"


async def test_one_event_is_charged_once_by_two_subscriptions(till: Till) -> None:
    """Row 11."""
    buyer = await till.buyer(instant("06-01", "00:00:00"))
    first = await till.subscribe(buyer, await till.plan(EACH))
    await till.subscribe(buyer, await till.plan(EACH))
    await till.do("addAddOn", "subscription { id }", subscriptionId=first, addOn=await till.plan(EACH))
    await till.to(buyer, instant("06-10"))
    await till.api.use(buyer.id, "api.calls", 100)
    await till.to(buyer, instant("07-01"))
    assert await charged(till, buyer) == "100.00"


async def test_what_a_grant_allows_is_not_billed(till: Till) -> None:
    """Row 12: 100 of the plan and 100 granted; the gate, the meter, the draft and the invoice agree."""
    buyer = await till.buyer(instant("06-01", "00:00:00"))
    await till.subscribe(buyer, await till.plan(OVER, entitlements=[LIMIT]))
    await grant(till, buyer, "100")
    await till.to(buyer, instant("06-10"))
    assert await consumed(till, buyer, "150") == "WITHIN_LIMIT"
    assert await may(till, buyer) == ("WITHIN_LIMIT", "200")
    meter = await till.about(buyer, 'usage(feature: "api_calls") { used limit remaining }')
    assert meter["usage"] == {"used": "150", "limit": "200", "remaining": "50"}
    assert await till.draft(buyer) is None
    assert await consumed(till, buyer, "57") == "OVERAGE_BILLED"
    assert [line["amount"]["amount"] for line in (await till.draft(buyer))["lines"]] == ["7.00"]
    await till.to(buyer, instant("07-01"))
    assert await charged(till, buyer) == "7.00"


async def test_what_rolled_over_outlives_a_version_that_changes_nothing_of_it(till: Till) -> None:
    """Row 13: 70 of 100 used in January; February has 130, also after a new version with another price. The quote for
    that says so, too."""
    buyer = await till.buyer("2026-01-01T00:00:00Z")
    rolls: Json = {**HARD, "rollover": "50"}
    plan = await till.plan(OVER, entitlements=[rolls])
    id = await till.subscribe(buyer, plan)
    assert await consumed(till, buyer, "70") == "WITHIN_LIMIT"
    await till.to(buyer, "2026-02-05T00:00:00Z")
    assert await may(till, buyer) == ("WITHIN_LIMIT", "130")
    assert await consumed(till, buyer, "120") == "WITHIN_LIMIT"
    await till.api.do(
        "publishPlanVersion",
        "plan { id }",
        plan=plan,
        version={"prices": [{**OVER, "unitAmount": "2"}], "entitlements": [rolls]},
    )
    quote = await till.quoted("previewPlanChange", subscriptionId=id, plan=plan)
    assert quote["entitlementChanges"] == []
    await till.do("changePlan", "subscription { id }", subscriptionId=id, plan=plan)
    assert await may(till, buyer) == ("WITHIN_LIMIT", "130")
    assert await consumed(till, buyer, "10") == "WITHIN_LIMIT"
    assert await consumed(till, buyer, "1") == "LIMIT_REACHED"


async def test_a_grant_of_today_does_not_roll_over_from_months_before_it(till: Till) -> None:
    """Row 14: 100 used up in March, April and May, then 1,000 granted."""
    buyer = await till.buyer("2026-03-01T00:00:00Z")
    await till.subscribe(buyer, await till.plan(OVER, entitlements=[{**HARD, "rollover": "1000"}]))
    for month in ("03", "04", "05"):
        await till.to(buyer, f"2026-{month}-10T00:00:00Z")
        assert await consumed(till, buyer, "100") == "WITHIN_LIMIT"
    await till.to(buyer, "2026-06-05T00:00:00Z")
    await grant(till, buyer, "1000")
    assert await may(till, buyer) == ("WITHIN_LIMIT", "1100")


async def test_another_rhythm_of_billing_gives_no_limit_once_more(till: Till) -> None:
    """Row 15: to the year and back a minute later, five times: 100 units, not 500."""
    buyer = await till.buyer(instant("06-01", "00:00:00"))
    plan = await till.plan(price("30"), price("300", cadence="YEAR"), entitlements=[HARD])
    await till.api.pays(buyer.id, "succeeds")
    id = await till.subscribe(buyer, plan, cadence="MONTH")
    assert await consumed(till, buyer, "100") == "WITHIN_LIMIT"
    for day in range(2, 7):
        year, month = (
            ("changePlan", {"plan": plan, "cadence": "YEAR"}),
            ("changePlan", {"plan": plan, "cadence": "MONTH"}),
        )
        await flip(till, buyer, day, year, month, id)
        assert await consumed(till, buyer, "1") == "LIMIT_REACHED"
    await till.to(buyer, instant("07-01"))
    assert await consumed(till, buyer, "100") == "WITHIN_LIMIT"
