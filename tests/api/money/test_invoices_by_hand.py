"""What support does to invoices: items, another amount, closing, voiding, writing off, credit notes, instalments."""

from e2e.client import Json, unique
from money_desk import INVOICE, Buyer, Till, price

NOBODY = "invoice_01m7xzqmprem6tw0sa0ez4t5hj"
MADE = f"itemId invoice {{ {INVOICE} }}"
SHOWN = f"invoice {{ {INVOICE} }}"


def usd(amount: str) -> Json:
    return {"amount": amount, "currency": "USD"}


async def billed(till: Till, amount: str = "100") -> tuple[Buyer, Json]:
    """Somebody who has just been billed for a month."""
    buyer = await till.buyer()
    await till.subscribe(buyer, await till.plan(price(amount)))
    (invoice,) = await till.invoices(buyer)
    return buyer, invoice


async def test_an_item_waits_for_the_next_invoice(till: Till) -> None:
    buyer, _ = await billed(till)
    item: Json = {"customer": buyer.ref, "description": "Training", "quantity": "1.5", "unitAmount": usd("80")}
    made = await till.do("addInvoiceItem", MADE, **item)
    assert made["invoice"] is None
    draft = await till.draft(buyer, "total { amount } lines { description quantity amount { amount } itemId }")
    assert draft["total"] == {"amount": "220.00"}
    assert draft["lines"][-1] == {
        "description": "Training",
        "quantity": "1.5",
        "amount": {"amount": "120.00"},
        "itemId": made["itemId"],
    }
    await till.do("removeInvoiceItem", "itemId", itemId=made["itemId"])
    assert (await till.draft(buyer))["total"] == {"amount": "100.00"}
    assert await till.refused("removeInvoiceItem", itemId=made["itemId"]) == ("NOT_FOUND", ["input", "itemId"])


async def test_an_item_comes_on_an_invoice_of_its_own_if_asked_or_if_nothing_runs(till: Till) -> None:
    for buyer in ((await billed(till))[0], await till.buyer()):
        item: Json = {"customer": buyer.ref, "description": "Set-up", "unitAmount": usd("49.90")}
        now = {"invoiceNow": True} if await till.draft(buyer) else {}
        made = await till.do("addInvoiceItem", MADE, **item, **now)
        assert (made["invoice"]["status"], made["invoice"]["total"]) == ("OPEN", {"amount": "49.90"})
        assert made["invoice"]["number"].startswith("INV-")


async def test_an_item_is_refused_with_the_field_at_fault(till: Till) -> None:
    buyer = await till.buyer()
    item: Json = {"customer": buyer.ref, "description": "x", "unitAmount": usd("1")}
    for wrong, code, field in (
        ({"quantity": "0"}, "INVALID", ["quantity"]),
        ({"unitAmount": usd("-1")}, "INVALID", ["unitAmount", "amount"]),
        ({"unitAmount": {"amount": "1", "currency": "EUR"}}, "CURRENCY_MISMATCH", ["unitAmount", "currency"]),
        ({"description": " "}, "INVALID", ["description"]),
        ({"period": {"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}}, "INVALID", ["period"]),
        ({"customer": {"externalId": "nobody"}}, "NOT_FOUND", ["customer"]),
    ):
        assert await till.refused("addInvoiceItem", **{**item, **wrong}) == (code, ["input", *field])


async def test_an_item_asked_for_twice_is_there_once(till: Till) -> None:
    buyer = await till.buyer()
    item: Json = {"customer": buyer.ref, "description": "x", "unitAmount": usd("1"), "idempotencyKey": unique()}
    first = await till.do("addInvoiceItem", MADE, **item)
    assert await till.do("addInvoiceItem", MADE, **item) == first
    assert len(await till.invoices(buyer)) == 1
    other = {**item, "unitAmount": usd("2")}
    assert await till.refused("addInvoiceItem", **other) == ("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])


async def test_a_line_of_a_draft_comes_to_what_support_says(till: Till) -> None:
    buyer, final = await billed(till)
    draft = await till.draft(buyer)
    line: Json = {"invoiceId": draft["id"], "lineId": draft["lines"][0]["id"], "reason": "sorry"}
    adjusted = await till.do("adjustInvoiceLine", SHOWN, **line, amount="60")
    assert (adjusted["invoice"]["status"], adjusted["invoice"]["total"]) == ("DRAFT", {"amount": "60.00"})
    await till.to(buyer, "2026-02-01T01:00:00Z")
    assert [invoice["total"]["amount"] for invoice in await till.invoices(buyer)] == ["100.00", "60.00"]
    finalized: Json = {**line, "amount": "50"}
    assert await till.refused("adjustInvoiceLine", **finalized) == ("INVOICE_FINALIZED", ["input", "invoiceId"])
    elsewhere: Json = {**finalized, "invoiceId": (await till.draft(buyer, "id"))["id"]}
    assert await till.refused("adjustInvoiceLine", **elsewhere) == ("NOT_FOUND", ["input", "lineId"])
    negative: Json = {**line, "invoiceId": elsewhere["invoiceId"], "amount": "-1"}
    negative["lineId"] = (await till.draft(buyer))["lines"][0]["id"]
    assert await till.refused("adjustInvoiceLine", **negative) == ("INVALID", ["input", "amount"])
    nowhere: Json = {**line, "invoiceId": NOBODY, "amount": "1"}
    assert await till.refused("adjustInvoiceLine", **nowhere) == ("NOT_FOUND", ["input", "invoiceId"])
    assert final["id"] != draft["id"]


async def test_a_draft_of_a_period_that_is_over_can_be_closed_before_it_closes_itself(till: Till) -> None:
    buyer = await till.buyer()
    usage = price("0.10", "calls", model="PER_UNIT", meterKey="api_calls")
    await till.subscribe(buyer, await till.plan(price("100"), usage, draftHours=24))
    await till.api.use(buyer.id, "api.calls", 50)
    await till.to(buyer, "2026-02-01T12:00:00Z")
    draft = (await till.about(buyer, f"drafts: upcomingInvoice {{ {INVOICE} }}"))["drafts"]
    asked: Json = {"invoiceId": draft["id"], "idempotencyKey": unique()}
    closed = await till.do("finalizeInvoice", SHOWN, **asked)
    assert closed["invoice"]["id"] == draft["id"]
    assert (closed["invoice"]["status"], closed["invoice"]["total"]) == ("OPEN", {"amount": "105.00"})
    await till.to(buyer, "2026-03-05T00:00:00Z")
    assert await till.do("finalizeInvoice", SHOWN, **asked) == closed
    assert await till.refused("finalizeInvoice", invoiceId=draft["id"]) == (
        "INVOICE_FINALIZED",
        ["input", "invoiceId"],
    )


async def test_a_draft_with_nothing_on_it_cannot_be_closed(till: Till) -> None:
    buyer, _ = await billed(till)
    draft = await till.draft(buyer, "id")
    assert await till.refused("finalizeInvoice", invoiceId=draft["id"]) == ("CONFLICT", ["input", "invoiceId"])
    await till.do("addInvoiceItem", MADE, customer=buyer.ref, description="x", unitAmount=usd("7"))
    closed = await till.do("finalizeInvoice", SHOWN, invoiceId=draft["id"])
    assert (closed["invoice"]["id"], closed["invoice"]["total"]) == (draft["id"], {"amount": "7.00"})


async def test_a_void_invoice_is_owed_by_nobody(till: Till) -> None:
    buyer, invoice = await billed(till)
    asked: Json = {"invoiceId": invoice["id"], "reason": "a mistake"}
    voided = await till.do("voidInvoice", f"{SHOWN} rebilled {{ id }}", **asked)
    assert (voided["invoice"]["status"], voided["invoice"]["due"]) == ("VOID", {"amount": "0.00"})
    assert voided["rebilled"] is None
    assert (await till.draft(buyer))["total"] == {"amount": "100.00"}
    assert await till.do("voidInvoice", f"{SHOWN} rebilled {{ id }}", **asked) == voided


async def test_a_void_invoice_is_billed_again_if_asked(till: Till) -> None:
    buyer, invoice = await billed(till)
    asked: Json = {"invoiceId": invoice["id"], "rebill": True, "idempotencyKey": unique()}
    shown = f"invoice {{ status }} rebilled {{ {INVOICE} }}"
    voided = await till.do("voidInvoice", shown, **asked)
    assert voided["invoice"]["status"] == "VOID"
    assert (voided["rebilled"]["status"], voided["rebilled"]["total"]) == ("OPEN", {"amount": "100.00"})
    assert await till.do("voidInvoice", shown, **asked) == voided
    assert [one["status"] for one in await till.invoices(buyer, "status")] == ["VOID", "OPEN"]


async def test_a_paid_invoice_cannot_be_voided(till: Till) -> None:
    buyer, invoice = await billed(till)
    await till.do("recordPayment", "payment { id }", customer=buyer.ref, amount=usd("100"))
    assert await till.refused("voidInvoice", invoiceId=invoice["id"]) == ("CONFLICT", ["input", "invoiceId"])


async def test_what_is_uncollectible_is_not_due_and_can_still_be_paid(till: Till) -> None:
    buyer, invoice = await billed(till)
    written_off = await till.do("markUncollectible", SHOWN, invoiceId=invoice["id"], reason="bankrupt")
    assert (written_off["invoice"]["status"], written_off["invoice"]["due"]) == ("UNCOLLECTIBLE", {"amount": "0.00"})
    paid: Json = {"customer": buyer.ref, "amount": usd("30"), "invoiceIds": [invoice["id"]]}
    await till.do("recordPayment", "payment { id }", **paid)
    ((after),) = await till.invoices(buyer)
    assert (after["status"], after["paid"]) == ("UNCOLLECTIBLE", {"amount": "30.00"})


async def test_a_credit_note_lowers_what_is_owed_and_what_was_paid_becomes_credit(till: Till) -> None:
    buyer, invoice = await billed(till)
    shown = """creditNote { number total { amount } off { amount } credit { amount { amount } } reason
        invoice { due { amount } creditNotes { number } } lines { description amount { amount } } }"""
    asked: Json = {"invoiceId": invoice["id"], "reason": "an outage"}
    line: Json = {"lineId": invoice["lines"][0]["id"], "amount": "30"}
    first = (await till.do("issueCreditNote", shown, **asked, lines=[line]))["creditNote"]
    assert first["invoice"] == {"due": {"amount": "70.00"}, "creditNotes": [{"number": first["number"]}]}
    assert (first["total"], first["off"], first["credit"]) == ({"amount": "30.00"}, {"amount": "30.00"}, None)
    assert first["lines"] == [{"description": invoice["lines"][0]["description"], "amount": {"amount": "30.00"}}]
    await till.do("recordPayment", "payment { id }", customer=buyer.ref, amount=usd("70"))
    rest = (await till.do("issueCreditNote", shown, **asked))["creditNote"]
    assert (rest["total"], rest["off"]) == ({"amount": "70.00"}, {"amount": "0.00"})
    assert rest["credit"] == {"amount": {"amount": "70.00"}}
    assert await till.refused("issueCreditNote", **asked) == ("CONFLICT", None)


async def test_a_credit_note_is_refused_with_the_field_at_fault(till: Till) -> None:
    _, invoice = await billed(till)
    line: Json = {"lineId": invoice["lines"][0]["id"], "amount": "30"}
    for lines, code, field in (
        ([{**line, "amount": "100.01"}], "INVALID", ["lines"]),
        ([{**line, "lineId": "line_1"}], "NOT_FOUND", ["lines"]),
        ([line, line], "INVALID", ["lines", "1", "lineId"]),
        ([], "INVALID", ["lines"]),
    ):
        told = await till.refused("issueCreditNote", invoiceId=invoice["id"], reason="x", lines=lines)
        assert told == (code, ["input", *field])


async def test_an_invoice_can_be_paid_in_parts(till: Till) -> None:
    buyer, invoice = await billed(till)
    parts = [
        {"dueAt": "2026-02-10T00:00:00Z", "amount": "60"},
        {"dueAt": "2026-03-10T00:00:00Z", "amount": "40"},
    ]
    shown = "invoice { instalments { dueAt amount { amount } due { amount } paidAt } }"
    planned = await till.do("planInstalments", shown, invoiceId=invoice["id"], instalments=parts)
    assert [part["due"]["amount"] for part in planned["invoice"]["instalments"]] == ["60.00", "40.00"]
    for wrong, field in (
        ([*parts, {"dueAt": "2026-04-10T00:00:00Z", "amount": "1"}], ["instalments"]),
        ([parts[1], parts[0]], ["instalments", "1", "dueAt"]),
        ([{**parts[0], "amount": "0"}, parts[1]], ["instalments", "0", "amount"]),
    ):
        told = await till.refused("planInstalments", invoiceId=invoice["id"], instalments=wrong)
        assert told == ("INVALID", ["input", *field])
    await till.do("recordPayment", "payment { id }", customer=buyer.ref, amount=usd("60"))
    ((after),) = await till.invoices(buyer, "instalments { due { amount } }")
    assert [part["due"]["amount"] for part in after["instalments"]] == ["0.00", "40.00"]


async def test_what_is_nobodys_is_not_found(till: Till) -> None:
    for mutation, input in (
        ("finalizeInvoice", {}),
        ("voidInvoice", {}),
        ("markUncollectible", {}),
        ("issueCreditNote", {"reason": "x"}),
        ("planInstalments", {"instalments": []}),
        ("payInvoice", {}),
    ):
        assert await till.refused(mutation, invoiceId=NOBODY, **input) == ("NOT_FOUND", ["input", "invoiceId"])
