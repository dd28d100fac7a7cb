"""Rights given by hand: beside what plans give, instead of it, against it; until they end."""

from typing import Any

import pytest

from e2e.client import Api, Json, unique
from e2e.deployment import Deployment

GRANT = (
    "grant { id feature { key } override enabled limit unlimited hard value priority reason expiresAt revoked endedAt }"
)


class Customer:
    """A customer on a test clock, who may have a plan."""

    def __init__(self, api: Api, id: str, clock: str) -> None:
        self.api, self.id, self.clock = api, id, clock

    @classmethod
    async def new(cls, api: Api, plan: str | None = None) -> "Customer":
        clock = await api.clock("2026-01-01T00:00:00Z")
        self = cls(api, await api.customer(clockId=clock), clock)
        if plan is not None:
            await api.subscribe(self.id, plan)
        return self

    async def grant(self, feature: str, **input: Any) -> str:
        asked = {"customer": {"id": self.id}, "feature": feature, "reason": "goodwill", "idempotencyKey": unique()}
        made = await self.api.do("grantEntitlement", GRANT, **{**asked, **input})
        id: str = made["grant"]["id"]
        return id

    async def revoke(self, grant_id: str) -> Json:
        made = await self.api.do(
            "revokeEntitlement", GRANT, grantId=grant_id, reason="a mistake", idempotencyKey=unique()
        )
        grant: Json = made["grant"]
        return grant

    async def may(self, feature: str, quantity: int = 1, shown: str = "allowed reason limit value") -> Json:
        query = f"""query($id: ID!, $feature: String!, $quantity: Decimal!) {{
            canUse(customer: {{id: $id}}, feature: $feature, quantity: $quantity, fresh: true) {{ {shown} }} }}"""
        found: Json = (await self.api.ask(query, id=self.id, feature=feature, quantity=quantity))["canUse"]
        return found

    async def right(self, feature: str, shown: str) -> Json | None:
        query = f"query($id: ID!) {{ customer(ref: {{id: $id}}) {{ entitlements {{ feature {{ key }} {shown} }} }} }}"
        rights = (await self.api.ask(query, id=self.id))["customer"]["entitlements"]
        return next((right for right in rights if right.pop("feature") == {"key": feature}), None)


async def test_a_grant_comes_back_as_it_was_given(api: Api) -> None:
    customer = await Customer.new(api)
    id = await customer.grant(
        "api_calls", limit="12.5", hard=False, priority=7, expiresAt="2026-02-01T00:00:00Z", reason="sorry"
    )
    shown = await api.ask("query($id: ID!) { node(id: $id) { ... on EntitlementGrant { " + GRANT[8:-1] + "} } }", id=id)
    assert shown["node"] == {
        "id": id,
        "feature": {"key": "api_calls"},
        "override": False,
        "enabled": None,
        "limit": "12.5",
        "unlimited": False,
        "hard": False,
        "value": None,
        "priority": 7,
        "reason": "sorry",
        "expiresAt": "2026-02-01T00:00:00Z",
        "revoked": False,
        "endedAt": None,
    }
    last = (await api.journal(customer.id, "type actor reason"))[-1]
    assert last == {"type": "entitlement.granted", "actor": "admin", "reason": "sorry"}


async def test_limits_add_up_and_each_source_is_named(api: Api) -> None:
    customer = await Customer.new(api, "free")
    grant_id = await customer.grant("api_calls", limit=500)
    right = await customer.right("api_calls", "limit hard remaining sources { kind id label limit }")
    assert right is not None
    (plan, grant) = right.pop("sources")
    assert right == {"limit": "10500", "hard": True, "remaining": "10500"}
    assert (plan["kind"], plan["label"], plan["limit"]) == ("PLAN", "Free", "10000")
    assert grant == {"kind": "GRANT", "id": grant_id, "label": "goodwill", "limit": "500"}


async def test_an_override_takes_the_place_of_the_plan_and_gives_it_back_when_it_ends(api: Api) -> None:
    customer = await Customer.new(api, "free")
    low = await customer.grant("api_calls", override=True, limit=3, priority=1)
    high = await customer.grant("api_calls", override=True, unlimited=True, priority=2)
    assert (await customer.may("api_calls", 99_999))["allowed"]
    ended = await customer.revoke(high)
    assert (ended["revoked"], ended["endedAt"]) == (True, "2026-01-01T00:00:00Z")
    assert (await customer.may("api_calls", 4)) == {
        "allowed": False,
        "reason": "LIMIT_REACHED",
        "limit": "3",
        "value": None,
    }
    await customer.revoke(low)
    assert (await customer.may("api_calls", 4))["limit"] == "10000"


async def test_a_denial_wins_over_all_that_gives(api: Api) -> None:
    customer = await Customer.new(api, "drive")
    await customer.grant("parallel_downloads", value=9)
    denial = await customer.grant("parallel_downloads", enabled=False, reason="abuse")
    denied = await customer.may("parallel_downloads", shown="allowed reason trace")
    assert (denied["allowed"], denied["reason"]) == (False, "REVOKED")
    assert "denied by abuse" in denied["trace"]
    await customer.revoke(denial)
    assert (await customer.may("parallel_downloads", 9)) == {
        "allowed": True,
        "reason": "INCLUDED",
        "limit": None,
        "value": 9,
    }
    assert (await customer.may("parallel_downloads", 10))["reason"] == "LIMIT_REACHED"


async def test_a_grant_holds_up_to_its_end_and_not_at_it(api: Api) -> None:
    customer = await Customer.new(api)
    await customer.grant("api_calls", limit=5, expiresAt="2026-01-10T00:00:00Z")
    assert (await customer.may("api_calls"))["reason"] == "GRANTED"
    await api.advance(customer.clock, "2026-01-09T23:59:59.999999Z")
    assert (await customer.may("api_calls"))["allowed"]
    await api.advance(customer.clock, "2026-01-10T00:00:00Z")
    assert (await customer.may("api_calls"))["reason"] == "NO_SUBSCRIPTION"
    assert (await api.journal(customer.id, "type effectiveAt actor"))[-1] == {
        "type": "entitlement.expired",
        "effectiveAt": "2026-01-10T00:00:00Z",
        "actor": "time",
    }


async def test_revoking_twice_changes_nothing(api: Api, deployment: Deployment) -> None:
    customer = await Customer.new(api)
    id = await customer.grant("api_calls", limit=5)
    ended = await customer.revoke(id)
    before = await api.journal(customer.id)
    assert await customer.revoke(id) == ended
    assert await api.journal(customer.id) == before
    assert (await customer.may("api_calls"))["reason"] == "REVOKED"


async def test_a_switch_is_on_by_hand(api: Api) -> None:
    await api.do("createFeature", "feature { id }", key="sso", name="Single sign-on", kind="SWITCH")
    customer = await Customer.new(api)
    assert (await customer.may("sso"))["reason"] == "NO_SUBSCRIPTION"
    await customer.grant("sso")
    assert await customer.may("sso") == {"allowed": True, "reason": "GRANTED", "limit": None, "value": None}


@pytest.mark.parametrize(
    ("input", "field"),
    [
        ({"feature": "api_calls"}, "limit"),
        ({"feature": "api_calls", "limit": -1}, "limit"),
        ({"feature": "api_calls", "limit": 1, "unlimited": True}, "unlimited"),
        ({"feature": "api_calls", "value": 1}, "value"),
        ({"feature": "api_calls", "limit": 1, "expiresAt": "2026-01-01T00:00:00Z"}, "expiresAt"),
        ({"feature": "api_calls", "limit": 1, "reason": " "}, "reason"),
        ({"feature": "api_calls", "limit": 1, "reason": "x" * 501}, "reason"),
        ({"feature": "parallel_downloads"}, "value"),
        ({"feature": "parallel_downloads", "limit": 1}, "limit"),
        ({"feature": "parallel_downloads", "value": 1, "hard": True}, "hard"),
        ({"feature": "parallel_downloads", "value": "x" * 9000}, "value"),
    ],
)
async def test_a_grant_that_makes_no_sense_is_refused_and_changes_nothing(
    api: Api, deployment: Deployment, input: Json, field: str
) -> None:
    customer = await Customer.new(api)
    before = await deployment.contents()
    asked = {"customer": {"id": customer.id}, "reason": "a", "idempotencyKey": unique(), **input}
    assert await api.refused("grantEntitlement", **asked) == ("INVALID", ["input", field])
    assert await deployment.contents() == before


async def test_the_cheapest_plan_that_would_allow_it_is_named(api: Api) -> None:
    customer = await Customer.new(api, "free")
    shown = "allowed reason cheapestPlan { key }"
    assert await customer.may("api_calls", 10_001, shown) == {
        "allowed": False,
        "reason": "LIMIT_REACHED",
        "cheapestPlan": {"key": "starter"},
    }
    assert (await customer.may("parallel_downloads", 4, shown))["cheapestPlan"] == {"key": "drive"}
    assert (await customer.may("nothing", 1, shown)) == {
        "allowed": False,
        "reason": "UNKNOWN_FEATURE",
        "cheapestPlan": None,
    }
