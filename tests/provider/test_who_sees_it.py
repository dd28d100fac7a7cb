"""A provider's names are for SUPPORT and ADMIN: nobody else finds one, wherever they look."""

import json

import pytest
from counter import LINK, Counter
from e2e.client import Json, unique

from domain.access import Role

EVERYTHING = f"""query($id: ID!, $payment: ID!, $method: ID!) {{
    customer(ref: {{id: $id}}) {{
        provider {{ {LINK} }}
        payments(first: 10) {{ edges {{ node {{ id reference method {{ id label }} refunds {{ id }} }} }} }}
        paymentMethods {{ id label provider }}
    }}
    payment: node(id: $payment) {{ ... on Payment {{ reference }} }}
    method: node(id: $method) {{ ... on PaymentMethod {{ id label provider }} }}
}}"""
JOURNAL = "query($id: ID!) { customer(ref: {id: $id}) { journal(first: 100) { edges { node { type payload } } } } }"


@pytest.fixture(scope="module")
def cache() -> dict[str, Json]:
    return {}


async def paid(counter: Counter, cache: dict[str, Json]) -> Json:
    """A customer with a charged card and a bank transfer; their ids, and all names that Stripe has for them."""
    if "paid" in cache:
        return cache["paid"]
    customer_id = await counter.api.customer()
    method = await counter.card(customer_id)
    item: Json = {"description": "Work", "unitAmount": {"amount": "30", "currency": "USD"}}
    await counter.do("addInvoiceItem", "itemId", customer={"id": customer_id}, **item)
    await counter.work()
    transfer: Json = {"amount": {"amount": "5", "currency": "USD"}, "reference": "RF18 5390"}
    await counter.do("recordPayment", "payment { id }", customer={"id": customer_id}, **transfer)
    (payment,) = [
        one["node"]["id"]
        for one in (await counter.api.ask(EVERYTHING, id=customer_id, payment=customer_id, method=method))["customer"][
            "payments"
        ]["edges"]
        if one["node"]["method"]
    ]
    link = await counter.link(customer_id)
    reference = link["providerCustomerId"]
    intents = [one["id"] for one in counter.fake.account.of("payment_intent") if one["customer"] == reference]
    tokens = [one["id"] for one in counter.fake.account.of("payment_method")]
    names = [link["anonymousId"], reference, *intents, *tokens]
    assert len(intents) == 1
    cache["paid"] = {"id": customer_id, "payment": payment, "method": method, "names": names}
    return cache["paid"]


@pytest.mark.parametrize("role", [Role.SERVICE, Role.PARTNER])
async def test_others_find_none_of_the_providers_names(counter: Counter, cache: dict[str, Json], role: Role) -> None:
    known = await paid(counter, cache)
    api = await counter.as_role(role, known["id"])
    seen = await api.ask(EVERYTHING, id=known["id"], payment=known["payment"], method=known["method"])
    assert seen["customer"]["provider"] is None
    assert seen["payment"] == {"reference": None}
    seen["journal"] = await api.ask(JOURNAL, id=known["id"])
    text = json.dumps(seen)
    for name in known["names"]:
        assert name not in text
    # What they may know they still do: the bank's reference, and that there is a card.
    assert "RF18 5390" in text
    assert "payment_method.added" in text
    assert seen["method"]["label"] == "Visa"


async def test_a_customer_with_a_token_of_their_own_finds_none_either(counter: Counter, cache: dict[str, Json]) -> None:
    known = await paid(counter, cache)
    made = await counter.api.do("createCustomerToken", "token", customer={"id": known["id"]})
    seen = await counter.api.with_key(made["token"]).ask(
        EVERYTHING, id=known["id"], payment=known["payment"], method=known["method"]
    )
    assert not [name for name in known["names"] if name in json.dumps(seen)]


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN])
async def test_support_and_admins_do(counter: Counter, cache: dict[str, Json], role: Role) -> None:
    known = await paid(counter, cache)
    api = await counter.as_role(role)
    seen = await api.ask(EVERYTHING, id=known["id"], payment=known["payment"], method=known["method"])
    journal = await api.ask(JOURNAL, id=known["id"])
    anonymous_id, reference, intent, *_ = known["names"]
    assert (seen["customer"]["provider"]["anonymousId"], seen["customer"]["provider"]["providerCustomerId"]) == (
        anonymous_id,
        reference,
    )
    assert seen["payment"] == {"reference": intent}
    assert all(name in json.dumps(journal) for name in (anonymous_id, reference, intent))


@pytest.mark.parametrize("role", [Role.SERVICE, Role.PARTNER])
async def test_others_do_not_push(counter: Counter, cache: dict[str, Json], role: Role) -> None:
    known = await paid(counter, cache)
    api = await counter.as_role(role, known["id"])
    asked = f"mutation($input: SyncCustomerInput!) {{ syncCustomer(input: $input) {{ providerLink {{ {LINK} }} }} }}"
    assert await api.fails(asked, input={"customer": {"id": known["id"]}}) == ["FORBIDDEN"]


async def test_a_partner_opens_no_portal_of_others(counter: Counter, cache: dict[str, Json]) -> None:
    known = await paid(counter, cache)
    other = await counter.api.customer(unique("other"))
    service = await counter.as_role(Role.SERVICE)
    opened: Json = {"customer": {"id": known["id"]}, "returnUrl": "https://app.example/"}
    assert (await service.do("openBillingPortal", "url", **opened))["url"]
    partner = await counter.as_role(Role.PARTNER, other)
    asked = "mutation($input: OpenBillingPortalInput!) { openBillingPortal(input: $input) { url } }"
    assert await partner.fails(asked, input=opened) == ["FORBIDDEN"]
