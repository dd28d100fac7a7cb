"""Law 8: whoever asks again with the same key gets the same answer, and what was asked for has happened once."""

import asyncio
import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from e2e.client import Api, Json, unique
from e2e.deployment import Deployment
from e2e.keyed_money import KEYED_MONEY, stock_money

SUBSCRIPTION = """id status quantity plan { key } currentPeriod { start end } cancelAt pausedAt
    addOns { planVersion { plan { key } } quantity } scheduledChanges { id change effectiveAt }"""
CHANGED = f"subscription {{ {SUBSCRIPTION} }} scheduled {{ id change effectiveAt }} conflicts {{ id }}"
DECISION = "decision { allowed reason feature limit used remaining resetsAt value trace cheapestPlan { key } }"
RESERVATION = "reservation { id feature quantity state expiresAt committed }"
EVENT = "event { id type time value retracted recordedAt }"

# Each keyed mutation with an input that works, another one, and what is shown of the answer.
KEYED: dict[str, tuple[Json, Json, str]] = {
    "subscribe": ({"plan": "drive"}, {"plan": "drive", "quantity": 2}, f"subscription {{ {SUBSCRIPTION} }}"),
    "changePlan": ({"plan": "professional"}, {"plan": "enterprise"}, CHANGED),
    "changeQuantity": ({"quantity": 5}, {"quantity": 6}, CHANGED),
    "addAddOn": ({"addOn": "drive"}, {"addOn": "drive", "quantity": 2}, CHANGED),
    "removeAddOn": ({"addOn": "free"}, {"addOn": "free", "timing": "PERIOD_END"}, CHANGED),
    "pauseSubscription": ({}, {"timing": "PERIOD_END"}, CHANGED),
    "resumeSubscription": ({}, {"timing": "PERIOD_END"}, CHANGED),
    "cancelSubscription": ({}, {"reason": "other"}, CHANGED),
    "revokeCancellation": ({}, {}, CHANGED),
    "cancelScheduledChange": ({}, {}, CHANGED),
    "grantEntitlement": (
        {"feature": "api_calls", "limit": "5", "reason": "sorry"},
        {"feature": "api_calls", "limit": "6", "reason": "sorry"},
        "grant { id limit reason grantedAt endedAt revoked }",
    ),
    "revokeEntitlement": ({}, {"reason": "other"}, "grant { id endedAt revoked }"),
    "consume": ({"feature": "api_calls", "quantity": "3"}, {"feature": "api_calls", "quantity": "4"}, DECISION),
    "reserveUsage": ({"feature": "api_calls"}, {"feature": "api_calls", "quantity": "2"}, f"{DECISION} {RESERVATION}"),
    "commitReservation": ({}, {"quantity": "0.5"}, RESERVATION),
    "releaseReservation": ({}, {}, RESERVATION),
    "correctUsage": ({"value": "4", "reason": "a"}, {"value": "5", "reason": "a"}, EVENT),
    **KEYED_MONEY,
}


class Shop:
    """A customer who has everything that one of the mutations needs."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def stock(self, mutation: str) -> Json:
        """What the mutation is about, ready for it."""
        api = self.api
        customer_id = await api.customer()
        if mutation in KEYED_MONEY:
            return await stock_money(api, mutation, customer_id)
        if mutation in ("subscribe", "grantEntitlement"):
            return {"customer": {"id": customer_id}}
        add_ons = ["free"] if mutation == "removeAddOn" else []
        subscription_id = (await api.subscribe(customer_id, "starter", addOns=add_ons))["id"]
        about = {"subscriptionId": subscription_id}
        if mutation == "resumeSubscription":
            await api.do("pauseSubscription", "__typename", **about, idempotencyKey=unique())
        if mutation in ("revokeCancellation", "cancelScheduledChange"):
            planned = await api.do("cancelSubscription", "scheduled { id }", **about, idempotencyKey=unique())
            return about if mutation == "revokeCancellation" else {"id": planned["scheduled"]["id"]}
        if mutation == "revokeEntitlement":
            given: Json = {"customer": {"id": customer_id}, "feature": "api_calls", "limit": 5, "reason": "a"}
            granted = await api.do("grantEntitlement", "grant { id }", **given, idempotencyKey=unique())
            return {"grantId": granted["grant"]["id"]}
        if mutation in ("consume", "reserveUsage"):
            return {"customer": {"id": customer_id}}
        if mutation in ("commitReservation", "releaseReservation"):
            asked: Json = {"customer": {"id": customer_id}, "feature": "api_calls", "idempotencyKey": unique()}
            return {"id": (await api.do("reserveUsage", "reservation { id }", **asked))["reservation"]["id"]}
        if mutation == "correctUsage":
            id = unique("event")
            await api.use(customer_id, "api.calls", 3, id=id)
            return {"customer": {"id": customer_id}, "id": id}
        return about


@pytest_asyncio.fixture
async def shop(api: Api) -> Shop:
    return Shop(api)


def test_no_keyed_mutation_is_left_out() -> None:
    from api.schema import schema

    fields = schema._schema.mutation_type.fields  # type: ignore[union-attr]
    inputs = {name: field.args["input"].type.of_type.fields for name, field in fields.items()}
    assert {name for name, input in inputs.items() if "idempotencyKey" in input} == set(KEYED)


@pytest.mark.parametrize("mutation", KEYED)
async def test_the_same_key_and_input_give_the_same_answer_once(
    shop: Shop, deployment: Deployment, mutation: str
) -> None:
    about = await shop.stock(mutation)
    input, _, shown = KEYED[mutation]
    asked = {**about, **input, "idempotencyKey": unique()}
    first = await shop.api.do(mutation, shown, **asked)
    before = await deployment.contents()
    again = await asyncio.gather(*(shop.api.do(mutation, shown, **asked) for _ in range(3)))
    assert again == [first] * 3
    assert await deployment.contents() == before


@pytest.mark.parametrize("mutation", KEYED)
async def test_the_same_key_at_once_is_done_once(shop: Shop, mutation: str) -> None:
    about = await shop.stock(mutation)
    input, _, shown = KEYED[mutation]
    asked = {**about, **input, "idempotencyKey": unique()}
    answers = await asyncio.gather(*(shop.api.do(mutation, shown, **asked) for _ in range(4)))
    assert answers == [answers[0]] * 4


@pytest.mark.parametrize("mutation", [name for name, (input, other, _) in KEYED.items() if input != other])
async def test_the_same_key_with_another_input_is_a_mismatch(shop: Shop, deployment: Deployment, mutation: str) -> None:
    about = await shop.stock(mutation)
    input, other, shown = KEYED[mutation]
    key = {"idempotencyKey": unique()}
    await shop.api.do(mutation, shown, **about, **input, **key)
    before = await deployment.contents()
    told = await shop.api.refused(mutation, **{**about, **other}, **key)
    assert told == ("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])
    assert await deployment.contents() == before


@pytest.mark.parametrize("mutation", ["subscribe", "changePlan", "consume", "releaseReservation"])
async def test_a_key_is_text_of_a_length(shop: Shop, mutation: str) -> None:
    about = await shop.stock(mutation)
    for key in ("", "x" * 256, "a\nb"):
        told = await shop.api.refused(mutation, **about, **KEYED[mutation][0], idempotencyKey=key)
        assert told == ("INVALID", ["input", "idempotencyKey"])


async def test_keys_belong_to_a_mutation_and_to_who_uses_them(api: Api) -> None:
    key = unique()
    service = api.with_key((await api.do("createApiKey", "secret", name="gate", role="SERVICE"))["secret"])
    customer_id = await api.customer()
    await api.subscribe(customer_id, "starter", idempotencyKey=key)
    asked: Json = {"customer": {"id": customer_id}, "feature": "api_calls", "idempotencyKey": key}
    used = [
        (await api.do("consume", "decision { used }", **asked))["decision"]["used"],
        (await service.do("consume", "decision { used }", **asked))["decision"]["used"],
        (await api.do("consume", "decision { used }", **asked))["decision"]["used"],
    ]
    assert used == ["1", "2", "1"]


async def test_a_refusal_is_forgotten_so_the_same_key_may_succeed_later(api: Api) -> None:
    customer_id = await api.customer()
    subscription = await api.subscribe(customer_id, "free")
    asked: Json = {
        "customer": {"id": customer_id},
        "feature": "api_calls",
        "quantity": "20000",
        "idempotencyKey": unique(),
    }
    denied = await api.do("consume", "decision { allowed reason }", **asked)
    assert denied["decision"] == {"allowed": False, "reason": "LIMIT_REACHED"}
    await api.do("changePlan", "__typename", subscriptionId=subscription["id"], plan="starter", idempotencyKey=unique())
    allowed = await api.do("consume", "decision { allowed used }", **asked)
    assert allowed["decision"] == {"allowed": True, "used": "20000"}


async def test_who_hangs_up_may_have_been_heard_and_can_ask_again(api: Api) -> None:
    """Connections cut at any moment of a request: afterwards everything answers, and each thing happened once."""
    customers = [await api.customer() for _ in range(4)]
    address = httpx.URL(api.url)

    async def hang_up(mutation: str, after_ms: int, **input: Any) -> None:
        name = mutation[0].upper() + mutation[1:]
        query = f"mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        body = json.dumps({"query": query, "variables": {"input": input}})
        head = f"POST /graphql HTTP/1.1\r\nHost: {address.host}\r\nAuthorization: Bearer {api.key}\r\n"
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await asyncio.sleep(after_ms / 1000)
        writer.transport.abort()

    asked: list[tuple[str, Json]] = []
    for number in range(16):
        ref = {"customer": {"id": customers[number % 4]}}
        key = {"idempotencyKey": unique()}
        event = {"id": f"hasty {number}", **ref, "type": "transfer", "value": "1"}
        asked += [
            ("grantEntitlement", {**ref, "feature": "api_calls", "limit": 1, "reason": "a", **key}),
            ("createCustomer", {"externalId": f"hasty {number}"}),
            ("recordUsage", {"events": [event]}),
        ]
    await asyncio.gather(*(hang_up(mutation, n % 40, **input) for n, (mutation, input) in enumerate(asked)))
    for mutation, input in asked:
        await api.do(mutation, "__typename", **input)
    for id in customers:
        kinds = [entry["type"] for entry in await api.journal(id)]
        assert kinds == ["customer.created", *["entitlement.granted"] * 4]
        query = 'query($id: ID!) { customer(ref: {id: $id}) { usage(feature: "transfer") { used } } }'
        assert (await api.ask(query, id=id))["customer"]["usage"] == {"used": "4"}


async def _change_everything(api: Api, customer_id: str, subscription_id: str, plan: str) -> None:
    """As much as may have changed between a request and its retry."""
    about = {"subscriptionId": subscription_id}
    await api.do("archivePlan", "__typename", plan=plan)
    await api.do("changePlan", "__typename", **about, plan="enterprise", replaceScheduled=True, idempotencyKey=unique())
    await api.do("changeQuantity", "__typename", **about, quantity=77, idempotencyKey=unique())
    await api.use(customer_id, "api.calls", 1000)
    await api.do("cancelSubscription", "__typename", **about, timing="NOW", idempotencyKey=unique())


@pytest.mark.parametrize("mutation", ["subscribe", "changePlan", "addAddOn"])
async def test_a_retry_long_after_is_answered_as_then(api: Api, mutation: str) -> None:
    """The plan was archived, the subscription moved and ended: the answer is still the first one."""
    key, plan = unique(), unique("plan")
    await api.do("createPlan", "plan { id }", key=plan, name="Plan", version={"prices": [], "entitlements": []})
    customer_id = await api.customer()
    asked: Json
    if mutation == "subscribe":
        asked = {"customer": {"id": customer_id}, "plan": plan, "addOns": ["drive"], "idempotencyKey": key}
        shown = f"subscription {{ {SUBSCRIPTION} customer {{ billingStatus {{ state }} }} }}"
        first = await api.do(mutation, shown, **asked)
        subscription_id = first["subscription"]["id"]
    else:
        subscription_id = (await api.subscribe(customer_id, "starter"))["id"]
        named = {"plan": plan} if mutation == "changePlan" else {"addOn": plan}
        asked = {"subscriptionId": subscription_id, **named, "timing": "PERIOD_END", "idempotencyKey": key}
        shown = CHANGED
        first = await api.do(mutation, shown, **asked)
    await _change_everything(api, customer_id, subscription_id, plan)
    assert await api.do(mutation, shown, **asked) == first


async def test_usage_sent_again_counts_once(api: Api) -> None:
    customer_id = await api.customer()
    event: Json = {"id": unique("event"), "customer": {"id": customer_id}, "type": "api.calls", "value": "5"}

    async def send(*events: Json) -> Any:
        made = await api.do("recordUsage", "accepted duplicates results { status }", events=list(events))
        return made["accepted"], made["duplicates"], [result["status"] for result in made["results"]]

    answers = await asyncio.gather(*(send(event) for _ in range(20)))
    assert sorted(answers) == sorted([(1, 0, ["ACCEPTED"])] + [(0, 1, ["DUPLICATE"])] * 19)
    assert await send({**event, "value": "5.0"}) == (0, 1, ["DUPLICATE"])
    assert await send({**event, "value": "6"}) == (0, 0, ["CONFLICT"])
    assert await send({**event, "source": "other"}) == (1, 0, ["ACCEPTED"])
    mixed = [{**event, "id": unique("event")}, event, {**event, "type": "transfer"}]
    assert await send(*mixed, mixed[0]) == (1, 2, ["ACCEPTED", "DUPLICATE", "CONFLICT", "DUPLICATE"])
    query = 'query($id: ID!) { customer(ref: {id: $id}) { usage(feature: "api_calls") { used } } }'
    assert (await api.ask(query, id=customer_id))["customer"]["usage"] == {"used": "15"}
