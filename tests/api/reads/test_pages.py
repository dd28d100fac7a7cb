"""Query.customers: pages that hold while customers are added, and what is searched for."""

import pytest
from storefront import ADMIN, SERVICE, Storefront, customer_token, partner

PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String, $search: String) {
  customers(first: $first, after: $after, last: $last, before: $before, search: $search) {
    edges { cursor node { externalId } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


def names(data: dict) -> list[str]:
    return [edge["node"]["externalId"] for edge in data["customers"]["edges"]]


async def test_pages_forward_and_back_hold_all_customers_once(shop: Storefront) -> None:
    everybody = [f"c{n}" for n in range(7)]
    for name in everybody:
        await shop.customer(name)
    seen: list[str] = []
    after = None
    for more in (True, True, False):
        data = await shop.ask(PAGE, first=3, after=after)
        info = data["customers"]["pageInfo"]
        assert (info["hasNextPage"], info["hasPreviousPage"]) == (more, after is not None)
        after = info["endCursor"]
        seen += names(data)
    assert seen == everybody
    before, back = None, []
    for more in (True, True, False):
        data = await shop.ask(PAGE, last=3, before=before)
        info = data["customers"]["pageInfo"]
        assert (info["hasPreviousPage"], info["hasNextPage"]) == (more, before is not None)
        before = info["startCursor"]
        back = names(data) + back
    assert back == everybody


async def test_a_page_does_not_move_when_customers_are_added(shop: Storefront) -> None:
    for name in ("a", "b", "c"):
        await shop.customer(name)
    first = await shop.ask(PAGE, first=2)
    await shop.customer("d")
    second = await shop.ask(PAGE, first=2, after=first["customers"]["pageInfo"]["endCursor"])
    assert (names(first), names(second)) == (["a", "b"], ["c", "d"])
    between = await shop.ask(
        PAGE,
        first=9,
        after=first["customers"]["edges"][0]["cursor"],
        before=second["customers"]["edges"][1]["cursor"],
    )
    assert names(between) == ["b", "c"]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"first": 1, "last": 1},
        {"first": 0},
        {"first": 101},
        {"last": -1},
        {"first": 1, "after": "nonsense"},
        {"first": 1, "after": ""},
        {"first": 1, "search": "  "},
        {"first": 1, "search": "x" * 501},
    ],
)
async def test_a_page_that_cannot_be_told_is_refused(shop: Storefront, wrong: dict) -> None:
    assert await shop.code(PAGE, **wrong) == "BAD_USER_INPUT"


async def test_a_cursor_of_another_list_is_refused(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter")
    held = "query ($ref: CustomerRef!) { customer(ref: $ref) { subscriptions(last: 1) { pageInfo { endCursor } } } }"
    cursor = (await shop.ask(held, ref={"id": id}))["customer"]["subscriptions"]["pageInfo"]["endCursor"]
    assert await shop.code(PAGE, first=1, after=cursor) == "BAD_USER_INPUT"


@pytest.mark.parametrize("search", ["acme", "ACME@example.org", "ms acme", " Acme ", "MS  ACME"])
async def test_search_finds_by_any_exact_name(shop: Storefront, search: str) -> None:
    await shop.customer("acme")
    await shop.customer("other")
    assert names(await shop.ask(PAGE, first=9, search=search)) == ["acme"]


async def test_search_by_part_of_a_word_finds_nobody(shop: Storefront) -> None:
    await shop.customer("acme")
    for search in ("acm", "%", "_", "example.org"):
        assert names(await shop.ask(PAGE, first=9, search=search)) == []


async def test_search_by_id_and_by_anonymous_id(shop: Storefront) -> None:
    id = await shop.customer("acme")
    account = await shop.account(id)
    assert account.customer is not None
    anonymous_id = account.customer.anonymous_id
    assert names(await shop.ask(PAGE, ADMIN, first=9, search=id)) == ["acme"]
    assert names(await shop.ask(PAGE, ADMIN, first=9, search=anonymous_id)) == ["acme"]
    assert names(await shop.ask(PAGE, SERVICE, first=9, search=anonymous_id)) == []


async def test_only_the_visible_are_paged_and_searched(shop: Storefront) -> None:
    acme = await shop.customer("acme")
    other = await shop.customer("other")
    third = await shop.customer("third")
    assert names(await shop.ask(PAGE, partner(acme, third), first=9)) == ["acme", "third"]
    assert names(await shop.ask(PAGE, partner(), first=9)) == []
    assert names(await shop.ask(PAGE, customer_token(other), first=9)) == ["other"]
    for search in ("acme", "ms", acme):
        assert "acme" not in names(await shop.ask(PAGE, customer_token(other), first=9, search=search))
    data = await shop.ask(PAGE, partner(acme, third), first=1)
    assert data["customers"]["pageInfo"]["hasNextPage"]
    assert not (await shop.ask(PAGE, partner(acme), first=1))["customers"]["pageInfo"]["hasNextPage"]
