"""Law 9: no customer sees another's data by any path. What may not be seen is answered like what is not there."""

import json
from typing import Any

import pytest
from storefront import ADMIN, Storefront, customer_token, partner

from domain.account import Grant
from domain.commands import ChangeSubscription, GrantEntitlement
from domain.policy import ChangeTiming
from domain.subscription import Cancel
from service.access.principal import Principal
from service.ids import new_id

EVERYTHING = """
query ($ref: CustomerRef!, $period: PeriodInput!) {
  customer(ref: $ref) {
    id externalId name email address { country } taxId { value } clock { id name }
    billingStatus { state message } entitlements { used limit sources { id label } }
    subscriptions(first: 100) { edges { node { id customer { id } scheduledChanges { id subscription { id } } } } }
    scheduledChanges { id } provider { anonymousId }
    usage(feature: "api_calls") { used }
    usageHistory(feature: "api_calls", period: $period, by: DAY) { value }
    usageEvents(feature: "api_calls", period: $period, first: 100) { edges { node { id } } }
  }
}
"""
JOURNAL = "query ($ref: CustomerRef!) { customer(ref: $ref) { journal(first: 100) { edges { node { payload } } } } }"
PERIOD = {"start": "2026-01-01T00:00:00Z", "end": "2026-03-01T00:00:00Z"}


class Tenant:
    """A customer with one of everything, and every id and word that is theirs alone."""

    id: str
    subscription_id: str
    change_id: str
    grant_id: str
    clock_id: str
    secrets: set[str]


async def tenant(shop: Storefront, name: str) -> Tenant:
    one = Tenant()
    one.clock_id = await shop.clock()
    one.id = await shop.customer(name, clock_id=one.clock_id)
    one.subscription_id = await shop.subscribe(one.id, "starter")
    one.change_id, one.grant_id = new_id("change"), new_id("grant")
    later = ChangeSubscription(one.subscription_id, one.change_id, Cancel(), ChangeTiming.PERIOD_END)
    await shop.record(one.id, later)
    account = await shop.account(one.id)
    feature = account.subscriptions[0].plan.feature("api_calls")
    grant = Grant(one.grant_id, feature, f"a favour to {name}", account.subscriptions[0].start_at, unlimited=True)
    await shop.record(one.id, GrantEntitlement(grant))
    await shop.use(one.id, "api.calls", "7")
    assert account.customer is not None
    one.secrets = {
        one.id,
        one.subscription_id,
        one.change_id,
        one.grant_id,
        one.clock_id,
        account.customer.anonymous_id,
        name,
        *account.customer.sealed.values(),
    }
    return one


def strangers(mine: Tenant) -> list[Principal]:
    return [customer_token(mine.id), partner(mine.id), partner()]


async def nothing_of(theirs: Tenant, shop: Storefront, by: Principal, query: str, **variables: Any) -> dict[str, Any]:
    """The answer, in which there is nothing of theirs but what was asked with."""
    answer = await shop.answer(query, by, **variables)
    given, told = json.dumps(variables), json.dumps(answer)
    assert not [word for word in theirs.secrets if word in told and word not in given], told
    data: dict[str, Any] = answer["data"]
    return data


async def test_a_customer_is_there_for_themselves_and_their_partner(shop: Storefront) -> None:
    mine = await tenant(shop, "mine")
    for by in (ADMIN, customer_token(mine.id), partner(mine.id)):
        data = await shop.ask(EVERYTHING, by, ref={"id": mine.id}, period=PERIOD)
        assert data["customer"]["externalId"] == "mine"
        assert data["customer"]["usage"] == {"used": "7"}
        for id in (mine.id, mine.subscription_id, mine.change_id, mine.grant_id, mine.clock_id):
            assert (await shop.ask("query ($id: ID!) { node(id: $id) { id } }", by, id=id))["node"] == {"id": id}


async def test_nobody_else_is_there_by_any_id(shop: Storefront) -> None:
    mine, theirs = await tenant(shop, "mine"), await tenant(shop, "theirs")
    ids = [theirs.id, theirs.subscription_id, theirs.change_id, theirs.grant_id, theirs.clock_id]
    node = "query ($id: ID!) { node(id: $id) { id __typename } }"
    nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }"
    others = "query ($id: ID!) { subscription(id: $id) { id customer { id } } testClock(id: $id) { id } }"
    for by in strangers(mine):
        for id in ids:
            assert await nothing_of(theirs, shop, by, node, id=id) == {"node": None}
            assert await nothing_of(theirs, shop, by, others, id=id) == {"subscription": None, "testClock": None}
        assert await nothing_of(theirs, shop, by, nodes, ids=ids) == {"nodes": [None] * 5}
        for ref in ({"id": theirs.id}, {"externalId": "theirs"}):
            data = await nothing_of(theirs, shop, by, EVERYTHING, ref=ref, period=PERIOD)
            assert data == {"customer": None}
            if by.role != "CUSTOMER":
                assert await nothing_of(theirs, shop, by, JOURNAL, ref=ref) == {"customer": None}


async def test_no_list_and_no_search_tells_of_others(shop: Storefront) -> None:
    mine, theirs = await tenant(shop, "mine"), await tenant(shop, "theirs")
    pages = """query ($search: String) {
      customers(first: 100, search: $search) { edges { node { id externalId } } pageInfo { hasNextPage } }
      testClocks(first: 100) { edges { node { id } } pageInfo { hasNextPage } }
      viewer { role customer { id externalId } }
    }"""
    searches = [None, "theirs", "theirs@example.org", "Ms", theirs.id]
    for by in strangers(mine):
        for search in searches:
            data = await nothing_of(theirs, shop, by, pages, search=search)
            assert len(data["customers"]["edges"]) <= 1
            assert not data["customers"]["pageInfo"]["hasNextPage"]
            assert len(data["testClocks"]["edges"]) == len(by.customer_ids or ())


@pytest.mark.parametrize("at", ["2026-01-31T12:00:00Z", "2026-02-20T00:00:00Z", "2020-01-01T00:00:00Z"])
async def test_no_instant_tells_of_others(shop: Storefront, at: str) -> None:
    mine, theirs = await tenant(shop, "mine"), await tenant(shop, "theirs")
    past = """query ($ids: [ID!]!, $at: DateTime!) { nodes(ids: $ids) {
      ... on Customer { billingStatus(at: $at) { message } entitlements(at: $at) { used sources { id label } } } } }"""
    for by in strangers(mine):
        data = await nothing_of(theirs, shop, by, past, ids=[theirs.id], at=at)
        assert data == {"nodes": [None]}


async def test_keys_are_for_those_who_manage_them(shop: Storefront) -> None:
    mine = await tenant(shop, "mine")
    key_id = "key_01h455vb4pex5vsknk084sn02q"
    for by in strangers(mine):
        assert await shop.code("{ apiKeys(first: 1) { edges { node { id } } } }", by) == "FORBIDDEN"
        assert await shop.code("query ($id: ID!) { node(id: $id) { id } }", by, id=key_id) == "FORBIDDEN"


async def test_the_journal_is_not_for_customers(shop: Storefront) -> None:
    mine = await tenant(shop, "mine")
    assert await shop.code(JOURNAL, customer_token(mine.id), ref={"id": mine.id}) == "FORBIDDEN"
