"""Documents: limits that hold with fragments expanded, found in linear time; costs; what is kept."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, get_introspection_query, parse
from shop import CORE

from graphql_edge.documents import Documents, Operation, Refused
from graphql_edge.limits import DocumentLimits, Limits
from graphql_edge.measure import DocumentMeasurer


def chain(length: int, width: int = 2) -> str:
    """A chain of fragments, each spreading the next `width` times: width ** length leaves when expanded."""
    links = [
        f"fragment F{n} on Item {{ {' '.join(f'a{w}: parent {{ ...F{n + 1} }}' for w in range(width))} }}"
        for n in range(length)
    ]
    return "{ item { ...F0 } }" + "".join(links) + f"fragment F{length} on Item {{ name }}"


@pytest.fixture
def documents() -> Documents:
    return Documents(CORE, Limits())


def read(documents: Documents, text: str, name: str | None = None) -> Operation:
    return documents.get(text).operation(name)


def code(documents: Documents, text: str) -> tuple[str, str]:
    with pytest.raises(Refused) as refusal:
        documents.get(text)
    return refusal.value.code, refusal.value.errors[0].message


@pytest.mark.parametrize("length", [5, 10, 18])
def test_a_chain_of_fragments_is_measured_in_as_many_steps_as_it_is_long(length: int) -> None:
    document = parse(chain(length))
    measurer = DocumentMeasurer(CORE, document, DocumentLimits(fields_max=10**9, aliases_max=10**9, depth_max=10**3))
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    measure = measurer.operation(operation)
    assert measure.fields == 3 * 2**length - 1  # item, 2 + 4 + … parents, 2 ** length names
    assert measurer.visited == 2 + 4 * length + 1  # item and its spread; per link two fields, two spreads; name


@pytest.mark.parametrize(("length", "width"), [(10, 2), (16, 2), (45, 2), (4, 12)])
def test_fragment_bombs_are_refused(documents: Documents, length: int, width: int) -> None:
    assert code(documents, chain(length, width))[0] == "QUERY_TOO_COMPLEX"


def repeated(selection: str, times: int) -> str:
    return " ".join([selection] * times)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{ " + "item { parent { " * 12 + "name" + " } }" * 12 + " }", "nested deeper"),
        ("{ item { " + "... on Item { " * 40 + "name" + " }" * 40 + " } }", "nested deeper"),
        ("{ " + " ".join(f"a{n}: later" for n in range(21)) + " }", "root fields"),
        ("{ item { " + " ".join(f"a{n}: name" for n in range(101)) + " } }", "aliases"),
        ("{ item { " + repeated("name @include(if: true)", 51) + " } }", "directives"),
        ("{ item { " + repeated("name", 60) + " } }", "share a response name"),
        ("{ item { ...A } } fragment A on Item { parent { ...B } } fragment B on Item { parent { ...A } }", "itself"),
        ("{ ...A } fragment A on Query { ...A }", "itself"),
        ("{ later }" + "".join(f" fragment F{n} on Query {{ later }}" for n in range(51)), "fragments"),
        (" ".join(f"query Q{n} {{ later }}" for n in range(21)), "operations"),
        ("{ __schema { types { fields { type { fields { name } } } } } }", "introspection"),
        ("{ later } #" + "x" * 20_000, "longer than"),
    ],
)  # fmt: skip
def test_each_limit_is_named_by_its_refusal(documents: Documents, text: str, words: str) -> None:
    refusal, message = code(documents, text)
    assert refusal == "QUERY_TOO_COMPLEX"
    assert words in message


def test_a_cost_does_not_grow_with_ever_more_variables() -> None:
    documents = Documents(CORE, Limits(document=DocumentLimits(tokens_max=5_000)))
    declared = " ".join(f"$v{n}: Int" for n in range(80))
    lists = " ".join(f"a{n}: related(first: $v{n}) {{ edges {{ node {{ name }} }} }}" for n in range(80))
    refusal, message = code(documents, f"query({declared}) {{ item {{ {lists} }} }}")
    assert refusal == "QUERY_TOO_COMPLEX"
    assert "list sizes" in message


@pytest.mark.parametrize(
    "text",
    ["{ " + repeated("later", 1_000) + " }", "{ echo(value: " + "[" * 300 + "]" * 300 + ") }", "{", "query {", "}"],
)
def test_the_parser_has_limits_of_its_own(documents: Documents, text: str) -> None:
    assert code(documents, text)[0] == "GRAPHQL_PARSE_FAILED"


def test_the_errors_of_a_document_are_bounded(documents: Documents) -> None:
    with pytest.raises(Refused) as refusal:
        documents.get("{ item { " + " ".join(f"x{n}" for n in range(500)) + " } }")
    assert len(refusal.value.errors) == DocumentLimits().errors_max + 1


def test_the_usual_introspection_query_passes(documents: Documents) -> None:
    operation = read(documents, get_introspection_query(descriptions=True, input_value_deprecation=True))
    assert operation.constant
    assert operation.fixed_cost == 50


@pytest.mark.parametrize(
    ("text", "variables", "cost"),
    [
        ("{ later }", {}, 0),
        ("{ item { name price } }", {}, 1),
        ("{ item { parent { parent { name } } } }", {}, 3),
        ("{ item { parts { parts { name } } } }", {}, 1 + 10 * (1 + 10)),
        ("{ items(first: 5) { edges { node { name } } } }", {}, 1 + 5),
        ("{ items(last: 5) { edges { cursor node { name parent { name } } } } }", {}, 1 + 5 * 2),
        ("{ items { edges { node { name } } } }", {}, 101),
        ("{ items(first: 5, last: 6) { edges { node { name } } } }", {}, 101),
        ("{ items(first: 5000) { edges { node { name } } } }", {}, 101),
        ("query($n: Int) { items(first: $n) { edges { node { name } } } }", {"n": 7}, 8),
        ("query($n: Int) { items(first: $n) { edges { node { name } } } }", {}, 101),
        ("query($n: Int) { items(first: $n) { edges { node { name } } } }", {"n": "x"}, 101),
        ("query($n: Int) { items(first: $n) { edges { node { name } } } }", {"n": -5}, 1),
        ("query($n: Int) { items(first: $n) { edges { node { name } } } }", {"n": 10**9}, 101),
        ("query($n: Int = 3) { items(first: $n) { edges { node { name } } } }", {}, 4),
        (
            "query($n: Int, $m: Int) { items(first: $n) { edges { node { related(first: $m) { edges { node { name } } }"
            " parent { name } } } } }",
            {"n": 4, "m": 3},
            1 + 4 * (1 + (1 + 3) + 1),
        ),
        ('{ byNames(names: ["a", "b", "c"]) { name parent { name } } }', {}, 6),
        ("query($names: [String!]!) { byNames(names: $names) { name } }", {"names": ["a"] * 250}, 250),
        ("{ ...A ...A } fragment A on Query { item { name } }", {}, 2),
        ("query($yes: Boolean!) { item @include(if: $yes) { name } }", {"yes": False}, 1),
        ("mutation { recordUsage(input: {events: []}) { accepted } }", {}, 1),
        ("subscription { level { value } }", {}, 1),
    ],
)
def test_the_static_cost(documents: Documents, text: str, variables: dict[str, Any], cost: int) -> None:
    assert read(documents, text).cost(variables) == cost


def test_a_cost_without_variables_is_a_number_made_once(documents: Documents) -> None:
    assert read(documents, "{ items(first: 5) { edges { node { name } } } }").fixed_cost == 6
    assert read(documents, "query($n: Int) { items(first: $n) { edges { cursor } } }").fixed_cost == 1
    assert read(documents, "query($n: Int) { items(first: $n) { edges { node { name } } } }").fixed_cost is None


def test_documents_are_kept_within_both_bounds() -> None:
    documents = Documents(CORE, Limits(cached_documents_max=3, cached_document_chars_max=200))
    first = documents.get("{ later }")
    assert documents.get("{ later }") is first
    for n in range(10):
        documents.get(f"{{ a{n}: later }}")
    assert len(documents._valid) == 3
    documents.get("{ later } #" + "x" * 185)
    assert documents._valid.currsize <= 200
    assert documents.get("{ later }") is not first


def test_a_refused_document_is_refused_again_without_another_look(documents: Documents) -> None:
    assert code(documents, "{ nope }") == code(documents, "{ nope }")
    assert len(documents._refused) == 1
    assert len(documents._valid) == 0


def test_only_selections_without_directives_are_planned(documents: Documents) -> None:
    assert read(documents, "{ item { name } }").static
    assert not read(documents, "query($x: Boolean!) { item { name @skip(if: $x) } }").static
    assert not read(documents, "{ ...A } fragment A on Query { item { ... @include(if: true) { name } } }").static


def test_an_operation_is_chosen_by_name_or_by_being_the_only_one(documents: Documents) -> None:
    text = "query A { later } query B { item { name } }"
    assert read(documents, text, "B").definition.name
    for name in (None, "C"):
        with pytest.raises(Refused) as refusal:
            read(documents, text, name)
        assert refusal.value.code == "BAD_REQUEST"
