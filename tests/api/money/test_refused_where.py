"""Refusals name a field that the mutation's own input has."""

from e2e.client import Json
from money_desk import Till, price


def usd(amount: str) -> Json:
    return {"amount": amount, "currency": "USD"}


async def test_what_an_erased_customer_holds_is_not_found_where_it_is_named(till: Till) -> None:
    buyer = await till.buyer()
    subscription = await till.subscribe(buyer, await till.plan(price("10")))
    (invoice,) = await till.invoices(buyer, "id")
    credit = (await till.do("grantCredit", "credit { id }", customer=buyer.ref, amount=usd("1"), reason="x"))["credit"]
    await till.api.do("eraseCustomer", "__typename", customer=buyer.ref)
    for mutation, asked in (
        ("changeQuantity", {"subscriptionId": subscription, "quantity": 2}),
        ("revokeCancellation", {"subscriptionId": subscription}),
        ("payInvoice", {"invoiceId": invoice["id"]}),
        ("issueCreditNote", {"invoiceId": invoice["id"], "reason": "x"}),
        ("voidCredit", {"creditId": credit["id"]}),
    ):
        name = next(iter(asked))
        assert (mutation, *await till.refused(mutation, **asked)) == (mutation, "NOT_FOUND", ["input", name])


async def test_credit_that_costs_too_much_is_refused_for_its_amount(till: Till) -> None:
    buyer = await till.buyer(currency="JPY")
    told = await till.refused("buyCredit", customer=buyer.ref, amount={"amount": "9" * 18, "currency": "JPY"})
    assert told == ("INVALID", ["input", "amount", "amount"])
