"""Anything that the schema allows, at the real endpoint: an answer or a refusal, never an internal error.

A longer run by hand: FUZZ_EXAMPLES=3000 FUZZ_SEED=2 python -m pytest tests/e2e/test_fuzz.py
"""

import asyncio
import os
import re
from collections import Counter, defaultdict
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    ObjectFieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    parse,
    parse_value,
    print_ast,
)
from graphql.language import ValueNode, Visitor, visit
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, mutations, nodes, queries

from e2e.client import Api, unique
from e2e.deployment import Deployment

SCHEMA: GraphQLSchema = build_schema((Path(__file__).resolve().parents[2] / "schema.graphql").read_text("utf-8"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "250"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))

# ── what is sent ─────────────────────────────────────────────────────────────────────────────────────────────────────
# Ids differ from run to run: a document has `@customer:2` where the second known customer's id is to be.
KINDS = ("customer", "subscription", "plan", "version", "price", "feature", "meter", "grant", "change", "clock", "key")
NOBODY = "01m7xzqmprem6tw0sa0ez4t5hj"
Values = st.SearchStrategy[Any]


def mostly(usual: Values, odd: Values) -> Values:
    return st.integers(0, 4).flatmap(lambda n: odd if n == 3 else usual)


text = st.text(st.characters(codec="utf-8", min_codepoint=1), max_size=30)
odd_text = st.one_of(text, st.sampled_from(["", " ", "a\x00b", "\u202e", "x" * 300, "%", "'", "_", "\ufeff"]))
some = st.integers(0, 5)


def known(*kinds: str) -> Values:
    return st.tuples(st.sampled_from(kinds), some).map(lambda one: f"@{one[0]}:{one[1]}")


id = mostly(known(*KINDS, "reservation", "entry"), st.one_of(odd_text, st.just(f"customer_{NOBODY}")))
external_id = mostly(some.map(lambda n: f"person {n}"), odd_text)
datetime = mostly(
    st.builds(
        lambda month, day, zone: f"2026-{month:02}-{day:02}T10:30:00{zone}",
        st.integers(1, 12),
        st.integers(1, 28),
        st.sampled_from(["Z", "+14:00", "-12:00"]),
    ),
    st.sampled_from(
        [
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "1969-12-31T23:59:59Z",
            "2024-02-29T23:59:59.999999999Z",
            "2027-01-31T00:00:00Z",
            "2200-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:59-14:00",
        ]
    ),
)
decimal = mostly(
    st.integers(0, 2000),
    st.sampled_from(["-1", "-0", "0.000000000001", "999999999999999999.999999999999", "-999999999999999999"]),
)
number = mostly(st.integers(0, 5), st.sampled_from([-1, 12, 100, 101, 10_000, 2**31 - 1, -(2**31)]))
json_value = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**31), 2**31), st.floats(allow_nan=False, allow_infinity=False), odd_text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "_b", "C1"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def node(value: Any) -> ValueNode:
    """A value as it stands in a document."""
    match value:
        case ValueNode():
            return value
        case None:
            return nodes.Null
        case bool():
            return nodes.Boolean(value)
        case int():
            return nodes.Int(value)
        case float():
            return nodes.Float(value)
        case list():
            return nodes.List([node(one) for one in value])
        case dict():
            return parse_value("{" + " ".join(f"{name}: {print_ast(node(one))}" for name, one in value.items()) + "}")
    return nodes.String(value)


def of(*usual: str) -> Values:
    return mostly(st.sampled_from(usual), odd_text)


plan = of("free", "starter", "professional", "enterprise", "drive", "plan_a")
feature = of(
    "api_calls", "storage", "transfer", "adapters", "seats", "drive_storage", "parallel_downloads", "feature_a"
)
customer = mostly(
    st.one_of(known("customer").map(lambda one: {"id": one}), some.map(lambda n: {"externalId": f"person {n}"})),
    st.one_of(id.map(lambda one: {"id": one}), external_id.map(lambda one: {"externalId": one})),
)
PRICES = [
    parse_value(f'{{ currency: "USD" proration: NONE {one} }}')
    for one in (
        'key: "base" model: FLAT cadence: MONTH unitAmount: "10"',
        'key: "year" model: PER_SEAT cadence: YEAR unitAmount: "0.000000000001"',
        'key: "use" model: GRADUATED cadence: MONTH meterKey: "api_calls" '
        'tiers: [{ upTo: 10 unitAmount: "1" } { unitAmount: "0.5" flatAmount: 3 }]',
        'key: "pack" model: PACKAGE cadence: MONTH meterKey: "transfer" unitAmount: 1 packageSize: 100 included: 5',
    )
]
# By the name of an argument or of a field of an input: what leads further than anything that has the right type.
NAMED: dict[str, Values] = {
    "customer": customer,
    "ref": customer,
    "customers": st.lists(customer, max_size=3),
    "externalId": external_id,
    "clockId": mostly(st.one_of(st.none(), known("clock")), id),
    "subscriptionId": mostly(known("subscription"), id),
    "grantId": mostly(known("grant"), id),
    "plan": plan,
    "feature": feature,
    "features": st.lists(feature, max_size=4),
    "prices": st.lists(st.sampled_from(PRICES), max_size=2),
    "priceOverrides": mostly(st.none(), st.lists(st.sampled_from(PRICES), max_size=1)),
    "billingAnchor": mostly(st.none(), datetime),
    "startAt": mostly(st.none(), datetime),
    "trialDays": mostly(st.sampled_from([None, 3]), number),
    "addOns": mostly(st.none(), st.lists(plan, max_size=3)),
    "type": of("api.calls", "storage", "transfer", "event_a"),
    "eventType": of("api.calls", "event_a"),
    "meterKey": of("api_calls", "storage", "transfer", "meter_a"),
    "key": of("plan_a", "feature_a", "meter_a", "base", "free", "api_calls"),
    "property": of("user", "region"),
    "source": mostly(st.none(), odd_text),
    "timezone": of("UTC", "Europe/Paris", "Pacific/Kiritimati", "America/St_Johns", "../../etc/passwd"),
    "name": of("Ana", "Acme Inc."),
    "email": of("ana@example.com"),
    "reason": of("it was asked for"),
    "search": of("Ana", "ana@example.com", "person 1"),
    "country": of("DE", "US"),
    "scopes": mostly(st.none(), st.lists(of("usage:write", "customers:read", "fly"), max_size=3)),
    "idempotencyKey": mostly(st.integers(0, 10**6).map(str), odd_text),
    "first": mostly(st.integers(1, 3), st.one_of(st.none(), number)),
    "last": mostly(st.none(), number),
    "after": mostly(st.none(), st.one_of(odd_text, known("cursor"))),
    "before": mostly(st.none(), st.one_of(odd_text, known("cursor"))),
}
# What `id` is of, where it is not a customer's.
ID_OF = {
    "advanceTestClock": "clock",
    "cancelScheduledChange": "change",
    "commitReservation": "reservation",
    "releaseReservation": "reservation",
    "revokeApiKey": "key",
    "subscription": "subscription",
    "testClock": "clock",
}
SCALARS = {
    "ID": id.map(node),
    "String": odd_text.map(node),
    "Int": number.map(node),
    "DateTime": datetime.map(node),
    "Date": datetime.map(lambda one: node(one[:10])),
    "Decimal": decimal.map(node),
    "Currency": st.sampled_from(["USD", "EUR", "JPY", "XXX"]).map(node),
    "JSON": json_value.map(node),
    "Cursor": mostly(known("cursor"), text).map(node),
}


CHANGES = SCHEMA.mutation_type.fields if SCHEMA.mutation_type else {}
READS = SCHEMA.query_type.fields if SCHEMA.query_type else {}
FINAL = ["eraseCustomer", "archivePlan"]
"""What leaves less to do for those that follow."""


def always(payload: GraphQLObjectType) -> SelectionSetNode:
    """What is asked of every mutation: why not, and the ids of what it made."""
    made = [name for name, field in payload.fields.items() if "id" in getattr(get_named_type(field.type), "fields", ())]
    shown = " ".join(["userErrors { code }", *(f"{name} {{ id }}" for name in made)])
    read = parse(f"{{ {shown} }}")
    operation = read.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return operation.selection_set


class Naming(Visitor):
    """Puts the values of NAMED in their places."""

    def __init__(self, draw: st.DrawFn, root: str) -> None:
        super().__init__()
        self.draw = draw
        self.named = NAMED | ({"id": mostly(known(ID_OF[root]), id)} if root in ID_OF else {})

    def leave_field(self, at: FieldNode, *_: Any) -> FieldNode | None:
        field = CHANGES.get(at.name.value)
        if field is None or at.selection_set is None:
            return None
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        shown = SelectionSetNode(selections=(*at.selection_set.selections, *always(payload).selections))
        return FieldNode(name=at.name, alias=at.alias, arguments=at.arguments, selection_set=shown)

    def enter_argument(self, at: ArgumentNode, *_: Any) -> ArgumentNode | None:
        values = self.named.get(at.name.value)
        return None if values is None else ArgumentNode(name=at.name, value=node(self.draw(values)))

    def enter_object_field(self, at: ObjectFieldNode, *_: Any) -> ObjectFieldNode | None:
        values = self.named.get(at.name.value)
        return None if values is None else ObjectFieldNode(name=at.name, value=node(self.draw(values)))


@st.composite
def documents(draw: st.DrawFn) -> str:
    """One field of Query or Mutation each; now and then with a fault that validation has to find."""
    changes = draw(st.integers(0, 3)) > 0
    make, fields = (mutations, CHANGES) if changes else (queries, READS)
    usual = sorted(fields.keys() - set(FINAL))
    final = changes and draw(st.integers(0, 39)) == 39
    name = draw(st.sampled_from(FINAL if final else usual))
    mode = draw(mostly(st.just(Mode.POSITIVE), st.sampled_from(list(Mode))))
    made = make(
        SCHEMA, fields=[name] if mode is Mode.POSITIVE else None, custom_scalars=SCALARS, print_ast=_same, mode=mode
    )
    document: DocumentNode = draw(made)
    return print_ast(visit(document, Naming(draw, name)) if mode is Mode.POSITIVE else document)


def _same(document: DocumentNode) -> DocumentNode:
    return document


# ── where it is sent ─────────────────────────────────────────────────────────────────────────────────────────────────
PERSON = """mutation($ref: CustomerRef!, $name: String!, $plan: String!, $clock: ID, $key: String!) {
    createCustomer(input: {externalId: $name, clockId: $clock}) { customer { id } }
    subscribe(input: {customer: $ref, plan: $plan, idempotencyKey: $key}) { subscription { id } }
    grantEntitlement(
        input: {customer: $ref, feature: "adapters", limit: 3, reason: "more", idempotencyKey: $key}
    ) { grant { id } }
    reserveUsage(
        input: {customer: $ref, feature: "api_calls", quantity: 2, idempotencyKey: $key}
    ) { reservation { id } }
}"""


class Endpoint:
    """Sends documents, and keeps what went wrong by what it is."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.ids: dict[str, list[str]] = defaultdict(list)
        self.faults: dict[str, str] = {}
        self.outcomes: Counter[str] = Counter()

    async def send(self, api: Api, document: str) -> None:
        document = re.sub(r"@([a-z]+):(\d)", lambda found: self._id(found[1], int(found[2])), document)
        logged = self.deployment.errors.records
        before = len(logged)
        response = await api.post(document)
        answer = response.json()
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        for name, value in (answer.get("data") or {}).items():
            refusals = [error["code"] for error in value["userErrors"]] if name in CHANGES and value else []
            self.outcomes[f"{name} {refusals[0] if refusals else ''}".strip()] += 1
        self.outcomes[codes[0] if codes else "answered"] += 1
        if logged[before:]:
            self.fault("logged: " + logged[before], document)
        elif response.status_code >= 500 or "INTERNAL" in codes or "Traceback" in response.text:
            self.fault(f"{response.status_code} {codes}", document + "\n" + response.text[:2000])
        self._learn(answer)

    async def people(self, api: Api) -> None:
        """Customers who hold something, if they are not there: the last one lives by a clock of its own."""
        clock = await api.clock("2026-01-31T10:00:00Z")
        for number, plan in enumerate(("free", "starter", "professional", "starter")):
            name = f"person {number}"
            told = {"name": name, "ref": {"externalId": name}, "plan": plan, "key": unique()}
            self._learn((await api.post(PERSON, told | ({"clock": clock} if number == 3 else {}))).json())

    def fault(self, what: str, document: str) -> None:
        what = re.sub(r"request [\w-]+", "request …", what)
        if len(document) < len(self.faults.get(what, document + " ")):
            self.faults[what] = document

    def _id(self, kind: str, number: int) -> str:
        there = self.ids[kind]
        return there[number % len(there)] if there else f"{kind}_{NOBODY}"

    def _learn(self, value: Any) -> None:
        """Ids and cursors that may be asked for."""
        match value:
            case dict():
                if isinstance(value.get("cursor"), str):
                    self._add("cursor", value["cursor"])
                for inner in value.values():
                    self._learn(inner)
            case list():
                for inner in value:
                    self._learn(inner)
            case str() if found := re.fullmatch(r"([a-z]+)_[0-9a-z]{26}", value):
                self._add(found[1], value)

    def _add(self, kind: str, value: str) -> None:
        there = self.ids[kind]
        if value not in there:
            there.insert(0, value)
            del there[6:]


@pytest.mark.parametrize("kind", ["key", "clock", "catalog"])
async def test_an_id_of_something_else_than_a_customer_is_nobodys(deployment: Deployment, kind: str) -> None:
    """Found here once: it was read as an account, and failed whoever was read with it."""
    api = deployment.api
    made = await api.do("createApiKey", "key { id }", name="a", role="SERVICE")
    ids = {"key": made["key"]["id"], "clock": await api.clock("2026-01-31T10:00:00Z"), "catalog": "catalog"}
    query = 'query($id: ID!) { canUse(customer: {id: $id}, feature: "api_calls") { reason } }'
    customer_id = await api.customer()
    await api.subscribe(customer_id, "starter")
    answers = await asyncio.gather(*(api.ask(query, id=id) for id in (ids[kind], customer_id, ids[kind])))
    reasons = [answer["canUse"]["reason"] for answer in answers]
    assert reasons == ["NO_SUBSCRIPTION", "WITHIN_LIMIT", "NO_SUBSCRIPTION"]
    entitlements = "query($id: ID!) { customer(ref: {id: $id}) { entitlements { feature { key } } } }"
    assert await api.ask(entitlements, id=ids[kind]) == {"customer": None}


async def test_whatever_the_schema_allows_is_answered_or_refused(deployment: Deployment) -> None:
    endpoint = Endpoint(deployment)
    await endpoint.people(deployment.api)
    for look in (
        "{ customers(first: 9) { edges { cursor node { id subscriptions(first: 3) { edges { node { id } } } } } } }",
        "{ plans { id current { id prices { id } } } features { id } meters { id } testClocks(first: 1) "
        "{ edges { node { id } } } }",
    ):
        await endpoint.send(deployment.api, look)
    loop = asyncio.get_running_loop()
    sent = count()

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(documents())
    def run(document: str) -> None:
        if next(sent) % 25 == 24:
            asyncio.run_coroutine_threadsafe(endpoint.people(deployment.api), loop).result(60)
        asyncio.run_coroutine_threadsafe(endpoint.send(deployment.api, document), loop).result(60)

    await asyncio.to_thread(run)
    print(endpoint.outcomes.most_common())
    told = [f"{what}\n{document}" for what, document in endpoint.faults.items()]
    assert not told, "\n\n".join(told)
    assert endpoint.outcomes["answered"] > EXAMPLES / 10
