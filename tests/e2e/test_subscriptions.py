"""Each change of a subscription: now, at the end of its period, at a date; what conflicts is named."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from e2e.client import Api, Json, unique
from e2e.deployment import Deployment

STATE = """status plan { key } cadence quantity cancelAt pausedAt resumesAt endedAt trialEndsAt startedAt
    currentPeriod { start end } addOns { planVersion { plan { key } } quantity }
    scheduledChanges { id change effectiveAt }"""
CHANGED = f"subscription {{ {STATE} }} scheduled {{ id change effectiveAt }} conflicts {{ id change effectiveAt }}"

BEGIN, SOON, END = "2026-01-31T12:00:00Z", "2026-02-10T00:00:00Z", "2026-02-28T12:00:00Z"
NEXT_END = "2026-03-31T12:00:00Z"


@dataclass
class Life:
    """A customer on a test clock that stands at BEGIN, with a monthly subscription to starter."""

    api: Api
    clock: str
    customer: str
    id: str

    async def change(self, mutation: str, **input: Any) -> Json:
        asked = {"subscriptionId": self.id, "idempotencyKey": unique(), **input}
        return await self.api.do(mutation, CHANGED, **asked)

    async def refused(self, mutation: str, **input: Any) -> Json:
        asked = {"subscriptionId": self.id, "idempotencyKey": unique(), **input}
        payload = await self.api.attempt(mutation, CHANGED, **asked)
        assert (payload["subscription"], payload["scheduled"]) == (None, None)
        return payload

    async def now(self) -> Json:
        query = f"query($id: ID!) {{ subscription(id: $id) {{ {STATE} }} }}"
        found: Json = (await self.api.ask(query, id=self.id))["subscription"]
        return found

    async def advance(self, to: str) -> Json:
        await self.api.advance(self.clock, to)
        return await self.now()

    async def story(self) -> list[str]:
        """What the journal says of subscriptions, after the beginning."""
        told = [one for one in await self.api.journal(self.customer) if one["type"].startswith("subscription.")]
        return [f"{one['effectiveAt'][:10]} {one['type']}" for one in told[2:]]


@pytest_asyncio.fixture
async def life(api: Api) -> AsyncIterator[Life]:
    clock = await api.clock(BEGIN)
    customer = await api.customer(clockId=clock)
    yield Life(api, clock, customer, (await api.subscribe(customer, "starter"))["id"])


async def test_a_subscription_begins_now_by_the_month(life: Life) -> None:
    assert await life.now() == {
        "status": "ACTIVE",
        "plan": {"key": "starter"},
        "cadence": "MONTH",
        "quantity": 1,
        "cancelAt": None,
        "pausedAt": None,
        "resumesAt": None,
        "endedAt": None,
        "trialEndsAt": None,
        "startedAt": BEGIN,
        "currentPeriod": {"start": BEGIN, "end": END},
        "addOns": [],
        "scheduledChanges": [],
    }


async def test_one_may_begin_later_on_an_anchor_with_a_trial_and_prices_of_its_own(api: Api) -> None:
    clock = await api.clock(BEGIN)
    customer_id = await api.customer(clockId=clock)
    override = {"key": "base", "model": "FLAT", "cadence": "YEAR", "currency": "USD", "unitAmount": "9"}
    held = await api.subscribe(
        customer_id,
        "professional",
        f"{STATE} id billingAnchor priceOverrides {{ key unitAmount }}",
        cadence="YEAR",
        quantity=7,
        startAt="2026-02-01T00:00:00Z",
        billingAnchor="2026-03-01T00:00:00Z",
        trialDays=10,
        addOns=["drive"],
        priceOverrides=[override],
    )
    assert (held["status"], held["cadence"], held["quantity"]) == ("PENDING", "YEAR", 7)
    assert held["billingAnchor"] == "2026-03-01T00:00:00Z"
    assert held["addOns"] == [{"planVersion": {"plan": {"key": "drive"}}, "quantity": 1}]
    assert held["priceOverrides"] == [{"key": "base", "unitAmount": "9"}]
    life = Life(api, clock, customer_id, held["id"])
    started = await life.advance("2026-02-01T00:00:00Z")
    assert (started["status"], started["trialEndsAt"]) == ("TRIALING", "2026-02-11T00:00:00Z")
    paid = await life.advance("2026-02-11T00:00:00Z")
    # Up to the anchor, which comes round each year.
    assert paid["currentPeriod"] == {"start": "2026-02-11T00:00:00Z", "end": "2026-03-01T00:00:00Z"}
    year = await life.advance("2026-03-01T00:00:00Z")
    assert year["currentPeriod"] == {"start": "2026-03-01T00:00:00Z", "end": "2027-03-01T00:00:00Z"}


CHANGES: list[tuple[str, Json, str, Json]] = [
    ("changePlan", {"plan": "professional"}, "change plan to professional (version 1)", {"plan": "professional"}),
    (
        "changePlan",
        {"plan": "starter", "quantity": 4},
        "change plan to starter (version 1), quantity 4",
        {"quantity": 4},
    ),
    ("changeQuantity", {"quantity": 5}, "change quantity to 5", {"quantity": 5}),
    ("addAddOn", {"addOn": "drive", "quantity": 2}, "add 2 × drive", {"addOns": {"drive": 2}}),
    ("pauseSubscription", {}, "pause", {"status": "PAUSED"}),
    ("cancelSubscription", {}, "cancel", {"status": "CANCELED"}),
]


def _holds(state: Json, wanted: Json) -> bool:
    add_ons = {one["planVersion"]["plan"]["key"]: one["quantity"] for one in state["addOns"]}
    return all({**state, "plan": state["plan"]["key"], "addOns": add_ons}[name] == it for name, it in wanted.items())


@pytest.mark.parametrize(("mutation", "input", "told", "wanted"), CHANGES)
async def test_a_change_now_holds_at_once(life: Life, mutation: str, input: Json, told: str, wanted: Json) -> None:
    changed = await life.change(mutation, timing="NOW", **input)
    assert changed["scheduled"] is None
    assert _holds(changed["subscription"], wanted)
    assert await life.now() == changed["subscription"]


@pytest.mark.parametrize(("timing", "at"), [("PERIOD_END", END), ("AT", SOON)])
@pytest.mark.parametrize(("mutation", "input", "told", "wanted"), CHANGES)
async def test_a_change_later_is_planned_and_holds_from_its_instant(
    life: Life, mutation: str, input: Json, told: str, wanted: Json, timing: str, at: str
) -> None:
    when = {"timing": timing} if timing == "PERIOD_END" else {"timing": timing, "at": at}
    planned = await life.change(mutation, **when, **input)
    assert (planned["scheduled"]["change"], planned["scheduled"]["effectiveAt"]) == (told, at)
    assert planned["subscription"]["scheduledChanges"] == [planned["scheduled"]]
    assert planned["subscription"]["cancelAt"] == (at if mutation == "cancelSubscription" else None)
    before = await life.advance({SOON: "2026-02-09T23:59:59.999999Z", END: "2026-02-28T11:59:59.999999Z"}[at])
    assert not _holds(before, wanted)
    after = await life.advance(at)
    assert _holds(after, wanted)
    assert after["scheduledChanges"] == []


async def test_a_move_to_another_rhythm_begins_a_period_of_its_own(life: Life) -> None:
    await life.advance(SOON)
    moved = await life.change("changePlan", plan="professional", cadence="YEAR")
    assert moved["subscription"]["currentPeriod"] == {"start": SOON, "end": "2027-02-10T00:00:00Z"}


async def test_an_add_on_is_counted_once_and_taken_away(life: Life) -> None:
    await life.change("addAddOn", addOn="drive")
    again = await life.change("addAddOn", addOn="drive", quantity=3)
    assert again["subscription"]["addOns"] == [{"planVersion": {"plan": {"key": "drive"}}, "quantity": 3}]
    gone = await life.change("removeAddOn", addOn="drive", timing="PERIOD_END")
    assert gone["scheduled"]["change"] == "remove drive"
    assert (await life.advance(END))["addOns"] == []


async def test_a_pause_ends_when_it_is_said_to_or_by_hand(life: Life) -> None:
    paused = await life.change("pauseSubscription", resumesAt=SOON)
    assert (paused["subscription"]["status"], paused["subscription"]["resumesAt"]) == ("PAUSED", SOON)
    assert (await life.advance(SOON))["status"] == "ACTIVE"
    await life.change("pauseSubscription")
    resumed = await life.change("resumeSubscription")
    assert (resumed["subscription"]["status"], resumed["subscription"]["pausedAt"]) == ("ACTIVE", None)
    assert await life.story() == [
        "2026-01-31 subscription.paused",
        "2026-02-10 subscription.resumed",
        "2026-02-10 subscription.paused",
        "2026-02-10 subscription.resumed",
    ]


async def test_a_cancellation_can_be_called_off_until_it_happens(life: Life) -> None:
    planned = await life.change("cancelSubscription", reason="too dear")
    assert planned["subscription"]["cancelAt"] == END
    revoked = await life.change("revokeCancellation")
    assert (revoked["subscription"]["cancelAt"], revoked["subscription"]["scheduledChanges"]) == (None, [])
    assert (await life.advance(END))["currentPeriod"] == {"start": END, "end": NEXT_END}
    assert (await life.change("cancelSubscription", timing="NOW"))["subscription"]["endedAt"] == END


async def test_a_planned_change_can_be_called_off(life: Life) -> None:
    planned = await life.change("changePlan", plan="free", timing="PERIOD_END")
    off = await life.api.do("cancelScheduledChange", CHANGED, id=planned["scheduled"]["id"], idempotencyKey=unique())
    assert off["subscription"]["scheduledChanges"] == []
    assert (await life.advance(END))["plan"] == {"key": "starter"}
    refused = await life.api.refused("cancelScheduledChange", id=planned["scheduled"]["id"], idempotencyKey=unique())
    assert refused == ("NOT_FOUND", ["input", "id"])


FIRST: dict[str, Json] = {
    "changePlan": {"plan": "professional"},
    "cancelSubscription": {},
    "changeQuantity": {"quantity": 3},
}


@pytest.mark.parametrize(
    ("planned", "mutation", "input"),
    [
        ("changePlan", "changePlan", {"plan": "free", "timing": "PERIOD_END"}),
        ("changePlan", "changePlan", {"plan": "free", "timing": "NOW"}),
        ("changePlan", "changePlan", {"plan": "free", "timing": "AT", "at": "2027-01-01T00:00:00Z"}),
        ("changePlan", "cancelSubscription", {"timing": "PERIOD_END"}),
        ("changePlan", "cancelSubscription", {"timing": "AT", "at": SOON}),
        ("cancelSubscription", "cancelSubscription", {"timing": "PERIOD_END"}),
        ("cancelSubscription", "changePlan", {"plan": "free", "timing": "AT", "at": "2027-01-01T00:00:00Z"}),
        ("changeQuantity", "changeQuantity", {"quantity": 9, "timing": "NOW"}),
        ("changeQuantity", "changePlan", {"plan": "free", "quantity": 2, "timing": "NOW"}),
    ],
)
async def test_what_conflicts_is_refused_by_name_and_gives_way_when_told_to(
    life: Life, deployment: Deployment, planned: str, mutation: str, input: Json
) -> None:
    first = (await life.change(planned, timing="PERIOD_END", **FIRST[planned]))["scheduled"]
    before = await deployment.contents()
    refused = await life.refused(mutation, **input)
    assert refused["conflicts"] == [first]
    assert [error["code"] for error in refused["userErrors"]] == ["CONFLICT"]
    assert first["id"] in refused["userErrors"][0]["message"]
    assert await deployment.contents() == before
    done = await life.change(mutation, replaceScheduled=True, **input)
    assert first not in done["subscription"]["scheduledChanges"]
    assert (await life.story())[1] == "2026-01-31 subscription.change_withdrawn"


async def test_other_subscriptions_of_the_customer_conflict_too(life: Life) -> None:
    other = await life.api.subscribe(life.customer, "drive")
    planned = await life.change("changePlan", plan="free", timing="PERIOD_END")
    refused = await life.refused("changePlan", subscriptionId=other["id"], plan="free")
    assert refused["conflicts"] == [planned["scheduled"]]
    told = await life.api.refused("subscribe", customer={"id": life.customer}, plan="free", idempotencyKey=unique())
    assert told == ("CONFLICT", ["input", "plan"])


@pytest.mark.parametrize(
    ("mutation", "input", "code", "field"),
    [
        ("changePlan", {"plan": "starter"}, "CONFLICT", "plan"),
        ("changePlan", {"plan": "free", "cadence": "WEEK"}, "INVALID", "cadence"),
        ("changePlan", {"plan": "free", "quantity": 0}, "INVALID", "quantity"),
        ("changePlan", {"plan": "free", "timing": "AT"}, "INVALID", "at"),
        ("changePlan", {"plan": "free", "timing": "AT", "at": BEGIN}, "INVALID", "at"),
        ("changePlan", {"plan": "free", "timing": "AT", "at": "2099-01-01T00:00:00Z"}, "INVALID", "at"),
        ("changePlan", {"plan": "free", "at": SOON}, "INVALID", "at"),
        ("changeQuantity", {"quantity": 0}, "INVALID", "quantity"),
        ("changeQuantity", {"quantity": -1}, "INVALID", "quantity"),
        ("changeQuantity", {"quantity": 1_000_001}, "INVALID", "quantity"),
        ("addAddOn", {"addOn": "starter"}, "CONFLICT", "addOn"),
        ("addAddOn", {"addOn": "drive", "quantity": 0}, "INVALID", "quantity"),
        ("removeAddOn", {"addOn": "drive"}, "NOT_FOUND", "addOn"),
        ("pauseSubscription", {"resumesAt": BEGIN}, "INVALID", "resumesAt"),
        ("resumeSubscription", {}, "CONFLICT", "subscriptionId"),
        ("revokeCancellation", {}, "CONFLICT", "subscriptionId"),
    ],
)
async def test_a_refusal_changes_nothing(
    life: Life, deployment: Deployment, mutation: str, input: Json, code: str, field: str
) -> None:
    before = await deployment.contents()
    (error,) = (await life.refused(mutation, **input))["userErrors"]
    assert (error["code"], error["field"]) == (code, ["input", field])
    assert await deployment.contents() == before


async def test_nothing_can_be_done_to_one_that_has_ended(life: Life, deployment: Deployment) -> None:
    await life.change("cancelSubscription", timing="NOW")
    before = await deployment.contents()
    for mutation, input, *_ in CHANGES:
        (error,) = (await life.refused(mutation, **input))["userErrors"]
        assert (mutation, error["code"], error["field"]) == (mutation, "CONFLICT", ["input", "subscriptionId"])
    assert await deployment.contents() == before


async def test_a_customer_holds_each_plan_once(api: Api, deployment: Deployment) -> None:
    customer_id = await api.customer()
    asked = (
        api.attempt(
            "subscribe",
            "subscription { id }",
            customer={"id": customer_id},
            plan="free",
            idempotencyKey=unique(),
        )
        for _ in range(10)
    )
    answers = await asyncio.gather(*asked)
    assert sorted(len(answer["userErrors"]) for answer in answers) == [0] + [1] * 9
    assert [one["type"] for one in await api.journal(customer_id)] == [
        "customer.created",
        "subscription.created",
        "subscription.started",
    ]


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"plan": "starter", "quantity": 0}, "INVALID", ["quantity"]),
        ({"plan": "starter", "cadence": "ONCE"}, "INVALID", ["cadence"]),
        ({"plan": "starter", "cadence": "DAY"}, "INVALID", ["cadence"]),
        ({"plan": "starter", "trialDays": -1}, "INVALID", ["trialDays"]),
        ({"plan": "starter", "trialDays": 731}, "INVALID", ["trialDays"]),
        ({"plan": "starter", "startAt": "0001-01-01T00:00:00Z"}, "INVALID", ["startAt"]),
        ({"plan": "starter", "billingAnchor": "9999-12-31T00:00:00Z"}, "INVALID", ["billingAnchor"]),
        ({"plan": "starter", "addOns": ["drive", "drive"]}, "CONFLICT", ["addOns", "1"]),
        ({"plan": "starter", "addOns": ["starter"]}, "CONFLICT", ["addOns", "0"]),
    ],
)
async def test_a_subscription_that_cannot_be_is_refused_and_changes_nothing(
    api: Api, deployment: Deployment, input: Json, code: str, field: list[str]
) -> None:
    customer_id = await api.customer()
    before = await deployment.contents()
    told = await api.refused("subscribe", customer={"id": customer_id}, idempotencyKey=unique(), **input)
    assert told == (code, ["input", *field])
    assert await deployment.contents() == before


async def test_a_customer_who_pays_in_another_currency_is_told_so(api: Api) -> None:
    customer_id = await api.customer(currency="EUR")
    told = await api.refused("subscribe", customer={"id": customer_id}, plan="starter", idempotencyKey=unique())
    assert told == ("CURRENCY_MISMATCH", ["input", "plan"])
