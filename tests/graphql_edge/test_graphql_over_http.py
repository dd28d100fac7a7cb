"""GraphQL over HTTP: which request gets which status and media type. The published audits are a subset of this table;
`python tests/audits/run.py` runs them as they are."""

import re
from typing import Any

import pytest
from served import Edge

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
NAME = "{ __typename }"
TYPE = "query Type($name: String!) { __type(name: $name) { name } }"
NEEDS_NAMES = "query ($names: [String!]!) { byNames(names: $names) { name } }"


DEAR = (
    "{ items(first: 100) { edges { node { related(first: 100) { edges { node {"
    " related(first: 10) { edges { node { name } } } } } } } } } }"
)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (None, JSON),
        ("", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.9", GRAPHQL),
        (f"text/html, {JSON};q=0.1", JSON),
        (f"{JSON}; charset=utf-8", JSON),
        (f"{JSON};q=0, */*;q=0.1", JSON),
    ],
)
async def test_the_answer_has_the_media_type_that_was_asked_for(edge: Edge, accept: str | None, media: str) -> None:
    headers = {"content-type": JSON} | ({"accept": accept} if accept is not None else {})
    request = edge.http.build_request("POST", "/graphql", json={"query": NAME}, headers=headers)
    if accept is None:
        del request.headers["accept"]
    response = await edge.http.send(request)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media}; charset=utf-8"
    assert response.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("accept", ["text/plain", "image/*", f"{JSON};q=0", f"{JSON}; charset=latin-1"])
async def test_what_cannot_be_sent_is_not_acceptable(edge: Edge, accept: str) -> None:
    response = await edge.http.post("/graphql", json={"query": NAME}, headers={"accept": accept})
    assert response.status_code == 406


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (JSON, 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON; Charset=UTF-8", 200),
        ('application/json; charset="utf-8"', 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data", 415),
        ("", 415),
        (None, 415),
    ],
)
async def test_a_body_is_json_in_utf_8(edge: Edge, content_type: str | None, status: int) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    response = await edge.http.post("/graphql", content=b'{"query":"{ __typename }"}', headers=headers)
    assert response.status_code == status


BAD: list[Any] = [{"obj": "ect"}, 0, False, ["array"]]
NOT_A_MAP: list[Any] = ["string", 0, False, ["array"]]


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"notquery": NAME},
        {"qeury": NAME},
        {"query": None},
        *({"query": value} for value in BAD),
        *({"query": NAME, "operationName": value} for value in BAD),
        *({"query": NAME, "variables": value} for value in NOT_A_MAP),
        *({"query": NAME, "extensions": value} for value in NOT_A_MAP),
        {"query": "query A { __typename } query B { __typename }"},
        {"query": "query A { __typename } query B { __typename }", "operationName": "C"},
        [{"query": NAME}],
    ],
)
async def test_a_request_that_is_not_well_formed_is_a_bad_one(edge: Edge, accept: str, body: Any) -> None:
    response = await edge.http.post("/graphql", json=body, headers={"accept": accept})
    assert response.status_code == 400
    answer = response.json()
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize("parameter", ["variables", "operationName", "extensions"])
async def test_null_is_as_good_as_absent(edge: Edge, accept: str, parameter: str) -> None:
    response = await edge.http.post("/graphql", json={"query": NAME, parameter: None}, headers={"accept": accept})
    assert response.status_code == 200
    assert "errors" not in response.json()


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize(
    "body",
    [
        {"query": TYPE, "variables": {"name": "Query"}},
        {"query": "query Named { __typename }", "operationName": "Named"},
        {"query": NAME, "extensions": {"some": "value"}},
        {"query": "query A { __typename } query B { __typename }", "operationName": "B"},
        {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'},
        {"query": NAME, "unknown": ["parameters", "are", "ignored"]},
    ],
)
async def test_well_formed_requests_are_executed(edge: Edge, accept: str, body: Any) -> None:
    response = await edge.http.post("/graphql", json=body, headers={"accept": accept})
    assert response.status_code == 200
    assert "errors" not in response.json()


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", None, "GRAPHQL_PARSE_FAILED"),
        ("", None, "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ 8f31403dfe404bccbb0e835f2629c6a7 }", None, "GRAPHQL_PARSE_FAILED"),
        ("fragment F on Query { __typename }", None, "GRAPHQL_VALIDATION_FAILED"),
        (NEEDS_NAMES, {"names": None}, "BAD_USER_INPUT"),
        (NEEDS_NAMES, {}, "BAD_USER_INPUT"),
        (NEEDS_NAMES, {"names": [1]}, "BAD_USER_INPUT"),
        (DEAR, None,
         "QUERY_TOO_COMPLEX"),
    ],
)  # fmt: skip
async def test_a_refused_document_is_400_for_those_who_know_the_media_type(
    edge: Edge, query: str, variables: Any, code: str
) -> None:
    for accept, status in ((GRAPHQL, 400), (JSON, 200)):
        body = {"query": query, "variables": variables}
        response = await edge.http.post("/graphql", json=body, headers={"accept": accept})
        assert response.status_code == status
        answer = response.json()
        assert "data" not in answer
        assert answer["errors"][0]["extensions"]["code"] == code
        assert answer["errors"][0]["extensions"]["requestId"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "params", "status"),
    [
        ("GET", {"query": NAME}, 200),
        ("GET", {"query": TYPE, "variables": '{"name":"Query"}'}, 200),
        ("GET", {"query": TYPE, "variables": '{"name":"Query"}', "extensions": "{}", "operationName": "Type"}, 200),
        ("GET", {"query": NAME, "variables": "null"}, 200),
        ("GET", {"query": NAME, "variables": "[1]"}, 400),
        ("GET", {"query": NAME, "variables": "{"}, 400),
        ("GET", {"query": NAME, "extensions": "1"}, 400),
        ("GET", {}, 400),
        ("GET", {"query": "mutation { __typename }"}, 405),
        ("GET", {"query": "mutation { setLevel(to: 9) }"}, 405),
        ("GET", {"query": "query A { __typename } mutation B { setLevel(to: 9) }", "operationName": "B"}, 405),
        ("GET", {"query": "query A { __typename } mutation B { setLevel(to: 9) }", "operationName": "A"}, 200),
        ("GET", {"query": "subscription { level { value } }"}, 406),
        ("PUT", {"query": NAME}, 405),
        ("DELETE", {}, 405),
        ("HEAD", {"query": NAME}, 405),
    ],
)
async def test_get_reads_and_other_methods_mean_nothing(
    edge: Edge, method: str, params: dict[str, str], status: int
) -> None:
    response = await edge.http.request(method, "/graphql", params=params, headers={"accept": GRAPHQL})
    assert response.status_code == status
    assert edge.shop.level == 0
    if status == 405:
        assert response.headers["allow"] == "GET, POST, OPTIONS"


async def test_a_parameter_given_twice_is_refused(edge: Edge) -> None:
    response = await edge.http.get("/graphql?query={__typename}&query={later}")
    assert response.status_code == 400


@pytest.mark.parametrize("authorization", [None, "", "Bearer nobody", "Basic YWRtaW4="])
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_without_valid_credentials_nothing_is_parsed(edge: Edge, authorization: str | None, accept: str) -> None:
    headers = {"accept": accept} | ({"authorization": authorization} if authorization is not None else {})
    request = edge.http.build_request("POST", "/graphql", json={"query": "{"}, headers=headers)
    if authorization is None:
        del request.headers["authorization"]
    response = await edge.http.send(request)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_spent_budget_is_429_with_the_time_to_come_back(edge: Edge) -> None:
    edge.shop.budget = 0
    response = await edge.post("{ item { name } }")
    assert response.status_code == 429
    assert response.headers["retry-after"] == "7"
    assert response.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_the_unused_part_of_the_cost_is_given_back(edge: Edge) -> None:
    edge.shop.budget = 500
    response = await edge.post("{ item { parts { name } } }")
    cost = response.json()["extensions"]["cost"]
    assert cost == {"requested": 11, "actual": 3, "limit": 1000, "remaining": 500 - 10 - 3}
    assert edge.shop.spent == [10, 11, -8]  # a new document is read once
    await edge.post("{ item { parts { name } } }")
    assert edge.shop.spent[3:] == [11, -8]


async def test_nonsense_is_paid_for(edge: Edge) -> None:
    edge.shop.budget = 25
    statuses = [(await edge.post(f"{{ nope{n} }}")).status_code for n in range(4)]
    assert statuses == [400, 400, 429, 429]


async def test_errors_of_fields_keep_the_data_and_tell_only_what_is_meant(edge: Edge) -> None:
    response = await edge.post("{ crash refuse forbid item { name } }")
    assert response.status_code == 200
    answer = response.json()
    assert answer["data"] == {"crash": None, "refuse": None, "forbid": None, "item": {"name": "thing"}}
    told = {error["path"][0]: (error["message"], error["extensions"]["code"]) for error in answer["errors"]}
    assert told == {
        "crash": ("Internal error.", "INTERNAL"),
        "refuse": ("This is not for sale.", "NOT_FOR_SALE"),
        "forbid": ("These credentials do not allow this.", "FORBIDDEN"),
    }
    assert "secret" not in response.text


async def test_a_value_without_a_json_form_is_an_internal_error(edge: Edge) -> None:
    response = await edge.post("{ unwritable }")
    assert response.status_code == 200
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"


async def test_a_failing_callback_is_an_internal_error(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge.shop, "principals", None)
    response = await edge.post("{ later }")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-123", True), ("a" * 129, False), ("with space", False), ('"quoted"', False)]
)
async def test_a_sane_request_id_is_kept(edge: Edge, given: str, kept: bool) -> None:
    response = await edge.http.post("/graphql", json={"query": NAME}, headers={"x-request-id": given})
    assert (response.headers["x-request-id"] == given) is kept
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://app.example.com", True), ("https://evil.example.com", False)]
)
async def test_only_allowed_pages_may_read_answers(edge: Edge, origin: str, allowed: bool) -> None:
    response = await edge.http.post("/graphql", json={"query": NAME}, headers={"origin": origin})
    assert (response.headers.get("access-control-allow-origin") == origin) is allowed
    assert response.headers["vary"] == "origin"
    preflight = await edge.http.options("/graphql", headers={"origin": origin, "access-control-request-method": "POST"})
    assert preflight.status_code == 204
    assert ("access-control-allow-headers" in preflight.headers) is allowed


async def test_a_browser_gets_the_explorer_under_a_policy_that_allows_nothing_else(edge: Edge) -> None:
    response = await edge.http.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "src=" not in response.text
    with_query = await edge.http.get("/graphql", params={"query": NAME}, headers={"accept": "text/html,*/*;q=0.8"})
    assert with_query.json()["data"] == {"__typename": "Query"}


async def test_a_browser_that_asks_for_graphiql_gets_it_from_one_named_place(edge: Edge) -> None:
    response = await edge.http.get("/graphql?graphiql", headers={"accept": "text/html"})
    assert "GraphiQL.createFetcher" in response.text
    policy = response.headers["content-security-policy"]
    elsewhere = set(re.findall(r"https?://[^/\s;'\"]+", policy))
    assert elsewhere == {"https://unpkg.com"}
    assert set(re.findall(r"(?:src|href)=\"(https://[^/\"]+)", response.text)) == elsewhere
    assert response.text.count("integrity=") == response.text.count("https://unpkg.com/")


async def test_introspection_is_executed_once(edge: Edge) -> None:
    query = "{ __schema { types { name fields { name type { name } } } } }"
    first = await edge.post(query)
    contexts = len(edge.shop.contexts)
    second = await edge.post(query)
    assert first.json()["data"] == second.json()["data"]
    assert len(edge.shop.contexts) == contexts
