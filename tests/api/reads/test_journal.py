"""Customer.journal: why everything is as it is, without what is nobody's business."""

import json

from storefront import ADMIN, NOON, SERVICE, Storefront, partner

from adapters.postgres.journal import sealed_entry
from api.types.journal import JournalEvent
from domain.access import ApiKey, Role, Scope
from domain.commands import EraseCustomer, UpdateCustomer
from domain.events import KeyCreated

JOURNAL = """
query ($ref: CustomerRef!, $first: Int, $after: String, $types: [String!]) {
  customer(ref: $ref) {
    journal(first: $first, after: $after, types: $types) {
      edges { cursor node {
        cursor type customer { id } effectiveAt recordedAt actor reason payload hash
      } }
      pageInfo { hasNextPage hasPreviousPage endCursor }
    }
  }
}
"""


async def test_entries_in_order_page_by_page(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter", await shop.clock())
    await shop.record(id, UpdateCustomer(timezone="Asia/Tokyo"))
    seen: list[dict] = []
    after = None
    for more in (True, False):
        page = (await shop.ask(JOURNAL, ref={"id": id}, first=3, after=after))["customer"]["journal"]
        assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (more, after is not None)
        after = page["pageInfo"]["endCursor"]
        seen += [edge["node"] for edge in page["edges"]]
    assert [node["type"] for node in seen] == [
        "customer.created",
        "subscription.created",
        "subscription.started",
        "invoice.finalized",
        "customer.updated",
    ]
    assert len({node["hash"] for node in seen}) == len({node["cursor"] for node in seen}) == len(seen)
    assert {node["customer"]["id"] for node in seen} == {id}
    assert {node["effectiveAt"] for node in seen} == {"2026-01-31T12:00:00Z"}
    assert [node["actor"] for node in seen] == ["admin", "admin", "time", "time", "admin"]
    assert seen[-1]["payload"] == {"timezone": "Asia/Tokyo"}


async def test_only_the_types_that_are_asked_for(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter")
    for types, expected in ((["customer.created"], ["customer.created"]), ([], []), (["é"], [])):
        page = (await shop.ask(JOURNAL, ref={"id": id}, first=9, types=types))["customer"]["journal"]
        assert [edge["node"]["type"] for edge in page["edges"]] == expected


async def test_payloads_name_sealed_fields_and_hide_the_provider_from_those_who_may_not_see_it(
    shop: Storefront,
) -> None:
    id = await shop.customer("acme")
    customer = (await shop.account(id)).customer
    assert customer is not None
    for by in (ADMIN, SERVICE, partner(id)):
        page = (await shop.ask(JOURNAL, by, ref={"id": id}, first=1))["customer"]["journal"]
        shown = page["edges"][0]["node"]["payload"]["customer"]
        assert shown["sealed"] == ["address", "email", "externalId", "name", "taxId"]
        assert shown.get("anonymousId") == (customer.anonymous_id if by is ADMIN else None)
        assert not [text for text in customer.sealed.values() if text in json.dumps(page)]


async def test_what_was_changed_stays_there_for_an_erased_customer(shop: Storefront) -> None:
    id = await shop.customer("acme")
    await shop.record(id, EraseCustomer())
    page = (await shop.ask(JOURNAL, ref={"id": id}, first=9))["customer"]["journal"]
    assert [edge["node"]["type"] for edge in page["edges"]] == ["customer.created", "customer.erased"]
    assert "acme" not in json.dumps(page)
    assert NOON.isoformat()[:10] not in page["edges"][0]["node"]["recordedAt"]


def test_the_hash_of_a_secret_is_nobodys_business() -> None:
    key = ApiKey("key_1", "ci", Role.PARTNER, (Scope.CATALOG_READ,), "0123abcd", ("customer_1",), NOON)
    entry = sealed_entry(
        "key_1",
        1,
        "event_1",
        KeyCreated(key),
        effective_at=NOON,
        recorded_at=NOON,
        actor="admin",
        reason=None,
        cause=None,
        previous=b"",
    )
    assert JournalEvent.of(entry, sees_provider=True).payload == {
        "key": {
            "id": "key_1",
            "name": "ci",
            "role": "PARTNER",
            "scopes": ["catalog:read"],
            "customerIds": ["customer_1"],
            "createdAt": "2026-01-31T12:00:00Z",
        }
    }


async def test_a_payload_tells_what_was_removed_from_what_was_left_alone(shop: Storefront) -> None:
    id = await shop.customer("acme")
    await shop.record(id, UpdateCustomer(sealed={"name": None}, country=None))
    page = (await shop.ask(JOURNAL, ref={"id": id}, first=1, types=["customer.updated"]))["customer"]["journal"]
    assert page["edges"][0]["node"]["payload"] == {"sealed": ["name"], "country": None}
