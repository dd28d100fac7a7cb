"""Where a customer stands with billing: who owes how much and why, in one object."""

from billed_customer import DAY
from storefront import NOON, Storefront, customer_token

STATUS = """
query ($ref: CustomerRef!, $at: DateTime, $status: [SubscriptionStatus!]) { customer(ref: $ref) {
  billingStatus(at: $at) {
    state message owed { amount currency } overdue { number due { amount } status }
    nextInvoiceAt nextPaymentAttemptAt graceUntil asOf
  }
  balance { amount currency }
  subscriptions(first: 1, status: $status) { edges { node { status } } }
} }
"""
OWED = [{"amount": "99.00", "currency": "USD"}]


async def test_an_unpaid_invoice_is_owed_and_then_overdue(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    fresh = (await shop.ask(STATUS, ref={"id": id}))["customer"]
    assert fresh["billingStatus"] == {
        "state": "CURRENT",
        "message": None,
        "owed": OWED,
        "overdue": [],
        "nextInvoiceAt": "2026-02-28T13:00:00Z",
        "nextPaymentAttemptAt": None,
        "graceUntil": None,
        "asOf": "2026-01-31T12:00:00Z",
    }
    await shop.advance(clock_id, NOON + 15 * DAY, id)
    late = (await shop.ask(STATUS, ref={"id": id}))["customer"]
    assert late["billingStatus"] == {
        "state": "PAST_DUE",
        "message": "USD 99.00 is overdue since 2026-02-14. The next payment is tried on 2026-02-16. Access continues "
        "until 2026-02-28.",
        "owed": OWED,
        "overdue": [{"number": "INV-000001", "due": {"amount": "99.00"}, "status": "OPEN"}],
        "nextInvoiceAt": "2026-02-28T13:00:00Z",
        "nextPaymentAttemptAt": "2026-02-16T12:00:00Z",
        "graceUntil": "2026-02-28T12:00:00Z",
        "asOf": "2026-02-15T12:00:00Z",
    }
    assert late["balance"] == OWED
    await shop.pay(id)
    paid = (await shop.ask(STATUS, ref={"id": id}))["customer"]
    assert (paid["billingStatus"]["state"], paid["balance"]) == ("CURRENT", [])
    assert paid["billingStatus"]["overdue"] == []


async def test_a_running_subscription_is_past_due_while_something_is_overdue(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.advance(clock_id, NOON + 15 * DAY, id)

    async def statuses(status: list[str] | None = None) -> list[str]:
        found = (await shop.ask(STATUS, ref={"id": id}, status=status))["customer"]["subscriptions"]
        return [edge["node"]["status"] for edge in found["edges"]]

    assert await statuses() == await statuses(["PAST_DUE"]) == ["PAST_DUE"]
    assert await statuses(["ACTIVE"]) == []
    await shop.pay(id)
    assert await statuses() == await statuses(["ACTIVE"]) == ["ACTIVE"]


async def test_the_past_is_answered_as_of_then_also_what_was_overdue(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.advance(clock_id, NOON + 15 * DAY, id)
    await shop.pay(id)
    await shop.advance(clock_id, NOON + 16 * DAY, id)

    async def status(at: object) -> dict:
        found: dict = (await shop.ask(STATUS, ref={"id": id}, at=at))["customer"]["billingStatus"]
        return found

    then = await status((NOON + 14.5 * DAY).isoformat())
    assert (then["state"], then["owed"]) == ("PAST_DUE", OWED)
    assert then["overdue"] == [{"number": "INV-000001", "due": {"amount": "99.00"}, "status": "OPEN"}]
    assert (await status(None))["state"] == "CURRENT"
    before = await status((NOON - DAY).isoformat())
    assert (before["state"], before["owed"], before["nextInvoiceAt"]) == ("NONE", [], None)
    assert before["overdue"] == []


async def test_the_future_is_answered_as_if_nothing_else_happens(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter", await shop.clock())
    at = (NOON + 20 * DAY).isoformat()
    soon = (await shop.ask(STATUS, ref={"id": id}, at=at))["customer"]["billingStatus"]
    assert (soon["state"], soon["owed"]) == ("PAST_DUE", OWED)
    assert [one["number"] for one in soon["overdue"]] == ["INV-000001"]


async def test_a_customer_sees_their_own(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter", await shop.clock())
    own = (await shop.ask(STATUS, customer_token(id), ref={"id": id}))["customer"]
    assert own["billingStatus"]["owed"] == own["balance"] == OWED


async def test_nobody_without_a_subscription_expects_an_invoice(shop: Storefront) -> None:
    id = await shop.customer("acme")
    found = (await shop.ask(STATUS, ref={"id": id}))["customer"]
    assert (found["billingStatus"]["state"], found["billingStatus"]["nextInvoiceAt"]) == ("NONE", None)
    assert (found["billingStatus"]["owed"], found["balance"]) == ([], [])
