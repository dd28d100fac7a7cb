"""To add a provider: its package, and one line in the table. Here the package is `toy`, and this is the line."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from e2e.client import Api, Json, unique
from e2e.conftest import database
from e2e.deployment import Deployment, serving
from toy import toy, toy_connectors

from adapters.settings import DeploymentSettings, WrongSettings
from service.runtime import Runtime
from tollgate.providers import REGISTERED, connectors, usual
from tollgate.wiring import open_runtime

__all__ = ["database"]

TABLE = (*REGISTERED, toy_connectors)
PAID = "payment { id status action provider reference customer { id } }"


@pytest_asyncio.fixture(scope="module")
async def running(database: str) -> AsyncIterator[Deployment]:
    async with serving(database, registered=TABLE, simulated_payments=False) as running:
        yield running
        assert await running.faults() == []
        assert running.errors.records == []


@pytest_asyncio.fixture(scope="module")
async def worker(running: Deployment) -> AsyncIterator[Runtime]:
    async with open_runtime(running.settings, running.secrets, running.dsn, registered=TABLE) as runtime:
        yield runtime


@pytest.fixture
def api(running: Deployment) -> Api:
    return running.api


async def owing(api: Api, token: str) -> tuple[str, str]:
    """A customer with a way to pay at the toy, and an invoice that is open: their ids."""
    id = await api.customer()
    item: Json = {"description": "Work", "unitAmount": {"amount": "40", "currency": "USD"}}
    await api.do("addInvoiceItem", "itemId", customer={"id": id}, idempotencyKey=unique(), **item)
    method: Json = {"provider": "toy", "token": token, "kind": "card", "label": "Toy", "default": False}
    made = await api.do(
        "addPaymentMethod", "paymentMethod { id }", customer={"id": id}, idempotencyKey=unique(), **method
    )
    query = "query($id: ID!) { customer(ref: {id: $id}) { invoices(first: 1) { edges { node { id } } } } }"
    invoice = (await api.ask(query, id=id))["customer"]["invoices"]["edges"][0]["node"]["id"]
    return invoice, made["paymentMethod"]["id"]


async def paid(api: Api, token: str) -> Json:
    invoice, method = await owing(api, token)
    made = await api.do("payInvoice", PAID, invoiceId=invoice, paymentMethodId=method, idempotencyKey=unique())
    payment: Json = made["payment"]
    return payment


async def now(api: Api, payment: Json) -> Json:
    """How it stands."""
    query = f"query($id: ID!) {{ node(id: $id) {{ ... on Payment {PAID.removeprefix('payment ')} }} }}"
    found: Json = (await api.ask(query, id=payment["id"]))["node"]
    return found


async def test_a_payment_runs_through_it_and_back(api: Api, worker: Runtime) -> None:
    payment = await paid(api, "good")
    assert (payment["status"], payment["provider"]) == ("SUCCEEDED", "toy")
    back: Json = {"paymentId": payment["id"], "amount": "15"}
    await api.do("refundPayment", "refund { id }", idempotencyKey=unique(), **back)
    await worker.charging.queue.round()
    assert (await now(api, payment))["status"] == "PARTIALLY_REFUNDED"
    assert [(one.payment_id, one.reference) for one in toy.refunds.values()] == [(payment["id"], payment["reference"])]


async def test_a_payment_has_its_reference_while_it_is_under_way_and_is_asked_for_by_it(
    api: Api, worker: Runtime
) -> None:
    payment = await paid(api, "slow")
    pending = await now(api, payment)
    assert (pending["status"], toy.charges[pending["reference"]].payment_id) == ("PENDING", payment["id"])
    assert await worker.charging.queue.round_of(payment["customer"]["id"]) == (1, 1)
    assert await now(api, payment) == {**pending, "status": "SUCCEEDED"}


async def test_a_payment_that_is_to_be_confirmed_is_asked_for_by_its_reference(api: Api) -> None:
    payment = await now(api, await paid(api, "to confirm"))
    assert (payment["status"], payment["action"]) == ("PENDING", f"https://toy.example/{payment['reference']}")


@pytest.mark.parametrize(
    ("mutation", "input", "message"),
    [
        (
            "openBillingPortal",
            {"returnUrl": "https://shop.example/back"},
            "toy has no pages of its own for customers",
        ),
        (
            "createPaymentSetup",
            {"idempotencyKey": "setup-1"},
            "toy has no form of its own: add the way to pay by its token",
        ),
    ],
)
async def test_what_it_has_not_is_refused_with_the_reason(
    api: Api, mutation: str, input: dict[str, Any], message: str
) -> None:
    payload = await api.attempt(mutation, "", customer={"id": await api.customer()}, **input)
    assert payload["userErrors"] == [{"code": "INVALID", "field": ["input", "provider"], "message": message}]


async def test_it_keeps_no_copies_and_lists_nothing_so_it_is_told_and_asked_little(
    api: Api, worker: Runtime, running: Deployment
) -> None:
    await paid(api, "good")
    await running.fetch("UPDATE provider_sync SET dirty_since = dirty_since - interval '1 hour'")
    assert await worker.sync.queue.round() > 0
    assert await running.fetch("SELECT error FROM work WHERE error IS NOT NULL") == []
    assert not await worker.reconciliation.queue(lambda: worker.clock.now()).round()


async def test_what_is_opened_is_closed(database: str, running: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_KEY", "pk_toy")
    toy.life.clear()
    async with open_runtime(running.settings, running.secrets, database, registered=TABLE) as runtime:
        assert (toy.life, list(runtime.connectors)) == (["opened"], ["toy"])
        assert runtime.connectors["toy"].public.publishable_key == "pk_toy"
    assert toy.life == ["opened", "closed"]


def test_its_own_settings_are_checked_like_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_KEY", "much too long")
    with pytest.raises(WrongSettings) as wrong:
        connectors(DeploymentSettings(_env_file=None), TABLE)  # type: ignore[call-arg]
    assert wrong.value.problems == ["TOY_KEY: must be a key of the toy's"]


def only(**values: Any) -> Iterator[str]:
    settings = DeploymentSettings(_env_file=None, **values)  # type: ignore[call-arg]
    connected = connectors(settings, REGISTERED)
    yield from (connector.name for connector in connected)
    yield f"usual: {usual(connected)}"


def test_who_is_set_up_and_who_is_meant_where_nobody_is_named() -> None:
    assert list(only()) == ["usual: None"]
    assert list(only(simulated_payments=True)) == ["simulated", "usual: simulated"]
    assert list(only(simulated_payments=True, stripe_api_key="sk_test_1")) == ["stripe", "simulated", "usual: stripe"]
