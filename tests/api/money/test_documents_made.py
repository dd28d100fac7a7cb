"""What a mutation answers with holds every document that it made, and says the same when it is asked again."""

from e2e.client import Json, unique
from money_desk import Buyer, Till, price, seats

BOTH = "invoices { number total { amount } } creditNotes { number total { amount } }"
DOCUMENTS = f"invoice {{ number }} {BOTH}"


async def documents(till: Till, buyer: Buyer) -> tuple[list[str], list[str]]:
    """(numbers of the invoices, of the credit notes) of the customer, oldest first."""
    found = await till.invoices(buyer, "number creditNotes { number }")
    return [one["number"] for one in found], sorted(note["number"] for one in found for note in one["creditNotes"])


async def twice(till: Till, mutation: str, shown: str = DOCUMENTS, **input: object) -> Json:
    """The answer, which is the same to a retry."""
    asked = {"idempotencyKey": unique(), **input}
    answer = await till.api.do(mutation, shown, **asked)
    assert await till.api.do(mutation, shown, **asked) == answer
    return answer


def amounts(several: list[Json]) -> list[str]:
    return [one["total"]["amount"] for one in several]


async def test_a_start_in_the_past_shows_the_invoice_of_every_period_since(till: Till) -> None:
    buyer, plan = await till.buyer(at="2026-04-15T00:00:00Z"), await till.plan(price("30"))
    made = await twice(till, "subscribe", customer=buyer.ref, plan=plan, startAt="2026-01-10T00:00:00Z")
    assert amounts(made["invoices"]) == ["30.00", "30.00", "30.00", "30.00"]
    assert made["invoice"] == {"number": made["invoices"][-1]["number"]}
    assert ([one["number"] for one in made["invoices"]], made["creditNotes"]) == await documents(till, buyer)


async def test_a_start_now_shows_its_invoice_and_a_start_to_come_none(till: Till) -> None:
    buyer, plan = await till.buyer(), await till.plan(price("30"))
    later = await twice(till, "subscribe", customer=buyer.ref, plan=plan, startAt="2026-03-10T00:00:00Z")
    assert (later["invoice"], later["invoices"], later["creditNotes"]) == (None, [], [])
    now = await twice(till, "subscribe", customer=buyer.ref, plan=await till.plan(price("7")))
    assert (amounts(now["invoices"]), now["creditNotes"]) == (["7.00"], [])
    assert now["invoice"] == {"number": now["invoices"][0]["number"]}


async def test_a_change_shows_the_invoice_of_what_was_over_and_its_own(till: Till) -> None:
    """A period's invoice waits for an hour; a change that is billed at once closes it first."""
    buyer = await till.buyer(at="2026-01-01T00:00:00Z")
    id = await till.subscribe(buyer, await till.plan(price("30")))
    await till.to(buyer, "2026-02-01T00:30:00Z")
    made = await twice(till, "changePlan", subscriptionId=id, plan=await till.plan(price("60")))
    numbers, _ = await documents(till, buyer)
    assert [one["number"] for one in made["invoices"]] == numbers[1:]
    assert (len(numbers), made["invoice"]) == (3, {"number": numbers[2]})


async def test_what_gives_back_shows_its_credit_notes(till: Till) -> None:
    buyer = await till.buyer(at="2026-01-01T00:00:00Z")
    plan = await till.plan(seats("31"))
    id = await till.subscribe(buyer, plan, quantity=3)
    await till.to(buyer, "2026-01-11T00:00:00Z")
    fewer = await twice(till, "changeQuantity", subscriptionId=id, quantity=2, timing="NOW")
    assert (fewer["invoice"], fewer["invoices"], amounts(fewer["creditNotes"])) == (None, [], ["21.00"])
    paused = await twice(till, "pauseSubscription", subscriptionId=id)
    assert (paused["invoices"], amounts(paused["creditNotes"])) == ([], ["42.00"])
    await till.to(buyer, "2026-01-21T00:00:00Z")
    resumed = await twice(till, "resumeSubscription", subscriptionId=id)
    assert (amounts(resumed["invoices"]), resumed["creditNotes"]) == (["22.00"], [])
    assert resumed["invoice"] == {"number": resumed["invoices"][0]["number"]}
    ended = await twice(till, "cancelSubscription", subscriptionId=id, timing="NOW")
    assert (ended["invoices"], amounts(ended["creditNotes"])) == ([], ["22.00"])
    _, notes = await documents(till, buyer)
    assert notes == [one["creditNotes"][0]["number"] for one in (fewer, paused, ended)]


async def test_a_draft_closed_by_hand_shows_what_it_gives_back(till: Till) -> None:
    buyer = await till.buyer(at="2026-01-01T00:00:00Z")
    plan = await till.plan(price("31"), changesBilled="NEXT_INVOICE")
    id = await till.subscribe(buyer, plan)
    await till.to(buyer, "2026-01-11T00:00:00Z")
    cheaper = await till.plan(price("3.1"), changesBilled="NEXT_INVOICE")
    await till.do("changePlan", "subscription { id }", subscriptionId=id, plan=cheaper, timing="NOW")
    draft = await till.draft(buyer, "id")
    closed = await twice(till, "finalizeInvoice", invoiceId=draft["id"])
    assert (amounts(closed["invoices"]), amounts(closed["creditNotes"])) == (["2.10"], ["21.00"])
    assert closed["invoice"] == {"number": closed["invoices"][0]["number"]}


async def test_items_and_credit_show_their_invoice_and_voiding_what_takes_its_place(till: Till) -> None:
    buyer = await till.buyer()
    usd = {"amount": "10", "currency": "USD"}
    item = await twice(till, "addInvoiceItem", customer=buyer.ref, description="x", unitAmount=usd, invoiceNow=True)
    bought = await twice(till, "buyCredit", customer=buyer.ref, amount=usd)
    for made in (item, bought):
        assert made["invoices"] == [{"number": made["invoice"]["number"], "total": {"amount": "10.00"}}]
    await till.subscribe(buyer, await till.plan(price("30")))
    latest = (await till.invoices(buyer, "id"))[-1]["id"]
    shown = f"rebilled {{ number }} {BOTH}"
    voided = await twice(till, "voidInvoice", shown, invoiceId=latest, rebill=True)
    assert voided["invoices"] == [{**voided["rebilled"], "total": {"amount": "30.00"}}]
    latest = (await till.invoices(buyer, "id"))[-1]["id"]
    shown = f"creditNote {{ number }} {BOTH}"
    credited = await twice(till, "issueCreditNote", shown, invoiceId=latest, reason="a bad day")
    assert [one["number"] for one in credited["creditNotes"]] == [credited["creditNote"]["number"]]


async def test_money_that_ends_a_suspension_shows_the_invoice_that_begins_anew(till: Till) -> None:
    buyer = await till.buyer(at="2026-01-01T00:00:00Z")
    await till.subscribe(buyer, await till.plan(price("31")))
    await till.to(buyer, "2026-02-28T00:00:00Z")
    owed = sum(float(one["due"]["amount"]) for one in await till.invoices(buyer, "due { amount }"))
    money = {"amount": f"{owed:.2f}", "currency": "USD"}
    before, _ = await documents(till, buyer)
    paid = await twice(till, "recordPayment", f"payment {{ status }} {BOTH}", customer=buyer.ref, amount=money)
    after, _ = await documents(till, buyer)
    assert [one["number"] for one in paid["invoices"]] == after[len(before) :] != []
