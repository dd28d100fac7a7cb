"""The fast way of the executor: it answers what Strawberry and graphql-core answer by themselves, and it is taken.

Every operation is run on one schema by the engine and on another, untouched one by Strawberry. What the fast way spares
is counted in both runs, so that a private name that a release takes away is a failure here and not a slow server.
"""

import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

import msgspec
import pytest
import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_nullable_type, is_leaf_type
from shelf import shelf

from api.schema import schema as tollgate
from graphql_edge import errors
from graphql_edge.audience import Lives
from graphql_edge.compat import core_schema
from graphql_edge.contract import Collaborators
from graphql_edge.engine import Engine, Prepared
from graphql_edge.execution import Executions
from graphql_edge.limits import Limits
from graphql_edge.request import GraphQLRequest

LABELS = "fragment Labels on Thing { label length }"
WANTED = "query($input: Wanted) { got(input: $input) }"

CORPUS: list[tuple[str, dict[str, Any]]] = [
    # plain attributes
    ("{ box { label kind size weight tags __typename } }", {}),
    ("{ again: box { name: label label also: label } things { label } }", {}),
    ("{ box { length told ofParent inner { label inner { label size } } } }", {}),
    # errors and nulls, where they may be and where they travel upwards
    ("{ box { label wrong } }", {}),
    ("{ boxOrNone { label } }", {}),
    ('{ boxOrNone(label: "a") { label wrong size } }', {}),
    ('{ boxOrNone(label: "a") { wrongOrNone label missing } }', {}),
    ('{ boxOrNone(label: "a") { inner { label } missing } box { label } }', {}),
    ('{ boxOrNone(label: "a") { wrongOrNone label } box { strict { label } } }', {}),
    ("{ rude { later size } }", {}),
    ("{ rude { later label } }", {}),
    ("{ rude { later tags } box { label } }", {}),
    ("{ boxes(missing: true) { label } strictBoxes(missing: true) { label size } }", {}),
    ("{ strictBoxes { label inner(deep: 0) { label } } }", {}),
    # what only Strawberry may read
    ("{ box { closedOrNone loud loudOf } }", {}),
    ('{ boxOrNone(label: "a") { closed } }', {}),
    ('{ box { loudOf(word: "other") } byId byIdGiven: byId(id: "Qm94OjE=") }', {}),
    ('{ byId(id: "nonsense") }', {}),
    # fragments, interfaces, unions, directives
    (f"{{ things {{ __typename ...Labels ... on Box {{ size }} ... on Bag {{ handles }} }} }} {LABELS}", {}),
    (f"{{ either(bag: true) {{ ...Labels ... on Box {{ size }} }} box {{ ...Labels ...Labels told }} }} {LABELS}", {}),
    ("query($no: Boolean!) { box { label @skip(if: $no) size @include(if: $no) inner @skip(if: $no) { label } } }",
     {"no": True}),
    ("query($no: Boolean!) { box { label @skip(if: $no) size @include(if: $no) inner @skip(if: $no) { label } } }",
     {"no": False}),
    ("{ __schema { queryType { name } types { name kind } } __type(name: \"Box\") { fields { name } } }", {}),
    # lists
    ("{ boxes { tags inner { tags } } nested(values: [[1, null], []]) }", {}),
    ("query($v: [[Int]!]!) { nested(values: $v) box { told } }", {"v": [[1, 2], [None]]}),
    # inputs
    (WANTED, {"input": {"part": {"name": "a"}}}),
    (WANTED, {"input": {"part": {"name": "a", "count": 2, "kind": "WOOD", "parts": [{"name": "b", "parts": []}]},
                        "parts": [None, {"name": "c"}], "colour": None, "shade": "dark", "weight": "1.5"}}),
    (WANTED, {"input": {"part": {"name": "a"}, "colour": "red", "weight": None, "parts": None, "note": None}}),
    (WANTED, {"input": {"part": {"name": "a"}, "shade": None}}),
    (WANTED, {"input": None}),
    (WANTED, {}),
    (WANTED, {"input": {"part": {"count": 1}}}),
    (WANTED, {"input": {"part": {"name": "a", "kind": "GOLD"}, "unknown": 1, "weight": "1e5"}}),
    ('{ got(input: {part: {name: "a", parts: {name: "b"}}, colour: null}, kinds: [WOOD, TIN], any: [{a: 1}]) }', {}),
    ("query($kinds: [Kind!] = [TIN], $any: JSON = {a: 1}) { got(kinds: $kinds, any: $any) box { told } }", {}),
    ("query($kinds: [Kind!], $any: JSON) { got(kinds: $kinds, any: $any) }", {"kinds": "WOOD", "any": {"a": [None]}}),
    ("query($part: Part!, $name: String!) { got(input: {part: $part, parts: [{name: $name}]}) }",
     {"part": {"name": "a"}, "name": "b"}),
    ("query($label: String!) { box(label: $label) { told } }", {}),
    ("query($label: String!) { box(label: $label) { told } }", {"label": None}),
    ("query($label: String!) { box(label: $label) { told } }", {"label": 7}),
    ("query($label: String) { box(label: $label) { label } }", {"label": None}),
    ("query($id: ID!) { oneOf(either: {id: $id}) }", {"id": "1"}),
    ("query($either: Either!) { oneOf(either: $either) }", {"either": {"name": "b"}}),
    # mutations, one after the other
    ('mutation { a: first(word: "a") b: first(word: "b") second(input: {part: {name: "c"}}) { label told } }', {}),
    ('mutation { a: first(word: "a") fails second(input: {part: {name: "c"}}) { label missing } }', {}),
]  # fmt: skip

LIVE = [
    ("subscription { passing(to: 3) { label size told inner { label } } }", {}),
    ("subscription($to: Int!) { passing(to: $to) { ...Labels size } } " + LABELS, {"to": 2}),
    ("subscription { breaking { later label } }", {}),
    ("subscription { breaking { label missing } }", {}),
]


async def _nobody(_: str | None) -> str:
    return "nobody"


def engine() -> Engine:
    return Engine(shelf(), Collaborators(authenticate=_nobody, context=lambda call: call), Limits())


def prepared(engine: Engine, query: str, variables: dict[str, Any]) -> Prepared:
    request = GraphQLRequest(query, variables=msgspec.Raw(msgspec.json.encode(variables)))
    return engine.prepare(engine.operation(request, "nobody"), request, "nobody", "request")


async def fast(engine: Engine, query: str, variables: dict[str, Any]) -> bytes:
    try:
        started = prepared(engine, query, variables).start()
        payload = await started if isinstance(started, Awaitable) else started
    except Exception as error:
        payload = {"data": None, "errors": engine.refusal(error, "request")[1]}
    payload.pop("extensions", None)
    return msgspec.json.encode(payload)


def shown(data: Any, problems: list[Any] | None) -> bytes:
    payload = {"data": data}
    if problems:
        begun = any(problem.path for problem in problems)
        refused = errors.refused(problems, errors.BAD_USER_INPUT, "request")
        payload["errors"] = errors.executed(problems, "request") if begun else refused
    return msgspec.json.encode(payload)


async def slow(schema: strawberry.Schema, query: str, variables: dict[str, Any]) -> bytes:
    result = await schema.execute(query, variable_values=variables)
    return shown(result.data, result.errors)


@pytest.mark.parametrize(("query", "variables"), CORPUS)
async def test_the_answers_are_the_same_with_and_without_it(query: str, variables: dict[str, Any]) -> None:
    expected = await slow(shelf(), query, variables)
    one = engine()
    assert await fast(one, query, variables) == expected
    assert await fast(one, query, variables) == expected  # as planned by the first


class Listener:
    """A sink of a live operation."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.problems: list[Any] = []

    def show(self, payload: str) -> None:
        self.heard.append(payload.encode())

    async def send(self, payload: str) -> None:
        self.heard.append(payload.encode())

    def fail(self, problems: list[dict[str, Any]]) -> None:
        self.problems = problems

    def finish(self) -> None:
        pass


@pytest.mark.parametrize(("query", "variables"), LIVE)
async def test_live_answers_are_the_same_with_and_without_it(query: str, variables: dict[str, Any]) -> None:
    listener, one = Listener(), engine()
    await Lives(one).run(prepared(one, query, variables), listener)
    events: Any = await shelf().subscribe(query, variable_values=variables)
    assert listener.heard == [shown(event.data, event.errors) async for event in events]
    assert listener.heard
    assert listener.problems == []


# ── that it is taken ─────────────────────────────────────────────────────────────────────────────────────────────────

FIELDS = "execute_field"  # graphql-core's way of one field
SPARED = {
    "collect_fields": "what is selected at the root",
    "collect_subfields": "what is selected below",
    "get_variable_signature": "what the variables are",
    "get_arguments": "how a resolver is called",
    "get_result": "how an attribute is read",
    "parse": "the document",
    "validate": "the document",
}


async def calls(run: Callable[[], Awaitable[Any]]) -> Counter[str]:
    """How often the functions of Strawberry and graphql-core are called meanwhile, by name. `collect_subfields` is the
    function, not the method of that name, which looks whether it is known."""
    counted: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and ("/graphql/" in code.co_filename or "/strawberry/" in code.co_filename):
            counted[code.co_name if code.co_name != "collect_subfields" else code.co_qualname] += 1

    sys.setprofile(count)
    try:
        await run()
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize(
    ("query", "variables", "fields", "resolved"),
    [
        ("{ box { label kind size weight __typename } }", {}, 6, 1),
        ("query($label: String!) { box(label: $label) { told label } }", {"label": "a"}, 3, 2),
        ("query($input: Wanted!) { got(input: $input) }", {"input": {"part": {"name": "a"}, "shade": "b"}}, 1, 1),
        ("{ boxes { label size inner { weight kind } } }", {}, 11, 3),
        ("{ things { label ... on Bag { handles } } either(bag: true) { ... on Bag { label handles } } }", {}, 7, 2),
        ('mutation { second(input: {part: {name: "c"}}) { label size } }', {}, 3, 1),
    ],
)
async def test_it_is_taken(query: str, variables: dict[str, Any], fields: int, resolved: int) -> None:
    one, schema = engine(), shelf()
    await fast(one, query, variables)
    hot = await calls(lambda: fast(one, query, variables))
    plain = await calls(lambda: slow(schema, query, variables))
    assert (plain[FIELDS], hot[FIELDS]) == (fields, resolved)
    assert {name: hot[name] for name in SPARED if hot[name]} == {}


async def test_each_name_that_is_spared_is_one_that_is_called_otherwise() -> None:
    query = "query($label: String!) { box(label: $label) { label } }"
    plain = await calls(lambda: slow(shelf(), query, {"label": "a"}))
    assert {name for name in SPARED if not plain[name]} == set()


def test_every_field_of_tollgate_that_can_take_it_does() -> None:
    """A field without arguments and of leaf type is read directly or called directly; one with arguments is called
    directly. Lists and objects that are plain attributes are graphql-core's to complete."""
    executions = Executions(tollgate)
    read, called, neither = 0, 0, []
    for type_ in core_schema(tollgate).type_map.values():
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) or type_.name.startswith(("__", "Live")):
            continue
        leaves = executions.leaves(type_) if isinstance(type_, GraphQLObjectType) else {}
        for name, field in type_.fields.items():
            if name in leaves:
                read += 1
            elif field.resolve is not None and field.resolve.__module__ == "graphql_edge.compat":
                called += 1
            elif field.args or (is_leaf_type(get_nullable_type(field.type)) and isinstance(type_, GraphQLObjectType)):
                neither.append(f"{type_.name}.{name}")
    assert neither == []
    assert read > 300
    assert called > 100


async def test_the_objects_that_it_answers_with_are_counted() -> None:
    started = prepared(engine(), "{ boxes { label inner { label } } }", {}).start()
    payload = await started if isinstance(started, Awaitable) else started
    assert payload["extensions"]["cost"]["actual"] == 4
