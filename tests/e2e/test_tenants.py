"""Law 9: no customer sees another's data by any path. Another customer's data carry marks; whatever is asked with the
credentials of one, in any field of the schema, with any id of the other, no answer contains a mark."""

import asyncio
import json
from typing import Any

import pytest
import pytest_asyncio
from graphql import GraphQLArgument, GraphQLField

from e2e.client import Api, Json, unique
from e2e.deployment import Deployment
from e2e.documents import SCHEMA, least, selections

MARK = "zqx"
"""In every text of the other's; in nothing else."""
AMOUNT = "31415926.5358"
"""What the other has used and may use; nobody else."""


class Other:
    """The customer that nobody else may see: whatever they have, by kind."""

    ids: dict[str, str]
    cursors: dict[str, str]

    def __init__(self) -> None:
        self.ids, self.cursors = {}, {}
        self.external_id = f"{MARK}-external"

    async def live(self, api: Api) -> None:
        """A life with a bit of everything in it."""
        about: Json = {
            "name": f"{MARK} Name",
            "email": f"{MARK}@example.com",
            "taxId": f"{MARK}-tax",
            "address": {"country": "DE", "line1": f"{MARK} street", "city": f"{MARK} city"},
        }
        clock = await api.do("createTestClock", "clock { id }", name=f"{MARK} clock", now="2026-01-01T00:00:00Z")
        self.ids["clock"] = clock["clock"]["id"]
        id = await api.customer(self.external_id, clockId=self.ids["clock"], **about)
        ref = {"customer": {"id": id}}
        override: Json = {"key": "base", "model": "FLAT", "cadence": "MONTH", "currency": "USD", "unitAmount": AMOUNT}
        held = await api.subscribe(
            id, "starter", "id priceOverrides { id }", priceOverrides=[override], addOns=["drive"]
        )
        planned = await api.do(
            "cancelSubscription",
            "scheduled { id }",
            subscriptionId=held["id"],
            reason=f"{MARK} reason",
            idempotencyKey=unique(),
        )
        granted = await api.do(
            "grantEntitlement",
            "grant { id }",
            **ref,
            feature="api_calls",
            limit=AMOUNT,
            reason=f"{MARK} grant",
            idempotencyKey=unique(),
        )
        await api.do(
            "grantEntitlement",
            "grant { id }",
            **ref,
            feature="parallel_downloads",
            value=f"{MARK} value",
            reason=f"{MARK} grant",
            idempotencyKey=unique(),
        )
        await api.use(id, "api.calls", AMOUNT, id=f"{MARK}-event", properties={"who": f"{MARK} property"})
        reserved = await api.do(
            "reserveUsage", "reservation { id }", **ref, feature="api_calls", quantity="1", idempotencyKey=unique()
        )
        await api.do("updateCustomer", "__typename", **ref, timezone="Europe/Paris", reason=f"{MARK} reason")
        query = """query($id: ID!) { customers(last: 1) { pageInfo { endCursor } } customer(ref: {id: $id}) {
            provider { anonymousId } journal(first: 1) { edges { cursor } } subscriptions(first: 1) { edges { cursor } }
            usageEvents(feature: "api_calls", first: 1, period: {start: "2026-01-01T00:00:00Z",
                end: "2027-01-01T00:00:00Z"}) { edges { cursor } } }
            canUse(customer: {id: $id}, feature: "api_calls") { version } }"""
        shown = await api.ask(query, id=id)
        self.ids |= {
            "customer": id,
            "anonymous": shown["customer"]["provider"]["anonymousId"],
            "subscription": held["id"],
            "price": held["priceOverrides"][0]["id"],
            "change": planned["scheduled"]["id"],
            "grant": granted["grant"]["id"],
            "reservation": reserved["reservation"]["id"],
        }
        self.cursors = {
            "customers": shown["customers"]["pageInfo"]["endCursor"],
            "journal": shown["customer"]["journal"]["edges"][0]["cursor"],
            "subscriptions": shown["customer"]["subscriptions"]["edges"][0]["cursor"],
            "usage": shown["customer"]["usageEvents"]["edges"][0]["cursor"],
            "version": shown["canUse"]["version"],
        }
        key = await api.do("createApiKey", "key { id }", name=f"{MARK} key", role="PARTNER", customers=[{"id": id}])
        self.ids["key"] = key["key"]["id"]

    def leaks(self, text: str, sent: Any) -> list[str]:
        """What a text has of theirs that was not said by whoever asked."""
        said = json.dumps(sent)
        known = [MARK, AMOUNT, *self.ids.values(), *self.cursors.values()]
        return [secret for secret in known if secret in text and secret not in said]


@pytest_asyncio.fixture(scope="module")
async def other(deployment: Deployment) -> Other:
    other = Other()
    await other.live(deployment.api)
    return other


@pytest_asyncio.fixture(scope="module")
async def me(deployment: Deployment, other: Other) -> str:
    """A customer who has something of everything, too; made after the other, so that pages could run into them."""
    api = deployment.api
    id = await api.customer("my-external", name="my name")
    await api.subscribe(id, "starter")
    await api.use(id, "api.calls", 5, id="my-event")
    return id


@pytest_asyncio.fixture(scope="module", params=["CUSTOMER", "PARTNER"])
async def mine(request: pytest.FixtureRequest, deployment: Deployment, me: str) -> Api:
    """Speaks with credentials for that customer only."""
    api = deployment.api
    if request.param == "CUSTOMER":
        made = await api.do("createCustomerToken", "token", customer={"id": me}, lifetimeSeconds=86_400)
        return api.with_key(made["token"])
    made = await api.do("createApiKey", "secret", name="partner", role="PARTNER", customers=[{"id": me}])
    return api.with_key(made["secret"])


PERIOD = '{start: "2026-01-01T00:00:00Z", end: "2027-01-01T00:00:00Z"}'
YEAR = {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}
PRICE = {"key": "calls", "model": "PER_UNIT", "cadence": "MONTH", "currency": "USD", "unitAmount": "1"}


def inner(name: str, argument: GraphQLArgument) -> str:
    """For arguments of fields below the root."""
    given = {"feature": '"api_calls"', "period": PERIOD, "by": "MONTH", "first": "5"}
    return given[name]


def questions(other: Other, *but_not: str) -> list[tuple[str, Json]]:
    """Every field of the root, asked for everything of the other's, down to the leaves; `but_not` for those fields."""
    found: list[tuple[str, Json]] = []
    ids = [*other.ids.values(), other.external_id]
    refs: list[Json] = [{"id": other.ids["customer"]}, {"externalId": other.external_id}]
    query = SCHEMA.query_type
    assert query is not None
    for name, field in query.fields.items():
        depth = 2 if name.startswith("canUse") else 4  # below a decision lies the catalog, which is nobody's
        for given in _given(name, field, ids, refs, other):
            declared = ", ".join(f"${arg}: {field.args[arg].type}" for arg in given)
            passed = ", ".join(f"{arg}: ${arg}" for arg in given)
            call = f"query({declared}) {{ {name}({passed})" if given else f"{{ {name}"
            found += [(f"{call} {below} }}", given) for below in selections(field.type, inner, depth, but_not)]
    return found


def _given(name: str, field: GraphQLField, ids: list[str], refs: list[Json], other: Other) -> list[Json]:
    """Sets of arguments."""
    if "ref" in field.args:
        return [{"ref": ref} for ref in refs]
    if "customer" in field.args and "first" in field.args:
        return [{"first": 20}, *({"first": 20, "customer": ref} for ref in refs)]
    if "customer" in field.args:
        asked: Json = {"features": ["api_calls", "parallel_downloads"]} if "features" in field.args else {}
        if asked:
            return [{"customer": ref, **asked} for ref in refs]
        if "feature" not in field.args:
            return [{}, *({"customer": ref} for ref in refs)]
        features = ("api_calls", "parallel_downloads", "drive_storage")
        moments: list[Json] = [{}, {"at": "2026-01-01T00:00:00Z"}, {"fresh": True}]
        return [
            {"customer": ref, "feature": feature, **moment}
            for ref in refs
            for feature in features
            for moment in moments
        ]
    if "input" in field.args:
        return [{"input": input} for input in _inputs(field.args["input"].type, refs, other)]
    if "ids" in field.args:
        return [{"ids": ids}]
    if "id" in field.args:
        return [{"id": id} for id in ids]
    if "first" in field.args:
        searches = [MARK, f"{MARK} Name", f"{MARK}@example.com", *ids] if "search" in field.args else []
        pages: list[Json] = [{"first": 20}, {"last": 20}]
        cursors = [{"first": 20, "after": cursor} for cursor in other.cursors.values()]
        return [*pages, *cursors, *({"first": 20, "search": search} for search in searches)]
    return [{"key": "starter"}] if "key" in field.args else [{}]


def _inputs(type_: Any, refs: list[Json], other: Other) -> list[Json]:
    """What a change of the other's would come to, or their usage at another price."""
    about: Json = {"subscriptionId": other.ids["subscription"], "plan": "professional", "addOn": "drive"}
    input = least(type_)
    input |= {known: about[known] for known in input if known in about}
    if "prices" in input:
        input |= {"prices": [{**PRICE, "meterKey": "api_calls"}], "period": YEAR}
    elif "customer" not in input:
        return [input]
    return [{**input, "customer": ref} for ref in refs]


async def test_the_questions_do_find_the_other_when_asked_by_who_may(api: Api, other: Other, me: str) -> None:
    """Else the next test would say nothing."""
    told = ""
    for query, variables in questions(other):
        response = await api.post(query, variables)
        codes = {error["extensions"]["code"] for error in response.json().get("errors", [])}
        assert codes <= {"BAD_USER_INPUT"}, (query, variables, response.text)
        told += response.text
    without = set(other.ids) - {"reservation"}  # which can be settled, not read
    assert [kind for kind in without if other.ids[kind] not in told] == []
    for text in (f"{MARK} street", f"{MARK} value", f"{MARK} property", f"{MARK} grant", f"{MARK} reason", AMOUNT):
        assert text in told, text


async def test_no_question_is_answered_with_anything_of_the_other(mine: Api, other: Other, me: str) -> None:
    told = ""
    # What is forbidden takes the rest of an answer with it, so the questions are asked without it, too.
    role = (await mine.ask("{ viewer { role } }"))["viewer"]["role"]
    for query, variables in questions(other) + (questions(other, "journal") if role == "CUSTOMER" else []):
        response = await mine.post(query, variables)
        assert other.leaks(response.text, [query, variables]) == [], (query, variables, response.text)
        codes = {error["extensions"]["code"] for error in response.json().get("errors", [])}
        assert codes <= {"BAD_USER_INPUT", "FORBIDDEN"}, (query, variables, response.text)
        told += response.text
    assert "my name" in told, "of oneself there is something to see"


async def test_my_own_data_lead_nowhere_else(mine: Api, other: Other, me: str) -> None:
    """From the customer that may be seen down every path, with cursors of the other's."""
    root = SCHEMA.query_type
    assert root is not None
    for cursor in ["", *other.cursors.values()]:
        for call in ("customer(ref: {id: $id})", "node(id: $id)", "customers(first: 5)", "viewer"):
            type_ = root.fields[call.partition("(")[0]].type
            for below in selections(type_, inner) + selections(type_, inner, but_not=["journal"]):
                text = f"{call} {below.replace('first: 5', 'first: 5, after: $after') if cursor else below}"
                variables = {"id": me, "after": cursor}
                given = {name: value for name, value in variables.items() if f"${name}" in text}
                kinds = {"id": "ID!", "after": "String"}
                declared = ", ".join(f"${name}: {kinds[name]}" for name in given)
                response = await mine.post(f"query{f'({declared})' if given else ''} {{ {text} }}", given)
                assert other.leaks(response.text, given) == [], (text, response.text)
                codes = {error["extensions"]["code"] for error in response.json().get("errors", [])}
                assert codes <= {"BAD_USER_INPUT", "FORBIDDEN"}, (text, response.text)


async def test_what_is_not_mine_is_answered_like_what_is_not_there(mine: Api, other: Other, me: str) -> None:
    query = """query($ref: CustomerRef!, $id: ID!) {
        customer(ref: $ref) { id } node(id: $id) { id } subscription(id: $id) { id }
        canUse(customer: $ref, feature: "api_calls") { allowed reason trace limit used remaining cheapestPlan { key } }
    }"""
    nothing = {"customer": {"id": "customer_01m7xzqmprem6tw0sa0ez4t5hj"}}["customer"]
    told = await mine.ask(query, ref=nothing, id="subscription_01m7xzqmprem6tw0sa0ez4t5hj")
    for ref in ({"id": other.ids["customer"]}, {"externalId": other.external_id}):
        assert await mine.ask(query, ref=ref, id=other.ids["subscription"]) == told


async def test_nothing_can_be_done_to_the_other(mine: Api, other: Other, deployment: Deployment) -> None:
    root = SCHEMA.mutation_type
    assert root is not None
    before = await deployment.contents()
    about: Json = {
        "customer": {"id": other.ids["customer"]},
        "subscriptionId": other.ids["subscription"],
        "grantId": other.ids["grant"],
        "plan": "free",
        "feature": "api_calls",
    }
    id = {"cancelScheduledChange": "change", "advanceTestClock": "clock", "revokeApiKey": "key"}
    for name, field in root.fields.items():
        input = least(field.args["input"].type)
        input |= {known: about[known] for known in input if known in about}
        if "id" in input:
            input["id"] = other.ids[id.get(name, "reservation")]
        if name == "recordUsage":
            input["events"] = [{"id": "e", "customer": about["customer"], "type": "api.calls", "value": "1"}]
        if name == "eraseCustomer":
            input["customer"] = {"externalId": other.external_id}
        below = selections(field.type, inner)[0]
        query = f"mutation($input: {field.args['input'].type}) {{ {name}(input: $input) {below} }}"
        response = await mine.post(query, {"input": input})
        assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["FORBIDDEN"], (
            name,
            response.text,
        )
        assert other.leaks(response.text, input) == []
    assert await deployment.contents() == before


LIVE = {
    "usage": "usage(customer: $ref) { cursor meter { used limit period { start end } } }",
    "one meter": 'usage(customer: $ref, features: ["api_calls"]) { cursor meter { used limit } }',
    "billingStatus": "billingStatus(customer: $ref) { cursor status { state message asOf } }",
    "entitlements": "entitlements(customer: $ref) { cursor entitlements { limit used value sources { id label } } }",
    "journal": "journal(customer: $ref) { cursor type payload reason actor customer { name } }",
}


def test_every_live_field_is_watched() -> None:
    assert SCHEMA.subscription_type is not None
    assert set(SCHEMA.subscription_type.fields) == {
        name.split()[0] for name in LIVE.values() for name in [name.partition("(")[0]]
    }


@pytest.mark.parametrize("field", LIVE)
async def test_the_other_cannot_be_watched(mine: Api, other: Other, field: str) -> None:
    for ref in ({"id": other.ids["customer"]}, {"externalId": other.external_id}):
        async with mine.watch(f"subscription($ref: CustomerRef!) {{ {LIVE[field]} }}", ref=ref) as watch:
            message = await watch.message()
            assert message["type"] == "error", message
            assert [error["extensions"]["code"] for error in message["payload"]] in (["NOT_FOUND"], ["FORBIDDEN"])
            assert other.leaks(json.dumps(message), ref) == []


async def test_watching_what_may_be_seen_shows_nothing_of_the_other(
    deployment: Deployment, mine: Api, other: Other, me: str
) -> None:
    """Changes of both; only one's own arrive, and each of them."""
    api = deployment.api
    fields = [text.replace("$ref", f'{{id: "{me}"}}') for text in LIVE.values()]
    logs = 0
    if (await mine.ask("{ viewer { role } }"))["viewer"]["role"] == "PARTNER":
        fields.append("journal { cursor type payload reason customer { id name } }")
        logs = 2
    else:
        fields.remove(next(text for text in fields if text.startswith("journal")))
    heard: list[str] = []

    async def change(reason: str) -> None:
        await api.use(other.ids["customer"], "api.calls", AMOUNT)
        theirs = {"customer": {"id": other.ids["customer"]}, "name": f"{MARK} Name {reason}"}
        await api.do("updateCustomer", "__typename", **theirs)
        await api.use(me, "api.calls", 1)
        given: Json = {"customer": {"id": me}, "feature": "api_calls", "limit": 1, "reason": reason}
        await api.do("grantEntitlement", "grant { id }", **given, idempotencyKey=unique())

    def told(reason: str) -> int:
        """By how many journals."""
        return sum("entitlement.granted" in text and f'"{reason}"' in text for text in heard)

    async with mine.socket() as socket:
        for text in fields:
            await socket.watch(f"subscription {{ {text} }}")

        async def listen() -> None:
            while True:
                heard.append(json.dumps(await socket.hear()))

        listening = asyncio.create_task(listen())
        try:
            async with asyncio.timeout(30):
                # A journal is told from when it is watched on, which nothing confirms: so wait for its first entry.
                beginning = 0
                while any(told(f"beginning {number}") < logs for number in range(beginning)[-1:]) or not beginning:
                    await change(f"beginning {beginning}")
                    beginning += 1
                    await asyncio.sleep(0.1)
                for number in range(3):
                    await change(f"mine {number}")
                while any(told(f"mine {number}") < logs for number in range(3)) or not any(
                    '"limit"' in text and "mine 2" in text for text in heard
                ):
                    assert not listening.done(), listening
                    await asyncio.sleep(0.01)
        finally:
            listening.cancel()
    assert [leak for text in heard for leak in other.leaks(text, [])] == []
    assert [told(f"mine {number}") for number in range(3)] == [logs] * 3
