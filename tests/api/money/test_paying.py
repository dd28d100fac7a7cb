"""Money that comes in: charged at a provider, recorded by staff, given back."""

from typing import Any

import pytest
from e2e.client import Json, unique
from money_desk import Buyer, Till, price

PAID = """payment { id status failure action actionSince provider amount { amount } toCredit { amount }
    allocations { invoice { id status due { amount } } amount { amount } } }"""
REFUNDED = "refund { id settledAt failure to amount { amount } payment { status refunded { amount } } }"
METHOD = "paymentMethod { id kind label provider default expires removedAt }"


def usd(amount: str) -> Json:
    return {"amount": amount, "currency": "USD"}


async def owing(till: Till, *amounts: str) -> tuple[Buyer, list[str]]:
    """Somebody with open invoices; their ids."""
    buyer = await till.buyer()
    for amount in amounts:
        item: Json = {"description": "Work", "unitAmount": usd(amount)}
        await till.do("addInvoiceItem", "itemId", customer=buyer.ref, **item)
    return buyer, [invoice["id"] for invoice in await till.invoices(buyer, "id")]


async def method(till: Till, buyer: Buyer, token: str = "succeeds", **input: Any) -> str:
    """A way to pay that behaves as its token says; not charged by itself, unless it is to be the default one."""
    asked: Json = {
        "provider": "simulated",
        "token": token,
        "kind": "card",
        "label": "Visa 4242",
        "default": False,
        **input,
    }
    made = await till.do("addPaymentMethod", METHOD, customer=buyer.ref, **asked)
    id: str = made["paymentMethod"]["id"]
    return id


async def test_paying_charges_the_provider_and_tells_what_came_of_it(till: Till) -> None:
    buyer, (invoice,) = await owing(till, "40")
    card = await method(till, buyer)
    asked: Json = {"invoiceId": invoice, "paymentMethodId": card, "idempotencyKey": unique()}
    paid = await till.do("payInvoice", PAID, **asked)
    assert paid["payment"]["status"] == "SUCCEEDED"
    (allocation,) = paid["payment"]["allocations"]
    assert allocation["invoice"] == {"id": invoice, "status": "PAID", "due": {"amount": "0.00"}}
    assert await till.do("payInvoice", PAID, **asked) == paid
    assert await till.refused("payInvoice", invoiceId=invoice, paymentMethodId=card) == (
        "CONFLICT",
        ["input", "invoiceId"],
    )


@pytest.mark.parametrize(
    ("token", "status", "failure"),
    [
        ("declines", "FAILED", "DECLINED"),
        ("insufficient_funds", "FAILED", "INSUFFICIENT_FUNDS"),
        ("refuses", "FAILED", "METHOD_REFUSED"),
        ("needs_action", "PENDING", None),
        ("times_out_after_charging", "PENDING", None),
    ],
)
async def test_a_charge_that_fails_or_hangs_is_an_answer_and_no_refusal(
    till: Till, token: str, status: str, failure: str | None
) -> None:
    buyer, (invoice,) = await owing(till, "40")
    paid = await till.do("payInvoice", PAID, invoiceId=invoice, paymentMethodId=await method(till, buyer, token))
    assert (paid["payment"]["status"], paid["payment"]["failure"]) == (status, failure)
    confirmed_at = f"https://pay.example/confirm/{paid['payment']['id']}"
    assert paid["payment"]["action"] == (confirmed_at if token == "needs_action" else None)
    assert (paid["payment"]["actionSince"] is not None) == (token == "needs_action")
    ((after),) = await till.invoices(buyer, "status")
    assert after == {"status": "OPEN"}


async def test_a_retry_asks_again_for_what_nobody_knew_and_charges_once(till: Till) -> None:
    """The first answer was lost on the way: sent again, it says what became of that charge."""
    buyer, (invoice,) = await owing(till, "40")
    card = await method(till, buyer, "times_out_after_charging")
    asked: Json = {"invoiceId": invoice, "paymentMethodId": card, "idempotencyKey": unique()}
    first = await till.do("payInvoice", PAID, **asked)
    again = await till.do("payInvoice", PAID, **asked)
    assert (first["payment"]["status"], again["payment"]["status"]) == ("PENDING", "SUCCEEDED")
    assert first["payment"]["id"] == again["payment"]["id"]
    assert [len(one["attempts"]) for one in await till.invoices(buyer, "attempts { status }")] == [1]


async def test_paying_is_refused_with_the_field_at_fault(till: Till) -> None:
    buyer, (invoice,) = await owing(till, "40")
    assert await till.refused("payInvoice", invoiceId=invoice) == ("PAYMENT_REQUIRED", ["input", "paymentMethodId"])
    card = await method(till, buyer)
    for wrong, code, field in (
        ({"amount": "40.01"}, "INVALID", "amount"),
        ({"amount": "0"}, "INVALID", "amount"),
        ({"paymentMethodId": "method_1"}, "NOT_FOUND", "paymentMethodId"),
    ):
        told = await till.refused("payInvoice", **{"invoiceId": invoice, "paymentMethodId": card, **wrong})
        assert told == (code, ["input", field])


async def test_a_part_can_be_paid(till: Till) -> None:
    buyer, (invoice,) = await owing(till, "40")
    paid = await till.do("payInvoice", PAID, invoiceId=invoice, amount="15", paymentMethodId=await method(till, buyer))
    assert paid["payment"]["allocations"][0]["invoice"]["due"] == {"amount": "25.00"}


async def test_money_that_came_in_pays_what_is_named_then_becomes_credit(till: Till) -> None:
    buyer, (first, second) = await owing(till, "40", "60")
    asked: Json = {
        "customer": buyer.ref,
        "amount": usd("110"),
        "invoiceIds": [second, first],
        "reference": "transfer 7",
    }
    paid = (await till.do("recordPayment", PAID, **asked))["payment"]
    assert [one["invoice"]["id"] for one in paid["allocations"]] == [second, first]
    assert (paid["provider"], paid["toCredit"]) == ("manual", {"amount": "10.00"})


async def test_money_that_came_in_is_divided_as_told_or_pays_the_oldest(till: Till) -> None:
    buyer, (first, second) = await owing(till, "40", "60")
    told = [{"invoiceId": first, "amount": "10"}, {"invoiceId": second, "amount": "20"}]
    await till.do("recordPayment", PAID, customer=buyer.ref, amount=usd("30"), allocations=told)
    assert [one["due"]["amount"] for one in await till.invoices(buyer)] == ["30.00", "40.00"]
    await till.do("recordPayment", PAID, customer=buyer.ref, amount=usd("35"), receivedAt="2025-12-31T00:00:00Z")
    assert [one["due"]["amount"] for one in await till.invoices(buyer)] == ["0.00", "35.00"]


async def test_recording_is_refused_with_the_field_at_fault(till: Till) -> None:
    buyer, (invoice,) = await owing(till, "40")
    asked: Json = {"customer": buyer.ref, "amount": usd("10"), "invoiceIds": [invoice]}
    for wrong, code, field in (
        ({"invoiceIds": ["invoice_1"]}, "NOT_FOUND", ["invoiceIds", "0"]),
        ({"invoiceIds": [invoice, invoice]}, "INVALID", ["invoiceIds", "1"]),
        ({"amount": usd("0")}, "INVALID", ["amount", "amount"]),
        ({"amount": {"amount": "1", "currency": "XXX"}}, "INVALID", ["amount", "currency"]),
        ({"amount": {"amount": "1", "currency": "EUR"}}, "CURRENCY_MISMATCH", ["invoiceIds", "0"]),
        ({"allocations": [{"invoiceId": invoice, "amount": "1"}]}, "INVALID", ["invoiceIds"]),
        (
            {"invoiceIds": None, "allocations": [{"invoiceId": invoice, "amount": "11"}]},
            "INVALID",
            ["allocations"],
        ),
        ({"receivedAt": "2027-01-01T00:00:00Z"}, "INVALID", ["receivedAt"]),
    ):
        assert await till.refused("recordPayment", **{**asked, **wrong}) == (code, ["input", *field])


async def test_a_payment_can_be_given_back_the_way_it_came_or_as_credit(till: Till) -> None:
    buyer, (invoice,) = await owing(till, "40")
    paid = await till.do("payInvoice", PAID, invoiceId=invoice, paymentMethodId=await method(till, buyer))
    asked: Json = {"paymentId": paid["payment"]["id"]}
    back = (await till.do("refundPayment", REFUNDED, **asked, amount="15", reason="kind"))["refund"]
    assert (back["to"], back["amount"], back["failure"]) == ("METHOD", {"amount": "15.00"}, None)
    assert back["settledAt"] is not None
    assert back["payment"] == {"status": "PARTIALLY_REFUNDED", "refunded": {"amount": "15.00"}}
    rest = (await till.do("refundPayment", REFUNDED, **asked, to="CREDIT"))["refund"]
    assert (rest["amount"], rest["payment"]["status"]) == ({"amount": "25.00"}, "REFUNDED")
    assert (await till.about(buyer, "credits(active: true) { remaining { amount } kind }"))["credits"] == [
        {"remaining": {"amount": "25.00"}, "kind": "PREPAID"}
    ]
    assert await till.refused("refundPayment", **asked) == ("CONFLICT", ["input", "paymentId"])
    nobodys: Json = {"paymentId": "payment_01m7xzqmprem6tw0sa0ez4t5hj"}
    assert await till.refused("refundPayment", **nobodys) == ("NOT_FOUND", ["input", "paymentId"])


async def test_ways_to_pay_are_added_chosen_and_removed(till: Till) -> None:
    buyer = await till.buyer()
    first = await method(till, buyer, "succeeds", default=True)
    second = await method(till, buyer, "declines", expires="2027-12-31")
    shown = "paymentMethods { id default }"
    assert (await till.about(buyer, shown))["paymentMethods"] == [
        {"id": first, "default": True},
        {"id": second, "default": False},
    ]
    chosen = await till.do("setDefaultPaymentMethod", METHOD, paymentMethodId=second)
    assert (chosen["paymentMethod"]["default"], chosen["paymentMethod"]["expires"]) == (True, "2027-12-31")
    removed = await till.do("removePaymentMethod", METHOD, paymentMethodId=first)
    assert removed["paymentMethod"]["removedAt"] is not None
    assert (await till.about(buyer, shown))["paymentMethods"] == [{"id": second, "default": True}]
    for wrong, code, field in (
        ({"provider": "nobody"}, "INVALID", "provider"),
        ({"token": "declines"}, "ALREADY_EXISTS", "token"),
        ({"label": ""}, "INVALID", "label"),
    ):
        asked: Json = {"provider": "simulated", "token": "other", "kind": "card", "label": "x", **wrong}
        assert await till.refused("addPaymentMethod", customer=buyer.ref, **asked) == (code, ["input", field])
    assert await till.refused("setDefaultPaymentMethod", paymentMethodId=first) == (
        "NOT_FOUND",
        ["input", "paymentMethodId"],
    )


async def test_what_is_charged_for_a_plan_is_in_the_payload_also_of_a_retry(till: Till) -> None:
    buyer, plan = await till.buyer(), await till.plan(price("100"))
    asked: Json = {"customer": buyer.ref, "plan": plan, "idempotencyKey": unique()}
    shown = "subscription { id } invoice { id number status total { amount } due { amount } }"
    made = await till.do("subscribe", shown, **asked)
    assert made["invoice"]["due"] == {"amount": "100.00"}
    await till.do("recordPayment", PAID, customer=buyer.ref, amount=usd("100"))
    assert await till.do("subscribe", shown, **asked) == made
