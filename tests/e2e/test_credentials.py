"""Who may do what: API keys and the tokens of customers' browsers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.schema import schema
from domain.access import ROLE_SCOPES, Role, Scope
from e2e.client import Api, unique
from e2e.deployment import Deployment, serving
from e2e.documents import least

KEY = "key { id name role scopes customerIds expiresAt revokedAt }"


async def key(api: Api, role: str, **input: Any) -> tuple[str, Api]:
    """A new key: its id, and the API as seen with it."""
    made = await api.do("createApiKey", "secret key { id }", name="a key", role=role, **input)
    return made["key"]["id"], api.with_key(made["secret"])


async def token(api: Api, customer_id: str, **input: Any) -> Api:
    """The API as seen by a customer's browser."""
    made = await api.do("createCustomerToken", "token", customer={"id": customer_id}, **input)
    return api.with_key(made["token"])


async def test_a_secret_is_shown_once_and_kept_nowhere(api: Api, deployment: Deployment) -> None:
    made = await api.do("createApiKey", f"secret {KEY}", name="gate", role="SERVICE")
    secret = made["secret"]
    assert secret.startswith("tg_service_")
    assert secret.removeprefix("tg_service_") not in await deployment.text()
    listed = await api.post("{ apiKeys(first: 100) { edges { node { id name role } } } }")
    assert (made["key"]["id"] in listed.text, secret in listed.text) == (True, False)
    assert (await api.with_key(secret).ask("{ viewer { role scopes customer { id } } }"))["viewer"] == {
        "role": "SERVICE",
        "scopes": sorted(ROLE_SCOPES[Role.SERVICE]),
        "customer": None,
    }


@pytest.mark.parametrize("role", ["ADMIN", "SUPPORT", "SERVICE", "PARTNER"])
async def test_a_role_holds_its_scopes_and_a_key_may_hold_fewer(api: Api, role: str) -> None:
    narrowed: dict[str, Any] = {"customers": [{"id": await api.customer()}]} if role == "PARTNER" else {}
    _, full = await key(api, role, **narrowed)
    assert (await full.ask("{ viewer { role scopes } }"))["viewer"] == {
        "role": role,
        "scopes": sorted(ROLE_SCOPES[Role(role)]),
    }
    _, narrow = await key(api, role, scopes=["catalog:read", "catalog:read"], **narrowed)
    assert (await narrow.ask("{ viewer { scopes } plans { key } }"))["viewer"] == {"scopes": ["catalog:read"]}
    assert await narrow.fails("{ customers(first: 1) { edges { cursor } } }") == ["FORBIDDEN"]
    excess = sorted(set(Scope) - ROLE_SCOPES[Role(role)])
    if excess:
        told = await api.refused("createApiKey", name="a", role=role, scopes=excess, **narrowed)
        assert told == ("INVALID", ["input", "scopes"])


async def test_nobody_makes_a_key_that_is_wider_than_their_own(api: Api) -> None:
    _, maker = await key(api, "ADMIN", scopes=["keys:write", "catalog:read"])
    told = await maker.refused("createApiKey", name="a", role="ADMIN", scopes=["catalog:write"])
    assert told == ("INVALID", ["input", "scopes"])
    made = await maker.do("createApiKey", KEY, name="a", role="ADMIN")
    assert made["key"]["scopes"] == ["catalog:read", "keys:write"]


MUTATIONS: dict[str, str] = {
    "createFeature": Scope.CATALOG_WRITE,
    "createMeter": Scope.CATALOG_WRITE,
    "createPlan": Scope.CATALOG_WRITE,
    "publishPlanVersion": Scope.CATALOG_WRITE,
    "archivePlan": Scope.CATALOG_WRITE,
    "createCustomer": Scope.CUSTOMERS_WRITE,
    "updateCustomer": Scope.CUSTOMERS_WRITE,
    "eraseCustomer": Scope.CUSTOMERS_ERASE,
    "subscribe": Scope.SUBSCRIPTIONS_WRITE,
    "changePlan": Scope.SUBSCRIPTIONS_WRITE,
    "changeQuantity": Scope.SUBSCRIPTIONS_WRITE,
    "addAddOn": Scope.SUBSCRIPTIONS_WRITE,
    "removeAddOn": Scope.SUBSCRIPTIONS_WRITE,
    "pauseSubscription": Scope.SUBSCRIPTIONS_WRITE,
    "resumeSubscription": Scope.SUBSCRIPTIONS_WRITE,
    "cancelSubscription": Scope.SUBSCRIPTIONS_WRITE,
    "revokeCancellation": Scope.SUBSCRIPTIONS_WRITE,
    "cancelScheduledChange": Scope.SUBSCRIPTIONS_WRITE,
    "grantEntitlement": Scope.ENTITLEMENTS_WRITE,
    "revokeEntitlement": Scope.ENTITLEMENTS_WRITE,
    "recordUsage": Scope.USAGE_WRITE,
    "correctUsage": Scope.USAGE_WRITE,
    "consume": Scope.USAGE_WRITE,
    "reserveUsage": Scope.USAGE_WRITE,
    "commitReservation": Scope.USAGE_WRITE,
    "releaseReservation": Scope.USAGE_WRITE,
    "addInvoiceItem": Scope.INVOICES_WRITE,
    "removeInvoiceItem": Scope.INVOICES_WRITE,
    "adjustInvoiceLine": Scope.INVOICES_WRITE,
    "finalizeInvoice": Scope.INVOICES_WRITE,
    "voidInvoice": Scope.INVOICES_WRITE,
    "markUncollectible": Scope.INVOICES_WRITE,
    "issueCreditNote": Scope.INVOICES_WRITE,
    "planInstalments": Scope.INVOICES_WRITE,
    "payInvoice": Scope.PAYMENTS_WRITE,
    "createPaymentSetup": Scope.PAYMENTS_WRITE,
    "openBillingPortal": Scope.PAYMENTS_WRITE,
    "syncCustomer": Scope.PROVIDER_WRITE,
    "replayWebhook": Scope.PROVIDER_WRITE,
    "replayWork": Scope.PROVIDER_WRITE,
    "reconcile": Scope.PROVIDER_WRITE,
    "recordPayment": Scope.PAYMENTS_WRITE,
    "refundPayment": Scope.PAYMENTS_WRITE,
    "addPaymentMethod": Scope.PAYMENTS_WRITE,
    "setDefaultPaymentMethod": Scope.PAYMENTS_WRITE,
    "removePaymentMethod": Scope.PAYMENTS_WRITE,
    "buyCredit": Scope.PAYMENTS_WRITE,
    "grantCredit": Scope.CREDITS_WRITE,
    "voidCredit": Scope.CREDITS_WRITE,
    "applyCoupon": Scope.SUBSCRIPTIONS_WRITE,
    "removeCoupon": Scope.SUBSCRIPTIONS_WRITE,
    "createCoupon": Scope.SETTINGS_WRITE,
    "archiveCoupon": Scope.SETTINGS_WRITE,
    "updateBillingSettings": Scope.SETTINGS_WRITE,
    "createTestClock": Scope.CLOCKS_WRITE,
    "advanceTestClock": Scope.CLOCKS_WRITE,
    "createApiKey": Scope.KEYS_WRITE,
    "revokeApiKey": Scope.KEYS_WRITE,
    "createCustomerToken": Scope.TOKENS_WRITE,
}


async def test_every_mutation_needs_its_scope(api: Api) -> None:
    root = schema._schema.mutation_type
    assert root is not None
    assert set(root.fields) == set(MUTATIONS)
    for mutation, scope in MUTATIONS.items():
        others = sorted(set(Scope) - {Scope(scope), Scope.KEYS_WRITE} | {Scope.CATALOG_READ})
        _, without = await key(api, "ADMIN", scopes=others if scope != Scope.KEYS_WRITE else ["catalog:read"])
        input = least(root.fields[mutation].args["input"].type)
        name = mutation[0].upper() + mutation[1:]
        query = f"mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
        assert (mutation, await without.fails(query, input=input)) == (mutation, ["FORBIDDEN"])


async def test_a_revoked_key_is_refused_at_once_here_and_everywhere_within_a_second(
    api: Api, deployment: Deployment
) -> None:
    id, gate = await key(api, "SERVICE")
    await gate.ask("{ viewer { role } }")
    revoked = await api.do("revokeApiKey", KEY, id=id, reason="lost")
    assert revoked["key"]["revokedAt"]
    assert await gate.fails("{ viewer { role } }") == ["UNAUTHENTICATED"]
    again = await api.do("revokeApiKey", KEY, id=id)
    assert again == revoked
    (entry,) = await deployment.fetch(
        "SELECT actor, reason FROM journal WHERE type = 'key.revoked' AND stream_id = $1", id
    )
    assert tuple(entry) == ("admin", "lost")


async def test_a_revoked_key_is_refused_by_another_process_within_a_second(api: Api, deployment: Deployment) -> None:
    id, gate = await key(api, "SERVICE")
    async with serving(deployment.dsn) as process:
        there = Api(process.url, gate.key, process.api.http)
        await there.ask("{ viewer { role } }")
        await api.do("revokeApiKey", "__typename", id=id)
        await asyncio.sleep(1)
        assert await there.fails("{ viewer { role } }") == ["UNAUTHENTICATED"]


async def test_a_key_ends_when_it_is_said_to(api: Api) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=2)
    _, brief = await key(api, "SERVICE", expiresAt=ends.isoformat())
    await brief.ask("{ viewer { role } }")
    await asyncio.sleep((ends - datetime.now(UTC)).total_seconds())
    assert await brief.fails("{ viewer { role } }") == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("credential", [None, "nonsense", "tg_admin_" + "A" * 43, "é", "x" * 9000, "eyJ.eyJ.x"])
async def test_who_is_not_known_is_told_nothing(api: Api, credential: str | None) -> None:
    headers = {} if credential is None else {b"authorization": f"Bearer {credential}".encode()}
    response = await api.http.post(api.url, json={"query": "{ viewer { role } }"}, headers=headers)
    assert response.status_code == 401
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_partner_sees_only_the_customers_it_was_given(api: Api) -> None:
    ours, theirs = await api.customer(name="ours"), await api.customer(name="theirs")
    made = await api.do(
        "createApiKey",
        f"secret {KEY}",
        name="a partner",
        role="PARTNER",
        customers=[{"id": ours}, {"id": ours}],
    )
    assert made["key"]["customerIds"] == [ours]
    partner = api.with_key(made["secret"])
    shown = await partner.ask(
        """query($ours: ID!, $theirs: ID!) {
            viewer { role customer { id } }
            customers(first: 100) { edges { node { id name } } }
            ours: customer(ref: {id: $ours}) { name } theirs: customer(ref: {id: $theirs}) { name }
        }""",
        ours=ours,
        theirs=theirs,
    )
    assert shown == {
        "viewer": {"role": "PARTNER", "customer": None},
        "customers": {"edges": [{"node": {"id": ours, "name": "ours"}}]},
        "ours": {"name": "ours"},
        "theirs": None,
    }


async def test_a_token_opens_one_customer_for_as_long_as_it_says(api: Api) -> None:
    me, other = await api.customer(name="me"), await api.customer(name="other")
    browser = await token(api, me, lifetimeSeconds=2)
    shown = await browser.ask(
        """query($other: ID!) {
            viewer { role scopes customer { name } } customers(first: 100) { edges { node { name } } }
            customer(ref: {id: $other}) { name }
        }""",
        other=other,
    )
    assert shown == {
        "viewer": {
            "role": "CUSTOMER",
            "scopes": ["catalog:read", "customers:read", "invoices:read"],
            "customer": {"name": "me"},
        },
        "customers": {"edges": [{"node": {"name": "me"}}]},
        "customer": None,
    }
    await asyncio.sleep(2)
    assert await browser.fails("{ viewer { role } }") == ["UNAUTHENTICATED"]


async def test_a_token_can_be_narrow_and_not_wide(api: Api) -> None:
    me = await api.customer()
    narrow = await token(api, me, scopes=["catalog:read"])
    assert await narrow.fails("{ customers(first: 1) { edges { cursor } } }") == ["FORBIDDEN"]
    for input, field in (
        ({"scopes": ["usage:write"]}, "scopes"),
        ({"scopes": ["fly"]}, "scopes"),
        ({"lifetimeSeconds": 0}, "lifetimeSeconds"),
        ({"lifetimeSeconds": 86_401}, "lifetimeSeconds"),
    ):
        told = await api.refused("createCustomerToken", customer={"id": me}, **input)
        assert told == ("INVALID", ["input", field])


async def test_who_makes_tokens_needs_no_more_than_that(api: Api) -> None:
    me = await api.customer(unique("customer"))
    _, backend = await key(api, "SERVICE", scopes=["tokens:write", "customers:read"])
    browser = await token(backend, me)
    assert (await browser.ask("{ viewer { role } }"))["viewer"] == {"role": "CUSTOMER"}
    told = await browser.fails(
        "mutation($input: CreateCustomerTokenInput!) { createCustomerToken(input: $input) { token } }",
        input={"customer": {"id": me}},
    )
    assert told == ["FORBIDDEN"]
