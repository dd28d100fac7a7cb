"""What Stripe's portal and dashboard show of invoices: the newest state, to the cent, at the price of its changes."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from paying_shop import BY
from sqlalchemy import text
from stripe_fake import Fault
from stripe_fake.account import Object
from told_shop import ToldShop, provider_at

from adapters.stripe.minor import units
from domain import commands as c
from domain.books.invoice import Item
from domain.money import Money
from domain.providers.provider import Mirror, Mirrored, Unknown
from domain.seller import BillingSettings
from domain.subscription import Cancel
from service.ids import new_id
from service.providers.sync.used import Used


async def item(shop: ToldShop, amount: str, description: str = "Setup") -> None:
    """Something on the next invoice."""
    at = (await shop.account()).books.links["stripe"].linked_at
    await shop.do(c.AddItem(Item(new_id("item"), description, Decimal(1), Decimal(amount), "USD", at)))


async def upcoming(shop: ToldShop) -> Money:
    _, running = await shop.record.preview(shop.customer_id, c.CatchUp(), BY)
    assert running is not None
    return Money(running.total, running.currency)


def totals(shop: ToldShop, status: str) -> list[int]:
    return sorted(one["total"] for one in shop.there.values() if one["status"] == status)


def drafts_there(shop: ToldShop) -> list[Object]:
    return [one for one in shop.there.values() if one["status"] == "draft"]


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_what_somebody_is_changing_keeps_nobody_waiting_who_looks_what_is_due(shop: ToldShop) -> None:
    await shop.subscribed()
    await shop.sync.queue.round()
    await item(shop, "5.00")
    await shop.later(15)
    async with shop.engine.begin() as changing:
        await changing.execute(text("SELECT 1 FROM provider_sync FOR UPDATE"))
        async with asyncio.timeout(5):
            assert await shop.sync.queue.round() == 0
    assert await shop.sync.queue.round() == 1


async def test_a_draft_is_told_after_the_interval_and_not_before(shop: ToldShop) -> None:
    await shop.subscribed()
    await item(shop, "12.34")
    assert await shop.sync.queue.round() == 1  # the card is told at once, and the rest with it
    assert await shop.sync.queue.round() == 0
    await item(shop, "5.00")
    await shop.later(14)
    assert await shop.sync.queue.round() == 0
    await shop.later(1)
    assert await shop.sync.queue.round() == 1
    assert totals(shop, "draft") == [units(await upcoming(shop))] == [2734]
    row = await shop.row()
    assert (row.changes, row.dirty_since, row.error) == (0, None, None)
    assert row.synced_at is not None


async def test_the_interval_is_the_sellers(shop: ToldShop) -> None:
    await shop.record("catalog", c.ChangeSettings(BillingSettings(sync_minutes=60)), BY)
    await shop.subscribed()
    await shop.sync.queue.round()
    await item(shop, "5.00")
    await shop.later(59)
    assert await shop.sync.queue.round() == 0
    await shop.later(1)
    assert await shop.sync.queue.round() == 1


async def test_many_changes_in_an_interval_cost_one_push(shop: ToldShop) -> None:
    await shop.subscribed()
    await shop.sync.queue.round()
    for n in range(20):
        await item(shop, f"{n + 1}.00")
    assert (await shop.row()).changes == 20
    before = len(shop.fake.requests)
    await shop.told()
    assert set(shop.writes(before)) == {"POST invoiceitems"}
    assert len(shop.writes(before)) == 20  # one for each line of the newest state, however often it has changed
    assert totals(shop, "draft") == [22000]
    await shop.execute("UPDATE provider_sync SET dirty_since = now(), due_at = now()")
    before = len(shop.fake.requests)
    assert await shop.sync.queue.round() == 1
    assert shop.fake.requests[before:] == []  # nothing is different, so nobody is asked


async def test_usage_is_counted_in_memory_and_marked_for_linked_customers_in_one_statement(shop: ToldShop) -> None:
    await shop.opened()
    await shop.told()
    used = Used(shop.engine)
    for _ in range(1000):
        used.changed(shop.customer_id)
        used.changed("customer_of_nobody")
    await used.mark()
    row = await shop.row()
    assert (row.changes, row.dirty_since is not None) == (1000, True)
    await used.mark()
    assert (await shop.row()).changes == 1000


async def test_what_was_being_marked_when_it_was_cancelled_is_marked_later(
    shop: ToldShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.opened()
    await shop.told()
    used = Used(shop.engine)
    used.changed(shop.customer_id)
    asked = asyncio.Event()

    async def hangs(*_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as hanging:
        hanging.setattr("adapters.postgres.sync.mark_used", hangs)
        marking = asyncio.create_task(used.mark())
        await asked.wait()
        marking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await marking
    await used.mark()
    assert (await shop.row()).changes == 1


async def test_what_is_not_told_in_time_to_whoever_asks_stays_due(
    shop: ToldShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.subscribed()
    await shop.told()
    assert (await shop.row()).dirty_since is None

    async def hangs(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("service.providers.sync.push_schedule.AT_ONCE_S_MAX", 0.3)
    monkeypatch.setattr("service.providers.sync.push.Push.tell", hangs)
    with pytest.raises(Unknown):
        await shop.sync.now(shop.customer_id)
    assert (await shop.row()).due_at is not None


async def test_what_a_dying_process_did_not_mark_is_found_by_the_sweep(shop: ToldShop) -> None:
    await shop.subscribed()
    await shop.told()
    await item(shop, "5.00")
    await shop.execute(
        "UPDATE provider_sync SET dirty_since = NULL, changes = 0, looked_at = now() - interval '6 hours'"
    )
    shop.begin()
    assert await shop.sync.queue.round() == 1
    assert totals(shop, "draft") == [1500]


async def test_what_changes_while_stripe_is_told_is_told_next_time(shop: ToldShop) -> None:
    await shop.subscribed()
    await shop.sync.queue.round()
    await item(shop, "5.00")

    class Meanwhile(type(shop.stripe)):  # type: ignore[misc]
        async def push(self, reference: str, mirror: Mirror, copy: str | None) -> Mirrored:
            await item(shop, "1.00")
            return await shop.stripe.push(reference, mirror, copy)

    shop.begin(Meanwhile(shop.stripe.api))
    await shop.told()
    assert totals(shop, "draft") == [1500]
    row = await shop.row()
    assert (row.changes, row.dirty_since is not None) == (1, True)
    shop.begin()
    await shop.told()
    assert totals(shop, "draft") == [1600]


async def test_whoever_asks_is_told_at_once(shop: ToldShop) -> None:
    await shop.subscribed()
    await item(shop, "5.00")
    await shop.sync.now(shop.customer_id)
    assert totals(shop, "draft") == [1500]
    assert (await shop.row()).changes == 0


async def test_two_workers_and_an_impatient_customer_push_once(shop: ToldShop) -> None:
    await shop.subscribed()
    await item(shop, "5.00")
    other = ToldShop(shop.engine, shop.fake, shop.stripe)
    other.customer_id = shop.customer_id
    await shop.later()
    await asyncio.gather(
        shop.sync.queue.round(), other.sync.queue.round(), shop.sync.now(shop.customer_id), other.sync.queue.round()
    )
    assert shop.fake.made("POST /v1/invoices") == 2  # the paid one and the draft
    assert shop.fake.made("POST /v1/invoiceitems") == 3


# ── what ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_draft_becomes_final_there_as_here_and_is_paid_there_when_it_is_paid_here(shop: ToldShop) -> None:
    await shop.subscribed()
    await item(shop, "100.00")
    await shop.told()
    (draft,) = drafts_there(shop)
    await shop.at("2026-02-01T02:00")
    await shop.told()
    assert (draft["status"], draft["total"]) == ("open", 11_000)
    assert totals(shop, "draft") == [1000]  # of the next month
    await shop.charge()
    await shop.told()
    assert (draft["status"], draft["total"]) == ("paid", 11_000)
    # It was charged once, and not through the invoice.
    assert shop.taken_there() == Decimal("120.00")
    _, owed = (await shop.account()).books.receivables.values()
    assert (owed.id, owed.total) == (draft["metadata"]["invoice"], Decimal("110.00"))


async def test_the_invoice_paid_first_is_shown_though_it_is_older_than_the_link(shop: ToldShop) -> None:
    await shop.opened(None)
    await shop.sell("30.00")
    await shop.card()
    await shop.at("2026-01-16")
    await shop.charge()
    await shop.told()
    assert totals(shop, "paid") == [3_000]


async def test_a_void_invoice_is_void_there_and_a_draft_that_will_not_be_is_gone(shop: ToldShop) -> None:
    await shop.subscribed()
    await item(shop, "5.00")
    await shop.told()
    assert totals(shop, "draft") == [1500]
    (removed,) = (await shop.account()).books.items
    await shop.do(c.RemoveItem(removed.id))
    (held,) = (await shop.account()).subscriptions
    await shop.do(c.ChangeSubscription(held.id, new_id("change"), Cancel()))
    await shop.told()
    assert totals(shop, "draft") == []
    await shop.do(c.RemoveMethod((await shop.account()).books.methods[0].id))
    invoice_id = await shop.sell("70.00")
    await shop.told()
    assert totals(shop, "open") == [7_000]
    await shop.do(c.VoidInvoice(invoice_id))
    await shop.told()
    assert totals(shop, "void") == [7_000]


async def test_a_removed_method_can_never_be_charged_again_and_the_default_is_shown(shop: ToldShop) -> None:
    await shop.opened()
    await shop.card("pm_card_mastercard")
    await shop.sync.queue.round()
    second = (await shop.account()).books.methods[1]
    (customer,) = shop.customers
    assert customer["invoice_settings"]["default_payment_method"] == second.token
    await shop.do(c.RemoveMethod(second.id))
    assert await shop.sync.queue.round() == 1  # at once
    assert shop.fake.account.objects[second.token]["customer"] is None
    assert shop.fake.account.objects[(await shop.account()).books.methods[0].token]["customer"] == customer["id"]


async def test_a_method_whose_charge_is_under_way_stays_until_that_is_settled(shop: ToldShop) -> None:
    await shop.opened()
    await shop.sell("5.00")
    (method,) = (await shop.account()).books.methods
    await shop.do(c.RemoveMethod(method.id))
    await shop.sync.queue.round()
    await shop.charge()
    assert shop.taken_there() == Decimal("5.00")
    await shop.told()
    assert shop.fake.account.objects[method.token]["customer"] is None


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────────
async def test_what_differs_there_is_an_incident_until_it_does_not(shop: ToldShop) -> None:
    await shop.opened()
    invoice_id = await shop.sell("100.00")
    await shop.told()
    shop.there[invoice_id]["total"] = 9_999  # as somebody did in the dashboard
    await shop.execute("UPDATE provider_copies SET digest = NULL")
    await shop.execute("UPDATE provider_sync SET pushed_digest = NULL, dirty_since = now(), due_at = now()")
    await shop.sync.queue.round()
    drift = (await shop.account()).books.links["stripe"].drift
    assert drift == (f"{invoice_id}: comes to 99.99 there, to 100.00 here",)
    assert (await shop.row()).changes == 0  # the incident itself is nothing to tell
    await shop.do(c.NoteDrift("stripe", ("customer: has an address there",), about=("customer",)))
    shop.there[invoice_id]["total"] = 10_000
    await shop.execute("UPDATE provider_copies SET digest = NULL")
    await shop.execute("UPDATE provider_sync SET pushed_digest = NULL, dirty_since = now(), due_at = now()")
    await shop.sync.queue.round()
    assert (await shop.account()).books.links["stripe"].drift == ("customer: has an address there",)


async def test_a_provider_that_does_not_answer_is_asked_later_and_holds_up_nobody(
    shop: ToldShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.later.resting.REST_S_MIN", 60.0)
    await shop.subscribed()
    other = await ToldShop(shop.engine, shop.fake, shop.stripe).subscribed()
    await item(shop, "5.00")
    await item(other, "7.00")
    (reference,) = [one["id"] for one in shop.customers if one["id"] == (await shop.row()).reference]
    shop.fake.faults.add(Fault.UNAVAILABLE, f"POST /v1/customers/{reference}", retry_after=None)
    await shop.later()
    assert await shop.sync.queue.round() == 2
    assert totals(shop, "draft") == [1700]
    row = await shop.row()
    assert (row.attempts, row.error, row.dirty_since is not None) == (1, "Stripe answered 503", True)
    assert await shop.sync.queue.round() == 0
    await shop.later()
    assert await shop.sync.queue.round() == 1
    assert totals(shop, "draft") == [1500, 1700]
    assert ((await shop.row()).attempts, (await shop.row()).error) == (0, None)


async def test_stripe_is_left_alone_for_as_long_as_it_says(shop: ToldShop) -> None:
    await shop.subscribed()
    await item(shop, "5.00")
    shop.fake.faults.add(Fault.RATE_LIMITED, "POST /v1/invoices", retry_after="120")
    await shop.later()
    await shop.sync.queue.round()
    row = await shop.row()
    async with shop.engine.connect() as connection:
        now = (await connection.execute(text("SELECT now()"))).scalar_one()
    assert timedelta(seconds=110) < row.next_at - now <= timedelta(seconds=120)


async def test_a_turn_that_breaks_off_goes_on_where_it_was(shop: ToldShop) -> None:
    await shop.subscribed()
    await shop.sell("100.00")
    await shop.sell("70.00")
    await item(shop, "5.00")
    shop.fake.faults.add(Fault.DROPPED_AFTER, "POST /v1/invoices/.*/finalize")
    await shop.later()
    await shop.sync.queue.round()
    assert (await shop.row()).attempts == 1
    shop.begin()  # another process
    await shop.told()
    assert totals(shop, "open") == [7_000, 10_000]
    assert totals(shop, "draft") == [1500]
    assert len(shop.fake.account.of("invoice")) == 4
    assert (await shop.account()).books.links["stripe"].drift == ()


async def test_a_draft_that_was_deleted_in_the_dashboard_is_made_again(shop: ToldShop) -> None:
    await shop.subscribed()
    await item(shop, "5.00")
    await shop.told()
    (there,) = drafts_there(shop)
    shop.fake.account.objects = {
        id: one
        for id, one in shop.fake.account.objects.items()
        if id != there["id"] and one.get("invoice") != there["id"]
    }
    shop.fake.forget_keys()
    await item(shop, "1.00")
    for _ in range(2):
        await shop.later()
        await shop.sync.queue.round()
    assert totals(shop, "draft") == [1600]


async def test_without_stripe_nobody_is_told_and_nothing_is_lost(shop: ToldShop) -> None:
    await shop.subscribed()
    await item(shop, "5.00")
    silent = provider_at(shop.fake)
    shop.fake.faults.add(Fault.DROPPED_BEFORE, "", times=100)
    shop.begin(silent)
    with pytest.raises(Unknown):
        await shop.sync.now(shop.customer_id)
    assert (await shop.row()).changes > 0
    await silent.api.close()
    shop.fake.faults.clear()
    shop.begin()
    await shop.told()
    assert totals(shop, "draft") == [1500]


async def test_the_portal_opens_on_the_newest_state_and_also_if_that_cannot_be_told(shop: ToldShop) -> None:
    await shop.subscribed()
    await item(shop, "5.00")
    url = await shop.methods.portal(shop.customer_id, "stripe", "https://shop.example/account")
    assert url.startswith("https://billing.stripe.example/")
    assert totals(shop, "draft") == [1500]
    await item(shop, "1.00")
    shop.fake.faults.add(Fault.DROPPED_BEFORE, "invoiceitems", times=10)
    assert await shop.methods.portal(shop.customer_id, "stripe", "https://shop.example/account") != url
    shop.fake.faults.clear()
    await shop.told()
    assert totals(shop, "draft") == [1600]
