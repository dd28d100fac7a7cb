"""Where a line of an invoice comes from: what happened, what it corrects, which events it charges for."""

from decimal import Decimal
from typing import Any

from billed_customer import DAY, HOUR, billed
from statements import counted
from storefront import ADMIN, NOON, SERVICE, SUPPORT, Storefront, customer_token, partner

from adapters.postgres.reads import billing_documents, entries
from domain.commands import ChangeSubscription, ChangeTiming, Subscribe, VoidInvoice
from domain.subscription import Cancel, ChangePlan
from service.ids import new_id
from service.usage import CustomerRef, UsageEvent

INVOICES = """
query ($ref: CustomerRef!, $events: Int = 50) { customer(ref: $ref) { invoices(first: 20) { edges { node {
  number status lines { kind description amount { amount }
    because { type effectiveAt actor payload }
    corrects { invoice { number } line { description } }
    usageEvents(first: $events) { edges { node { value subscriptionId } } }
  }
} } } } }
"""
MONTH = NOON + 28 * DAY


async def invoices(shop: Storefront, id: str, by: Any = ADMIN) -> dict[str, list[dict[str, Any]]]:
    """The lines by the invoice's number; those of drafts by "draft", in the order in which they come."""
    found = (await shop.ask(INVOICES, by, ref={"id": id}))["customer"]["invoices"]["edges"]
    return {edge["node"]["number"] or "draft": edge["node"]["lines"] for edge in found[::-1]}


def used(lines: list[dict[str, Any]]) -> list[tuple[str, str, list[str]]]:
    """The lines of usage: (description, amount, the values of their events)."""
    return [
        (
            line["description"],
            line["amount"]["amount"],
            [edge["node"]["value"] for edge in line["usageEvents"]["edges"]],
        )
        for line in lines
        if line["kind"] == "USAGE"
    ]


# ── because ──────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_line_names_what_began_its_terms(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    (held,) = (await shop.account(id)).subscriptions
    await shop.advance(clock_id, NOON + 14 * DAY, id)
    plan = await shop.version("professional")
    await shop.record(id, ChangeSubscription(held.id, new_id("change"), ChangePlan(plan), ChangeTiming.NOW))
    shown = await invoices(shop, id)
    began = {"type": "subscription.started", "effectiveAt": "2026-01-31T12:00:00Z", "actor": "time"}
    changed = {"type": "subscription.plan_changed", "effectiveAt": "2026-02-14T12:00:00Z", "actor": "admin"}
    told = {
        number: {
            line["description"]: {name: line["because"][name] for name in ("type", "effectiveAt", "actor")}
            for line in lines
            if line["because"]
        }
        for number, lines in shown.items()
    }
    assert told["INV-000001"] == {"Starter: base": began}
    assert told["INV-000002"]["Professional: base"] == changed
    assert told["INV-000002"]["Starter: base, given back"] == began
    assert told["draft"]["Professional: base"] == changed
    assert shown["INV-000002"][0]["because"]["payload"]["subscriptionId"] == held.id
    corrected = {line["description"]: line["corrects"] for line in shown["INV-000002"]}
    assert corrected == {
        "Starter: base, given back": {"invoice": {"number": "INV-000001"}, "line": {"description": "Starter: base"}},
        "Professional: base": None,
    }


async def test_the_journal_is_shown_to_those_who_may_read_it(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter")
    for by, sees in ((SUPPORT, True), (SERVICE, True), (partner(id), True), (customer_token(id), False)):
        (line,) = (await invoices(shop, id, by))["INV-000001"]
        assert (line["because"] is not None) is sees


async def test_what_has_not_happened_yet_is_no_entry_of_the_journal(shop: Storefront) -> None:
    """A draft is reckoned ahead, and a quote tries out a command: what they record is not there."""
    clock_id = await shop.clock()
    id = await shop.customer("acme", clock_id=clock_id)
    query = """query ($input: SubscribeInput!) { previewSubscribe(input: $input) {
      lines { description because { type } corrects { line { id } } } } }"""
    answer = await shop.ask(query, input={"customer": {"id": id}, "plan": "starter", "idempotencyKey": "1"})
    (line,) = answer["previewSubscribe"]["lines"]
    assert line == {"description": "Starter: base", "because": None, "corrects": None}
    later = Subscribe(new_id("subscription"), await shop.version("starter"), start_at=NOON + DAY)
    await shop.record(id, later)
    (line,) = (await invoices(shop, id))["draft"]
    assert (line["description"], line["because"]) == ("Starter: base", None)
    await shop.advance(clock_id, NOON + 2 * DAY, id)
    (line,) = (await invoices(shop, id))["draft"]
    assert (line["description"], line["because"]["type"]) == ("Starter: base", "subscription.started")


# ── corrects ─────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_line_of_a_credit_note_names_the_line_that_it_takes_back(shop: Storefront) -> None:
    mine, theirs = await billed(shop, "mine"), await billed(shop, "theirs")
    query = """query ($id: ID!) { node(id: $id) { ... on CreditNote { lines {
      description because { type } corrects { invoice { id number total { amount } } line { description } } } } } }"""
    for by in (ADMIN, customer_token(mine.customer_id), partner(mine.customer_id)):
        (line,) = (await shop.ask(query, by, id=mine.note_id))["node"]["lines"]
        assert line["corrects"] == {
            "invoice": {"id": mine.invoice_id, "number": "INV-000001", "total": {"amount": "99.00"}},
            "line": {"description": "Starter: base"},
        }
        if by is not ADMIN:
            assert await shop.ask(query, by, id=theirs.note_id) == {"node": None}


async def test_nothing_of_anybody_elses_journal_is_read(shop: Storefront) -> None:
    mine, theirs = await billed(shop, "mine"), await billed(shop, "theirs")
    account = await shop.account(theirs.customer_id)
    (key,) = account.books.billed
    visible = frozenset({mine.customer_id})
    engine, number = shop.runtime.engine, entries.EntryNumber(theirs.customer_id, 1)
    billed_key = billing_documents.BilledKey(theirs.customer_id, key, NOON)
    assert await entries.by_numbers(engine, [number], visible) == {}
    assert await billing_documents.by_keys(engine, [billed_key], visible) == {billed_key: []}
    assert list(await entries.by_numbers(engine, [number], None)) == [number]
    (found,) = (await billing_documents.by_keys(engine, [billed_key], None))[billed_key]
    assert found.document_id == theirs.invoice_id


# ── usage events ─────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_late_events_are_on_the_line_that_charges_for_them(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.use(id, "transfer", "120", NOON)
    await shop.use(id, "transfer", "30", NOON)
    await shop.advance(clock_id, MONTH + HOUR, id)
    words = "Starter: transfer overage"
    first = [(words, "25.00", ["120", "30"])]
    assert used((await invoices(shop, id))["INV-000002"]) == first
    await shop.pay(id)
    await shop.use(id, "transfer", "7", NOON + DAY)
    await shop.use(id, "transfer", "101", MONTH)
    drafted = [(f"{words}, difference", "3.50", ["7"]), (words, "0.50", ["101"])]
    shown = await invoices(shop, id)
    assert used(shown["INV-000002"]) == first
    assert sorted(used(shown["draft"])) == sorted(drafted)
    await shop.advance(clock_id, NOON + 65 * DAY, id)
    await shop.use(id, "transfer", "9", NOON)  # too late for that one as well
    await shop.use(id, "transfer", "3", MONTH)
    shown = await invoices(shop, id)
    assert used(shown["INV-000002"]) == first
    assert sorted(used(shown["INV-000003"])) == sorted(drafted)
    assert sorted(used(shown["draft"])) == [
        (f"{words}, difference", "1.50", ["3"]),
        (f"{words}, difference", "4.50", ["9"]),
    ]


async def test_a_correction_is_on_the_line_that_gives_back(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    sent = [_event(id, "right", "120", None), _event(id, "wrong", "30", None)]
    await shop.runtime.usage.record(sent, None)
    await shop.advance(clock_id, MONTH + HOUR, id)
    correct = """mutation ($input: CorrectUsageInput!) { correctUsage(input: $input) { userErrors { message } } }"""
    input = {"customer": {"id": id}, "id": "wrong", "value": "10", "reason": "mistaken", "idempotencyKey": "1"}
    assert (await shop.ask(correct, input=input))["correctUsage"]["userErrors"] == []
    shown = await invoices(shop, id)
    words = "Starter: transfer overage"
    assert used(shown["INV-000002"]) == [(words, "25.00", ["120", "30"])]
    assert used(shown["draft"]) == [(f"{words}, given back", "-10.00", ["10"])]


async def test_what_is_billed_again_after_a_void_is_charged_for_once_more(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.use(id, "transfer", "150", NOON)
    await shop.advance(clock_id, MONTH + HOUR, id)
    invoice = max((await shop.account(id)).books.receivables.values(), key=lambda one: one.number)
    await shop.use(id, "transfer", "2", NOON)
    await shop.record(id, VoidInvoice(invoice.id, rebill=True))
    words = "Starter: transfer overage"
    shown = await invoices(shop, id)
    assert used(shown["INV-000002"]) == [(words, "25.00", ["150"])]
    again = next(number for number in shown if number not in ("INV-000001", "INV-000002"))
    assert used(shown[again]) == [(words, "26.00", ["150", "2"])]


async def test_an_event_is_on_the_line_of_the_subscription_that_charges_for_it(shop: Storefront) -> None:
    """The one begun first charges for what names nobody, itself, or one that has no price for it."""
    id = await shop.customer("acme", "starter", await shop.clock())
    (starter,) = (await shop.account(id)).subscriptions
    drive, professional = [await shop.subscribe(id, plan) for plan in ("drive", "professional")]
    sent = [_event(id, f"e{n}", str(n), named) for n, named in enumerate((None, starter.id, drive, professional), 1)]
    assert [one.status.value for one in await shop.runtime.usage.record(sent, None)] == ["ACCEPTED"] * 4
    shown = {words: values for words, _, values in used((await invoices(shop, id))["draft"])}
    assert shown == {
        "Starter: transfer overage": ["1", "2", "3"],
        "Professional: transfer overage": ["4"],
    }


async def test_when_the_first_has_ended_the_next_charges_for_what_comes_then(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    (starter,) = (await shop.account(id)).subscriptions
    await shop.subscribe(id, "professional")
    await shop.use(id, "transfer", "2000", NOON)
    await shop.advance(clock_id, NOON + 9 * DAY, id)
    await shop.record(id, ChangeSubscription(starter.id, new_id("change"), Cancel(), ChangeTiming.NOW))
    await shop.use(id, "transfer", "8", NOON + 9 * DAY)
    shown = await invoices(shop, id)
    told = {words: values for lines in shown.values() for words, _, values in used(lines)}
    assert told == {"Starter: transfer overage": ["2000"], "Professional: transfer overage": ["8"]}


def _event(customer_id: str, id: str, value: str, subscription_id: str | None) -> UsageEvent:
    return UsageEvent(id, CustomerRef(customer_id), "transfer", NOON, Decimal(value), subscription_id=subscription_id)


# ── cost ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_many_lines_take_as_many_statements_as_few(shop: Storefront) -> None:
    query = """query ($first: Int!) { invoices(first: $first) { edges { node { lines {
      because { type } corrects { line { id } } } creditNotes { lines { corrects { invoice { number } } } } } } } }"""
    for n in range(2):
        await billed(shop, f"few{n}")
    async with counted(shop.runtime.engine) as few:
        assert len((await shop.ask(query, first=60))["invoices"]["edges"]) == 2
    for n in range(8):
        await billed(shop, f"many{n}")
    async with counted(shop.runtime.engine) as many:
        found = (await shop.ask(query, first=60))["invoices"]["edges"]
    assert len(found) == 10
    assert all(edge["node"]["lines"][0]["because"] for edge in found)
    assert all(edge["node"]["creditNotes"][0]["lines"][0]["corrects"] for edge in found)
    assert len(few) == len(many) <= 8, "\n".join(many)


async def test_when_keys_were_billed_is_read_once_for_all_lines(shop: Storefront) -> None:
    clock_id = await shop.clock()
    ids = [await shop.customer(f"c{n}", "starter", clock_id) for n in range(3)]
    for id in ids:
        await shop.use(id, "transfer", "120", NOON)
        await shop.use(id, "api.calls", "1200000", NOON)
    await shop.advance(clock_id, MONTH + HOUR, *ids)
    query = """{ invoices(first: 20) { edges { node { lines {
      kind usageEvents(first: 5) { edges { node { value } } } } } } } }"""
    async with counted(shop.runtime.engine) as sent:
        edges = (await shop.ask(query))["invoices"]["edges"]
    lines = [line for edge in edges for line in edge["node"]["lines"] if line["kind"] == "USAGE"]
    assert [len(line["usageEvents"]["edges"]) for line in lines] == [1] * 6
    assert sum("json_array_elements" in one for one in sent) == 1
