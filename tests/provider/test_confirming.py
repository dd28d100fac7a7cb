"""What a customer opens to confirm a payment: whoever sees the payment is told when they ask, and nothing keeps it."""

from collections.abc import Iterator

import pytest
from counter import WEBHOOK_SECRET, Counter
from e2e.client import Api, Json
from stripe_fake import Fault, signed
from stripe_fake.payments import authenticate
from stripe_fake.webhooks import body_of

SECURE = "pm_card_threeDSecure2Required"
SHOWN = "id status action actionSince"
PAYMENTS = f"""query($id: ID!) {{
    customer(ref: {{id: $id}}) {{ payments(first: 20) {{ edges {{ node {{ {SHOWN} }} }} }} }}
}}"""
ASKED = "GET payment_intents"


@pytest.fixture(autouse=True)
def fake_is_well(counter: Counter) -> Iterator[None]:
    yield
    counter.fake.faults.clear()


async def owing(counter: Counter, card: str, invoices: int = 1) -> str:
    """A customer with this card, which each of the invoices has been charged to."""
    customer_id = await counter.api.customer()
    await counter.card(customer_id, card)
    item: Json = {"description": "Work", "unitAmount": {"amount": "30", "currency": "USD"}}
    for _ in range(invoices):
        await counter.do("addInvoiceItem", "itemId", customer={"id": customer_id}, **item)
    await counter.work()
    return customer_id


async def payments(api: Api, customer_id: str) -> list[Json]:
    found = await api.ask(PAYMENTS, id=customer_id)
    return [edge["node"] for edge in found["customer"]["payments"]["edges"]]


def secrets(counter: Counter) -> dict[str, str]:
    """By our payment."""
    return {one["metadata"]["payment"]: one["client_secret"] for one in counter.fake.account.of("payment_intent")}


def asked(counter: Counter) -> list[str]:
    """What has been looked for at Stripe."""
    return [one.path for one in counter.fake.requests if f"{one.method} {one.path.split('/')[2]}" == ASKED]


async def test_no_table_holds_a_client_secret_after_3d_secure(counter: Counter) -> None:
    """Neither while the customer is to confirm it and has seen it, nor when it went through and Stripe told."""
    counter.fake.reset(seed=11)
    customer_id = await owing(counter, SECURE)
    (waiting,) = await payments(counter.api, customer_id)
    assert waiting["action"] == secrets(counter)[waiting["id"]]
    while_waiting = await counter.running.text()
    authenticate(counter.fake.account, waiting["action"])
    for event in counter.fake.account.events:
        body = body_of(event)
        headers = {"stripe-signature": signed(body, [WEBHOOK_SECRET])}
        assert await counter.runtime.intake.receive("stripe", body.encode(), headers)
    while await counter.runtime.handling.queue.round():
        pass
    (done,) = await payments(counter.api, customer_id)
    assert done == {"id": waiting["id"], "status": "SUCCEEDED", "action": None, "actionSince": None}
    afterwards = await counter.running.text()
    for stored in (while_waiting, afterwards):
        assert waiting["id"] in stored
        assert waiting["action"] not in stored
        assert "_secret_" not in stored


async def test_customers_see_what_is_theirs_to_confirm_and_nobody_elses(counter: Counter) -> None:
    counter.fake.reset(seed=12)
    mine, theirs = await owing(counter, SECURE), await owing(counter, SECURE)
    made = await counter.api.do("createCustomerToken", "token", customer={"id": mine})
    me = counter.api.with_key(made["token"])
    (payment,) = await payments(me, mine)
    assert payment["action"] == secrets(counter)[payment["id"]]
    assert payment["actionSince"] is not None
    (other,) = await payments(counter.api, theirs)
    before = len(asked(counter))
    found = await me.ask(f"query($id: ID!) {{ node(id: $id) {{ ... on Payment {{ {SHOWN} }} }} }}", id=other["id"])
    assert found == {"node": None}
    assert asked(counter)[before:] == []


async def test_stripe_is_asked_only_for_payments_that_wait_and_nothing_there_changes(counter: Counter) -> None:
    counter.fake.reset(seed=13)
    settled = await owing(counter, "pm_card_visa", invoices=2)
    waiting = await owing(counter, SECURE, invoices=3)
    before = len(counter.fake.requests)
    assert {one["action"] for one in await payments(counter.api, settled)} == {None}
    assert counter.fake.requests[before:] == []
    shown = await payments(counter.api, waiting)
    assert {one["id"]: one["action"] for one in shown}.items() <= secrets(counter).items()
    assert [f"{one.method} {one.path.split('/')[2]}" for one in counter.fake.requests[before:]] == [ASKED] * 3
    entries = "query($id: ID!) { customer(ref: {id: $id}) { journal(first: 100) { edges { cursor } } } }"
    journal = await counter.api.ask(entries, id=waiting)
    await payments(counter.api, waiting)
    assert await counter.api.ask(entries, id=waiting) == journal


async def test_while_stripe_is_away_the_payment_is_shown_without_it(counter: Counter) -> None:
    counter.fake.reset(seed=14)
    customer_id = await owing(counter, SECURE)
    counter.fake.faults.add(Fault.UNAVAILABLE, "GET /v1/payment_intents")
    (payment,) = await payments(counter.api, customer_id)
    assert (payment["status"], payment["action"]) == ("PENDING", None)
    assert payment["actionSince"] is not None
    (payment,) = await payments(counter.api, customer_id)
    assert payment["action"] == secrets(counter)[payment["id"]]
