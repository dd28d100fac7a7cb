"""One anonymous customer at Stripe for one of ours, with the methods that they put in."""

import asyncio
from datetime import date

import pytest
from stripe_desk import ANONYMOUS, Desk
from stripe_fake import Card, Fault
from stripe_fake.customers import delete_customer, detach_method, update_method

from domain.providers.provider import Unknown

CREATE = "POST /v1/customers"


async def test_stripe_is_told_the_anonymous_id_and_nothing_else(desk: Desk) -> None:
    reference = await desk.customers.link(ANONYMOUS)
    asked = next(one for one in desk.fake.requests if f"{one.method} {one.path}" == CREATE)
    assert asked.params == {"metadata": {"tollgate": ANONYMOUS}}
    assert asked.headers["idempotency-key"] == ANONYMOUS
    assert desk.fake.account.objects[reference]["metadata"] == {"tollgate": ANONYMOUS}


async def test_a_race_of_first_payments_makes_one_customer(desk: Desk) -> None:
    desk.fake.account.search_lags = True
    found = await asyncio.gather(*(desk.customers.link(ANONYMOUS) for _ in range(8)))
    assert len(set(found)) == 1
    assert len(desk.fake.account.of("customer")) == 1


@pytest.mark.parametrize("fault", [Fault.SILENT_AFTER, Fault.DROPPED_AFTER, Fault.ERROR_AFTER])
async def test_a_customer_whose_making_was_not_heard_of_is_found(desk: Desk, fault: Fault) -> None:
    desk.fake.faults.add(fault, CREATE)
    with pytest.raises(Unknown):
        await desk.customers.link(ANONYMOUS)
    desk.fake.forget_keys()
    assert await desk.customers.link(ANONYMOUS) == desk.fake.account.of("customer")[0]["id"]
    assert len(desk.fake.account.of("customer")) == 1


async def test_one_that_was_deleted_at_stripe_is_made_anew(desk: Desk) -> None:
    first = await desk.customers.link(ANONYMOUS)
    delete_customer(desk.fake.account, {}, first)
    assert not await desk.customers.exists(first)
    second = await desk.customers.link(ANONYMOUS, lost=first)
    assert second != first
    assert await desk.customers.exists(second)
    assert await desk.customers.link(ANONYMOUS, lost=first) == second


async def test_deleting_takes_the_methods_along_and_is_repeatable(desk: Desk) -> None:
    token = await desk.card()
    reference = await desk.customers.link(ANONYMOUS)
    await desk.customers.delete(reference)
    await desk.customers.delete(reference)
    await desk.customers.delete("cus_nobody")
    known = await desk.methods.one(token)
    assert known is not None
    assert known[1] is None
    assert await desk.methods.all(reference) == []


async def test_a_method_is_what_the_customer_knows_it_by(desk: Desk) -> None:
    token = await desk.card()
    [method] = await desk.methods.all(await desk.customers.link(ANONYMOUS))
    assert (method.provider, method.token, method.kind, method.label) == ("stripe", token, "CARD", "Visa •••• 4242")
    assert method.expires == date(2028, 2, 29)
    assert await desk.methods.one(token) == (method, await desk.customers.link(ANONYMOUS))


@pytest.mark.parametrize(
    ("card", "kind", "label"),
    [
        ("pm_card_mastercard", "CARD", "Mastercard •••• 4444"),
        ("pm_card_amex", "CARD", "American Express •••• 8431"),
        (Card("some_new_brand", "1111"), "CARD", "Some New Brand •••• 1111"),
        ("pm_sepa_debit", "SEPA_DEBIT", "SEPA •••• 3000"),
        (Card(kind="paypal"), "PAYPAL", "PayPal"),
        (Card(kind="some_new_way"), "SOME_NEW_WAY", "Some New Way"),
    ],
)
async def test_labels(desk: Desk, card: Card | str, kind: str, label: str) -> None:
    known = await desk.methods.one(await desk.card(card))
    assert known is not None
    assert (known[0].kind, known[0].label) == (kind, label)
    assert (known[0].expires is None) == (kind != "CARD")


async def test_a_bank_may_renew_a_card(desk: Desk) -> None:
    token = await desk.card()
    before = await desk.methods.one(token)
    update_method(desk.fake.account, {"card": {"exp_month": 12, "exp_year": 2031}}, token)
    after = await desk.methods.one(token)
    assert before is not None
    assert after is not None
    assert after[0].id == before[0].id
    assert after[0].expires == date(2031, 12, 31)


async def test_set_up_twice_under_one_key_is_one_set_up(desk: Desk) -> None:
    reference = await desk.customers.link(ANONYMOUS)
    assert await desk.methods.set_up(reference, "key") == await desk.methods.set_up(reference, "key")
    [setup] = desk.fake.account.of("setup_intent")
    assert setup["usage"] == "off_session"


async def test_the_default_that_the_portal_shows(desk: Desk) -> None:
    one, two = await desk.card(), await desk.card("pm_card_mastercard")
    reference = await desk.customers.link(ANONYMOUS)
    assert await desk.methods.set_default(reference, two)
    [shown] = desk.fake.account.of("customer")
    assert shown["invoice_settings"]["default_payment_method"] == two
    detach_method(desk.fake.account, {}, one)
    assert not await desk.methods.set_default(reference, one)
    assert shown["invoice_settings"]["default_payment_method"] == two


async def test_detaching_is_repeatable(desk: Desk) -> None:
    token = await desk.card()
    for _ in range(2):
        await desk.methods.detach(token)
    await desk.methods.detach("pm_nobody_knows")
    assert await desk.methods.all(await desk.customers.link(ANONYMOUS)) == []


async def test_methods_of_many_pages(desk: Desk) -> None:
    tokens = [await desk.card() for _ in range(3)]
    reference = await desk.customers.link(ANONYMOUS)
    assert [one.token for one in await desk.methods.all(reference)] == tokens[::-1]


async def test_the_portal_opens_for_one_customer(desk: Desk) -> None:
    reference = await desk.customers.link(ANONYMOUS)
    url = await desk.portal.open(reference, "https://app.example/billing")
    assert url.startswith("https://billing.stripe.example/")
    assert desk.fake.requests[-1].params == {"customer": reference, "return_url": "https://app.example/billing"}
    with pytest.raises(Unknown):
        await desk.portal.open("cus_nobody", "https://app.example/billing")
