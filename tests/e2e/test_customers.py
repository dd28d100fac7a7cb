"""Customers: made once however many ask, changed, and forgotten in every place."""

import asyncio

from e2e.client import Api, unique
from e2e.deployment import Deployment

SHOWN = """customer { id externalId kind name email currency timezone createdAt erasedAt
    address { line1 country } taxId { value } provider { anonymousId } }"""


async def test_twenty_at_once_make_one_customer_and_are_told_the_same(api: Api, deployment: Deployment) -> None:
    external_id = unique("customer")
    asked = (
        api.do("createCustomer", SHOWN, externalId=external_id, name="Ana", kind="GROUP", timezone="Europe/Paris")
        for _ in range(20)
    )
    answers = await asyncio.gather(*asked)
    assert all(answer == answers[0] for answer in answers)
    customer = answers[0]["customer"]
    assert [entry["type"] for entry in await api.journal(customer["id"])] == ["customer.created"]
    found = await api.ask(
        "query($s: String!) { customers(first: 9, search: $s) { edges { node { id } } } }", s=external_id
    )
    assert [edge["node"]["id"] for edge in found["customers"]["edges"]] == [customer["id"]]
    orphans = await deployment.fetch("SELECT customer_id FROM vault EXCEPT SELECT customer_id FROM customers")
    assert orphans == []


async def test_the_same_again_is_the_same_also_after_a_change(api: Api) -> None:
    external_id = unique("customer")
    made = await api.do("createCustomer", SHOWN, externalId=external_id, name="Ana")
    await api.do("updateCustomer", SHOWN, customer={"id": made["customer"]["id"]}, name="Anna")
    again = await api.do("createCustomer", SHOWN, externalId=external_id, name="Ana")
    assert again["customer"] == {**made["customer"], "name": "Anna"}


async def test_another_customer_under_the_same_id_is_refused_and_changes_nothing(
    api: Api, deployment: Deployment
) -> None:
    external_id = unique("customer")
    await api.customer(external_id, name="Ana")
    before = await deployment.contents()
    for other in ({"name": "Bo"}, {}, {"name": "Ana", "kind": "GROUP"}, {"name": "Ana", "currency": "EUR"}):
        refused = await api.refused("createCustomer", externalId=external_id, **other)
        assert refused == ("ALREADY_EXISTS", ["input", "externalId"])
    assert await deployment.contents() == before


async def test_a_change_is_kept_and_said_to_be_whose(api: Api) -> None:
    customer_id = await api.customer(name="Ana", address={"country": "FR", "line1": "1 rue A"})
    changed = await api.do(
        "updateCustomer",
        SHOWN,
        customer={"id": customer_id},
        email="ana@example.com",
        address={"country": "DE"},
        currency="EUR",
        reason="moved",
    )
    assert (changed["customer"]["name"], changed["customer"]["email"]) == ("Ana", "ana@example.com")
    assert changed["customer"]["address"] == {"line1": None, "country": "DE"}
    last = (await api.journal(customer_id, "type actor reason payload"))[-1]
    assert (last["type"], last["actor"], last["reason"]) == ("customer.updated", "admin", "moved")
    assert last["payload"]["sealed"] == ["address", "email"]


async def test_a_change_that_changes_nothing_writes_nothing(api: Api, deployment: Deployment) -> None:
    customer_id = await api.customer(timezone="Europe/Paris", currency="EUR")
    before = await deployment.contents()
    await api.do("updateCustomer", SHOWN, customer={"id": customer_id}, timezone="Europe/Paris", currency="EUR")
    await api.do("updateCustomer", SHOWN, customer={"id": customer_id}, name=None)
    assert await deployment.contents() == before


async def test_the_currency_is_fixed_while_something_runs(api: Api, deployment: Deployment) -> None:
    customer_id = await api.customer()
    subscription = await api.subscribe(customer_id, "starter")
    before = await deployment.contents()
    told = await api.refused("updateCustomer", customer={"id": customer_id}, currency="EUR", name="Ana")
    assert told == ("CURRENCY_MISMATCH", ["input", "currency"])
    assert await deployment.contents() == before
    await api.do(
        "cancelSubscription",
        "__typename",
        subscriptionId=subscription["id"],
        timing="NOW",
        idempotencyKey=unique(),
    )
    changed = await api.do("updateCustomer", "customer { currency }", customer={"id": customer_id}, currency="EUR")
    assert changed["customer"] == {"currency": "EUR"}


SECRETS = ["Zoë-Geheim", "zoe-geheim@example.com", "Geheimweg-7", "GEHEIM-TAX-1", "geheim-external"]


async def test_an_erased_customer_is_gone_everywhere_but_in_the_figures(api: Api, deployment: Deployment) -> None:
    name, email, street, tax, external_id = SECRETS
    customer_id = await api.customer(
        external_id, name=name, email=email, taxId=tax, address={"country": "DE", "line1": street}
    )
    subscription = await api.subscribe(customer_id, "starter", addOns=["drive"])
    await api.do(
        "changePlan",
        "scheduled { id }",
        subscriptionId=subscription["id"],
        plan="free",
        timing="PERIOD_END",
        idempotencyKey=unique(),
    )
    await api.do(
        "grantEntitlement",
        "grant { id }",
        customer={"id": customer_id},
        feature="api_calls",
        limit=5,
        reason="sorry",
        idempotencyKey=unique(),
    )
    await api.use(customer_id, "api.calls", 7)
    token = (await api.do("createCustomerToken", "token", customer={"id": customer_id}))["token"]
    browser = api.with_key(token)
    assert (await browser.ask("{ viewer { customer { name } } }"))["viewer"]["customer"] == {"name": name}
    before = await api.journal(customer_id)

    erased = await api.do("eraseCustomer", SHOWN, customer={"externalId": external_id}, reason="asked to be forgotten")
    assert erased["customer"]["erasedAt"]
    assert {field: erased["customer"][field] for field in ("name", "email", "address", "taxId")} == {
        "name": None,
        "email": None,
        "address": None,
        "taxId": None,
    }
    assert erased["customer"]["externalId"] == customer_id

    # Nobody finds the person by any path: not the API, not a token, not a search, not in the bytes of the database.
    everything = await api.post(
        """query($id: ID!, $ref: CustomerRef!) {
            customer(ref: {id: $id}) { externalId name email address { line1 } taxId { value }
                subscriptions(first: 5) { edges { node { status scheduledChanges { id } } } }
                entitlements { feature { key } } scheduledChanges { id }
                journal(first: 100) { edges { node { type reason payload } } }
                usage(feature: "api_calls") { used } billingStatus { state message } }
            none: customer(ref: $ref) { id }
            canUse(customer: $ref, feature: "api_calls") { allowed trace }
        }""",
        {"id": customer_id, "ref": {"externalId": external_id}},
    )
    assert [secret for secret in SECRETS if secret in everything.text] == []
    shown = everything.json()["data"]
    assert shown["none"] is None
    assert shown["canUse"] == {"allowed": False, "trace": ["no such customer"]}
    assert shown["customer"]["entitlements"] == shown["customer"]["scheduledChanges"] == []
    assert [edge["node"]["status"] for edge in shown["customer"]["subscriptions"]["edges"]] == ["ENDED"]
    assert shown["customer"]["usage"] == {"used": "7"}
    for text in SECRETS:
        query = "query($s: String!) { customers(first: 1, search: $s) { edges { node { id } } } }"
        assert (await api.ask(query, s=text))["customers"]["edges"] == []
    assert await deployment.fetch("SELECT * FROM vault WHERE customer_id = $1", customer_id) == []
    contents = await deployment.text()
    assert [secret for secret in SECRETS if secret in contents] == []

    # What happened stays, and still chains.
    assert (await api.journal(customer_id))[: len(before)] == before
    assert await deployment.faults() == []


async def test_a_token_of_an_erased_customer_is_refused_within_a_second(api: Api) -> None:
    customer_id = await api.customer()
    browser = api.with_key((await api.do("createCustomerToken", "token", customer={"id": customer_id}))["token"])
    assert (await browser.ask("{ viewer { role } }"))["viewer"] == {"role": "CUSTOMER"}
    await api.do("eraseCustomer", "__typename", customer={"id": customer_id})
    await asyncio.sleep(1)
    assert await browser.fails("{ viewer { role } }") == ["UNAUTHENTICATED"]


async def test_an_erased_customer_can_do_nothing_and_be_erased_again(api: Api, deployment: Deployment) -> None:
    external_id = unique("customer")
    customer_id = await api.customer(external_id)
    me = {"customer": {"id": customer_id}}
    erased = await api.do("eraseCustomer", SHOWN, **me)
    before = await deployment.contents()
    assert await api.do("eraseCustomer", SHOWN, **me) == erased
    key = unique()
    grant = {"feature": "api_calls", "limit": 1, "reason": "a"}
    for mutation, input in (
        ("updateCustomer", {**me, "name": "Ana"}),
        ("subscribe", {**me, "plan": "free", "idempotencyKey": key}),
        ("grantEntitlement", {**me, **grant, "idempotencyKey": key}),
        ("createCustomerToken", me),
    ):
        assert (mutation, *await api.refused(mutation, **input)) == (mutation, "NOT_FOUND", ["input", "customer"])
    event = {"id": unique("event"), **me, "type": "api.calls", "value": 1}
    sent = await api.do("recordUsage", "results { status message }", events=[event])
    assert sent["results"] == [{"status": "REJECTED", "message": "the customer was erased"}]
    used = await api.do("consume", "decision { allowed reason }", **me, feature="api_calls", idempotencyKey=key)
    assert used["decision"] == {"allowed": False, "reason": "NO_SUBSCRIPTION"}
    assert await deployment.contents() == before
    another = await api.do("createCustomer", "customer { id }", externalId=external_id)
    assert another["customer"]["id"] != customer_id
