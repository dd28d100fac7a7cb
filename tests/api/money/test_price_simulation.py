"""What quantities, or the usage of a past month, would cost under other prices."""

from e2e.client import Json
from money_desk import Till, price

SHOWN = """total { amount currency } actual { amount } userErrors { code field }
    lines { description quantity amount { amount } period { start end } derivation { label quantity rate amount } }"""
JANUARY = {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}
CALLS = price("0.05", "calls", model="PER_UNIT", meterKey="api_calls")
FIRST_FREE = {
    **price("0", "calls", model="GRADUATED", meterKey="api_calls"),
    "unitAmount": None,
    "tiers": [{"upTo": "100", "unitAmount": "0"}, {"unitAmount": "0.10"}],
}


async def simulate(till: Till, **input: object) -> Json:
    query = f"query($input: SimulatePriceInput!) {{ simulatePrice(input: $input) {{ {SHOWN} }} }}"
    found: Json = (await till.api.ask(query, input=input))["simulatePrice"]
    return found


async def refused(till: Till, **input: object) -> tuple[str, list[str]]:
    found = await simulate(till, **input)
    (error,) = found["userErrors"]
    assert (found["total"], found["actual"], found["lines"]) == (None, None, [])
    return error["code"], error["field"]


async def test_quantities_are_priced_without_a_customer(till: Till) -> None:
    prices = [price("99"), price("10", "seat", model="PER_SEAT", included="1"), FIRST_FREE]
    found = await simulate(till, prices=prices, quantities={"seat": 4, "calls": "130.5"})
    assert (found["total"], found["actual"], found["userErrors"]) == (
        {"amount": "132.05", "currency": "USD"},
        None,
        [],
    )
    assert [(line["description"], line["amount"]["amount"]) for line in found["lines"]] == [
        ("base", "99.00"),
        ("seat", "30.00"),
        ("calls", "3.05"),
    ]
    assert found["lines"][2]["derivation"] == [
        {"label": "tier 1 (up to 100)", "quantity": "100", "rate": "0", "amount": "0"},
        {"label": "tier 2 (above 100)", "quantity": "30.5", "rate": "0.1", "amount": "3.05"},
    ]
    assert (await simulate(till, prices=prices))["total"]["amount"] == "99.00"


async def test_past_usage_is_priced_again_beside_what_was_billed(till: Till) -> None:
    buyer = await till.buyer()
    await till.subscribe(buyer, await till.plan(price("99"), CALLS))
    await till.api.use(buyer.id, "api.calls", 150)
    await till.to(buyer, "2026-02-01T02:00:00Z")
    await till.api.use(buyer.id, "api.calls", 30)
    asked: Json = {"customer": buyer.ref, "prices": [FIRST_FREE]}
    january = await simulate(till, **asked, period=JANUARY)
    assert (january["total"]["amount"], january["actual"]) == ("5.00", {"amount": "7.50"})
    both = await simulate(till, **asked, period={**JANUARY, "end": "2026-03-01T00:00:00Z"})
    assert [(line["quantity"], line["amount"]["amount"], line["period"]) for line in both["lines"]] == [
        ("150", "5.00", JANUARY),
        ("30", "0.00", {"start": "2026-02-01T00:00:00Z", "end": "2026-03-01T00:00:00Z"}),
    ]
    assert both["actual"] == {"amount": "7.50"}
    same = await simulate(till, customer=buyer.ref, prices=[CALLS], period=JANUARY)
    assert same["total"]["amount"] == same["actual"]["amount"]


async def test_what_was_taken_back_was_not_billed(till: Till) -> None:
    buyer = await till.buyer()
    await till.subscribe(buyer, await till.plan(CALLS))
    await till.api.use(buyer.id, "api.calls", 150)
    await till.to(buyer, "2026-02-01T02:00:00Z")
    asked: Json = {"customer": buyer.ref, "prices": [CALLS], "period": JANUARY}
    (invoice,) = await till.invoices(buyer)
    lines = [{"lineId": invoice["lines"][0]["id"], "amount": "2.50"}]
    await till.do("issueCreditNote", "creditNote { id }", invoiceId=invoice["id"], lines=lines, reason="sorry")
    assert (await simulate(till, **asked))["actual"] == {"amount": "5.00"}


async def test_a_void_invoice_billed_nothing(till: Till) -> None:
    buyer = await till.buyer()
    await till.subscribe(buyer, await till.plan(CALLS))
    await till.api.use(buyer.id, "api.calls", 150)
    await till.to(buyer, "2026-02-01T02:00:00Z")
    (invoice,) = await till.invoices(buyer, "id")
    await till.do("voidInvoice", "invoice { id }", invoiceId=invoice["id"])
    found = await simulate(till, customer=buyer.ref, prices=[CALLS], period=JANUARY)
    assert (found["total"]["amount"], found["actual"]) == ("7.50", {"amount": "0.00"})


async def test_what_cannot_be_told_is_told_as_data(till: Till) -> None:
    buyer = await till.buyer()
    whose: Json = {"customer": buyer.ref, "period": JANUARY}
    euros = {**CALLS, "key": "other", "currency": "EUR"}
    for input, code, field in (
        ({"prices": []}, "INVALID", ["prices"]),
        ({"prices": [CALLS, euros]}, "CURRENCY_MISMATCH", ["prices", "1", "currency"]),
        ({"prices": [{**CALLS, "meterKey": "none"}]}, "INVALID", ["prices", "0", "meterKey"]),
        ({"prices": [CALLS], "quantities": {"seat": 1}}, "INVALID", ["quantities", "seat"]),
        ({"prices": [CALLS], "quantities": {"calls": 1.5}}, "INVALID", ["quantities", "calls"]),
        ({"prices": [CALLS], "quantities": {"calls": "-1"}}, "INVALID", ["quantities", "calls"]),
        ({"prices": [CALLS], "quantities": ["1"]}, "INVALID", ["quantities"]),
        ({"prices": [CALLS], "period": JANUARY}, "INVALID", ["period"]),
        ({"prices": [CALLS], "customer": buyer.ref}, "INVALID", ["period"]),
        ({"prices": [CALLS], **whose, "quantities": {}}, "INVALID", ["quantities"]),
        ({"prices": [price("1")], **whose}, "INVALID", ["prices", "0", "meterKey"]),
        ({"prices": [CALLS], **whose, "customer": {"externalId": "no"}}, "NOT_FOUND", ["customer"]),
        ({"prices": [CALLS], **whose, "period": {**JANUARY, "end": JANUARY["start"]}}, "INVALID", ["period"]),
        (
            {
                "prices": [{**CALLS, "cadence": "DAY"}],
                **whose,
                "period": {"start": "2020-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
            },
            "INVALID",
            ["period"],
        ),
    ):
        assert await refused(till, **input) == (code, ["input", *field])


async def test_a_customers_figures_need_the_right_to_read_them(till: Till) -> None:
    buyer = await till.buyer()
    made = await till.api.do("createApiKey", "secret", name="shop", role="SERVICE", scopes=["catalog:read"])
    narrow = Till(till.api.with_key(made["secret"]))
    assert (await simulate(narrow, prices=[price("1")]))["total"]["amount"] == "1.00"
    query = "query($input: SimulatePriceInput!) { simulatePrice(input: $input) { total { amount } } }"
    asked: Json = {"prices": [CALLS], "customer": buyer.ref, "period": JANUARY}
    assert await narrow.api.fails(query, input=asked) == ["FORBIDDEN"]
