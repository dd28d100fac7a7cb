"""What became of an invoice: paid, credited, given back, asked for again, put into instalments."""

from datetime import timedelta
from decimal import Decimal

from billed_customer import DAY, billed
from storefront import NOON, Storefront

from domain.books.credit import Credit, CreditKind
from domain.books.invoice import Instalment
from domain.commands import GrantCredit, PlanInstalments, RecordPayment, RemoveMethod
from service.ids import new_id

SETTLED = """
query ($number: String!) { invoice(number: $number) {
  status total { amount } paid { amount } prepaid { amount } credited { amount } due { amount }
  payments { amount { amount } payment { id } invoice { number } }
  creditNotes {
    id number reason automatic currency subtotal { amount } total { amount } off { amount } credit { id }
    tax { amount { amount } } lines { description amount { amount } } invoice { number } issuedAt
  }
  instalments { dueAt amount { amount } due { amount } paidAt }
  attempts { at status failure nextAttemptAt payment { provider method { id } } }
} }
"""
PAYMENTS = """
query ($ref: CustomerRef!, $first: Int, $after: String, $last: Int, $before: String) { customer(ref: $ref) {
  payments(first: $first, after: $after, last: $last, before: $before) {
    edges { node {
      id status provider reference failure action actionSince settledAt
      amount { amount } toCredit { amount } refunded { amount }
      customer { id } allocations { amount { amount } invoice { number } }
      refunds { id to amount { amount } reason failure settledAt payment { id } }
    } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
} }
"""


async def test_payments_and_credit_notes_add_up_to_the_total(shop: Storefront) -> None:
    one = await billed(shop)
    found = (await shop.ask(SETTLED, number="INV-000001"))["invoice"]
    (note,) = found.pop("creditNotes")
    assert found == {
        "status": "PAID",
        "total": {"amount": "99.00"},
        "paid": {"amount": "90.00"},
        "prepaid": {"amount": "0.00"},
        "credited": {"amount": "9.00"},
        "due": {"amount": "0.00"},
        "payments": [
            {"amount": {"amount": "90.00"}, "payment": {"id": one.payment_id}, "invoice": {"number": "INV-000001"}}
        ],
        "instalments": [],
        "attempts": [],
    }
    assert note == {
        "id": one.note_id,
        "number": "CN-000001",
        "reason": "a bad day",
        "automatic": False,
        "currency": "USD",
        "subtotal": {"amount": "9.00"},
        "total": {"amount": "9.00"},
        "off": {"amount": "9.00"},
        "credit": None,
        "tax": [{"amount": {"amount": "0.00"}}],
        "lines": [{"description": "Starter: base", "amount": {"amount": "9.00"}}],
        "invoice": {"number": "INV-000001"},
        "issuedAt": "2026-01-31T12:00:00Z",
    }


async def test_a_payment_says_what_it_paid_and_what_was_given_back(shop: Storefront) -> None:
    one = await billed(shop)
    ((edge,), info) = (
        (found := (await shop.ask(PAYMENTS, ref={"id": one.customer_id}, first=5))["customer"]["payments"])["edges"],
        found["pageInfo"],
    )
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (False, False)
    assert edge["node"] == {
        "id": one.payment_id,
        "status": "PARTIALLY_REFUNDED",
        "provider": "manual",
        "reference": "transfer 17",
        "failure": None,
        "action": None,
        "actionSince": None,
        "amount": {"amount": "109.00"},
        "toCredit": {"amount": "19.00"},
        "refunded": {"amount": "5.00"},
        "settledAt": "2026-01-31T12:00:00Z",
        "customer": {"id": one.customer_id},
        "allocations": [{"amount": {"amount": "90.00"}, "invoice": {"number": "INV-000001"}}],
        "refunds": [
            {
                "id": one.refund_id,
                "to": "CREDIT",
                "amount": {"amount": "5.00"},
                "reason": "paid too much",
                "failure": None,
                "settledAt": "2026-01-31T12:00:00Z",
                "payment": {"id": one.payment_id},
            }
        ],
    }


async def test_payments_in_pages_newest_first(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    made = []
    for day in range(3):
        await shop.advance(clock_id, NOON + day * DAY, id)
        made.insert(0, new_id("payment"))
        await shop.record(id, RecordPayment(made[0], Decimal(10), "USD"))

    async def ids(**asked: object) -> tuple[list[str], dict]:
        found = (await shop.ask(PAYMENTS, ref={"id": id}, **asked))["customer"]["payments"]
        return [edge["node"]["id"] for edge in found["edges"]], found["pageInfo"]

    first, info = await ids(first=2)
    assert first == made[:2]
    assert (await ids(first=2, after=info["endCursor"]))[0] == made[2:]
    assert (await ids(last=2))[0] == made[1:]
    assert (await ids(last=5, before=info["endCursor"]))[0] == made[:1]


async def test_every_try_to_collect_and_when_the_next_one_is(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.advance(clock_id, NOON + 17 * DAY, id)  # due after 14 days, and there is nothing to charge
    attempts = (await shop.ask(SETTLED, number="INV-000001"))["invoice"]["attempts"]
    nobody = {"provider": "none", "method": None}
    assert attempts == [
        {
            "at": "2026-02-14T12:00:00Z",
            "status": "FAILED",
            "failure": "NO_METHOD",
            "nextAttemptAt": None,
            "payment": nobody,
        },
        {
            "at": "2026-02-16T12:00:00Z",
            "status": "FAILED",
            "failure": "NO_METHOD",
            "nextAttemptAt": "2026-02-21T12:00:00Z",
            "payment": nobody,
        },
    ]


async def test_instalments_are_paid_one_after_the_other(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    (invoice_id,) = (await shop.account(id)).books.receivables
    parts = tuple(Instalment(NOON + 10 * n * DAY, Decimal(33)) for n in (1, 2, 3))
    await shop.record(id, PlanInstalments(invoice_id, parts))
    for day, amount in ((1, 40), (2, 10)):
        await shop.advance(clock_id, NOON + day * DAY, id)
        await shop.record(id, RecordPayment(new_id("payment"), Decimal(amount), "USD"))
    assert (await shop.ask(SETTLED, number="INV-000001"))["invoice"]["instalments"] == [
        {
            "dueAt": "2026-02-10T12:00:00Z",
            "amount": {"amount": "33.00"},
            "due": {"amount": "0.00"},
            "paidAt": "2026-02-01T12:00:00Z",
        },
        {"dueAt": "2026-02-20T12:00:00Z", "amount": {"amount": "33.00"}, "due": {"amount": "16.00"}, "paidAt": None},
        {"dueAt": "2026-03-02T12:00:00Z", "amount": {"amount": "33.00"}, "due": {"amount": "33.00"}, "paidAt": None},
    ]


async def test_prepaid_credit_settles_like_a_payment(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", clock_id=clock_id)
    credit = Credit(new_id("credit"), CreditKind.PREPAID, "USD", Decimal(30), Decimal(0), "bought", NOON)
    await shop.record(id, GrantCredit(credit))
    await shop.subscribe(id, "starter")
    found = (await shop.ask(SETTLED, number="INV-000001"))["invoice"]
    assert (found["paid"], found["prepaid"], found["due"]) == (
        {"amount": "30.00"},
        {"amount": "30.00"},
        {"amount": "69.00"},
    )
    assert found["payments"] == []


CREDITS = """
query ($ref: CustomerRef!, $active: Boolean) { customer(ref: $ref) { credits(active: $active) {
  kind reason amount { amount } remaining { amount } active expiresAt expiredAt source priority } } }
"""


async def test_credits_with_where_they_came_from(shop: Storefront) -> None:
    one = await billed(shop)
    found = (await shop.ask(CREDITS, ref={"id": one.customer_id}))["customer"]["credits"]
    assert {(credit["reason"], credit["source"]) for credit in found if credit["source"] is None} == {("welcome", None)}
    assert one.payment_id in {credit["source"] for credit in found}
    used = (await shop.ask(CREDITS, ref={"id": one.customer_id}, active=False))["customer"]["credits"]
    usable = (await shop.ask(CREDITS, ref={"id": one.customer_id}, active=True))["customer"]["credits"]
    assert len(used) + len(usable) == len(found)
    assert all(credit["remaining"] == {"amount": "0.00"} for credit in used)


async def test_what_has_expired_is_gone_whether_or_not_it_was_recorded(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", clock_id=clock_id)
    until = NOON + DAY
    given = Credit(
        new_id("credit"), CreditKind.PROMOTIONAL, "USD", Decimal(20), Decimal(0), "welcome", NOON, expires_at=until
    )
    await shop.record(id, GrantCredit(given))
    assert len((await shop.ask(CREDITS, ref={"id": id}, active=True))["customer"]["credits"]) == 1
    await shop.advance(clock_id, until)  # nobody has caught up
    before = (await shop.ask(CREDITS, ref={"id": id}))["customer"]["credits"]
    assert (before[0]["remaining"], before[0]["expiredAt"]) == ({"amount": "0.00"}, "2026-02-01T12:00:00Z")
    await shop.advance(clock_id, until + timedelta(microseconds=1), id)
    assert (await shop.ask(CREDITS, ref={"id": id}))["customer"]["credits"] == before


async def test_ways_to_pay_and_coupons(shop: Storefront) -> None:
    one = await billed(shop)
    query = """query ($ref: CustomerRef!) { customer(ref: $ref) {
      paymentMethods { id kind label provider default expires }
      coupons { coupon { code percent periods } invoicesLeft active endedAt }
      upcomingInvoice { discount { amount } discounts { code amount { amount } } credit { amount } total { amount } }
    } }"""
    found = (await shop.ask(query, ref={"id": one.customer_id}))["customer"]
    assert found == {
        "paymentMethods": [
            {
                "id": one.method_id,
                "kind": "card",
                "label": "Visa of acme",
                "provider": "simulated",
                "default": True,
                "expires": None,
            }
        ],
        "coupons": [
            {
                "coupon": {"code": "TENacme", "percent": "10", "periods": 2},
                "invoicesLeft": 2,
                "active": True,
                "endedAt": None,
            }
        ],
        "upcomingInvoice": {
            "discount": {"amount": "9.90"},
            "discounts": [{"code": "TENacme", "amount": {"amount": "9.90"}}],
            "credit": {"amount": "20.00"},
            "total": {"amount": "69.10"},
        },
    }
    await shop.record(one.customer_id, RemoveMethod(one.method_id))
    assert (await shop.ask(query, ref={"id": one.customer_id}))["customer"]["paymentMethods"] == []
