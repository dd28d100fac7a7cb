"""Invoices of a customer: what was charged, what will be, and why."""

from billed_customer import DAY, HOUR, billed
from storefront import NOON, Storefront

from domain.commands import EraseCustomer

INVOICES = """
query ($ref: CustomerRef!, $first: Int, $after: String, $last: Int, $before: String, $status: [InvoiceStatus!]) {
  customer(ref: $ref) {
    invoices(first: $first, after: $after, last: $last, before: $before, status: $status) {
      edges { node { id number status total { amount } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""
FIGURES = """
query ($ref: CustomerRef!) {
  customer(ref: $ref) {
    upcomingInvoice {
      id number status issuedAt dueAt finalizedAt finalizesAt pdfUrl
      period { start end } subtotal { amount } discount { amount } credit { amount } total { amount currency }
      paid { amount } due { amount } discounts { code amount { amount } }
      tax { name rate base { amount } amount { amount } code inclusive }
      lines {
        kind description quantity unitAmount amount { amount } calculated { amount } taxRate period { start end }
        price { key model } derivation { label quantity rate amount }
        usageEvents(first: 1) { edges { node { value } } pageInfo { hasNextPage endCursor } }
      }
    }
  }
}
"""


async def page(shop: Storefront, id: str, **asked: object) -> tuple[list[str | None], dict]:
    """(The numbers, the page info)."""
    found = (await shop.ask(INVOICES, ref={"id": id}, **asked))["customer"]["invoices"]
    return [edge["node"]["number"] for edge in found["edges"]], found["pageInfo"]


async def test_the_next_invoice_is_what_it_would_be_now_figure_by_figure(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter", await shop.clock())
    await shop.use(id, "transfer", "100")
    await shop.use(id, "transfer", "50")
    draft = (await shop.ask(FIGURES, ref={"id": id}))["customer"]["upcomingInvoice"]
    fee, transfer = draft.pop("lines")
    assert draft.pop("id").startswith("invoice_")
    assert draft == {
        "number": None,
        "status": "DRAFT",
        "issuedAt": None,
        "dueAt": None,
        "finalizedAt": None,
        "finalizesAt": "2026-02-28T13:00:00Z",
        "pdfUrl": None,
        "period": {"start": "2026-01-31T12:00:00Z", "end": "2026-03-31T11:00:00Z"},  # Paris has summer time by then
        "subtotal": {"amount": "124.00"},
        "discount": {"amount": "0.00"},
        "credit": {"amount": "0.00"},
        "total": {"amount": "124.00", "currency": "USD"},
        "paid": {"amount": "0.00"},
        "due": {"amount": "124.00"},
        "discounts": [],
        "tax": [
            {
                "name": "No tax",
                "rate": "0",
                "base": {"amount": "124.00"},
                "amount": {"amount": "0.00"},
                "code": "OUTSIDE_SCOPE",
                "inclusive": False,
            }
        ],
    }
    assert fee == {
        "kind": "RECURRING",
        "description": "Starter: base",
        "quantity": "1",
        "unitAmount": "99",
        "amount": {"amount": "99.00"},
        "calculated": None,
        "taxRate": "0",
        "period": {"start": "2026-02-28T12:00:00Z", "end": "2026-03-31T11:00:00Z"},
        "price": {"key": "base", "model": "FLAT"},
        "derivation": [{"label": "fixed price", "quantity": "1", "rate": "99", "amount": "99"}],
        "usageEvents": None,
    }
    events = transfer.pop("usageEvents")
    assert [edge["node"]["value"] for edge in events["edges"]] == ["100"]
    assert events["pageInfo"]["hasNextPage"]
    assert transfer == {
        "kind": "USAGE",
        "description": "Starter: transfer overage",
        "quantity": "150",
        "unitAmount": None,
        "amount": {"amount": "25.00"},
        "calculated": None,
        "taxRate": "0",
        "period": {"start": "2026-01-31T12:00:00Z", "end": "2026-02-28T12:00:00Z"},
        "price": {"key": "transfer_overage", "model": "GRADUATED"},
        "derivation": [
            {"label": "included", "quantity": "100", "rate": "0", "amount": "0"},
            {"label": "tier 1 (up to 100)", "quantity": "50", "rate": "0.5", "amount": "25"},
        ],
    }


async def test_a_draft_becomes_the_invoice_that_it_said_it_would_be(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.use(id, "transfer", "150")
    query = """query ($id: ID!) { invoice(id: $id) {
      id status total { amount } lines { id description amount { amount } derivation { label amount } } } }"""
    draft = (await shop.ask(FIGURES, ref={"id": id}))["customer"]["upcomingInvoice"]
    before = (await shop.ask(query, id=draft["id"]))["invoice"]
    await shop.advance(clock_id, NOON + 28 * DAY + HOUR, id)
    assert (await shop.ask(query, id=draft["id"]))["invoice"] == before | {"status": "OPEN"}


async def test_while_a_period_waits_for_late_usage_there_are_two_drafts(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.advance(clock_id, NOON + 28 * DAY, id)
    found = (await shop.ask(INVOICES, ref={"id": id}, first=10))["customer"]["invoices"]["edges"]
    assert [edge["node"]["status"] for edge in found] == ["DRAFT", "DRAFT", "OPEN"]
    waiting = (await shop.ask(FIGURES, ref={"id": id}))["customer"]["upcomingInvoice"]
    assert waiting["id"] == found[1]["node"]["id"]
    assert waiting["finalizesAt"] == "2026-02-28T13:00:00Z"


async def test_what_is_due_and_not_recorded_yet_is_a_draft_until_it_is(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.advance(clock_id, NOON + 30 * DAY)  # nobody has caught up
    assert (await page(shop, id, first=10))[0] == [None, None, "INV-000001"]
    await shop.advance(clock_id, NOON + 30 * DAY + HOUR, id)
    assert (await page(shop, id, first=10))[0] == [None, "INV-000002", "INV-000001"]


async def test_pages_from_both_ends_newest_first(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    for day in (30, 65):  # who does not pay is suspended, and then charged no more
        await shop.pay(id)
        await shop.advance(clock_id, NOON + day * DAY, id)
    first, info = await page(shop, id, first=2)
    assert (first, info["hasNextPage"], info["hasPreviousPage"]) == ([None, "INV-000003"], True, False)
    second, info = await page(shop, id, first=2, after=info["endCursor"])
    assert (second, info["hasNextPage"], info["hasPreviousPage"]) == (["INV-000002", "INV-000001"], False, True)
    third, info = await page(shop, id, last=2, before=info["startCursor"])
    assert (third, info["hasNextPage"], info["hasPreviousPage"]) == ([None, "INV-000003"], True, False)
    oldest, info = await page(shop, id, last=1)
    assert (oldest, info["hasNextPage"], info["hasPreviousPage"]) == (["INV-000001"], False, True)


async def test_only_those_in_the_statuses_that_are_asked_for(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.pay(id)
    await shop.advance(clock_id, NOON + 30 * DAY, id)
    for status, numbers in (
        (["DRAFT"], [None]),
        (["OPEN"], ["INV-000002"]),
        (["PAID"], ["INV-000001"]),
        (["DRAFT", "PAID"], [None, "INV-000001"]),
        (["VOID"], []),
        ([], []),
    ):
        assert (await page(shop, id, first=10, status=status))[0] == numbers


async def test_an_invoice_by_its_id_or_its_number(shop: Storefront) -> None:
    one = await billed(shop)
    query = "query ($id: ID, $number: String) { invoice(id: $id, number: $number) { id number customer { id } } }"
    expected = {"invoice": {"id": one.invoice_id, "number": "INV-000001", "customer": {"id": one.customer_id}}}
    assert await shop.ask(query, id=one.invoice_id) == expected
    assert await shop.ask(query, number="INV-000001") == expected
    draft = (await shop.ask(query, id=one.draft_id))["invoice"]
    assert (draft["id"], draft["number"]) == (one.draft_id, None)
    for nothing in ({"id": one.note_id}, {"id": "x"}, {"number": "CN-000001"}, {"number": "INV-2"}):
        assert await shop.ask(query, **nothing) == {"invoice": None}
    assert await shop.code(query) == "BAD_USER_INPUT"
    assert await shop.code(query, id=one.invoice_id, number="INV-000001") == "BAD_USER_INPUT"


async def test_final_invoices_of_all_customers_newest_first(shop: Storefront) -> None:
    clock_id = await shop.clock()
    for n in range(3):
        await shop.advance(clock_id, NOON + (n + 1) * HOUR)
        await shop.customer(f"c{n}", "starter", clock_id)
    query = """query ($first: Int, $after: String, $last: Int, $status: [InvoiceStatus!]) {
      invoices(first: $first, after: $after, last: $last, status: $status) {
        edges { node { number customer { externalId } } } pageInfo { hasNextPage endCursor } } }"""

    async def names(**asked: object) -> list[tuple[str, str]]:
        edges = (await shop.ask(query, **asked))["invoices"]["edges"]
        return [(edge["node"]["number"], edge["node"]["customer"]["externalId"]) for edge in edges]

    assert await names(first=2) == [("INV-000003", "c2"), ("INV-000002", "c1")]
    cursor = (await shop.ask(query, first=2))["invoices"]["pageInfo"]["endCursor"]
    assert await names(first=2, after=cursor) == [("INV-000001", "c0")]
    assert await names(last=1) == [("INV-000001", "c0")]
    assert await names(first=9, status=["OPEN"]) == await names(first=9)
    assert await names(first=9, status=["PAID", "DRAFT"]) == []


async def test_who_is_billed_is_frozen_and_goes_with_the_customer(shop: Storefront) -> None:
    one = await billed(shop)
    query = "query ($id: ID!) { invoice(id: $id) { seller buyer } }"
    frozen = (await shop.ask(query, id=one.invoice_id))["invoice"]
    assert frozen == {
        "seller": {
            "name": "Example, Inc.",
            "line1": "1 Market Street",
            "city": "San Francisco",
            "postalCode": "94105",
            "country": "US",
            "email": "billing@example.com",
        },
        "buyer": {
            "name": "Ms acme",
            "email": "acme@example.org",
            "taxId": "FR123",
            "address": {"line1": "1 Rue", "country": "FR"},
            "country": "FR",
        },
    }
    await shop.record(one.customer_id, EraseCustomer())
    assert (await shop.ask(query, id=one.invoice_id))["invoice"] == frozen | {"buyer": {}}
