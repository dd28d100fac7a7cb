"""Query.plan, plans, features, meters: what is sold."""

from decimal import Decimal

from storefront import ADMIN, Storefront, customer_token

from domain.catalog import ChargeModel, PlanEntitlement, Price, Terms
from domain.commands import ArchivePlan, CreatePlan, PublishPlanVersion
from domain.money import Money
from domain.period import Cadence
from service.ids import new_id
from service.write.streams import CATALOG

PLAN = """
query ($key: String!) {
  plan(key: $key) {
    key name description archivedAt
    current {
      number trialDays billing plan { key } minimumSpend { amount currency }
      prices {
        key model cadence currency taxInclusive unitAmount percent meter { key } included
        tiers { upTo unitAmount flatAmount } packageSize proration
      }
      entitlements { feature { key kind meter { key aggregation eventType } } enabled limit hard resets rollover value }
    }
    versions { number }
  }
}
"""


async def test_a_plan_with_its_terms_and_all_its_versions(shop: Storefront) -> None:
    price = Price(new_id("price"), "fee", ChargeModel.FLAT, Cadence.MONTH, "EUR", Decimal("9.9"))
    minimum = (Money(Decimal(5), "EUR"), Money(Decimal("0.0049"), "JPY"))
    terms = Terms(trial_days=7, prices=(price,), minimum_spend=minimum)
    await shop.record(CATALOG, CreatePlan(new_id("plan"), new_id("version"), "duo", "Duo", "for two", terms))
    given = (PlanEntitlement("parallel_downloads", value={"most_at_once": [2, "two"]}),)
    await shop.record(CATALOG, PublishPlanVersion("duo", new_id("version"), Terms(entitlements=given)))
    plan = (await shop.ask(PLAN, key="duo"))["plan"]
    assert [version["number"] for version in plan["versions"]] == [1, 2]
    assert (plan["name"], plan["description"], plan["archivedAt"]) == ("Duo", "for two", None)
    assert plan["current"]["prices"] == plan["current"]["minimumSpend"] == []
    (entitlement,) = plan["current"]["entitlements"]
    assert entitlement["value"] == {"most_at_once": [2, "two"]}
    assert entitlement["feature"] == {"key": "parallel_downloads", "kind": "VALUE", "meter": None}
    first = """{ plan(key: "duo") { versions { trialDays minimumSpend { amount currency } prices { unitAmount } } } }"""
    version = (await shop.ask(first))["plan"]["versions"][0]
    assert version == {
        "trialDays": 7,
        "minimumSpend": [{"amount": "5.00", "currency": "EUR"}, {"amount": "0", "currency": "JPY"}],
        "prices": [{"unitAmount": "9.9"}],
    }


async def test_rates_keep_their_decimals(shop: Storefront) -> None:
    plan = (await shop.ask(PLAN, key="starter"))["plan"]
    overage = next(price for price in plan["current"]["prices"] if price["key"] == "api_calls_overage")
    assert overage["tiers"][-1] == {"upTo": None, "unitAmount": "0.000000001", "flatAmount": "0"}
    assert overage["meter"] == {"key": "api_calls"}
    assert overage["included"] == "1000000"


async def test_archived_plans_are_listed_when_asked_for(shop: Storefront) -> None:
    await shop.record(CATALOG, ArchivePlan("drive"))
    listed = "query ($all: Boolean!) { plans(includeArchived: $all) { key archivedAt } }"
    on_sale = [plan["key"] for plan in (await shop.ask(listed, all=False))["plans"]]
    assert on_sale == ["free", "starter", "professional", "enterprise"]
    drive = (await shop.ask(listed, all=True))["plans"][-1]
    assert drive["key"] == "drive"
    assert drive["archivedAt"] is not None
    assert (await shop.ask(PLAN, key="drive"))["plan"]["archivedAt"] is not None
    assert await shop.ask(PLAN, key="nothing") == {"plan": None}


async def test_features_and_meters_in_order_of_creation(shop: Storefront) -> None:
    data = await shop.ask("{ features { key meter { key } } meters { key unit property } }")
    assert [feature["key"] for feature in data["features"]][:2] == ["api_calls", "storage"]
    assert data["meters"][0] == {"key": "api_calls", "unit": "call", "property": None}


async def test_a_change_of_the_catalog_is_seen_at_once(shop: Storefront) -> None:
    for number in (1, 2, 3):
        command = CreatePlan(new_id("plan"), new_id("version"), f"p{number}", "P", None, Terms())
        await shop.record(CATALOG, command)
        assert (await shop.ask(PLAN, key=f"p{number}"))["plan"] is not None


async def test_the_catalog_is_for_customers_too_if_their_token_says_so(shop: Storefront) -> None:
    by = customer_token(await shop.customer("acme"))
    assert (await shop.ask("{ plans { key } viewer { role scopes } }", by))["viewer"] == {
        "role": "CUSTOMER",
        "scopes": ["catalog:read", "customers:read", "invoices:read"],
    }
    narrow = by.__class__(by.id, by.role, frozenset(), by.customer_ids)
    for query in ("{ plans { key } }", "{ features { key } }", "{ meters { key } }", '{ plan(key: "free") { key } }'):
        assert await shop.code(query, narrow) == "FORBIDDEN"
    assert await shop.code("{ customers(first: 1) { pageInfo { hasNextPage } } }", narrow) == "FORBIDDEN"
    assert (await shop.ask("{ viewer { customer { externalId } } }", narrow))["viewer"]["customer"] is not None
    assert (await shop.ask("{ viewer { customer { id } } }", ADMIN))["viewer"]["customer"] is None
