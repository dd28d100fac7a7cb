"""What is read for several at once is what each would be told alone: the right rows, all of them, in their order."""

from decimal import Decimal as D
from typing import Any

from billed_customer import DAY, HOUR, billed
from storefront import NOON, Storefront

from adapters.postgres.reads import documents
from domain.commands import IssueCreditNote

LINES = "lines { description amount { amount } usageEvents(first: 9) { edges { node { value } } } }"
NOTES = "creditNotes { id number total { amount } lines { amount { amount } } }"
MONTH = '{start: "2026-01-31T12:00:00Z", end: "2026-03-31T11:00:00Z"}'
FIELDS = {
    "invoices": f"invoices(first: 9) {{ edges {{ node {{ id number status {NOTES} {LINES} }} }} }}",
    "newest": "invoices(first: 1) { edges { node { id } } pageInfo { hasNextPage endCursor } }",
    "oldest": "invoices(last: 2) { edges { node { id } } pageInfo { hasPreviousPage } }",
    "open": "invoices(first: 9, status: [OPEN]) { edges { node { id } } }",
    "paid": "invoices(first: 9, status: [PAID]) { edges { node { id payments { payment { id } } } } }",
    "upcoming": "upcomingInvoice { id total { amount } lines { description amount { amount } } }",
    "money": "balance { amount } credits { id } paymentMethods { id } coupons { id coupon { code } }",
    "payments": "payments(first: 9) { edges { node { id refunds { id } allocations { invoice { id } } } } }",
    "billing": "billingStatus { state owed { amount } overdue { id } nextInvoiceAt }",
    "earlier": 'billingStatus(at: "2026-03-20T00:00:00Z") { state owed { amount } overdue { id } nextInvoiceAt }',
    "rights": "entitlements { feature { key } used remaining sources { label } }",
    "past": 'entitlements(at: "2026-02-01T00:00:00Z") { feature { key } used }',
    "usage": f'usage(feature: "api_calls") {{ used }} all: usage(feature: "transfer", period: {MONTH}) {{ used }}',
    "level": f'usage(feature: "storage", period: {MONTH}) {{ used }}',
    "history": f'usageHistory(feature: "api_calls", period: {MONTH}, by: WEEK) {{ start value }}',
    "events": f'usageEvents(feature: "api_calls", period: {MONTH}, first: 9) {{ edges {{ node {{ value }} }} }}',
    "journal": "journal(first: 3) { edges { node { hash type } } pageInfo { endCursor } }",
    "typed": 'journal(first: 9, types: ["invoice.finalized"]) { edges { node { hash } } }',
    "subscriptions": "subscriptions(first: 9) { edges { node { id customer { id } currentPeriod { end } } } }",
    "personal": "externalId name email clock { id now } provider { anonymousId pendingChanges }",
}


async def crowd(shop: Storefront) -> dict[str, str]:
    """External id → id: three who differ in all of it."""
    found = {}
    for n, name in enumerate(("one", "two", "three"), 1):
        one = await billed(shop, name)
        for _ in range(n):
            await shop.use(one.customer_id, "api.calls", str(2_000_000 * n), NOON)
        await shop.use(one.customer_id, "transfer", str(200 + n), NOON)
        await shop.use(one.customer_id, "storage.level", str(60 + n), NOON)
        await shop.advance(one.clock_id, NOON + (28 + 31 * (n - 1)) * DAY + HOUR, one.customer_id)
        (latest,) = await _latest(shop, one.customer_id)
        amounts = {latest.lines[0].id: D(n)}
        await shop.record(one.customer_id, IssueCreditNote(latest.id, "a bad day", amounts, latest.lines))
        found[name] = one.customer_id
    return found


async def _latest(shop: Storefront, customer_id: str) -> list[Any]:
    page = await documents.page(shop.runtime.engine, documents.InvoicePageQuery(customer_id, 1), None)
    return [one.invoice for one in page]


def _aliased(n: int, id: str, selection: str) -> str:
    return f'c{n}: customer(ref: {{id: "{id}"}}) {{ {selection} }}'


async def alone(shop: Storefront, id: str, selection: str) -> Any:
    return (await shop.ask(f"query ($id: ID!) {{ customer(ref: {{id: $id}}) {{ id {selection} }} }}", id=id))[
        "customer"
    ]


async def test_every_field_of_a_customer_is_their_own_beside_others(shop: Storefront) -> None:
    ids = list((await crowd(shop)).values())
    for name, selection in FIELDS.items():
        each = {id: await alone(shop, id, selection) for id in ids}
        assert len({str({**one, "id": ""}) for one in each.values()}) > 1, f"{name} tells nobody apart"
        page = (await shop.ask(f"{{ customers(first: 9) {{ edges {{ node {{ id {selection} }} }} }} }}"))["customers"]
        assert {edge["node"]["id"]: edge["node"] for edge in page["edges"]} == each, name
        named = " ".join(_aliased(n, id, f"id {selection}") for n, id in enumerate(ids))
        assert list((await shop.ask(f"{{ {named} }}")).values()) == list(each.values()), name


async def test_every_customer_has_a_page_of_their_own_length_place_and_direction(shop: Storefront) -> None:
    """Pages that are asked alike are read together: these follow their own cursors, and are not all alike."""
    ids = list((await crowd(shop)).values())
    for field in ("invoices", "journal", "payments"):
        whole = {
            id: await alone(shop, id, f"{field}(first: 99) {{ edges {{ cursor node {{ {_ID[field]} }} }} }}")
            for id in ids
        }
        edges = {id: whole[id][field]["edges"] for id in ids}
        listed = {id: [edge["node"] for edge in edges[id]] for id in ids}
        for at in range(max(len(several) for several in edges.values()) - 1):
            asked = {id: several[at]["cursor"] for id, several in edges.items() if at < len(several)}
            pages = [_aliased(n, id, _after(field, n, asked.get(id))) for n, id in enumerate(ids)]
            answers = await shop.ask(f"{{ {' '.join(pages)} }}")
            for n, id in enumerate(ids):
                start = at + 1 if id in asked else 0
                found = [edge["node"] for edge in answers[f"c{n}"]["page"]["edges"]]
                assert found == listed[id][start : start + _length(n)], (field, at, n)


_ID = {"invoices": "id", "journal": "hash type", "payments": "id"}


def _length(n: int) -> int:
    return 1 if n == 2 else 2


def _after(field: str, n: int, cursor: str | None) -> str:
    after = "" if cursor is None else f', after: "{cursor}"'
    return f"page: {field}(first: {_length(n)}{after}) {{ edges {{ node {{ {_ID[field]} }} }} }}"


async def test_whatever_has_an_id_is_found_beside_others(shop: Storefront) -> None:
    several = [await billed(shop, name) for name in ("one", "two")]
    ids = [id for one in several for id in (one.customer_id, one.clock_id, one.draft_id, *one.ids.values())]
    of = "__typename id ... on Invoice { number } ... on CreditNote { note: number } ... on Customer { externalId }"
    each = [(await shop.ask(f"query ($id: ID!) {{ node(id: $id) {{ {of} }} }}", id=id))["node"] for id in ids]
    assert [one["id"] for one in each] == ids
    together = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ {of} }} }}"
    assert (await shop.ask(together, ids=ids))["nodes"] == each
    assert (await shop.ask(together, ids=ids[::-1]))["nodes"] == each[::-1]
    told = await shop.ask('{ one: invoice(number: "INV-000001") { id } two: invoice(number: "INV-000002") { id } }')
    assert [one["id"] for one in told.values()] == [one.invoice_id for one in several]
