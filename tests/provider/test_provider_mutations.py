"""Setting up, the portal and sync at the endpoint, with Stripe across the wire."""

import asyncio

from counter import LINK, Counter
from e2e.client import Json, unique
from stripe_fake import Fault

from service.providers.sync.used import GATHER_S

SETUP = "clientSecret provider publishableKey"


async def test_a_setup_answers_what_stripes_form_needs_and_the_same_when_asked_again(counter: Counter) -> None:
    customer_id = await counter.api.customer()
    asked: Json = {"customer": {"id": customer_id}, "idempotencyKey": unique()}
    first = await counter.api.do("createPaymentSetup", SETUP, **asked)
    assert (first["provider"], first["publishableKey"]) == ("stripe", "pk_test_fake")
    assert "_secret_" in first["clientSecret"]
    assert await counter.api.do("createPaymentSetup", SETUP, **asked) == first
    mismatch = await counter.api.refused("createPaymentSetup", **asked, provider="stripe")
    assert mismatch == ("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])
    other = await counter.do("createPaymentSetup", SETUP, customer={"id": customer_id})
    assert other["clientSecret"] != first["clientSecret"]


async def test_setups_at_once_make_one_customer(counter: Counter) -> None:
    customer_id = await counter.api.customer()
    before = counter.fake.made("POST /v1/customers")
    made = await asyncio.gather(
        *(counter.do("createPaymentSetup", SETUP, customer={"id": customer_id}) for _ in range(4))
    )
    assert len({one["clientSecret"] for one in made}) == 4
    link = await counter.link(customer_id)
    there = [one for one in counter.fake.account.of("customer") if one["metadata"]["tollgate"] == link["anonymousId"]]
    assert [one["id"] for one in there] == [link["providerCustomerId"]]
    assert counter.fake.made("POST /v1/customers") > before


async def test_whom_there_is_not_and_what_is_not_set_up_is_refused(counter: Counter) -> None:
    customer_id = await counter.api.customer()
    refused = counter.api.refused
    ask: Json = {"idempotencyKey": unique()}
    assert await refused("createPaymentSetup", customer={"externalId": "nobody"}, **ask) == (
        "NOT_FOUND",
        ["input", "customer"],
    )
    assert await refused("createPaymentSetup", customer={"id": customer_id}, provider="other", **ask) == (
        "INVALID",
        ["input", "provider"],
    )
    assert await refused("syncCustomer", customer={"externalId": "nobody"}) == ("NOT_FOUND", ["input", "customer"])


async def test_a_provider_that_does_not_answer_is_told_apart(counter: Counter) -> None:
    customer_id = await counter.api.customer()
    counter.fake.faults.add(Fault.UNAVAILABLE, "", times=50)
    refused = await counter.api.refused("createPaymentSetup", customer={"id": customer_id}, idempotencyKey=unique())
    counter.fake.faults.clear()
    assert refused == ("PROVIDER_UNAVAILABLE", None)
    assert (await counter.link(customer_id))["providerCustomerId"] is None


async def test_support_sees_where_it_stands_and_pushes_now(counter: Counter) -> None:
    customer_id = await counter.api.customer()
    assert (await counter.link(customer_id))["provider"] is None
    before = await counter.api.do("syncCustomer", f"providerLink {{ {LINK} }}", customer={"id": customer_id})
    assert before["providerLink"]["providerCustomerId"] is None  # nobody knows them, so nobody is told
    await counter.card(customer_id)
    await counter.work()
    settled = await counter.link(customer_id)
    assert (settled["pendingChanges"], settled["drift"]) == (0, [])
    item: Json = {"description": "Work", "unitAmount": {"amount": "30", "currency": "USD"}}
    await counter.do("addInvoiceItem", "itemId", customer={"id": customer_id}, **item)
    assert (await counter.link(customer_id))["pendingChanges"] > 0
    pushed = (await counter.api.do("syncCustomer", f"providerLink {{ {LINK} }}", customer={"id": customer_id}))[
        "providerLink"
    ]
    assert pushed["pendingChanges"] == 0
    assert pushed["syncedAt"] > settled["syncedAt"]


async def test_a_thousand_usage_changes_in_an_interval_cost_one_push(counter: Counter) -> None:
    type_, meter = unique("call"), unique("calls")
    await counter.api.do("createMeter", "meter { id }", key=meter, aggregation="SUM", eventType=type_)
    base: Json = {"key": "base", "model": "FLAT", "cadence": "MONTH", "currency": "USD", "unitAmount": "20"}
    usage: Json = {**base, "key": "usage", "model": "PER_UNIT", "meterKey": meter, "unitAmount": "0.10"}
    plan = unique("plan")
    version: Json = {"prices": [base, usage], "entitlements": []}
    await counter.api.do("createPlan", "plan { id }", key=plan, name=plan, version=version)
    customer_id = await counter.api.customer()
    await counter.card(customer_id)
    await counter.api.subscribe(customer_id, plan)
    await counter.work()
    await counter.api.do("syncCustomer", "providerLink { syncedAt }", customer={"id": customer_id})
    before = len(counter.fake.requests)
    for _ in range(50):
        sent: Json = {"customer": {"id": customer_id}, "type": type_, "value": "1"}
        await counter.api.do("recordUsage", "accepted", events=[{**sent, "id": unique("event")} for _ in range(20)])
    waiting, told = 0, -1
    while not waiting or waiting != told:  # they are gathered, a few times a second
        await asyncio.sleep(3 * GATHER_S)
        waiting, told = (await counter.link(customer_id))["pendingChanges"], waiting
    assert waiting <= 1000
    assert await counter.runtime.sync.queue.round() == 0  # not yet
    assert counter.fake.requests[before:] == []
    ago = "UPDATE provider_sync SET dirty_since = dirty_since - interval '15 minutes' WHERE customer_id = $1"
    await counter.running.fetch(ago, customer_id)
    assert await counter.runtime.sync.queue.round() == 1
    asked = [f"{one.method} {one.path.split('/')[2]}" for one in counter.fake.requests[before:]]
    assert asked == ["GET invoices", "GET invoiceitems", "POST invoiceitems", "GET invoices"]
    (link, upcoming) = (await counter.link(customer_id), await _upcoming(counter, customer_id))
    there = [
        one["total"]
        for one in counter.fake.account.of("invoice")
        if one["customer"] == link["providerCustomerId"] and one["status"] == "draft"
    ]
    assert (there, upcoming, link["pendingChanges"]) == ([12_000], "120.00", 0)


async def _upcoming(counter: Counter, customer_id: str) -> str:
    query = "query($id: ID!) { customer(ref: {id: $id}) { upcomingInvoice { total { amount } } } }"
    total: str = (await counter.api.ask(query, id=customer_id))["customer"]["upcomingInvoice"]["total"]["amount"]
    return total
