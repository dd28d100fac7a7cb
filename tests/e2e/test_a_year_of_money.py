"""A year of what a customer is billed and pays on a test clock: usage, an upgrade in mid-period, a card that fails
until access is suspended, and one that works again."""

import pytest

from e2e.client import Api, Json, unique

BILLS = """query($id: ID!) { customer(ref: {id: $id}) {
    billingStatus { state }
    invoices(first: 50) { edges { node {
        number status issuedAt total { amount } creditNotes { number total { amount } } attempts { failure }
    } } }
} }"""


async def bills(api: Api, customer: str) -> list[str]:
    """The final invoices, oldest first: when, which, how much, what became of it."""
    shown = (await api.ask(BILLS, id=customer))["customer"]
    final = [edge["node"] for edge in shown["invoices"]["edges"] if edge["node"]["number"]]
    return [_line(one) for one in sorted(final, key=lambda one: str(one["number"]))]


def _line(one: Json) -> str:
    notes = [f", less {note['total']['amount']} by {note['number']}" for note in one["creditNotes"]]
    failures = [attempt["failure"] for attempt in one["attempts"] if attempt["failure"]]
    failed = [f", {len(failures)} x {failures[0]}"] if failures else []
    return "".join(
        [f"{one['issuedAt'][:13]} {one['number']}: {one['total']['amount']} {one['status']}", *notes, *failed]
    )


async def status(api: Api, customer: str) -> str:
    query = "query($id: ID!) { customer(ref: {id: $id}) { billingStatus { state } } }"
    state: str = (await api.ask(query, id=customer))["customer"]["billingStatus"]["state"]
    return state


@pytest.mark.parametrize("stops", [[], ["2026-07-05T00:00:00Z", "2026-07-22T00:59:59Z", "2026-08-01T00:30:00Z"]])
async def test_a_year_of_invoices_payments_and_dunning(api: Api, stops: list[str]) -> None:
    """In few steps or in more, it is the same year."""
    clock = await api.clock("2026-01-01T00:00:00Z")
    customer = await api.customer(clockId=clock)
    good = await api.pays(customer, "succeeds")
    first = await _numbered_from(api)

    # Starter with three seats: 99 + 2 × 49. In February a million calls beyond the included one: 10.
    held = (await api.subscribe(customer, "starter", quantity=3))["id"]
    await api.advance(clock, "2026-02-10T00:00:00Z")
    await api.use(customer, "api.calls", 2_000_000)

    # In the middle of April to Professional: half of 499 + 2 × 99, less half of 197.
    await api.advance(clock, "2026-04-16T00:00:00Z")
    await api.do("changePlan", "__typename", subscriptionId=held, plan="professional", idempotencyKey=unique())

    # From July on the card fails: on the 1st, and 2, 5, 7 and 7 days later. Then access ends, and with it the charge:
    # the 239 hours left of July's 744 come back.
    await api.advance(clock, "2026-06-15T00:00:00Z")
    await api.pays(customer, "declines")
    for stop in stops:
        await api.advance(clock, stop)
    await api.advance(clock, "2026-08-11T00:00:00Z")
    assert await status(api, customer) == "SUSPENDED"

    # The good card again: what is overdue is paid at once, access comes back, and 21 of August's 31 days are billed.
    await api.do("setDefaultPaymentMethod", "__typename", paymentMethodId=good, idempotencyKey=unique())
    await api.advance(clock, "2026-08-11T00:00:01Z")
    assert await status(api, customer) == "CURRENT"
    await api.advance(clock, "2027-01-02T00:00:00Z")

    number, note = iter(range(first, first + 14)), (await _notes(api, customer))[0]
    assert await bills(api, customer) == [
        f"{at} INV-{next(number):06d}: {what.replace('CN', note)}"
        for at, what in (
            ("2026-01-01T00", "197.00 PAID"),
            ("2026-02-01T01", "197.00 PAID"),
            ("2026-03-01T01", "207.00 PAID"),
            ("2026-04-01T01", "197.00 PAID"),
            ("2026-04-16T00", "250.00 PAID"),
            ("2026-05-01T01", "697.00 PAID"),
            ("2026-06-01T01", "697.00 PAID"),
            ("2026-07-01T01", "697.00 PAID, less 223.90 by CN, 5 x DECLINED"),
            ("2026-08-11T00", "472.16 PAID"),
            ("2026-09-01T01", "697.00 PAID"),
            ("2026-10-01T01", "697.00 PAID"),
            ("2026-11-01T01", "697.00 PAID"),
            ("2026-12-01T01", "697.00 PAID"),
            ("2027-01-01T01", "697.00 PAID"),
        )
    ]


async def _numbered_from(api: Api) -> int:
    """The number that the next invoice gets: nobody else is billed in this module."""
    shown = await api.ask("{ invoices(first: 100) { edges { node { number } } } }")
    return 1 + len([edge for edge in shown["invoices"]["edges"] if edge["node"]["number"]])


async def _notes(api: Api, customer: str) -> list[str]:
    shown = (await api.ask(BILLS, id=customer))["customer"]["invoices"]["edges"]
    return [note["number"] for edge in shown for note in edge["node"]["creditNotes"]]
