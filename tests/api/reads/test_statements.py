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


async def crowd(shop: Storefront, size: int, start: int = 0) -> None:
    for n in range(start, size):
        id = await shop.customer(f"c{n}", "starter")
        await shop.use(id, "api.calls", str(n + 1))
        await shop.use(id, "transfer", "1.5")


@pytest.mark.parametrize("query", [PAGE, PAST], ids=["present", "past"])
async def test_a_page_of_100_takes_as_many_statements_as_one_of_5(shop: Storefront, query: str) -> None:
    await crowd(shop, 5)
    engine = shop.runtime.engine
    at = shop.runtime.clock.now().isoformat()
    variables = {"first": 100} | ({"at": at} if query is PAST else {})
    await shop.ask(query, **variables)  # opens connections, which costs statements of its own
    async with counted(engine) as few:
        assert len((await shop.ask(query, **variables))["customers"]["edges"]) == 5
    await crowd(shop, 100, start=5)
    async with counted(engine) as many:
        assert len((await shop.ask(query, **variables))["customers"]["edges"]) == 100
    assert len(few) == len(many), "\n".join(many)
    assert 0 < len(many) <= 10
