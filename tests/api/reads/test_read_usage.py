"""Customer.usage, usageHistory, usageEvents: what was used."""

from datetime import timedelta

from statements import counted
from storefront import NOON, Storefront

METER = """
query ($ref: CustomerRef!, $feature: String!, $period: PeriodInput) {
  customer(ref: $ref) {
    usage(feature: $feature, period: $period) {
      feature { key } used limit remaining period { start end } percent asOf
    }
  }
}
"""
HISTORY = """
query ($ref: CustomerRef!, $feature: String!, $period: PeriodInput!, $step: Grain!) {
  customer(ref: $ref) { usageHistory(feature: $feature, period: $period, by: $step) { start value } }
}
"""
EVENTS = """
query ($ref: CustomerRef!, $period: PeriodInput!, $first: Int, $after: String) {
  customer(ref: $ref) { usageEvents(feature: "api_calls", period: $period, first: $first, after: $after) {
    edges { node { id source type time value properties corrects revision retracted reason subscriptionId } }
    pageInfo { hasNextPage endCursor }
  } }
}
"""
ALL = {"start": "2026-01-01T00:00:00Z", "end": "2026-03-01T00:00:00Z"}
FEBRUARY = {"start": "2026-02-01T00:00:00+01:00", "end": "2026-03-01T00:00:00+01:00"}


async def test_the_present_period_beside_its_limit(shop: Storefront) -> None:
    id = await shop.customer("acme", "free", await shop.clock())
    await shop.use(id, "api.calls", "2500")
    meter = (await shop.ask(METER, ref={"id": id}, feature="api_calls"))["customer"]["usage"]
    assert meter == {
        "feature": {"key": "api_calls"},
        "used": "2500",
        "limit": "10000",
        "remaining": "7500",
        "period": {"start": "2026-01-31T12:00:00Z", "end": "2026-02-28T12:00:00Z"},
        "percent": 25.0,
        "asOf": "2026-01-31T12:00:00Z",
    }


async def test_any_other_period_has_a_figure_and_no_limit(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "free", clock_id)
    await shop.use(id, "api.calls", "2500")
    await shop.advance(clock_id, NOON + timedelta(days=40), id)
    await shop.use(id, "api.calls", "3")
    for period, used in ((FEBRUARY, "0"), ({**FEBRUARY, "start": "2026-01-01T00:00:00Z"}, "2500")):
        meter = (await shop.ask(METER, ref={"id": id}, feature="api_calls", period=period))["customer"]["usage"]
        assert (meter["used"], meter["limit"], meter["remaining"], meter["percent"]) == (used, None, None, None)


async def test_without_a_right_everything_since_creation_counts(shop: Storefront) -> None:
    id = await shop.customer("acme", clock_id=await shop.clock())
    await shop.use(id, "api.calls", "5")
    meter = (await shop.ask(METER, ref={"id": id}, feature="api_calls"))["customer"]["usage"]
    assert (meter["used"], meter["limit"]) == ("5", None)
    assert meter["period"]["start"] == "2026-01-31T12:00:00Z"


async def test_what_is_not_metered_has_no_meter(shop: Storefront) -> None:
    id = await shop.customer("acme", "drive")
    for feature in ("parallel_downloads", "nothing", ""):
        assert await shop.ask(METER, ref={"id": id}, feature=feature) == {"customer": {"usage": None}}
        history = await shop.ask(HISTORY, ref={"id": id}, feature=feature, period=FEBRUARY, step="DAY")
        assert history == {"customer": {"usageHistory": None}}


async def test_a_history_by_the_customers_days(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "free", clock_id)
    await shop.use(id, "api.calls", "1")
    await shop.advance(clock_id, NOON + timedelta(hours=12))  # 1 February in Paris
    await shop.use(id, "api.calls", "2")
    period = {"start": "2026-01-30T23:00:00Z", "end": "2026-02-28T23:00:00Z"}
    days = (await shop.ask(HISTORY, ref={"id": id}, feature="api_calls", period=period, step="DAY"))["customer"]
    assert days["usageHistory"] == [
        {"start": "2026-01-30T23:00:00Z", "value": "1"},
        {"start": "2026-01-31T23:00:00Z", "value": "2"},
    ]
    for step, points in (("HOUR", 26), ("MONTH", 2)):
        found = await shop.ask(HISTORY, ref={"id": id}, feature="api_calls", period=period, step=step)
        assert len(found["customer"]["usageHistory"]) == points


async def test_periods_that_make_no_sense_are_refused(shop: Storefront) -> None:
    clock_id = await shop.clock(NOON + timedelta(days=400))
    id = await shop.customer("acme", "free", clock_id)
    backwards = {"start": FEBRUARY["end"], "end": FEBRUARY["start"]}
    long = {"start": "2020-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}
    for period in (backwards, long):
        code = await shop.code(HISTORY, ref={"id": id}, feature="api_calls", period=period, step="HOUR")
        assert code == "BAD_USER_INPUT"
    assert await shop.code(METER, ref={"id": id}, feature="api_calls", period=backwards) == "BAD_USER_INPUT"
    assert await shop.code(EVENTS, ref={"id": id}, period=FEBRUARY) == "BAD_USER_INPUT"


async def test_events_page_by_page(shop: Storefront) -> None:
    id = await shop.customer("acme", "free", await shop.clock())
    period = {"start": "2026-01-01T00:00:00Z", "end": "2026-03-01T00:00:00Z"}
    for n in range(5):
        await shop.use(id, "api.calls", str(n), NOON - timedelta(minutes=9 - n))
    seen: list[str] = []
    after = None
    for more in (True, True, False):
        page = (await shop.ask(EVENTS, ref={"id": id}, period=period, first=2, after=after))["customer"]["usageEvents"]
        assert page["pageInfo"]["hasNextPage"] is more
        after = page["pageInfo"]["endCursor"]
        seen += [edge["node"]["value"] for edge in page["edges"]]
    assert seen == ["0", "1", "2", "3", "4"]
    node = page["edges"][0]["node"]
    assert (node["type"], node["time"], node["revision"], node["retracted"]) == (
        "api.calls",
        "2026-01-31T11:55:00Z",
        0,
        False,
    )


async def test_histories_of_many_customers_are_read_together_up_to_a_limit(shop: Storefront) -> None:
    for n in range(4):
        id = await shop.customer(f"c{n}", "free")
        await shop.use(id, "api.calls", str(n))
    query = """query ($period: PeriodInput!, $step: Grain!) { customers(first: 100) { edges { node {
        usageHistory(feature: "api_calls", period: $period, by: $step) { value }
        usage(feature: "api_calls", period: $period) { used }
        journal(first: 1) { edges { node { type } } } } } } }"""
    now = shop.runtime.clock.now()
    hours = {"start": (now - timedelta(hours=12)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
    async with counted(shop.runtime.engine) as sent:
        edges = (await shop.ask(query, period=hours, step="HOUR"))["customers"]["edges"]
    assert [edge["node"]["usage"] for edge in edges] == [{"used": str(n)} for n in range(4)]
    assert [edge["node"]["usageHistory"][-1] for edge in edges] == [{"value": str(n)} for n in range(4)]
    assert {edge["node"]["journal"]["edges"][0]["node"]["type"] for edge in edges} == {"customer.created"}
    assert len(sent) <= 14, "\n".join(sent)
    # 4 customers of 1,000 hours are as much as one operation reads; the fifth is too much.
    months = {"start": (now - timedelta(hours=999)).isoformat(), "end": now.isoformat()}
    await shop.ask(query, period=months, step="HOUR")
    for n in range(4, 6):
        await shop.customer(f"c{n}")
    answer = await shop.answer(query, period=months, step="HOUR")
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


async def test_events_show_which_subscription_they_name_however_they_came(shop: Storefront) -> None:
    id = await shop.customer("acme", clock_id=await shop.clock())
    own = await shop.subscribe(id, "free")
    bens = await shop.subscribe(await shop.customer("ben"), "free")
    of = {"id": id}
    sent = [
        {"id": key, "customer": of, "type": "api.calls", "value": "1", "subscriptionId": named}
        for key, named in (("a", own), ("b", None), ("c", bens))
    ]
    record = "mutation ($input: RecordUsageInput!) { recordUsage(input: $input) { results { id status message } } }"
    results = [
        {"id": "a", "status": "ACCEPTED", "message": None},
        {"id": "b", "status": "ACCEPTED", "message": None},
        {"id": "c", "status": "REJECTED", "message": "no such subscription"},
    ]
    assert (await shop.ask(record, input={"events": sent}))["recordUsage"] == {"results": results}
    written_out = """mutation ($ref: CustomerRef!, $own: ID!, $bens: ID!) {
        recordUsage(input: {events: [
            {id: "a", customer: $ref, type: "api.calls", value: "1", subscriptionId: $own}
            {id: "b", customer: $ref, type: "api.calls", value: "1", subscriptionId: $own}
        ]}) { results { status } }
        consume(input: {customer: $ref, feature: "api_calls", quantity: "2", subscriptionId: $own, idempotencyKey: "1"})
            { decision { allowed } userErrors { message } }
        reserveUsage(input: {customer: $ref, feature: "api_calls", subscriptionId: $bens, idempotencyKey: "2"})
            { decision { allowed } userErrors { code field message } }
    }"""
    answer = await shop.ask(written_out, ref=of, own=own, bens=bens)
    assert answer == {
        "recordUsage": {"results": [{"status": "DUPLICATE"}, {"status": "CONFLICT"}]},
        "consume": {"decision": {"allowed": True}, "userErrors": []},
        "reserveUsage": {
            "decision": None,
            "userErrors": [
                {"code": "NOT_FOUND", "field": ["input", "subscriptionId"], "message": "no such subscription"}
            ],
        },
    }
    edges = (await shop.ask(EVENTS, ref=of, period=ALL, first=9))["customer"]["usageEvents"]["edges"]
    shown = sorted((edge["node"]["value"], edge["node"]["subscriptionId"] or "") for edge in edges)
    assert shown == [("1", ""), ("1", own), ("2", own)]
