"""The mirror of an invoice: brought to the newest state by its smallest change, and equal to the cent when final."""

from decimal import Decimal

import pytest
from stripe_desk import ANONYMOUS, Desk
from stripe_fake import Fault
from stripe_fake.invoices import create_item, delete_invoice

from adapters.stripe.invoices import AtStripe, CopiedInvoice
from domain.money import Money
from domain.providers.provider import Unknown

INVOICE = "invoice_01k0000000000000000000000a"


def mirrored(*lines: str, currency: str = "EUR") -> CopiedInvoice:
    return CopiedInvoice(INVOICE, currency, tuple(map(Decimal, lines)))


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


async def test_a_draft_is_made_with_amounts_and_neutral_words(desk: Desk) -> None:
    owner = await desk.customers.link(ANONYMOUS)
    there = await desk.invoices.push(owner, mirrored("20.00", "-3.50", "3.14"))
    assert there == AtStripe(there.reference, "draft", euros("19.64"), Decimal("0.00"))
    made = [one.params for one in desk.fake.requests if (one.method, one.path) == ("POST", "/v1/invoiceitems")]
    assert [(one["description"], one["amount"]) for one in made] == [
        ("Line 1", "2000"),
        ("Line 2", "-350"),
        ("Line 3", "314"),
    ]
    assert all(set(one) == {"customer", "invoice", "currency", "amount", "description", "metadata"} for one in made)
    [invoice] = desk.fake.account.of("invoice")
    assert (invoice["metadata"], invoice["auto_advance"]) == ({"invoice": INVOICE}, False)


async def test_pushing_what_is_there_already_changes_nothing(desk: Desk) -> None:
    owner = await desk.customers.link(ANONYMOUS)
    there = await desk.invoices.push(owner, mirrored("20.00", "3.14"))
    before = len(desk.fake.requests)
    assert await desk.invoices.push(owner, mirrored("20.00", "3.14"), there.reference) == there
    assert {one.method for one in desk.fake.requests[before:]} == {"GET"}


async def test_only_what_differs_is_changed(desk: Desk) -> None:
    owner = await desk.customers.link(ANONYMOUS)
    there = await desk.invoices.push(owner, mirrored("20.00", "3.14", "1.00"))
    before = len(desk.fake.requests)
    after = await desk.invoices.push(owner, mirrored("20.00", "4.00"), there.reference)
    assert after.total == euros("24.00")
    changes = [(one.method, one.path.split("/")[2]) for one in desk.fake.requests[before:] if one.method != "GET"]
    assert sorted(changes) == [("DELETE", "invoiceitems"), ("POST", "invoiceitems")]


async def test_a_line_that_somebody_added_at_stripe_is_taken_off(desk: Desk) -> None:
    owner = await desk.customers.link(ANONYMOUS)
    there = await desk.invoices.push(owner, mirrored("20.00"))
    create_item(desk.fake.account, {"invoice": there.reference, "customer": owner, "currency": "eur", "amount": 500})
    assert (await desk.invoices.push(owner, mirrored("20.00"), there.reference)).difference == 0


@pytest.mark.parametrize("request_", ["POST /v1/invoices$", "POST /v1/invoiceitems", "GET /v1/invoices/"])
@pytest.mark.parametrize("fault", [Fault.SILENT_AFTER, Fault.DROPPED_AFTER, Fault.ERROR_AFTER, Fault.RATE_LIMITED])
async def test_a_push_that_broke_off_is_pushed_again(desk: Desk, request_: str, fault: Fault) -> None:
    owner = await desk.customers.link(ANONYMOUS)
    desk.fake.faults.add(fault, request_)
    with pytest.raises(Unknown):
        await desk.invoices.push(owner, mirrored("20.00", "3.14"))
    desk.fake.forget_keys()
    there = await desk.invoices.push(owner, mirrored("20.00", "3.14"))
    assert (there.total, there.difference) == (euros("23.14"), 0)
    assert len(desk.fake.account.of("invoice")) == 1
    assert len(desk.fake.account.of("invoiceitem")) == 2


async def test_final_and_paid_elsewhere(desk: Desk) -> None:
    owner, ours = await desk.customers.link(ANONYMOUS), mirrored("20.00", "3.14")
    there = await desk.invoices.push(owner, ours)
    for _ in range(2):
        final = await desk.invoices.finalize(owner, ours, there.reference)
        assert final == AtStripe(there.reference, "open", euros("23.14"), Decimal("0.00"))
    for _ in range(2):
        assert await desk.invoices.mark_paid(owner, there.reference)
    assert desk.fake.account.of("charge") == []
    assert desk.fake.account.of("payment_intent") == []


async def test_a_final_one_that_differs_is_told_to_the_cent(desk: Desk) -> None:
    owner = await desk.customers.link(ANONYMOUS)
    there = await desk.invoices.push(owner, mirrored("20.00"))
    await desk.invoices.finalize(owner, mirrored("20.00"), there.reference)
    later = await desk.invoices.push(owner, mirrored("20.01"), there.reference)
    assert (later.status, later.difference) == ("open", Decimal("-0.01"))


async def test_of_nothing_nothing_is_due(desk: Desk) -> None:
    owner, nothing = await desk.customers.link(ANONYMOUS), mirrored("5.00", "-5.00")
    there = await desk.invoices.push(owner, nothing)
    assert (await desk.invoices.finalize(owner, nothing, there.reference)).status == "paid"
    assert await desk.invoices.mark_paid(owner, there.reference)


async def test_yen_have_no_cents(desk: Desk) -> None:
    owner = await desk.customers.link(ANONYMOUS)
    there = await desk.invoices.push(owner, mirrored("500", currency="JPY"))
    assert there.total == Money(Decimal("500"), "JPY")
    assert desk.fake.account.of("invoice")[0]["total"] == 500


@pytest.mark.parametrize("final", [False, True])
async def test_what_is_withdrawn_is_gone_or_void(desk: Desk, final: bool) -> None:
    owner, ours = await desk.customers.link(ANONYMOUS), mirrored("20.00")
    there = await desk.invoices.push(owner, ours)
    if final:
        await desk.invoices.finalize(owner, ours, there.reference)
    for _ in range(2):
        await desk.invoices.withdraw(owner, there.reference)
    assert [one["status"] for one in desk.fake.account.of("invoice")] == (["void"] if final else [])
    if final:
        assert not await desk.invoices.mark_paid(owner, there.reference)


async def test_a_draft_that_was_deleted_in_the_dashboard_is_made_anew(desk: Desk) -> None:
    owner, ours = await desk.customers.link(ANONYMOUS), mirrored("20.00")
    gone = await desk.invoices.push(owner, ours)
    delete_invoice(desk.fake.account, {}, gone.reference)
    there = await desk.invoices.push(owner, ours, gone.reference)
    assert there.reference != gone.reference
    assert there.difference == 0
    assert not await desk.invoices.mark_paid(owner, gone.reference)
    with pytest.raises(Unknown):
        await desk.invoices.finalize(owner, ours, gone.reference)
