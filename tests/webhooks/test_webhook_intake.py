"""What comes in is checked, kept once and answered; nothing happens yet."""

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from stripe_fake import signed
from stripe_fake.webhooks import body_of
from stripe_shop import SECRETS, Shop

from domain.providers.notice import About, Acknowledgement, Delivery, NotGenuine, Notice, Subject
from domain.providers.provider import Unknown
from service.providers.webhooks import NoticeIntake


async def test_a_notice_is_kept_once_however_often_it_comes(shop: Shop) -> None:
    """webrenew/memories #396: no ledger of event ids."""
    await shop.sold("100.00")
    (event,) = shop.events("payment_intent.succeeded")
    before = len(await shop.notices())
    assert [await shop.receive(event) for _ in range(3)] == [True, False, False]
    assert len(await shop.notices()) == before + 1


async def test_of_two_deliveries_at_once_one_is_new(shop: Shop) -> None:
    await shop.sold("100.00")
    (event,) = shop.events("payment_intent.succeeded")
    assert sorted(await asyncio.gather(*(shop.receive(event) for _ in range(4)))) == [False, False, False, True]


async def test_nothing_happens_until_it_is_handled(shop: Shop) -> None:
    await shop.sell("100.00")
    entries = await shop.entries()
    for event in shop.events():
        await shop.receive(event)
    assert await shop.entries() == entries


@pytest.mark.parametrize("secrets", [SECRETS[:1], SECRETS[1:], ("whsec_unknown", *SECRETS[:1])])
async def test_while_secrets_are_rolled_either_will_do(shop: Shop, secrets: tuple[str, ...]) -> None:
    await shop.sold("100.00")
    assert await shop.receive(shop.events()[0], secrets)


async def refused(shop: Shop, body: bytes, header: str | None, provider: str = "stripe") -> str:
    stored = len(await shop.notices())
    with pytest.raises(NotGenuine) as no:
        await shop.intake.receive(provider, body, {} if header is None else {"stripe-signature": header})
    assert len(await shop.notices()) == stored
    return no.value.why


async def test_what_is_forged_altered_stale_or_senseless_is_not_kept(shop: Shop) -> None:
    await shop.sold("100.00")
    body = body_of(shop.events()[0])
    good = signed(body, SECRETS[:1])
    assert await refused(shop, body.encode(), None) == "MISSING"
    assert await refused(shop, body.encode(), "nonsense") == "MALFORMED"
    assert await refused(shop, body.encode(), signed(body, ["whsec_unknown"])) == "FORGED"
    assert await refused(shop, body.replace("succeeded", "failed").encode() + b" ", good) == "FORGED"
    assert await refused(shop, body.encode(), signed(body, SECRETS[:1], int(time.time()) - 3600)) == "STALE"
    senseless = json.dumps({"object": "event", "id": 7})
    assert await refused(shop, senseless.encode(), signed(senseless, SECRETS[:1])) == "UNREADABLE"
    assert await refused(shop, body.encode(), good, provider="nobody") == "no such provider is set up"


async def test_what_the_body_says_of_the_customer_is_not_kept(shop: Shop) -> None:
    """The provider's form may ask for a name, and the notice then tells it."""
    await shop.sold("100.00")
    event = {**shop.events("charge.succeeded")[0]}
    told = {**event["data"]["object"], "billing_details": {"name": "Marked Person", "email": "marked@example.org"}}
    await shop.receive({**event, "id": "evt_marked", "data": {"object": told}})
    assert b"arked" not in (await shop.contents()).replace(b"evt_marked", b"")


# ── verified by asking ───────────────────────────────────────────────────────────────────────────────────────────────
class Asking:
    """Notices of a provider that has to be asked whether it was it, and answers after `seconds` or not at all."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds

    async def read(self, body: bytes, headers: Mapping[str, str]) -> Delivery:
        if self.seconds is None:
            raise Unknown("no answer")
        await asyncio.sleep(self.seconds)
        subjects = [(id, Subject(About.OTHER, id)) for id in body.decode().split()]
        notices = tuple(Notice(id, "told", datetime.now(UTC), subject) for id, subject in subjects)
        return Delivery(notices, Acknowledgement(204, ""))


async def test_many_notices_of_one_body_are_kept_together_and_each_once(shop: Shop) -> None:
    intake = NoticeIntake(shop.engine, {"other": Asking(0.0)}, shop.instruments)
    first, second = [await intake.receive("other", body, {}) for body in (b"a b c", b"b c d")]
    assert (first.new, second.new, second.acknowledgement) == (3, 1, Acknowledgement(204, ""))
    assert [one.notice_id for one in await shop.notices() if one.provider == "other"] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("seconds", [None, 10.0])
async def test_while_nobody_says_whether_it_is_genuine_it_is_not_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, seconds: float | None
) -> None:
    monkeypatch.setattr("service.providers.webhooks.intake.VERIFIED_S_MAX", 0.01)
    before = len(await shop.notices())
    with pytest.raises(Unknown):
        await NoticeIntake(shop.engine, {"other": Asking(seconds)}, shop.instruments).receive("other", b"a", {})
    assert len(await shop.notices()) == before
