"""Query.customer: who they are."""

import pytest
from storefront import ADMIN, NOON, SERVICE, Storefront

from domain.commands import EraseCustomer

WHO = """
query ($ref: CustomerRef!) {
  customer(ref: $ref) {
    id externalId kind name email currency timezone createdAt erasedAt
    address { line1 line2 city postalCode region country } taxId { value } clock { id name now }
    provider { anonymousId providerCustomerId syncedAt pendingChanges drift }
  }
}
"""


async def test_a_customer_is_found_by_either_id_with_personal_data_opened(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", clock_id=clock_id)
    by_id = await shop.ask(WHO, ref={"id": id})
    assert by_id == await shop.ask(WHO, ref={"externalId": "acme"})
    customer = by_id["customer"]
    anonymous = customer["provider"].pop("anonymousId")
    assert anonymous.startswith("anon_")
    assert customer == {
        "id": id,
        "externalId": "acme",
        "kind": "USER",
        "name": "Ms acme",
        "email": "acme@example.org",
        "currency": "USD",
        "timezone": "Europe/Paris",
        "createdAt": "2026-01-31T12:00:00Z",
        "erasedAt": None,
        "address": {
            "line1": "1 Rue",
            "line2": None,
            "city": None,
            "postalCode": None,
            "region": None,
            "country": "FR",
        },
        "taxId": {"value": "FR123"},
        "clock": {"id": clock_id, "name": "a test", "now": "2026-01-31T12:00:00Z"},
        "provider": {"providerCustomerId": None, "syncedAt": None, "pendingChanges": 0, "drift": []},
    }


async def test_nobody_is_found_under_unknown_ids(shop: Storefront) -> None:
    for ref in (
        {"id": "customer_00000000000000000000000000"},
        {"id": "catalog"},
        {"id": ""},
        {"externalId": "nobody"},
        {"externalId": ""},
    ):
        assert await shop.ask(WHO, ref=ref) == {"customer": None}


async def test_of_an_erased_customer_only_what_names_nobody_is_left(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter", await shop.clock())
    await shop.record(id, EraseCustomer())
    assert await shop.ask(WHO, ref={"externalId": "acme"}) == {"customer": None}
    customer = (await shop.ask(WHO, ref={"id": id}))["customer"]
    assert customer["externalId"] == id
    assert customer["erasedAt"] == "2026-01-31T12:00:00Z"
    assert [customer[field] for field in ("name", "email", "address", "taxId")] == [None] * 4
    past = (
        "query ($ref: CustomerRef!, $at: DateTime!) { customer(ref: $ref) { name billingStatus(at: $at) { state } } }"
    )
    then = await shop.ask(past, ref={"id": id}, at=NOON.isoformat())
    assert then == {"customer": {"name": None, "billingStatus": {"state": "CANCELED"}}}


async def test_what_the_provider_knows_is_for_those_who_may_know(shop: Storefront) -> None:
    id = await shop.customer("acme")
    assert (await shop.ask(WHO, SERVICE, ref={"id": id}))["customer"]["provider"] is None
    assert (await shop.ask(WHO, ADMIN, ref={"id": id}))["customer"]["provider"] is not None


async def test_each_in_their_own_time(shop: Storefront) -> None:
    """Two customers of one plan: a test clock's lives in its year, the other in ours."""
    query = """query ($ref: CustomerRef!) { customer(ref: $ref) { subscriptions(first: 1) {
        edges { node { currentPeriod { start end } } } } } }"""
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.customer("real", "starter")
    await shop.advance(clock_id, NOON.replace(month=3, day=15))  # nobody catches up: the answer does not wait for it
    period = (await shop.ask(query, ref={"id": id}))["customer"]["subscriptions"]["edges"][0]["node"]["currentPeriod"]
    assert period == {"start": "2026-02-28T12:00:00Z", "end": "2026-03-31T11:00:00Z"}
    real = (await shop.ask(query, ref={"externalId": "real"}))["customer"]["subscriptions"]["edges"][0]["node"]
    assert real["currentPeriod"]["start"] > "2026-04"


async def test_a_customer_is_named_by_exactly_one_id(shop: Storefront) -> None:
    await shop.customer("acme")
    for ref in ({}, {"id": "x", "externalId": "acme"}, {"id": None}, {"externalId": None}, None, "acme"):
        with pytest.raises(AssertionError, match="BAD_USER_INPUT"):
            await shop.answer(WHO, ref=ref)
