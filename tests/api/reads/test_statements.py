"""A page takes the same few statements whatever its size."""

import pytest
from statements import counted
from storefront import Storefront

PAGE = """
query ($first: Int!) {
  customers(first: $first) {
    edges {
      node {
        id externalId name billingStatus { state message }
        subscriptions(first: 1) {
          edges { node { id status plan { key name } planVersion { number trialDays } currentPeriod { end } } }
        }
        entitlements {
          enabled limit used remaining hard period { end } feature { key }
        }
        scheduledChanges { change }
      }
    }
    pageInfo { hasNextPage }
  }
}
"""
PAST = """
query ($first: Int!, $at: DateTime!) {
  customers(first: $first) { edges { node { entitlements(at: $at) { used } billingStatus(at: $at) { state } } } }
}
"""


async def crowd(shop: Storefront, size: int, start: int = 0) -> str:
    """Customers with a plan and usage. Returns an instant after which each of them bought something more."""
    ids = [await shop.customer(f"c{n}", "starter") for n in range(start, size)]
    for n, id in enumerate(ids):
        await shop.use(id, "api.calls", str(n + 1))
        await shop.use(id, "transfer", "1.5")
    before = shop.runtime.clock.now().isoformat()
    for id in ids:
        await shop.subscribe(id, "drive")
    return before


@pytest.mark.parametrize("query", [PAGE, PAST], ids=["present", "past"])
async def test_a_page_of_100_takes_as_many_statements_as_one_of_5(shop: Storefront, query: str) -> None:
    engine = shop.runtime.engine
    at = await crowd(shop, 5)
    async with counted(engine) as few:
        assert len((await shop.ask(query, **_asked(query, at)))["customers"]["edges"]) == 5
    at = await crowd(shop, 100, start=5)
    async with counted(engine) as many:
        assert len((await shop.ask(query, **_asked(query, at)))["customers"]["edges"]) == 100
    assert len(few) == len(many), "\n".join(many)
    assert 0 < len(many) <= 10


def _asked(query: str, at: str) -> dict[str, object]:
    return {"first": 100, "at": at} if query is PAST else {"first": 100}
