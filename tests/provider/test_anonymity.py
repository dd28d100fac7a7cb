"""Stripe learns an anonymous id, amounts, currencies and its own names: a customer full of marks goes through
everything there is, and no mark is in any request that Stripe received."""

import json
from typing import Any

from counter import Counter
from e2e.client import Json, unique
from stripe_fake.payments import authenticate

MARK = "zaphod"
ALLOWED = {"payment", "refund", "invoice", "line", "tollgate"}
"""What metadata may say: our ids, and the place of a line."""


def usd(amount: str) -> Json:
    return {"amount": amount, "currency": "USD"}


async def marked_plan(counter: Counter, event_type: str) -> str:
    key = unique(f"{MARK}.plan")
    meter, feature = unique(f"{MARK}.meter"), unique(f"{MARK}.feature")
    await counter.api.do("createMeter", "meter { id }", key=meter, aggregation="SUM", eventType=event_type)
    named: Json = {"key": feature, "name": f"{MARK} feature", "kind": "METERED", "meterKey": meter}
    await counter.api.do("createFeature", "feature { id }", **named)
    base: Json = {"key": "base", "model": "FLAT", "cadence": "MONTH", "currency": "USD", "unitAmount": "20"}
    usage: Json = {**base, "key": "usage", "model": "PER_UNIT", "meterKey": meter, "unitAmount": "0.10"}
    version: Json = {"prices": [base, usage], "entitlements": []}
    await counter.api.do(
        "createPlan", "plan { id }", key=key, name=f"{MARK} plan", description=f"For {MARK}", version=version
    )
    return key


async def test_no_request_that_stripe_receives_says_who_anybody_is(counter: Counter) -> None:
    fake = counter.fake
    fake.reset(seed=7)
    external_id, type_ = unique(f"{MARK}-external"), unique(f"{MARK}.event")
    clock = await counter.api.clock("2026-01-01T00:00:00Z")
    customer_id = await counter.api.customer(
        external_id,
        clockId=clock,
        name=f"{MARK} Beeblebrox",
        email=f"{MARK}@example.com",
        address={"line1": f"1 {MARK} Street", "city": f"{MARK}ville", "postalCode": f"{MARK}1", "country": "US"},
        taxId=f"US{MARK}",
    )
    ref: Json = {"id": customer_id}
    plan = await marked_plan(counter, type_)
    assert fake.requests == []  # nobody has heard of them so far

    # A way to pay, a plan, a charge.
    first = await counter.card(customer_id, idempotencyKey=unique(f"{MARK}-key"))
    await counter.api.subscribe(customer_id, plan, idempotencyKey=unique(f"{MARK}-sub"))
    await counter.work()
    sent: Json = {"customer": {"externalId": external_id}, "type": type_, "value": "7", "properties": {"who": MARK}}
    await counter.api.do("recordUsage", "accepted", events=[{**sent, "id": unique(f"{MARK}-event")}])
    item: Json = {"description": f"Work for {MARK}", "unitAmount": usd("30"), "reason": f"{MARK} asked"}
    await counter.do("addInvoiceItem", "itemId", customer=ref, **item)
    await counter.work()

    # 3-D Secure, confirmed by the customer.
    second = await counter.card(customer_id, "pm_card_threeDSecure2Required", idempotencyKey=unique(f"{MARK}-key"))
    await counter.do("addInvoiceItem", "itemId", customer=ref, **item)
    await counter.api.advance(clock, "2026-02-02T00:00:00Z")
    payments = await _payments(counter, customer_id)
    waiting = [one for one in payments if one["action"]]
    for one in waiting:
        authenticate(fake.account, one["action"])
        await counter.runtime.charging.settle(customer_id, one["id"])
    payments = await _payments(counter, customer_id)
    assert waiting
    assert {one["status"] for one in payments} == {"SUCCEEDED"}

    # Money back, the portal, the dashboard, another default, and one less.
    await counter.do("refundPayment", "refund { id settledAt }", paymentId=payments[0]["id"], reason=f"for {MARK}")
    portal: Json = {"customer": {"externalId": external_id}}
    opened = await counter.api.do("openBillingPortal", "url", returnUrl="https://app.example/billing", **portal)
    assert opened["url"].startswith("https://billing.stripe.example/")
    await counter.api.do("syncCustomer", "providerLink { syncedAt }", customer=ref)
    await counter.do("setDefaultPaymentMethod", "paymentMethod { id }", paymentMethodId=first)
    await counter.do("removePaymentMethod", "paymentMethod { id }", paymentMethodId=second, reason=f"{MARK} lost it")
    await counter.api.advance(clock, "2026-03-02T00:00:00Z")
    await counter.work()
    await counter.api.do("syncCustomer", "providerLink { syncedAt }", customer=ref)

    # And they go.
    reference = (await counter.link(customer_id))["providerCustomerId"]
    await counter.api.do("eraseCustomer", "customer { erasedAt }", customer=ref, reason=f"{MARK} asked for it")
    await counter.work()
    assert fake.account.objects[reference]["deleted"]
    assert (await counter.link(customer_id))["providerCustomerId"] is None

    asked = {f"{one.method} {one.path.split('/')[2]}" for one in fake.requests}
    assert asked >= {"POST customers", "POST setup_intents", "POST payment_intents", "POST refunds", "POST invoices"}
    assert asked >= {"POST invoiceitems", "POST billing_portal", "DELETE customers", "POST payment_methods"}
    for one in fake.requests:
        assert MARK not in one.text.casefold(), one
        _only_ours(one.params)


async def test_a_return_address_that_names_the_customer_is_refused(counter: Counter) -> None:
    external_id = unique(f"{MARK}-external")
    customer_id = await counter.api.customer(external_id, email=f"{external_id}@example.com")
    before = len(counter.fake.requests)
    for url in (
        f"https://app.example/{external_id}/billing",
        f"https://{external_id}.app.example/billing",
        f"https://app.example/customers/{customer_id}",
        f"https://app.example/{external_id.upper()}%40example.com",
        f"https://app.example/billing?of={external_id}",
        f"https://app.example/billing#{external_id}",
        f"https://{external_id}@app.example/billing",
        "http://app.example/billing",
        "javascript:alert(1)",
        "https://[app.example/",
    ):
        refused = await counter.api.refused("openBillingPortal", customer={"id": customer_id}, returnUrl=url)
        assert refused == ("INVALID", ["input", "returnUrl"]), url
    assert counter.fake.requests[before:] == []


def _only_ours(params: Any) -> None:
    metadata = params.get("metadata", {})
    assert set(metadata) <= ALLOWED, metadata
    described = params.get("description", "Line 1")
    assert described.startswith("Line "), described
    assert not {"name", "email", "phone", "address", "shipping", "receipt_email", "tax_id_data"} & set(params), params


async def _payments(counter: Counter, customer_id: str) -> list[Json]:
    shown = "payments(first: 20) { edges { node { id status action } } }"
    found = await counter.api.ask(f"query($id: ID!) {{ customer(ref: {{id: $id}}) {{ {shown} }} }}", id=customer_id)
    assert json.dumps(found)
    return [edge["node"] for edge in found["customer"]["payments"]["edges"]]
