"""recordUsage by variable: decoded once, with the same rules as its input type, and errors that name the event."""

from decimal import Decimal
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse
from served import Edge

from api.usage_batch import UsageBatch, usage_batch

WHOLE = "mutation($input: RecordUsageInput!) { recordUsage(input: $input) { accepted decoded note total } }"
EVENTS = (
    "mutation($events: [UsageEventInput!]!) "
    '{ used: recordUsage(input: {note: "n", events: $events}) { accepted decoded note total } }'
)
EVENT: dict[str, Any] = {"id": "e1", "customer": {"externalId": "acme"}, "type": "api.call"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (WHOLE, UsageBatch("input", inside_input=True)),
        (EVENTS, UsageBatch("events", inside_input=False)),
        ("mutation { recordUsage(input: {events: []}) { accepted } }", None),
        ("mutation { recordUsage { accepted } }", None),
        ("mutation($i: I) { a: recordUsage(input: $i) { accepted } setLevel(to: 1) }", None),
        ("mutation($i: I) { ...F } fragment F on Mutation { recordUsage(input: $i) { accepted } }", None),
        ("query($i: I) { recordUsage(input: $i) { accepted } }", None),
        ("mutation($to: Int!) { setLevel(to: $to) }", None),
    ],
)
def test_which_operations_have_a_batch(text: str, found: UsageBatch | None) -> None:
    operation = parse(text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert usage_batch(operation) == found


@pytest.mark.parametrize("count", [0, 1, 2_000])
async def test_both_forms_reach_the_resolver_decoded(edge: Edge, count: int) -> None:
    events = [{**EVENT, "id": str(n), "value": "0.5"} for n in range(count)]
    for query, variables, name in (
        (WHOLE, {"input": {"note": "n", "events": events}}, "recordUsage"),
        (EVENTS, {"events": events}, "used"),
    ):
        response = await edge.post(query, variables)
        answer = response.json()["data"][name]
        assert answer == {"accepted": count, "decoded": True, "note": "n", "total": str(Decimal("0.5") * count or 0)}


async def test_what_comes_in_another_form_is_coerced_as_usual(edge: Edge) -> None:
    query = 'mutation { recordUsage(input: {events: [{id: "1", customer: {id: "c"}, type: "t", value: 2}]}) '
    response = await edge.post(query + "{ accepted decoded total } }")
    assert response.json()["data"]["recordUsage"] == {"accepted": 1, "decoded": False, "total": "2"}


@pytest.mark.parametrize(
    ("fields", "quantity"),
    [
        ({"value": "1.50"}, Decimal("1.50")),
        ({"value": 7}, Decimal(7)),
        ({"value": -3}, Decimal(-3)),
        ({"value": "999999999999999999.999999999999"}, Decimal("999999999999999999.999999999999")),
        ({"value": None}, None),
        ({}, None),
        ({"time": "2026-03-01T09:30:00+02:00", "source": "eu", "properties": {"a": [1, {"b": None}]}}, None),
        ({"time": None, "source": None, "properties": None, "subscriptionId": None}, None),
        ({"subscriptionId": "subscription_1"}, None),
        ({"customer": {"id": "customer_1", "externalId": None}}, None),
        # What cannot be counted is for the service to say, of each event by itself.
        ({"id": ""}, None),
        ({"id": "x" * 256}, None),
        ({"type": ""}, None),
        ({"source": ""}, None),
        ({"customer": {"externalId": ""}}, None),
    ],
)
async def test_events_that_are_taken(edge: Edge, fields: dict[str, Any], quantity: Decimal | None) -> None:
    response = await edge.post(WHOLE, {"input": {"events": [{**EVENT, **fields}]}})
    assert response.json()["data"]["recordUsage"]["accepted"] == 1
    (event,) = edge.shop.contexts[-1].usage_events or ()
    assert event.quantity == quantity


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"id": 1}, ".id"),
        ({"id": None}, ".id"),
        ({"type": None}, ".type"),
        ({"customer": {}}, ".customer"),
        ({"customer": {"id": "a", "externalId": "b"}}, ".customer"),
        ({"customer": "acme"}, ".customer"),
        ({"customer": {"id": "a", "name": "b"}}, ".customer"),
        ({"time": "2026-03-01T09:30:00"}, ".time"),
        ({"time": "2026-03-01"}, ".time"),
        ({"time": 1767225600}, ".time"),
        ({"value": 1.5}, ".value"),
        ({"value": "1e5"}, ".value"),
        ({"value": "NaN"}, ".value"),
        ({"value": "1" * 19}, ".value"),
        ({"value": "0." + "1" * 13}, ".value"),
        ({"value": 10**18}, ".value"),
        ({"value": "1\n"}, ".value"),
        ({"value": True}, ".value"),
        ({"properties": []}, ".properties"),
        ({"source": 7}, ".source"),
        ({"subscriptionId": 7}, ".subscriptionId"),
        ({"unknown": 1}, ""),
    ],
)
async def test_the_event_that_is_wrong_is_named(edge: Edge, fields: dict[str, Any], path: str) -> None:
    events = [EVENT, EVENT, {**EVENT, **fields}]
    forms: list[tuple[str, Any, str]] = [
        (WHOLE, {"input": {"events": events}}, "input.events"),
        (EVENTS, {"events": events}, "events"),
    ]
    for query, variables, name in forms:
        response = await edge.post(query, variables)
        assert response.status_code == 400
        (error,) = response.json()["errors"]
        assert error["message"].startswith(f"variables.{name}[2]{path}: ")
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "variables",
    [
        {}, None, {"input": None}, {"input": 1}, {"input": []}, {"input": {}}, {"input": {"events": None}},
        {"input": {"events": {}}}, {"input": {"events": [], "unknown": 1}}, {"input": {"events": [None]}},
        {"input": {"events": [1]}}, {"input": {"events": [[]]}}, {"input": {"note": 1, "events": []}},
    ],
)  # fmt: skip
async def test_variables_that_are_not_its_input_are_refused(edge: Edge, variables: Any) -> None:
    response = await edge.post(WHOLE, variables)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_batch_has_so_many_events_and_no_more(edge: Edge) -> None:
    response = await edge.post(WHOLE, {"input": {"events": [EVENT] * 10_001}})
    assert response.status_code == 400
    assert "at most 10000 events" in response.json()["errors"][0]["message"]


async def test_a_batch_comes_over_a_socket_as_well(edge: Edge) -> None:
    async with edge.ready() as client:
        await client.subscribe("1", WHOLE, {"input": {"events": [EVENT]}})
        assert (await client.next("1"))["recordUsage"]["decoded"] is True
