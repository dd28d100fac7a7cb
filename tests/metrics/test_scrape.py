"""GET /metrics of a running application: what it shows, to whom, and nothing of anybody."""

import asyncio
import re

import httpx
import marked
from e2e.deployment import Deployment, serving, stock
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

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


async def owed(deployment: Deployment, customer: str) -> str:
    """The customer's only open invoice."""
    (edge,) = (await deployment.api.ask(marked.OPEN, id=customer))["customer"]["invoices"]["edges"]
    id: str = edge["node"]["id"]
    return id


async def pay(deployment: Deployment, customer: str, method: str) -> None:
    paid = {"invoiceId": await owed(deployment, customer), "paymentMethodId": method, "idempotencyKey": customer}
    await deployment.api.do("payInvoice", "payment { status }", **paid)


def at(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, tuple(sorted(labels.items()))))


async def counted(deployment: Deployment) -> dict[str, str]:
    """A digest of each table that figures are read from."""
    return {table: text for table, text in (await deployment.contents()).items() if table in ("recurring", "payments")}


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
    assert at(found, "billing_work_depth", kind="CHARGE") == 0
    assert at(found, "billing_provider_call_seconds_count", provider="simulated", operation="charge",
              outcome="Succeeded") == 1  # fmt: skip


async def test_customers_on_test_clocks_are_no_business(deployment: Deployment) -> None:
    api = deployment.api
    await api.subscribe(await api.customer(clockId=await api.clock("2026-01-01T00:00:00Z")), "starter")
    found = await samples(deployment)
    assert at(found, "billing_active_subscriptions", plan="starter") is None
    assert at(found, "billing_mrr", currency="USD") is None
    assert at(found, "billing_invoices_generated_total", status="OPEN") == 0


async def test_nothing_that_says_anything_of_anybody_is_shown(deployment: Deployment) -> None:
    await marked.live(deployment.api)
    await asyncio.sleep(1.1)
    told = (await scrape(deployment)).text.lower()
    assert 'billing_payment_failures_total{failure_code="declined"} 1.0' in told
    assert [mark for mark in marked.MARKS if mark in told] == []
    assert re.findall(r"(?:customer|subscription|invoice|payment|anon)_[0-9a-z]{26}", told) == []


async def test_a_provider_that_somebody_made_up_is_no_label(deployment: Deployment) -> None:
    api = deployment.api
    customer = await api.customer()
    await api.subscribe(customer, "starter")
    sent = {"provider": "zanzibar", "token": "x", "kind": "card", "label": "x", "idempotencyKey": "1"}
    made = await api.attempt("addPaymentMethod", "paymentMethod { id }", customer={"id": customer}, **sent)
    if made["paymentMethod"] is not None:
        await api.attempt("payInvoice", "payment { id }", invoiceId=await owed(deployment, customer),
                          paymentMethodId=made["paymentMethod"]["id"], idempotencyKey="2")  # fmt: skip
    await asyncio.sleep(1.1)
    assert "zanzibar" not in (await scrape(deployment)).text


async def test_counts_outlive_the_process_and_are_the_same_in_each(dsn: str) -> None:
    await stock(dsn)
    async with serving(dsn) as one, serving(dsn) as other:
        await one.api.subscribe(await one.api.customer(), "starter")
        for deployment in (one, other):
            assert at(await samples(deployment), "billing_invoices_generated_total", status="OPEN") == 1
    async with serving(dsn) as later:
        assert at(await samples(later), "billing_invoices_generated_total", status="OPEN") == 1


async def test_what_a_process_did_itself_is_its_own(dsn: str) -> None:
    await stock(dsn)
    async with serving(dsn) as one, serving(dsn) as other:
        customer = await one.api.customer()
        await one.api.subscribe(customer, "starter")
        await pay(one, customer, await one.api.pays(customer, "succeeds"))
        charged = {"provider": "simulated", "operation": "charge", "outcome": "Succeeded"}
        assert at(await samples(one), "billing_provider_call_seconds_count", **charged) == 1
        assert at(await samples(other), "billing_provider_call_seconds_count", **charged) is None


async def test_a_journal_that_is_folded_again_comes_to_the_same_figures(deployment: Deployment) -> None:
    await marked.live(deployment.api)
    await deployment.api.subscribe(await deployment.api.customer(), "professional", quantity=3)
    assert await deployment.faults() == []
    before = await counted(deployment)
    await deployment.replay()
    assert await counted(deployment) == before
    await deployment.fetch("UPDATE recurring SET monthly = monthly + 1")
    (fault,) = await deployment.faults()
    assert fault.endswith("what metrics count differs from the journal")


async def test_this_machine_may_look_but_not_through_a_proxy(deployment: Deployment) -> None:
    assert (await scrape(deployment)).status_code == 200
    for name in ("x-forwarded-for", "forwarded", "x-real-ip"):
        assert (await scrape(deployment, **{name: "for=203.0.113.9"})).status_code == 403


async def test_with_a_token_only_who_sends_it_may_look(dsn: str) -> None:
    await stock(dsn)
    async with serving(dsn, metrics_token="a-token-of-the-tests") as deployment:
        for refused in ({}, {"authorization": "Bearer another"}, {"authorization": "a-token-of-the-tests"}):
            response = await scrape(deployment, **refused)
            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
            assert "billing_" not in response.text
        allowed = await scrape(deployment, authorization="Bearer a-token-of-the-tests")
        assert allowed.status_code == 200
        assert allowed.headers["content-type"].startswith("text/plain")


async def test_openmetrics_for_those_who_ask_for_it(deployment: Deployment) -> None:
    response = await scrape(deployment, accept="application/openmetrics-text; version=1.0.0")
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    names = {family.name for family in openmetrics(response.text)}
    assert {"billing_invoices_generated", "billing_payments_processed", "process_cpu_seconds"} <= names


async def test_a_database_that_is_away_leaves_what_the_process_knows_itself(deployment: Deployment) -> None:
    await samples(deployment)
    await deployment.fetch("ALTER TABLE recurring RENAME TO away")
    found = await samples(deployment)
    assert (at(found, "billing_figures_age_seconds", source="database") or 0) >= 1
    assert at(found, "billing_invoices_generated_total", status="OPEN") == 0
    await deployment.fetch("ALTER TABLE away RENAME TO recurring")
