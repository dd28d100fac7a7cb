"""The next invoice, and when it comes: null where none will, and the same answer from both fields."""

from datetime import datetime, timedelta
from decimal import Decimal as D

from storefront import NOON, Storefront

from domain.catalog import ChargeModel, Price, Terms
from domain.commands import ChangeSubscription, ChangeTiming, CreatePlan, Subscribe
from domain.period import Cadence
from domain.subscription import Cancel, Change, ChangePlan, Pause
from service.ids import new_id

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NEXT = """query ($ref: CustomerRef!, $at: DateTime) { customer(ref: $ref) {
  upcomingInvoice { total { amount } finalizesAt } billingStatus(at: $at) { nextInvoiceAt }
} }"""
FEBRUARY, YEARS_END = "2026-02-28T13:00:00Z", "2027-01-31T13:00:00Z"
MONTH, YEAR = Cadence.MONTH, Cadence.YEAR


async def upcoming(shop: Storefront, id: str) -> tuple[str, str] | None:
    """The total of the next invoice and when it comes; None: neither field knows of one."""
    found = (await shop.ask(NEXT, ref={"id": id}))["customer"]
    draft, at = found["upcomingInvoice"], found["billingStatus"]["nextInvoiceAt"]
    if draft is None:
        assert at is None
        return None
    assert draft["finalizesAt"] == at
    return draft["total"]["amount"], at


async def change(shop: Storefront, customer_id: str, change: Change, timing: ChangeTiming = ChangeTiming.NOW) -> None:
    (held,) = (await shop.account(customer_id)).subscriptions
    await shop.record(customer_id, ChangeSubscription(held.id, new_id("change"), change, timing))


async def on(shop: Storefront, *prices: Price, cadence: Cadence, clock_id: str) -> str:
    """A customer who has just subscribed to a plan of these prices."""
    terms = Terms(prices=prices)
    await shop.record("catalog", CreatePlan(new_id("plan"), new_id("version"), "own", "Own", None, terms))
    id = await shop.customer("acme", clock_id=clock_id)
    await shop.record(id, Subscribe(new_id("subscription"), await shop.version("own"), cadence=cadence))
    return id


def fee(amount: str, cadence: Cadence = MONTH) -> Price:
    return Price(new_id("price"), "base", ChargeModel.FLAT, cadence, "USD", D(amount))


def calls(amount: str) -> Price:
    return Price(new_id("price"), "calls", ChargeModel.PER_UNIT, MONTH, "USD", D(amount), "api_calls")


async def test_what_recurs_is_expected_until_its_end_is_planned(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter", await shop.clock())
    assert await upcoming(shop, id) == ("99.00", FEBRUARY)
    await change(shop, id, Cancel(), ChangeTiming.PERIOD_END)
    assert await upcoming(shop, id) is None


async def test_a_free_plan_and_a_move_to_one_expect_nothing(shop: Storefront) -> None:
    id = await shop.customer("acme", "free", await shop.clock())
    assert await upcoming(shop, id) is None
    paid = await shop.customer("other", "starter", await shop.clock())
    await change(shop, paid, ChangePlan(await shop.version("free")), ChangeTiming.PERIOD_END)
    assert await upcoming(shop, paid) is None


async def test_a_pause_for_good_expects_nothing_and_one_that_ends_does(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter", await shop.clock())
    await change(shop, id, Pause())
    assert await upcoming(shop, id) is None
    other = await shop.customer("other", "starter", await shop.clock())
    await change(shop, other, Pause(NOON + 10 * DAY))
    assert await upcoming(shop, other) == ("63.64", "2026-02-10T12:00:00Z")


async def test_usage_so_far_is_what_is_expected_of_an_end(shop: Storefront) -> None:
    id = await on(shop, fee("10"), calls("0.5"), cadence=MONTH, clock_id=await shop.clock())
    await change(shop, id, Cancel(), ChangeTiming.PERIOD_END)
    assert await upcoming(shop, id) is None
    await shop.use(id, "api.calls", "3", NOON)
    assert await upcoming(shop, id) == ("1.50", FEBRUARY)


async def test_where_nothing_was_used_the_next_fee_is_the_next_invoice(shop: Storefront) -> None:
    id = await on(shop, fee("100", YEAR), calls("0.5"), cadence=YEAR, clock_id=await shop.clock())
    assert await upcoming(shop, id) == ("100.00", YEARS_END)
    await shop.use(id, "api.calls", "3", NOON)
    assert await upcoming(shop, id) == ("1.50", FEBRUARY)


async def test_a_period_that_waits_and_comes_to_nothing_is_no_draft_and_the_next_comes_once(
    shop: Storefront,
) -> None:
    clock_id = await shop.clock()
    id = await on(shop, fee("100", YEAR), calls("0.5"), cadence=YEAR, clock_id=clock_id)
    await shop.advance(clock_id, NOON + 28 * DAY + HOUR / 2, id)
    query = (
        "query ($ref: CustomerRef!) { customer(ref: $ref) { invoices(first: 9) { edges { node { finalizesAt } } } } }"
    )
    found = (await shop.ask(query, ref={"id": id}))["customer"]["invoices"]["edges"]
    assert [edge["node"]["finalizesAt"] for edge in found] == [YEARS_END, None]
    assert await upcoming(shop, id) == ("100.00", YEARS_END)


async def test_at_another_instant_it_is_what_could_be_expected_then(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "starter", clock_id)
    await shop.advance(clock_id, NOON + 10 * DAY, id)
    await change(shop, id, Cancel(), ChangeTiming.PERIOD_END)
    await shop.advance(clock_id, NOON + 11 * DAY, id)

    async def expected(at: datetime) -> object:
        found = (await shop.ask(NEXT, ref={"id": id}, at=at.isoformat()))["customer"]
        return found["billingStatus"]["nextInvoiceAt"]

    assert await expected(NOON + 9 * DAY) == FEBRUARY
    assert await expected(NOON + 10 * DAY + HOUR) is None
    assert await expected(NOON + 40 * DAY) is None
