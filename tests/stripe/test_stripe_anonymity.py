"""Stripe never learns who anybody is: a customer full of marks goes through every flow, and no request carries one.

Here the adapter is all there is: it takes no argument that could hold more than ids, amounts and words of Stripe's own.
The test of the whole service stands beside the service.
"""

from dataclasses import fields, is_dataclass
from decimal import Decimal

import msgspec
import pytest
from stripe_desk import ANONYMOUS, PAYMENT, REFUND, Desk, back, of
from stripe_fake import FakeStripe

from adapters.stripe.invoices import CopiedInvoice
from domain.providers.provider import ChargeRequest, Repayment, Succeeded

MARK = "MarkedPersonalData"
KEYS = {"tollgate", "payment", "refund", "invoice", "line"}


async def _every_flow(desk: Desk) -> None:
    owner, token = await desk.customers.link(ANONYMOUS), await desk.card()
    paid = await desk.payments.charge(of("12.34", token))
    assert isinstance(paid, Succeeded)
    await desk.payments.refund(back("5.00", paid.reference))
    await desk.payments.outcome_of(PAYMENT)
    await desk.payments.charge(of("3.00", await desk.card("pm_card_threeDSecure2Required"), payment_id="payment_b"))
    await desk.payments.withdraw("payment_b", ANONYMOUS)
    await desk.methods.set_default(owner, token)
    await desk.methods.detach(token)
    ours = CopiedInvoice("invoice_a", "EUR", (Decimal("20.00"), Decimal("-1.00")))
    there = await desk.invoices.push(owner, ours)
    await desk.invoices.finalize(owner, ours, there.reference)
    await desk.invoices.mark_paid(owner, there.reference)
    await desk.portal.open(owner, "https://app.example/billing")
    await desk.customers.delete(owner)


@pytest.mark.parametrize(
    "name", ["name", "email", "address", "description", "phone", "shipping", "tax_id_data", "receipt_email"]
)
async def test_no_request_has_a_field_for_who_somebody_is(desk: Desk, name: str) -> None:
    await _every_flow(desk)
    for seen in desk.fake.requests:
        if seen.path == "/v1/invoiceitems" and name == "description":
            assert str(seen.params.get("description", "Line 0")).startswith("Line ")
        else:
            assert name not in seen.params, seen


async def test_metadata_holds_our_ids_and_nothing_else(desk: Desk) -> None:
    await _every_flow(desk)
    found = {
        key: value
        for seen in desk.fake.requests
        if isinstance(metadata := seen.params.get("metadata"), dict)
        for key, value in metadata.items()
    }
    assert set(found) == KEYS
    assert found["tollgate"] == ANONYMOUS
    assert found["refund"] == REFUND


async def test_not_even_what_stripe_knows_comes_back_in_a_later_request(desk: Desk) -> None:
    """Somebody writes marks into Stripe's dashboard and form; nothing that the adapter reads is sent on."""
    token, owner = await desk.card(), await desk.customers.link(ANONYMOUS)
    desk.fake.account.objects[owner] |= {"name": MARK, "email": f"{MARK}@example.com", "description": MARK}
    desk.fake.account.objects[token]["billing_details"] |= {"name": MARK, "email": f"{MARK}@example.com"}
    await desk.payments.charge(of("12.34", token))
    method = await desk.methods.one(token)
    assert method is not None
    assert MARK not in msgspec.json.encode(method[0]).decode()
    await _every_flow(desk)
    assert not [seen for seen in desk.fake.requests if MARK.lower() in seen.text.lower()]


def test_what_the_port_takes_has_no_place_for_it() -> None:
    assert ChargeRequest.__struct_fields__ == ("payment_id", "anonymous_id", "amount", "token", "customer", "reference")
    assert Repayment.__struct_fields__ == ("refund_id", "payment_id", "amount", "reference")
    assert CopiedInvoice.__struct_fields__ == ("invoice_id", "currency", "lines")


async def test_the_fake_would_show_a_mark(desk: Desk) -> None:
    assert is_dataclass(FakeStripe)
    assert "requests" in {one.name for one in fields(FakeStripe)}
    async with desk.api.turn(MARK) as v1:
        await v1.customers.create_async({"name": f"{MARK} & sons", "metadata": {"tollgate": "é"}})
    assert f"{MARK} & sons" in desk.fake.requests[-1].text


async def test_nothing_is_told_of_this_machine(desk: Desk) -> None:
    await desk.api.ping()
    await desk.api.ping()
    headers = desk.fake.requests[-1].headers
    assert "x-stripe-client-telemetry" not in headers
    assert "telemetry_id" not in headers["x-stripe-client-user-agent"]
    assert "platform" not in headers["x-stripe-client-user-agent"]
