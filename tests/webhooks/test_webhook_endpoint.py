"""Webhooks at the real endpoint, and what support sees and does about them through the API."""

import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from stripe_fake import FakeStripe, signed
from stripe_fake.customers import create_customer
from stripe_shop import SECRETS

sys.path.insert(0, str(Path(__file__).parent.parent / "api" / "money"))

from e2e.client import Json, unique
from e2e.conftest import database
from e2e.deployment import Deployment, serving
from money_desk import Till, price

from api.routes.webhooks import BODY_BYTES_MAX
from domain.providers.provider import Unknown
from service.outage import DatabaseAway
from service.providers.webhooks import NoticeIntake

__all__ = ["database"]

SHOWN = "id providerEventId type state attempts error handledAt nextAttemptAt customer { id }"


@pytest_asyncio.fixture(scope="module")
async def deployment(database: str, stripe: FakeStripe) -> AsyncIterator[Deployment]:
    stripe.reset(seed=1)
    given = {"stripe_api_key": stripe.key, "stripe_base_url": stripe.url}
    async with serving(database, **given, stripe_webhook_secrets=",".join(SECRETS)) as running:
        yield running
        assert await running.faults() == []
        assert running.errors.records == []


class Desk:
    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.api, self.till = deployment, deployment.api, Till(deployment.api)
        self.base = deployment.url.removesuffix("/graphql")

    async def post(
        self, body: bytes | str, signature: str | None, provider: str = "stripe", **headers: str
    ) -> tuple[int, str]:
        given = {**headers, **({} if signature is None else {"stripe-signature": signature})}
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(f"{self.base}/webhooks/{provider}", content=body, headers=given)
        return answer.status_code, answer.text

    async def tell(self, **event: Any) -> Json:
        """Told and kept: as support sees it."""
        told = {"id": unique("evt"), "object": "event", "created": int(time.time()), "data": {"object": {}}, **event}
        body = json.dumps(told)
        assert await self.post(body, signed(body, SECRETS[:1])) == (200, "received\n")
        return next(one for one in await self.webhooks() if one["providerEventId"] == told["id"])

    async def webhooks(self, arguments: str = "first: 100") -> list[Json]:
        found = (await self.api.ask(f"{{ webhooks({arguments}) {{ edges {{ node {{ {SHOWN} }} }} }} }}"))["webhooks"]
        return [edge["node"] for edge in found["edges"]]

    async def replay(self, id: str, **input: Any) -> Json:
        replayed: Json = (await self.api.do("replayWebhook", f"webhook {{ {SHOWN} }}", id=id, **input))["webhook"]
        return replayed

    async def key(self, role: str, *scopes: str) -> str:
        asked = {"name": "x", "role": role, "scopes": list(scopes)}
        secret: str = (await self.api.do("createApiKey", "secret", **asked))["secret"]
        return secret


@pytest_asyncio.fixture
async def desk(deployment: Deployment) -> Desk:
    return Desk(deployment)


# ── coming in ────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_it_is_answered_once_it_is_kept_and_the_same_when_it_comes_again(desk: Desk) -> None:
    body = json.dumps({"id": "evt_1", "object": "event", "type": "x", "created": 1, "data": {"object": {}}})
    for _ in range(2):
        assert await desk.post(body, signed(body, SECRETS[1:])) == (200, "received\n")
    (kept,) = [one for one in await desk.webhooks() if one["providerEventId"] == "evt_1"]
    assert (kept["state"], kept["attempts"], kept["handledAt"], kept["customer"]) == ("PENDING", 0, None, None)


async def test_what_is_not_genuine_is_refused_alike_whatever_is_wrong(desk: Desk) -> None:
    body = json.dumps({"id": "evt_2", "object": "event", "type": "x", "created": 1, "data": {"object": {}}})
    good = signed(body, SECRETS[:1])
    answers = {
        await desk.post(body, None),
        await desk.post(body, "nonsense"),
        await desk.post(body + " ", good),
        await desk.post(body, signed(body, ["whsec_wrong"])),
        await desk.post(body, signed(body, SECRETS[:1], int(time.time()) - 600)),
        await desk.post(body, good, provider="nobody"),
        await desk.post(b"\xff", signed("x", SECRETS[:1])),
    }
    assert answers == {(400, "not accepted\n")}
    assert [one for one in await desk.webhooks() if one["providerEventId"] == "evt_2"] == []


async def test_a_body_that_is_too_large_is_not_read_to_its_end(desk: Desk) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    assert await desk.post(b"x" * (BODY_BYTES_MAX + 1), "t=1,v1=0") == (413, "too large\n")
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{desk.base}/webhooks/stripe", content=pieces())
    assert answer.status_code == 413


@pytest.mark.parametrize("outage", [DatabaseAway("CannotConnectNow"), Unknown("who sent it cannot be asked")])
async def test_while_the_database_is_away_stripe_is_to_come_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, outage: Exception
) -> None:
    """managoat/fountain #158: errors were answered with 200, and so never retried."""

    async def away(*_: object) -> bool:
        raise outage

    monkeypatch.setattr(NoticeIntake, "receive", away)
    body = json.dumps({"id": "evt_3", "object": "event", "type": "x", "created": 1, "data": {"object": {}}})
    assert await desk.post(body, signed(body, SECRETS[:1])) == (503, "try again later\n")


# ── support ──────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_support_sees_a_customers_webhooks_and_replays_them(desk: Desk, stripe: FakeStripe) -> None:
    buyer = await desk.till.buyer()
    anonymous = (await desk.till.about(buyer, "provider { anonymousId }"))["provider"]["anonymousId"]
    made = create_customer(stripe.account, {"metadata": {"tollgate": anonymous}})
    told = await desk.tell(type="customer.created", data={"object": made})
    assert told["customer"] is None
    replayed = await desk.replay(told["id"], reason="ticket 7")
    assert (replayed["state"], replayed["attempts"], replayed["error"]) == ("HANDLED", 1, None)
    assert replayed["customer"] == {"id": buyer.id}
    whose = f'first: 5, customer: {{id: "{buyer.id}"}}'
    assert [one["id"] for one in await desk.webhooks(whose)] == [told["id"]]
    assert await desk.webhooks(f"{whose}, state: [PENDING, FAILED]") == []
    assert await desk.webhooks('first: 5, customer: {id: "customer_01m7xzqmprem6tw0sa0ez4t5hj"}') == []
    linked = (await desk.api.journal(buyer.id, "type actor reason cause"))[-1]
    assert linked == {
        "type": "provider.linked",
        "actor": "admin",
        "reason": "ticket 7",
        "cause": f"webhook {told['id']}",
    }
    assert (await desk.api.ask(f'{{ node(id: "{told["id"]}") {{ id }} }}'))["node"] == {"id": told["id"]}


async def test_support_sees_what_was_given_up_and_replays_it(desk: Desk, stripe: FakeStripe) -> None:
    buyer = await desk.till.buyer()
    anonymous = (await desk.till.about(buyer, "provider { anonymousId }"))["provider"]["anonymousId"]
    made = create_customer(stripe.account, {"metadata": {"tollgate": anonymous}})
    told = await desk.tell(type="customer.created", data={"object": made})
    for kind, id in (("WEBHOOK", told["id"]), ("SYNC", "customer_1/gone")):
        await desk.deployment.fetch(
            """INSERT INTO work (kind, id, customer_id, since, state, attempts, next_at, error)
               VALUES ($1, $2, $3, '2026-01-01', 'GIVEN_UP', 40, '2099-01-01', 'no answer from Stripe')""",
            kind,
            id,
            buyer.id,
        )
    shown = "kind id attempts error since nextAttemptAt customer { id }"
    given_up = (await desk.api.ask(f"{{ givenUpWork(kind: [WEBHOOK]) {{ {shown} }} }}"))["givenUpWork"]
    assert given_up == [
        {
            "kind": "WEBHOOK",
            "id": told["id"],
            "attempts": 40,
            "error": "no answer from Stripe",
            "since": "2026-01-01T00:00:00Z",
            "nextAttemptAt": "2099-01-01T00:00:00Z",
            "customer": {"id": buyer.id},
        }
    ]
    whose = f'givenUpWork(customer: {{id: "{buyer.id}"}}) {{ kind }}'
    assert (await desk.api.ask(f"{{ {whose} }}"))["givenUpWork"] == [{"kind": "SYNC"}, {"kind": "WEBHOOK"}]
    found = [one["state"] for one in await desk.webhooks(f'first: 5, customer: {{id: "{buyer.id}"}}, state: [FAILED]')]
    assert found == []  # whom it is about is known when it is handled
    replayed = await desk.api.do("replayWork", "work { kind }", kind="WEBHOOK", id=told["id"])
    assert replayed["work"] is None
    whose = f'first: 5, customer: {{id: "{buyer.id}"}}'
    assert [(one["state"], one["attempts"]) for one in await desk.webhooks(whose)] == [("HANDLED", 41)]
    assert await desk.api.refused("replayWork", kind="WEBHOOK", id=told["id"]) == ("NOT_FOUND", ["input", "id"])


async def test_webhooks_come_in_pages_the_newest_first(desk: Desk) -> None:
    told = [(await desk.tell(type="x"))["id"] for _ in range(3)][::-1]
    page = "edges { cursor node { id } } pageInfo { hasNextPage }"
    first = (await desk.api.ask(f"{{ webhooks(first: 2) {{ {page} }} }}"))["webhooks"]
    assert [edge["node"]["id"] for edge in first["edges"]] == told[:2]
    after = first["edges"][-1]["cursor"]
    rest = (await desk.api.ask(f'{{ webhooks(first: 1, after: "{after}") {{ {page} }} }}'))["webhooks"]
    assert [edge["node"]["id"] for edge in rest["edges"]] == told[2:]
    back = (await desk.api.ask(f'{{ webhooks(last: 5, before: "{after}") {{ {page} }} }}'))["webhooks"]
    assert [edge["node"]["id"] for edge in back["edges"]] == told[:1]


async def test_only_support_sees_and_touches_them(desk: Desk) -> None:
    told = await desk.tell(type="x")
    service = desk.api.with_key(await desk.key("SERVICE", "customers:read", "payments:write"))
    support = desk.api.with_key(await desk.key("SUPPORT", "provider:read", "provider:write"))
    assert await service.fails("{ webhooks(first: 1) { edges { node { id } } } }") == ["FORBIDDEN"]
    for mutation, type_, asked in (
        ("replayWebhook", "ReplayWebhookInput", {"id": told["id"]}),
        ("replayWork", "ReplayWorkInput", {"kind": "WEBHOOK", "id": told["id"]}),
        ("reconcile", "ReconcileInput", {"since": "2026-01-01T00:00:00Z"}),
    ):
        document = f"mutation($input: {type_}!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
        assert await service.fails(document, input=asked) == ["FORBIDDEN"]
    assert (await support.do("replayWebhook", "webhook { state }", id=told["id"]))["webhook"]["state"] == "HANDLED"
    assert await support.refused("replayWebhook", id="webhook_01m7xzqmprem6tw0sa0ez4t5hj") == (
        "NOT_FOUND",
        ["input", "id"],
    )


async def test_support_compares_a_customer_or_a_time(desk: Desk) -> None:
    buyer = await desk.till.buyer()
    shown = "reconciliation { dryRun repaired differing findings { what } }"
    asked = {"customer": buyer.ref, "dryRun": True}
    found = (await desk.api.do("reconcile", shown, **asked))["reconciliation"]
    assert found == {"dryRun": True, "repaired": 0, "differing": 0, "findings": []}
    begin = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    assert not (await desk.api.do("reconcile", shown, since=begin))["reconciliation"]["dryRun"]
    for wrong, code, field in (
        ({}, "INVALID", "since"),
        ({"customer": buyer.ref, "since": begin}, "INVALID", "since"),
        ({"since": begin, "until": "2020-01-01T00:00:00Z"}, "INVALID", "until"),
        ({"since": "2020-01-01T00:00:00Z"}, "INVALID", "until"),
        ({"customer": {"externalId": "nobody"}}, "NOT_FOUND", "customer"),
    ):
        assert await desk.api.refused("reconcile", **wrong) == (code, ["input", field])


async def test_a_customer_is_found_by_whatever_they_quote(desk: Desk) -> None:
    external = unique("external")
    buyer = await desk.till.buyer(external_id=external)
    await desk.till.subscribe(buyer, await desk.till.plan(price("40")))
    number = (await desk.till.invoices(buyer))[-1]["number"]
    anonymous = (await desk.till.about(buyer, "provider { anonymousId }"))["provider"]["anonymousId"]

    async def found(text: str, key: str | None = None) -> list[str]:
        api = desk.api if key is None else desk.api.with_key(key)
        query = "query($text: String!) { customers(first: 5, search: $text) { edges { node { id } } } }"
        return [edge["node"]["id"] for edge in (await api.ask(query, text=text))["customers"]["edges"]]

    for text in (number, f" {number} ", external, buyer.id, anonymous):
        assert await found(text) == [buyer.id]
    assert await found(f"{number}0") == []
    narrow = await desk.key("SERVICE", "customers:read")
    assert [await found(text, narrow) for text in (external, number, anonymous)] == [[buyer.id], [], []]
