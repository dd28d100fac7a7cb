"""Query.node and Query.nodes: anything by its id."""

import pytest
from billed_customer import billed
from storefront import ADMIN, NOON, Storefront

from adapters.postgres import inbox
from api.schema import schema
from domain.access import ApiKey, Role, Scope
from domain.account import Grant
from domain.commands import ChangeSubscription, CreateKey, GrantEntitlement
from domain.policy import ChangeTiming
from domain.providers.notice import About, Notice, Subject
from domain.subscription import ChangeQuantity
from service.ids import new_id

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


async def one_of_each(shop: Storefront) -> dict[str, str]:
    """Type name → id."""
    version = await shop.version("starter")
    clock_id = await shop.clock()
    id = await shop.customer("acme", clock_id=clock_id)
    subscription_id, change_id, grant_id, key_id = (
        await shop.subscribe(id, "starter"),
        new_id("change"),
        new_id("grant"),
        new_id("key"),
    )
    change = ChangeSubscription(subscription_id, change_id, ChangeQuantity(3), ChangeTiming.PERIOD_END)
    await shop.record(id, change)
    await shop.record(id, GrantEntitlement(Grant(grant_id, version.feature("storage"), "x", NOON, unlimited=True)))
    money = await billed(shop, "billed")
    webhook_id = new_id("webhook")
    async with shop.runtime.engine.begin() as connection:
        await inbox.keep(connection, webhook_id, "stripe", Notice("evt_1", "x", NOON, Subject(About.OTHER)))
    key = ApiKey(key_id, "ci", Role.SERVICE, (Scope.CATALOG_READ,), "hash", created_at=NOON)
    await shop.record(key_id, CreateKey(key, frozenset(Scope)))
    return {
        "Customer": id,
        "TestClock": clock_id,
        "Subscription": subscription_id,
        "ScheduledChange": change_id,
        "EntitlementGrant": grant_id,
        "ApiKey": key_id,
        "Webhook": webhook_id,
        "Plan": version.plan_id,
        "PlanVersion": version.id,
        "Price": version.terms.prices[0].id,
        "Feature": version.features[0].id,
        "Meter": version.meters[0].id,
        "Coupon": money.coupon_id,
        **money.ids,
    }


async def test_every_type_with_an_id_is_found_by_it(shop: Storefront) -> None:
    ids = await one_of_each(shop)
    interface = schema._schema.type_map["Node"]
    possible = {type_.name for type_ in schema._schema.get_possible_types(interface)}  # type: ignore[arg-type]
    assert possible == set(ids)
    for name, id in ids.items():
        assert await shop.ask(NODE, ADMIN, id=id) == {"node": {"__typename": name, "id": id}}
    many = await shop.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", ids=[*ids.values(), "x"])
    assert many == {"nodes": [*({"__typename": name} for name in ids), None]}


@pytest.mark.parametrize(
    "id", ["", "x", "catalog", "customer_", "plan_00000000000000000000000000", "CUSTOMER_01h455vb4pex5vsknk084sn02q"]
)
async def test_what_is_not_there_is_null(shop: Storefront, id: str) -> None:
    assert await shop.ask(NODE, id=id) == {"node": None}


async def test_more_than_100_at_once_are_refused(shop: Storefront) -> None:
    many = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert await shop.code(many, ids=["x"] * 101) == "BAD_USER_INPUT"


async def test_api_keys_are_listed_without_their_secrets(shop: Storefront) -> None:
    id = (await one_of_each(shop))["ApiKey"]
    query = """{ apiKeys(first: 10) { edges { node {
      id name role scopes customerIds createdAt expiresAt revokedAt } } pageInfo { hasNextPage } } }"""
    assert await shop.ask(query) == {
        "apiKeys": {
            "edges": [
                {
                    "node": {
                        "id": id,
                        "name": "ci",
                        "role": "SERVICE",
                        "scopes": ["catalog:read"],
                        "customerIds": None,
                        "createdAt": "2026-01-31T12:00:00Z",
                        "expiresAt": None,
                        "revokedAt": None,
                    }
                }
            ],
            "pageInfo": {"hasNextPage": False},
        }
    }
