"""Nobody sees anybody else's money, whatever they ask by; and it takes a scope to see one's own."""

import json

import pytest
from billed_customer import Billed, billed
from storefront import ADMIN, SERVICE, SUPPORT, Storefront, customer_token, partner

from domain.access import Scope
from service.access.principal import Principal

MONEY = """
query ($ref: CustomerRef!) { customer(ref: $ref) {
  balance { amount } billingStatus { owed { amount } overdue { id } }
  upcomingInvoice { id } invoices(first: 10) { edges { node { id number creditNotes { id } } } }
  credits { id } paymentMethods { id } payments(first: 10) { edges { node { id refunds { id } } } } coupons { id }
} }
"""


def strangers(mine: Billed) -> list[Principal]:
    return [customer_token(mine.customer_id), partner(mine.customer_id), partner()]


async def test_what_is_theirs_is_there_for_themselves_and_their_partner(shop: Storefront) -> None:
    mine = await billed(shop, "mine")
    for by in (ADMIN, SUPPORT, SERVICE, customer_token(mine.customer_id), partner(mine.customer_id)):
        told = json.dumps(await shop.ask(MONEY, by, ref={"id": mine.customer_id}))
        for id in (*mine.ids.values(), mine.draft_id):
            assert id in told
            assert (await shop.ask("query ($id: ID!) { node(id: $id) { id } }", by, id=id))["node"] == {"id": id}


async def test_nothing_of_anybody_else_is_there_by_any_id_number_or_list(shop: Storefront) -> None:
    mine, theirs = await billed(shop, "mine"), await billed(shop, "theirs")
    by_id = "query ($id: ID!) { node(id: $id) { id } invoice(id: $id) { id } }"
    lists = """{
      invoices(first: 100) { edges { node { id customer { id } creditNotes { id } } } }
      customers(first: 100) { edges { node { invoices(first: 10) { edges { node { id } } } upcomingInvoice { id } } } }
    }"""
    for by in strangers(mine):
        for id in (*theirs.ids.values(), theirs.draft_id):
            assert await shop.ask(by_id, by, id=id) == {"node": None, "invoice": None}
        assert await shop.ask('{ invoice(number: "INV-000002") { id } }', by) == {"invoice": None}
        for ref in ({"id": theirs.customer_id}, {"externalId": "theirs"}):
            assert await shop.ask(MONEY, by, ref=ref) == {"customer": None}
        told = json.dumps(await shop.ask(lists, by))
        assert [id for id in (theirs.customer_id, theirs.draft_id, *theirs.ids.values()) if id in told] == []
    assert theirs.invoice_id in json.dumps(await shop.ask(lists))


async def test_a_cursor_of_one_customers_list_is_none_of_anothers(shop: Storefront) -> None:
    mine, theirs = await billed(shop, "mine"), await billed(shop, "theirs")
    query = """query ($ref: CustomerRef!, $after: String) { customer(ref: $ref) {
      invoices(first: 1, after: $after) { pageInfo { endCursor } } } }"""
    given = await shop.ask(query, ref={"id": theirs.customer_id})
    cursor = given["customer"]["invoices"]["pageInfo"]["endCursor"]
    assert await shop.code(query, ref={"id": mine.customer_id}, after=cursor) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "field",
    [
        "upcomingInvoice { id }",
        "invoices(first: 1) { edges { cursor } }",
        "credits { id }",
        "paymentMethods { id }",
        "payments(first: 1) { edges { cursor } }",
        "coupons { id }",
        "billingStatus { overdue { id } }",
    ],
)
async def test_money_takes_the_scope_to_read_invoices(shop: Storefront, field: str) -> None:
    id = await shop.customer("acme", "starter")
    narrow = Principal("key_narrow", SERVICE.role, frozenset({Scope.CUSTOMERS_READ}), None)
    query = f"query ($ref: CustomerRef!) {{ customer(ref: $ref) {{ {field} }} }}"
    assert await shop.code(query, narrow, ref={"id": id}) == "FORBIDDEN"


async def test_lists_and_ids_take_it_too(shop: Storefront) -> None:
    mine = await billed(shop)
    narrow = Principal("key_narrow", SERVICE.role, frozenset({Scope.CUSTOMERS_READ}), None)
    assert await shop.code('{ invoice(number: "INV-000001") { id } }', narrow) == "FORBIDDEN"
    assert await shop.code("{ invoices(first: 1) { edges { cursor } } }", narrow) == "FORBIDDEN"
    for id in mine.ids.values():
        assert await shop.code("query ($id: ID!) { node(id: $id) { id } }", narrow, id=id) == "FORBIDDEN"


async def test_settings_and_coupons_are_for_those_who_run_the_shop(shop: Storefront) -> None:
    mine = await billed(shop)
    queries = (
        "{ billingSettings { seller { name } } }",
        "{ coupons { code } }",
        f'{{ node(id: "{mine.coupon_id}") {{ id }} }}',
    )
    for query in queries:
        for by in (customer_token(mine.customer_id), partner(mine.customer_id)):
            assert await shop.code(query, by) == "FORBIDDEN"
        for by in (ADMIN, SUPPORT, SERVICE):
            assert await shop.ask(query, by)


async def test_how_the_shop_bills(shop: Storefront) -> None:
    query = """{ billingSettings { seller { name country } zone invoices { prefix digits yearly } creditNotes { prefix }
      netDays dunning { retryDays graceDays lastStep } burnOrder taxRates { name } correctionsDays quoteMinutes } }"""
    assert await shop.ask(query) == {
        "billingSettings": {
            "seller": {"name": "Example, Inc.", "country": "US"},
            "zone": "UTC",
            "invoices": {"prefix": "INV-", "digits": 6, "yearly": False},
            "creditNotes": {"prefix": "CN-"},
            "netDays": 14,
            "dunning": {"retryDays": [2, 5, 7, 7], "graceDays": 14, "lastStep": "SUSPEND"},
            "burnOrder": ["PRIORITY", "EXPIRY", "PROMOTIONAL", "AGE"],
            "taxRates": [],
            "correctionsDays": 60,
            "quoteMinutes": 15,
        }
    }
