"""GET /metrics of a running application: what it shows, to whom, and nothing of anybody."""

import asyncio
from decimal import Decimal

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from e2e.deployment import Deployment, serving, stock

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scrape(deployment: Deployment, **headers: str) -> httpx.Response:
    return await deployment.api.http.get(deployment.url.replace("/graphql", "/metrics"), headers=headers)


async def samples(deployment: Deployment) -> Samples:
    """(name, labels) → value, of a fresh look."""
    await asyncio.sleep(1.1)  # for a second it is the same again
    response = await scrape(deployment)
    assert response.status_code == 200, response.text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def pay(deployment: Deployment, customer: str, method: str) -> None:
    """The customer's only invoice."""
    asked = (
        "query($id: ID!) { customer(ref: {id: $id}) { invoices(first: 1, status: [OPEN]) { edges { node { id } } } } }"
    )
    found = await deployment.api.ask(asked, id=customer)
    (edge,) = found["customer"]["invoices"]["edges"]
    paid = {"invoiceId": edge["node"]["id"], "paymentMethodId": method, "idempotencyKey": customer}
    await deployment.api.do("payInvoice", "payment { status }", **paid)


def at(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, tuple(sorted(labels.items()))))


async def test_subscriptions_and_what_they_bring_in(deployment: Deployment) -> None:
    api = deployment.api
    for plan, seats in (("starter", 1), ("starter", 1), ("professional", 1), ("free", 1)):
        await api.subscribe(await api.customer(), plan, quantity=seats)
    found = await samples(deployment)
    assert at(found, "billing_active_subscriptions", plan="starter") == 2
    assert at(found, "billing_active_subscriptions", plan="professional") == 1
    assert at(found, "billing_active_subscriptions", plan="free") == 1
    assert at(found, "billing_mrr", currency="USD") == 99 * 2 + 499
    assert at(found, "billing_arr", currency="USD") == (99 * 2 + 499) * 12


async def test_a_canceled_one_is_gone_and_counts_no_more(deployment: Deployment) -> None:
    api = deployment.api
    held = await api.subscribe(await api.customer(), "starter")
    await api.do(
        "cancelSubscription", "subscription { status }", subscriptionId=held["id"], timing="NOW", idempotencyKey="c"
    )
    found = await samples(deployment)
    assert at(found, "billing_active_subscriptions", plan="starter") is None
    assert at(found, "billing_mrr", currency="USD") is None


async def test_invoices_and_payments_are_counted_by_what_became_of_them(deployment: Deployment) -> None:
    api = deployment.api
    for token in ("succeeds", "declines"):
        customer = await api.customer()
        await api.subscribe(customer, "starter")
        card = await api.pays(customer, token)
        await pay(deployment, customer, card)
    found = await samples(deployment)
    assert at(found, "billing_invoices_generated_total", status="OPEN") == 2
    assert at(found, "billing_invoices_generated_total", status="PAID") == 1
    assert at(found, "billing_invoices", status="OPEN") == 1
    assert at(found, "billing_payments_processed_total", status="SUCCEEDED", provider="simulated") == 1
    assert at(found, "billing_payments_processed_total", status="FAILED", provider="simulated") == 1
    assert at(found, "billing_payment_failures_total", failure_code="DECLINED") == 1
    assert at(found, "billing_payment_failures_total", failure_code="METHOD_EXPIRED") == 0
    assert at(found, "billing_provider_queue_length", kind="CHARGE") == 0
    assert at(found, "billing_provider_call_seconds_count", provider="simulated", operation="charge",
              outcome="Succeeded") == 1  # fmt: skip
