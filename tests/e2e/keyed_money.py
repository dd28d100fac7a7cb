"""The keyed mutations of money, for the tests of retries: inputs, and customers who have what these need."""

from e2e.client import Api, Json, unique

INVOICE = "invoice { id number status total { amount } due { amount } lines { id amount { amount } } }"
CREDIT = "credit { id amount { amount } remaining { amount } voidedAt }"
METHOD = "paymentMethod { id default removedAt }"
USD = {"currency": "USD"}

KEYED_MONEY: dict[str, tuple[Json, Json, str]] = {
    "addInvoiceItem": (
        {"description": "x", "unitAmount": {"amount": "5", **USD}},
        {"description": "y", "unitAmount": {"amount": "5", **USD}},
        f"itemId {INVOICE}",
    ),
    "removeInvoiceItem": ({}, {"reason": "other"}, "itemId"),
    "adjustInvoiceLine": ({"amount": "7", "reason": "a"}, {"amount": "8", "reason": "a"}, INVOICE),
    "finalizeInvoice": ({}, {"reason": "other"}, INVOICE),
    "voidInvoice": ({"rebill": True}, {}, f"{INVOICE} rebilled {{ id number }}"),
    "markUncollectible": ({}, {"reason": "other"}, INVOICE),
    "issueCreditNote": ({"reason": "a"}, {"reason": "b"}, "creditNote { id number total { amount } }"),
    "planInstalments": ({"reason": "a"}, {"reason": "b"}, "invoice { instalments { dueAt amount { amount } } }"),
    "payInvoice": ({}, {"amount": "1"}, "payment { id amount { amount } provider createdAt }"),
    "recordPayment": (
        {"amount": {"amount": "5", **USD}},
        {"amount": {"amount": "6", **USD}},
        "payment { id amount { amount } toCredit { amount } }",
    ),
    "refundPayment": ({"to": "CREDIT"}, {}, "refund { id amount { amount } settledAt }"),
    "addPaymentMethod": (
        {"provider": "simulated", "token": "succeeds", "kind": "card", "label": "Visa"},
        {"provider": "simulated", "token": "succeeds", "kind": "card", "label": "Amex"},
        METHOD,
    ),
    "setDefaultPaymentMethod": ({}, {"reason": "other"}, METHOD),
    "removePaymentMethod": ({}, {"reason": "other"}, METHOD),
    "createPaymentSetup": ({}, {"provider": "simulated"}, "clientSecret provider"),
    "grantCredit": (
        {"amount": {"amount": "5", **USD}, "reason": "a"},
        {"amount": {"amount": "6", **USD}, "reason": "a"},
        CREDIT,
    ),
    "voidCredit": ({}, {"amount": "1"}, CREDIT),
    "buyCredit": ({"amount": {"amount": "5", **USD}}, {"amount": {"amount": "6", **USD}}, INVOICE),
    "applyCoupon": ({}, {"code": "OTHER"}, "redemption { id active coupon { code } }"),
    "removeCoupon": ({}, {"reason": "other"}, "redemption { id active endedAt }"),
}


async def stock_money(api: Api, mutation: str, customer_id: str) -> Json:
    """What the mutation is about, ready for it."""
    ref: Json = {"customer": {"id": customer_id}}
    if mutation in (
        "addInvoiceItem",
        "recordPayment",
        "addPaymentMethod",
        "createPaymentSetup",
        "grantCredit",
        "buyCredit",
    ):
        return ref
    if mutation in ("removeInvoiceItem", "adjustInvoiceLine", "finalizeInvoice"):
        return await _of_draft(api, mutation, customer_id)
    if mutation in ("setDefaultPaymentMethod", "removePaymentMethod"):
        await api.pays(customer_id, "succeeds")
        return {"paymentMethodId": await api.pays(customer_id, "declines")}
    if mutation == "voidCredit":
        input, _, shown = KEYED_MONEY["grantCredit"]
        return {"creditId": (await _do(api, "grantCredit", shown, **ref, **input))["credit"]["id"]}
    if mutation in ("applyCoupon", "removeCoupon"):
        code = unique("CODE")
        await api.do("createCoupon", "coupon { id }", code=code, name="Off", percent="10")
        if mutation == "applyCoupon":
            return {**ref, "code": code}
        made = await _do(api, "applyCoupon", "redemption { id }", **ref, code=code)
        return {"redemptionId": made["redemption"]["id"]}
    return await _of_final(api, mutation, customer_id)


async def _of_draft(api: Api, mutation: str, customer_id: str) -> Json:
    await api.subscribe(customer_id, "starter")
    input, _, shown = KEYED_MONEY["addInvoiceItem"]
    item = await _do(api, "addInvoiceItem", shown, customer={"id": customer_id}, **input)
    if mutation == "removeInvoiceItem":
        return {"itemId": item["itemId"]}
    query = "query($id: ID!) { customer(ref: {id: $id}) { upcomingInvoice { id lines { id } } } }"
    draft = (await api.ask(query, id=customer_id))["customer"]["upcomingInvoice"]
    line = {"lineId": draft["lines"][0]["id"]} if mutation == "adjustInvoiceLine" else {}
    return {"invoiceId": draft["id"], **line}


async def _of_final(api: Api, mutation: str, customer_id: str) -> Json:
    input, _, shown = KEYED_MONEY["addInvoiceItem"]
    invoice = (await _do(api, "addInvoiceItem", shown, customer={"id": customer_id}, **input))["invoice"]
    match mutation:
        case "refundPayment":
            paid: Json = {"customer": {"id": customer_id}, "amount": {"amount": invoice["due"]["amount"], **USD}}
            made = await _do(api, "recordPayment", "payment { id }", **paid)
            return {"paymentId": made["payment"]["id"]}
        case "payInvoice":
            card = await api.do(
                "addPaymentMethod",
                METHOD,
                customer={"id": customer_id},
                **KEYED_MONEY["addPaymentMethod"][0],
                default=False,
                idempotencyKey=unique(),
            )
            return {"invoiceId": invoice["id"], "paymentMethodId": card["paymentMethod"]["id"]}
        case "planInstalments":
            part = {"dueAt": "2030-01-01T00:00:00Z", "amount": invoice["due"]["amount"]}
            return {"invoiceId": invoice["id"], "instalments": [part]}
        case _:
            return {"invoiceId": invoice["id"]}


async def _do(api: Api, mutation: str, shown: str, **input: object) -> Json:
    return await api.do(mutation, shown, **{"idempotencyKey": unique(), **input})
