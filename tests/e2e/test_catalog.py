"""Features, meters and plans: made once, made again without effect, frozen once published."""

import asyncio
from typing import Any

import pytest

from e2e.client import Api, Json, unique
from e2e.deployment import Deployment

VERSION = """number trialDays billing
    prices { key model cadence currency unitAmount included percent packageSize proration taxInclusive
             meter { key } tiers { upTo unitAmount flatAmount } }
    entitlements { feature { key } enabled limit hard resets rollover value }
    minimumSpend { amount currency }"""
PLAN = f"plan {{ key name description archivedAt current {{ {VERSION} }} versions {{ number }} }}"

# Every model once, with every field that it takes.
PRICES: list[Json] = [
    {"key": "fee", "model": "FLAT", "cadence": "MONTH", "currency": "EUR", "unitAmount": "99.00"},
    {"key": "fee", "model": "FLAT", "cadence": "YEAR", "currency": "EUR", "unitAmount": "990"},
    {"key": "fee", "model": "FLAT", "cadence": "MONTH", "currency": "JPY", "unitAmount": "15000"},
    {"key": "setup", "model": "FLAT", "cadence": "ONCE", "currency": "EUR", "unitAmount": "10"},
    {
        "key": "seat",
        "model": "PER_SEAT",
        "cadence": "MONTH",
        "currency": "EUR",
        "unitAmount": "49",
        "included": "1",
        "proration": "BY_DAY",
        "taxInclusive": True,
    },
    {
        "key": "unit",
        "model": "PER_UNIT",
        "cadence": "MONTH",
        "currency": "EUR",
        "unitAmount": "0.000000000001",
        "meterKey": "api_calls",
    },
    {
        "key": "graduated",
        "model": "GRADUATED",
        "cadence": "MONTH",
        "currency": "EUR",
        "meterKey": "transfer",
        "tiers": [
            {"upTo": "100", "unitAmount": "0.50", "flatAmount": "5"},
            {"upTo": "1000.5", "unitAmount": "0.30"},
            {"unitAmount": "0"},
        ],
    },
    {
        "key": "volume",
        "model": "VOLUME",
        "cadence": "QUARTER",
        "currency": "EUR",
        "meterKey": "transfer",
        "tiers": [{"unitAmount": "0.1"}],
        "proration": "NONE",
    },
    {
        "key": "package",
        "model": "PACKAGE",
        "cadence": "WEEK",
        "currency": "EUR",
        "unitAmount": "3",
        "packageSize": "1000",
        "meterKey": "api_calls",
    },
    {
        "key": "share",
        "model": "PERCENTAGE",
        "cadence": "DAY",
        "currency": "EUR",
        "percent": "2.9",
        "meterKey": "transfer",
        "proration": "FULL",
    },
]
ENTITLEMENTS: list[Json] = [
    {"feature": "api_calls", "limit": "1000", "hard": False, "resets": "MONTH", "rollover": "500"},
    {"feature": "storage"},
    {"feature": "parallel_downloads", "value": {"a": [1, None, "x"]}},
]
TERMS: Json = {
    "billing": "PREPAID",
    "trialDays": 14,
    "prices": PRICES,
    "entitlements": ENTITLEMENTS,
    "minimumSpend": [{"amount": "10.00", "currency": "EUR"}, {"amount": "1500", "currency": "JPY"}],
}


def setting(value: Any) -> Json:
    """Terms with nothing but a setting."""
    return {"prices": [], "entitlements": [{"feature": "parallel_downloads", "value": value}]}


def _shown(price: Json) -> Json:
    """A price as it is shown, from what was sent."""
    defaults: Json = {
        "unitAmount": None,
        "included": None,
        "percent": None,
        "packageSize": None,
        "proration": "BY_SECOND",
        "taxInclusive": False,
    }
    tiers = [{"upTo": None, "flatAmount": "0", **tier} for tier in price.get("tiers", [])]
    meter = {"key": price["meterKey"]} if "meterKey" in price else None
    sent = {name: value for name, value in price.items() if name != "meterKey"}
    return {**defaults, **sent, "meter": meter, "tiers": tiers}


async def test_a_plan_comes_back_as_it_was_sent(api: Api) -> None:
    made = await api.do("createPlan", PLAN, key="everything", name="Everything", version=TERMS)
    given: Json = {
        "enabled": None,
        "limit": None,
        "hard": None,
        "resets": None,
        "rollover": None,
        "value": None,
    }
    assert made["plan"] == {
        "key": "everything",
        "name": "Everything",
        "description": None,
        "archivedAt": None,
        "versions": [{"number": 1}],
        "current": {
            "number": 1,
            "trialDays": 14,
            "billing": "PREPAID",
            "prices": [_shown(price) for price in PRICES],
            "entitlements": [{**given, **one, "feature": {"key": one["feature"]}} for one in ENTITLEMENTS],
            "minimumSpend": TERMS["minimumSpend"],
        },
    }
    read = await api.ask(PLAN.replace("plan {", '{ plan(key: "everything") {', 1) + " }")
    assert read["plan"] == made["plan"]


async def test_making_the_same_again_changes_nothing(api: Api, deployment: Deployment) -> None:
    meter = {"key": unique("meter"), "aggregation": "SUM", "eventType": "pages", "unit": "page"}
    feature = {"key": unique("feature"), "name": "Pages", "kind": "METERED", "meterKey": meter["key"]}
    plan = {"key": unique("plan"), "name": "Plan", "description": "For all", "version": TERMS}
    first = [
        await api.do("createMeter", "meter { id key aggregation eventType property unit }", **meter),
        await api.do("createFeature", "feature { id key name kind unit meter { key } }", **feature),
        await api.do("createPlan", "plan { id current { id prices { id } } }", **plan),
    ]
    before = await deployment.contents()
    again = await asyncio.gather(
        api.do("createMeter", "meter { id key aggregation eventType property unit }", **meter),
        api.do("createFeature", "feature { id key name kind unit meter { key } }", **feature),
        api.do("createPlan", "plan { id current { id prices { id } } }", **plan),
    )
    assert (list(again), await deployment.contents()) == (first, before)


@pytest.mark.parametrize(
    ("mutation", "first", "other"),
    [
        ("createMeter", {"aggregation": "SUM", "eventType": "a"}, {"aggregation": "MAX", "eventType": "a"}),
        ("createMeter", {"aggregation": "SUM", "eventType": "a"}, {"aggregation": "SUM", "eventType": "b"}),
        ("createFeature", {"name": "A", "kind": "SWITCH"}, {"name": "B", "kind": "SWITCH"}),
        ("createFeature", {"name": "A", "kind": "SWITCH"}, {"name": "A", "kind": "VALUE"}),
        ("createPlan", {"name": "A", "version": TERMS}, {"name": "B", "version": TERMS}),
        ("createPlan", {"name": "A", "version": TERMS}, {"name": "A", "version": {**TERMS, "trialDays": 15}}),
        ("createPlan", {"name": "A", "version": setting(1)}, {"name": "A", "version": setting(True)}),
        ("createPlan", {"name": "A", "version": setting(0)}, {"name": "A", "version": setting("0")}),
    ],
)
async def test_other_content_under_the_same_key_is_refused_and_changes_nothing(
    api: Api, deployment: Deployment, mutation: str, first: Json, other: Json
) -> None:
    key = unique("key")
    await api.do(mutation, "__typename", key=key, **first)
    before = await deployment.contents()
    assert await api.refused(mutation, key=key, **other) == ("ALREADY_EXISTS", ["input", "key"])
    assert await deployment.contents() == before


async def test_twenty_at_once_make_one(api: Api, deployment: Deployment) -> None:
    key = unique("plan")
    asked = (api.do("createPlan", "plan { id current { id } }", key=key, name="A", version=TERMS) for _ in range(20))
    answers = await asyncio.gather(*asked)
    assert all(answer == answers[0] for answer in answers)
    (found,) = await deployment.fetch("SELECT count(*) FROM journal WHERE payload::text LIKE $1", f'%"{key}"%')
    assert found[0] == 1


async def test_subscribers_stay_on_the_version_they_bought(api: Api) -> None:
    key = unique("plan")
    fee = {"key": "fee", "model": "FLAT", "cadence": "MONTH", "currency": "USD", "unitAmount": "1"}

    def terms(limit: int) -> Json:
        return {
            "prices": [fee],
            "entitlements": [{"feature": "api_calls", "limit": limit, "hard": True, "resets": "MONTH"}],
        }

    async def limit(customer_id: str) -> Any:
        query = 'query($id: ID!) { canUse(customer: {id: $id}, feature: "api_calls", fresh: true) { limit } }'
        return (await api.ask(query, id=customer_id))["canUse"]["limit"]

    await api.do("createPlan", "plan { id }", key=key, name="Plan", version=terms(10))
    old, new = await api.customer(), await api.customer()
    await api.subscribe(old, key)
    published = await api.do(
        "publishPlanVersion", "plan { current { number } versions { number } }", plan=key, version=terms(20)
    )
    assert published["plan"] == {"current": {"number": 2}, "versions": [{"number": 1}, {"number": 2}]}
    same = await api.do("publishPlanVersion", "plan { current { number } }", plan=key, version=terms(20))
    assert same["plan"]["current"]["number"] == 2
    sold = await api.subscribe(new, key, "planVersion { number } plan { current { number } }")
    assert sold == {"planVersion": {"number": 2}, "plan": {"current": {"number": 2}}}
    assert (await limit(old), await limit(new)) == ("10", "20")


async def test_an_archived_plan_is_kept_by_those_who_have_it_and_sold_to_nobody(
    api: Api, deployment: Deployment
) -> None:
    key = unique("plan")
    await api.do("createPlan", "plan { id }", key=key, name="Plan", version={"prices": [], "entitlements": []})
    holder, late = await api.customer(), await api.customer()
    held = await api.subscribe(holder, key)
    other = await api.subscribe(late, "free")
    archived = await api.do("archivePlan", "plan { archivedAt }", plan=key)
    assert archived["plan"]["archivedAt"]
    assert await api.do("archivePlan", "plan { archivedAt }", plan=key) == archived
    before = await deployment.contents()
    for mutation, input, field in (
        ("subscribe", {"customer": {"id": late}, "plan": key}, "plan"),
        ("changePlan", {"subscriptionId": other["id"], "plan": key}, "plan"),
        ("addAddOn", {"subscriptionId": other["id"], "addOn": key}, "addOn"),
    ):
        told = await api.refused(mutation, **input, idempotencyKey=unique())
        assert told == ("CONFLICT", ["input", field])
    terms: Json = {"prices": [], "entitlements": [], "trialDays": 1}
    assert await api.refused("publishPlanVersion", plan=key, version=terms) == ("CONFLICT", ["input", "plan"])
    assert await deployment.contents() == before
    query = "query($id: ID!) { subscription(id: $id) { status plan { archivedAt } } }"
    assert (await api.ask(query, id=held["id"]))["subscription"] == {"status": "ACTIVE", "plan": archived["plan"]}
    shown = await api.ask("{ plans { key } all: plans(includeArchived: true) { key } }")
    assert key not in {plan["key"] for plan in shown["plans"]}
    assert key in {plan["key"] for plan in shown["all"]}


async def test_a_catalog_is_written_by_those_who_may(api: Api) -> None:
    made = await api.do("createApiKey", "secret", name="gate", role="SERVICE")
    service = api.with_key(made["secret"])
    query = "mutation($input: ArchivePlanInput!) { archivePlan(input: $input) { plan { id } } }"
    assert await service.fails(query, input={"plan": "free"}) == ["FORBIDDEN"]
    assert (await service.ask('{ plan(key: "free") { archivedAt } }'))["plan"] == {"archivedAt": None}
