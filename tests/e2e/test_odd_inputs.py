"""Odd but well-formed input is taken as it is, or refused with the path of what is wrong; never an internal error."""

import json
from typing import Any

import pytest

from e2e.client import Api, Json, unique

NOBODY = "customer_01m7xzqmprem6tw0sa0ez4t5hj"
THE_END = "9999-12-31T23:59:59.999999Z"
PRICE = {"key": "base", "model": "FLAT", "cadence": "MONTH", "currency": "USD", "unitAmount": "1"}


async def test_names_in_any_script_come_back_as_they_were_sent(api: Api) -> None:
    name = "Zoë 株式会社 \u202eabc 😀 e\u0301"
    made = await api.do(
        "createCustomer",
        "customer { name email taxId { value } address { line1 country } }",
        externalId=unique(name.replace("\u202e", "")),
        name=name,
        email=name,
        taxId=name,
        address={"line1": name, "country": "DE"},
    )
    assert made["customer"] == {
        "name": name,
        "email": name,
        "taxId": {"value": name},
        "address": {"line1": name, "country": "DE"},
    }


LONG = "x" * 501
REFUSED: list[tuple[str, Json, list[str]]] = [
    ("createCustomer", {"externalId": ""}, ["externalId"]),
    ("createCustomer", {"externalId": " a"}, ["externalId"]),
    ("createCustomer", {"externalId": "a\u202eb"}, ["externalId"]),
    ("createCustomer", {"externalId": "a" * 256}, ["externalId"]),
    ("createCustomer", {"externalId": "a", "name": LONG}, ["name"]),
    ("createCustomer", {"externalId": "a", "timezone": ""}, ["timezone"]),
    ("createCustomer", {"externalId": "a", "timezone": "Mars/Olympus"}, ["timezone"]),
    ("createCustomer", {"externalId": "a", "currency": "XXX"}, ["currency"]),
    ("createCustomer", {"externalId": "a", "address": {"country": "Germany"}}, ["address", "country"]),
    ("createCustomer", {"externalId": "a", "address": {"country": ""}}, ["address", "country"]),
    ("createCustomer", {"externalId": "a", "address": {"country": "DE", "city": LONG}}, ["address", "city"]),
    ("createFeature", {"key": "A", "name": "a", "kind": "SWITCH"}, ["key"]),
    ("createFeature", {"key": "a", "name": " ", "kind": "SWITCH"}, ["name"]),
    ("createFeature", {"key": "a", "name": "x" * 201, "kind": "SWITCH"}, ["name"]),
    ("createFeature", {"key": "a", "name": "a", "kind": "SWITCH", "unit": "x" * 201}, ["unit"]),
    ("createFeature", {"key": "a", "name": "a", "kind": "SWITCH", "meterKey": "api_calls"}, ["meterKey"]),
    ("createFeature", {"key": "a", "name": "a", "kind": "METERED"}, ["meterKey"]),
    ("createMeter", {"key": "a", "aggregation": "SUM", "eventType": ""}, ["eventType"]),
    ("createMeter", {"key": "a", "aggregation": "SUM", "eventType": "x" * 256}, ["eventType"]),
    ("createMeter", {"key": "a", "aggregation": "SUM", "eventType": "a", "property": ""}, ["property"]),
    ("createMeter", {"key": "a", "aggregation": "UNIQUE", "eventType": "a"}, ["property"]),
    ("createPlan", {"key": "a", "name": ""}, ["name"]),
    ("createPlan", {"key": "a", "name": "a", "description": "x" * 2001}, ["description"]),
    ("createPlan", {"key": "a", "name": "a", "version": {"trialDays": -1}}, ["version", "trialDays"]),
    (
        "createPlan",
        {"key": "a", "name": "a", "version": {"prices": [PRICE, PRICE]}},
        ["version", "prices", "1", "key"],
    ),
    (
        "createPlan",
        {"key": "a", "name": "a", "version": {"prices": [{**PRICE, "key": " "}]}},
        ["version", "prices", "0", "key"],
    ),
    (
        "createPlan",
        {
            "key": "a",
            "name": "a",
            "version": {"entitlements": [{"feature": "parallel_downloads", "value": "x" * 9000}]},
        },
        ["version", "entitlements", "0", "value"],
    ),
    (
        "createPlan",
        {"key": "a", "name": "a", "version": {"entitlements": [{"feature": "api_calls", "limit": "-1"}]}},
        ["version", "entitlements", "0", "limit"],
    ),
    ("createTestClock", {"name": "", "now": "2026-01-01T00:00:00Z"}, ["name"]),
    ("createTestClock", {"name": "a", "now": "1969-12-31T23:59:59Z"}, ["now"]),
    ("createTestClock", {"name": "a", "now": THE_END}, ["now"]),
    ("createApiKey", {"name": " ", "role": "SERVICE"}, ["name"]),
    ("createApiKey", {"name": "a", "role": "SERVICE", "scopes": []}, ["scopes"]),
    ("createApiKey", {"name": "a", "role": "SERVICE", "scopes": ["fly"]}, ["scopes"]),
    ("createApiKey", {"name": "a", "role": "SERVICE", "scopes": ["keys:write"]}, ["scopes"]),
    ("createApiKey", {"name": "a", "role": "CUSTOMER"}, ["role"]),
    ("createApiKey", {"name": "a", "role": "PARTNER"}, ["customers"]),
    ("createApiKey", {"name": "a", "role": "PARTNER", "customers": []}, ["customers"]),
    ("createApiKey", {"name": "a", "role": "SERVICE", "expiresAt": "2020-01-01T00:00:00Z"}, ["expiresAt"]),
]


@pytest.mark.parametrize(("mutation", "input", "field"), REFUSED, ids=lambda one: str(one)[:60])
async def test_what_breaks_a_rule_is_invalid_where_it_stands(
    api: Api, mutation: str, input: Json, field: list[str]
) -> None:
    if mutation == "createPlan":
        input = {**input, "version": {"prices": [], "entitlements": [], **input.get("version", {})}}
    assert await api.refused(mutation, **input) == ("INVALID", ["input", *field])


async def test_references_to_nothing_are_not_found_where_they_stand(api: Api) -> None:
    here = {"id": await api.customer()}
    wrong: list[tuple[str, Json, list[str]]] = [
        ("createCustomer", {"externalId": "a", "clockId": "x"}, ["clockId"]),
        ("createCustomer", {"externalId": "a", "clockId": "clock_01m7xzqmprem6tw0sa0ez4t5hj"}, ["clockId"]),
        ("updateCustomer", {"customer": {"id": NOBODY}}, ["customer"]),
        ("eraseCustomer", {"customer": {"externalId": "nobody"}}, ["customer"]),
        ("createFeature", {"key": "a", "name": "a", "kind": "METERED", "meterKey": "é"}, ["meterKey"]),
        ("archivePlan", {"plan": "nope"}, ["plan"]),
        ("advanceTestClock", {"id": here["id"], "to": "2026-01-01T00:00:00Z"}, ["id"]),
        ("createCustomerToken", {"customer": {"id": NOBODY}}, ["customer"]),
        (
            "createApiKey",
            {"name": "a", "role": "PARTNER", "customers": [here, {"externalId": "nobody"}]},
            ["customers", "1"],
        ),
        ("createApiKey", {"name": "a", "role": "PARTNER", "customers": [{"id": NOBODY}]}, ["customers", "0"]),
        ("revokeApiKey", {"id": "key_"}, ["id"]),
        ("revokeApiKey", {"id": here["id"]}, ["id"]),
        ("subscribe", {"customer": {"id": NOBODY}, "plan": "free"}, ["customer"]),
        ("subscribe", {"customer": here, "plan": ""}, ["plan"]),
        ("subscribe", {"customer": here, "plan": "free", "addOns": ["drive", "nope"]}, ["addOns", "1"]),
        ("changePlan", {"subscriptionId": here["id"], "plan": "free"}, ["subscriptionId"]),
        ("cancelScheduledChange", {"id": "change_01m7xzqmprem6tw0sa0ez4t5hj"}, ["id"]),
        ("grantEntitlement", {"customer": here, "feature": "nope", "limit": 1, "reason": "a"}, ["feature"]),
        ("revokeEntitlement", {"grantId": "é"}, ["grantId"]),
        ("commitReservation", {"id": "é"}, ["id"]),
        ("releaseReservation", {"id": here["id"]}, ["id"]),
        ("correctUsage", {"customer": here, "id": "nope", "reason": "a"}, ["id"]),
        ("correctUsage", {"customer": {"id": NOBODY}, "id": "nope", "reason": "a"}, ["customer"]),
    ]
    keyed = {"subscribe", "changePlan", "cancelScheduledChange", "grantEntitlement", "revokeEntitlement"}
    keyed |= {"commitReservation", "releaseReservation", "correctUsage"}
    for mutation, input, field in wrong:
        key = {"idempotencyKey": unique()} if mutation in keyed else {}
        assert (mutation, *await api.refused(mutation, **input, **key)) == (mutation, "NOT_FOUND", ["input", *field])


@pytest.mark.parametrize(
    "ref",
    [{}, {"id": None}, {"externalId": None}, {"id": "a", "externalId": "b"}, {"id": "a", "externalId": None}],
    ids=json.dumps,
)
async def test_a_customer_is_named_by_exactly_one_id(api: Api, ref: Json) -> None:
    query = "query($ref: CustomerRef!) { customer(ref: $ref) { id } }"
    response = await api.post(query, {"ref": ref})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")
    assert "exactly one field" in response.json()["errors"][0]["message"]


async def test_the_schema_says_that_it_is_one_of_two(api: Api) -> None:
    assert (await api.ask('{ __type(name: "CustomerRef") { isOneOf } }'))["__type"]["isOneOf"] is True


async def test_a_setting_may_be_anything_but_a_tower(api: Api) -> None:
    customer_id = await api.customer()

    def grant(value: Any) -> Json:
        return {
            "customer": {"id": customer_id},
            "feature": "parallel_downloads",
            "value": value,
            "reason": "a",
            "idempotencyKey": unique(),
        }

    values: list[Any] = [True, 0, -1, 1.5, 1e308, 12345678901234567890123, "", "x", [], {}, {"snake_case": {"a": None}}]
    for value in values:
        assert (await api.do("grantEntitlement", "grant { value }", **grant(value)))["grant"]["value"] == value
    tower: Any = []
    for _ in range(40):
        tower = [tower]
    query = "mutation($input: GrantEntitlementInput!) { grantEntitlement(input: $input) { grant { id } } }"
    assert await api.fails(query, input=grant(tower)) == ["BAD_USER_INPUT"]


async def test_figures_of_any_allowed_size_are_exact(api: Api) -> None:
    customer_id = await api.customer()
    await api.subscribe(customer_id, "starter")
    for value in ("999999999999999999.999999999999", "999999999999999999.999999999999", "0.000000000002", "-0"):
        await api.use(customer_id, "transfer", value)
    shown = await api.ask(
        'query($id: ID!) { customer(ref: {id: $id}) { usage(feature: "transfer") { used limit remaining percent } } }',
        id=customer_id,
    )
    assert shown["customer"]["usage"] == {
        "used": "2000000000000000000",
        "limit": "100",
        "remaining": "0",
        "percent": 2e18,
    }


async def test_null_is_as_good_as_left_out(api: Api) -> None:
    customer_id = await api.customer(name="Ana", timezone=None, currency=None, address=None)
    subscription = await api.subscribe(
        customer_id,
        "free",
        "quantity cadence trialEndsAt addOns { quantity } priceOverrides { key }",
        cadence=None,
        startAt=None,
        trialDays=None,
        addOns=None,
        priceOverrides=[],
    )
    assert subscription == {
        "quantity": 1,
        "cadence": "MONTH",
        "trialEndsAt": None,
        "addOns": [],
        "priceOverrides": [],
    }


async def test_except_that_null_removes_what_is_known_of_a_person(api: Api) -> None:
    customer_id = await api.customer(name="Ana", email="ana@example.com", taxId="T1", address={"country": "DE"})
    shown = "customer { name email taxId { value } address { country } timezone currency }"
    kept = await api.do("updateCustomer", shown, customer={"id": customer_id}, timezone=None, currency=None)
    assert kept["customer"] == {
        "name": "Ana",
        "email": "ana@example.com",
        "taxId": {"value": "T1"},
        "address": {"country": "DE"},
        "timezone": "UTC",
        "currency": "USD",
    }
    gone = await api.do("updateCustomer", shown, customer={"id": customer_id}, name=None, taxId=None, address=None)
    assert gone["customer"] == {**kept["customer"], "name": None, "taxId": None, "address": None}


async def test_what_ends_at_the_end_of_the_calendar_never_ends(api: Api) -> None:
    customer_id = await api.customer()
    subscription = await api.subscribe(customer_id, "free")
    granted = await api.do(
        "grantEntitlement",
        "grant { expiresAt }",
        customer={"id": customer_id},
        feature="parallel_downloads",
        value=3,
        expiresAt=THE_END,
        reason="for ever",
        idempotencyKey=unique(),
    )
    assert granted["grant"] == {"expiresAt": THE_END}
    await api.do(
        "pauseSubscription",
        "subscription { status }",
        subscriptionId=subscription["id"],
        resumesAt=THE_END,
        idempotencyKey=unique(),
    )
    # The deployment's fixture verifies afterwards: such an instant must fit into the views.


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_an_event_off_the_calendar_is_refused_alone(api: Api, time: str) -> None:
    customer_id = await api.customer()
    event = {"customer": {"id": customer_id}, "type": "api.calls", "value": "1"}
    made = await api.attempt(
        "recordUsage",
        "accepted results { id status }",
        events=[{**event, "id": unique("event")}, {**event, "id": unique("event"), "time": time}],
    )
    assert made["accepted"] == 1
    assert [result["status"] for result in made["results"]] == ["ACCEPTED", "REJECTED"]


async def test_usage_of_all_time_can_be_asked_for(api: Api) -> None:
    customer_id = await api.customer(timezone="Pacific/Kiritimati")
    await api.use(customer_id, "api.calls", 7)
    query = """query($id: ID!, $all: PeriodInput!) { customer(ref: {id: $id}) {
        usage(feature: "api_calls", period: $all) { used }
        usageEvents(feature: "api_calls", period: $all, first: 10) { edges { node { value } } }
    } }"""
    shown = await api.ask(query, id=customer_id, all={"start": "0001-01-01T00:00:00Z", "end": THE_END})
    assert shown["customer"] == {"usage": {"used": "7"}, "usageEvents": {"edges": [{"node": {"value": "7"}}]}}


@pytest.mark.parametrize("by", ["HOUR", "DAY", "WEEK", "MONTH", "QUARTER"])
async def test_a_history_of_all_time_is_refused_for_its_length(api: Api, by: str) -> None:
    query = """query($id: ID!, $all: PeriodInput!, $by: Grain!) {
        customer(ref: {id: $id}) { usageHistory(feature: "api_calls", period: $all, by: $by) { value } }
    }"""
    all = {"start": "0001-01-01T00:00:00Z", "end": THE_END}
    assert await api.fails(query, id=await api.customer(), all=all, by=by) == ["BAD_USER_INPUT"]


async def test_lists_may_be_empty(api: Api) -> None:
    assert (await api.do("recordUsage", "accepted results { id }", events=[])) == {
        "accepted": 0,
        "results": [],
        "userErrors": [],
    }
    customer_id = await api.customer()
    query = "query($id: ID!) { canUseMany(customer: {id: $id}, features: []) { allowed } nodes(ids: []) { id } }"
    assert await api.ask(query, id=customer_id) == {"canUseMany": [], "nodes": []}
