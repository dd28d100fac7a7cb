"""Every question about an account can be asked at an instant."""

from datetime import timedelta

from storefront import NOON, Storefront

from domain.commands import ChangeSubscription
from domain.policy import ChangeTiming
from domain.subscription import Cancel, ChangePlan
from service.ids import new_id

RIGHTS = """
query ($ref: CustomerRef!, $at: DateTime) {
  customer(ref: $ref) {
    billingStatus(at: $at) { state message asOf }
    entitlements(at: $at) { feature { key } limit used remaining hard period { start end } sources { kind label } }
  }
}
"""


async def rights(shop: Storefront, id: str, at: object = None) -> dict:
    at = at if at is None else at.isoformat()  # type: ignore[attr-defined]
    customer = (await shop.ask(RIGHTS, ref={"id": id}, at=at))["customer"]
    return {
        "state": customer["billingStatus"]["state"],
        "message": customer["billingStatus"]["message"],
        **{
            one["feature"]["key"]: (one["limit"], one["used"], one["sources"][0]["label"])
            for one in customer["entitlements"]
        },
    }


async def test_the_past_is_answered_as_of_then_usage_and_all(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", clock_id=clock_id)
    day = timedelta(days=1)
    await shop.advance(clock_id, NOON + day)
    subscription_id = await shop.subscribe(id, "starter")
    await shop.use(id, "api.calls", "5")
    await shop.advance(clock_id, NOON + 2 * day)
    await shop.use(id, "api.calls", "6")
    upgrade = ChangePlan(await shop.version("professional"))
    await shop.record(id, ChangeSubscription(subscription_id, new_id("change"), upgrade))
    await shop.advance(clock_id, NOON + 3 * day)

    now = await rights(shop, id)
    assert (now["state"], now["api_calls"]) == ("CURRENT", ("10000000", "11", "Professional"))
    then = await rights(shop, id, NOON + 1.5 * day)
    assert (then["state"], then["api_calls"]) == ("CURRENT", ("1000000", "5", "Starter"))
    assert await rights(shop, id, NOON + 0.5 * day) == {"state": "NONE", "message": None}
    assert await rights(shop, id, NOON - day) == {"state": "NONE", "message": None}


async def test_the_future_is_what_will_be_if_nothing_else_happens(shop: Storefront) -> None:
    id = await shop.customer("acme", clock_id=await shop.clock())
    subscription_id = await shop.subscribe(id, "starter")
    await shop.use(id, "api.calls", "5")
    cancel = ChangeSubscription(subscription_id, new_id("change"), Cancel(), ChangeTiming.PERIOD_END)
    await shop.record(id, cancel)
    await shop.pay(id)
    assert (await rights(shop, id))["message"] == "Starter ends on 2026-02-28."
    soon = await rights(shop, id, NOON + timedelta(days=27))
    assert (soon["state"], soon["api_calls"]) == ("CURRENT", ("1000000", "5", "Starter"))
    later = await rights(shop, id, NOON + timedelta(days=28))
    assert later == {"state": "CANCELED", "message": "Starter ended on 2026-02-28."}


async def test_a_renewal_ahead_begins_with_nothing_used(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter", await shop.clock())
    await shop.use(id, "api.calls", "5")
    await shop.use(id, "storage.level", "20")
    next_month = await rights(shop, id, NOON + timedelta(days=40))
    assert next_month["api_calls"] == ("1000000", "0", "Starter")
    assert next_month["storage"] == ("50", "20", "Starter")  # a level carries over


async def test_more_than_a_year_ahead_is_refused(shop: Storefront) -> None:
    id = await shop.customer("acme", "starter", await shop.clock())
    ref = {"id": id}
    assert await shop.code(RIGHTS, ref=ref, at=(NOON + timedelta(days=367)).isoformat()) == "BAD_USER_INPUT"
    await shop.ask(RIGHTS, ref=ref, at=(NOON + timedelta(days=366)).isoformat())


async def test_as_of_the_present_instant_is_the_present(shop: Storefront) -> None:
    clock_id = await shop.clock()
    id = await shop.customer("acme", "free", clock_id)
    await shop.use(id, "transfer", "1.25")
    await shop.advance(clock_id, NOON + timedelta(days=100))  # nobody has caught up
    now = NOON + timedelta(days=100)
    present = await shop.ask(RIGHTS, ref={"id": id})
    assert present == await shop.ask(RIGHTS, ref={"id": id}, at=now.isoformat())
    await shop.advance(clock_id, now + timedelta(microseconds=1), id)
    assert present == await shop.ask(RIGHTS, ref={"id": id}, at=now.isoformat())
