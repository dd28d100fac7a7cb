"""Only what Stripe has signed is believed, and what it says is read alike in each version."""

import json
import time
from collections.abc import AsyncIterator
from random import Random

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from stripe import WebhookSignature
from stripe_desk import ANONYMOUS, PAYMENT, Desk, of
from stripe_fake import deliver, signed
from stripe_fake.customers import delete_customer, detach_method
from stripe_fake.refunds import dispute

from adapters.stripe.webhook import Why, read, verify
from domain.providers.notice import About, NotGenuine, Notice, Subject

OLD, NEW = "whsec_old", "whsec_new"
BODY = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": 1_795_000_000,
        "livemode": False,
        "type": "payment_intent.succeeded",
        "data": {
            "object": {"id": "pi_1", "object": "payment_intent", "customer": "cus_1", "metadata": {"payment": PAYMENT}}
        },
    }
)


def why(body: str | bytes, header: str | None, secrets: list[str]) -> str:
    with pytest.raises(NotGenuine) as refused:
        verify(body if isinstance(body, bytes) else body.encode(), header, secrets)
    return refused.value.why


def test_what_stripes_sdk_signs_is_accepted() -> None:
    notice = verify(BODY.encode(), WebhookSignature.generate_signature_header(BODY, OLD), [OLD])
    assert (notice.id, notice.type) == ("evt_1", "payment_intent.succeeded")
    assert notice.about == Subject(About.PAYMENT, "pi_1", "cus_1", "pi_1", payment_id=PAYMENT)


@pytest.mark.parametrize("valid", [[OLD], [NEW], [OLD, NEW], ["whsec_unrelated", NEW]])
def test_while_a_secret_is_rolled_either_will_do(valid: list[str]) -> None:
    assert verify(BODY.encode(), signed(BODY, [OLD, NEW]), valid).id == "evt_1"


def test_with_several_secrets_one_signature_is_enough() -> None:
    assert verify(BODY.encode(), signed(BODY, [OLD]), [NEW, OLD]).id == "evt_1"


def test_forged_or_altered_is_refused() -> None:
    header = signed(BODY, [OLD])
    assert why(BODY, signed(BODY, ["whsec_guessed"]), [OLD, NEW]) is Why.FORGED
    assert why(BODY.replace("pi_1", "pi_2"), header, [OLD]) is Why.FORGED
    assert why(BODY + " ", header, [OLD]) is Why.FORGED
    assert why(BODY, header, [NEW]) is Why.FORGED, "a secret that is no longer ours"
    assert why(BODY, header, []) is Why.FORGED
    assert why(BODY, signed(BODY, [" "]), [" ", ""]) is Why.FORGED, "an empty secret signs nothing"
    assert why(BODY, header.replace("v1=", "v0="), [OLD]) is Why.MALFORMED


def test_a_later_time_on_an_old_signature_is_refused() -> None:
    old = int(time.time()) - 3600
    assert why(BODY, signed(BODY, [OLD], old).replace(f"t={old}", f"t={int(time.time())}"), [OLD]) is Why.FORGED


def test_stale_is_refused_and_the_tolerance_is_ours() -> None:
    header = signed(BODY, [OLD], int(time.time()) - 310)
    assert why(BODY, header, [OLD]) is Why.STALE
    assert verify(BODY.encode(), header, [OLD], tolerance_s=400).id == "evt_1"


@pytest.mark.parametrize("header", ["", None])
def test_unsigned_is_refused(header: str | None) -> None:
    assert why(BODY, header, [OLD]) is Why.MISSING


@pytest.mark.parametrize("header", ["nonsense", "t=,v1=", "t=x,v1=abc", "v1=abc", "t=1", "=,=", "t=1,v1", "t=1,v1=é"])
def test_a_header_that_is_none_is_refused(header: str) -> None:
    assert why(BODY, header, [OLD]) in (Why.MALFORMED, Why.FORGED)


def test_bytes_that_are_no_text_are_refused() -> None:
    assert why(b"\xff\xfe", signed("x", [OLD]), [OLD]) is Why.FORGED


@pytest.mark.parametrize("body", ["{}", "[]", "nonsense", "null", '{"object": "event"}', '{"object": "v2.core.event"}'])
def test_signed_and_yet_no_event(body: str) -> None:
    assert why(body, signed(body, [OLD]), [OLD]) is Why.UNREADABLE


def test_an_unknown_type_of_another_version_is_still_a_notice() -> None:
    event = json.loads(BODY) | {"type": "moon.rose", "api_version": "2031-01-01.unheard", "unheard": {"of": 1}}
    event["data"]["object"] = {"id": "moon_1", "object": "moon", "customer": {"id": "cus_1", "object": "customer"}}
    notice = read(json.dumps(event).encode())
    assert (notice.type, notice.api_version) == ("moon.rose", "2031-01-01.unheard")
    assert notice.about == Subject(About.OTHER, "moon_1", "cus_1")


async def test_what_each_kind_is_about(desk: Desk) -> None:
    token, owner = await desk.card(), await desk.customers.link(ANONYMOUS)
    await desk.payments.charge(of("12.34", token))
    [intent] = desk.fake.account.of("payment_intent")
    dispute(desk.fake.account, intent["id"])
    detach_method(desk.fake.account, {}, token)
    delete_customer(desk.fake.account, {}, owner)
    told = {event["type"]: read(json.dumps(event).encode()).about for event in desk.fake.account.events}
    assert told["customer.created"] == Subject(About.CUSTOMER, owner, owner, anonymous_id=ANONYMOUS)
    paid = Subject(About.PAYMENT, intent["id"], owner, intent["id"], payment_id=PAYMENT)
    assert told["payment_intent.succeeded"] == paid
    assert told["charge.succeeded"] == paid, "a charge is about its payment"
    setup = told["setup_intent.succeeded"]
    assert (setup.kind, setup.customer) == (About.SETUP, owner)
    assert told["payment_method.attached"] == Subject(About.METHOD, token, owner)
    assert told["payment_method.detached"] == Subject(About.METHOD, token, owner), "whose it was until now"
    assert told["charge.dispute.created"].payment == intent["id"]
    assert told["customer.deleted"] == told["customer.created"]


class Intake:
    """What an intake does: verify, and keep by id."""

    def __init__(self) -> None:
        self.kept: dict[str, Notice] = {}
        self.received: list[str] = []
        self.app = Starlette(routes=[Route("/stripe", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        try:
            notice = verify(await request.body(), request.headers.get("stripe-signature"), [NEW, OLD])
        except NotGenuine:
            return Response(status_code=400)
        self.received.append(notice.id)
        self.kept.setdefault(notice.id, notice)
        return Response(status_code=204)


@pytest.fixture
async def intake() -> AsyncIterator[Intake]:
    return Intake()


async def test_shuffled_and_twice_is_the_same_as_in_order(desk: Desk, intake: Intake) -> None:
    await desk.payments.charge(of("12.34", await desk.card()))
    events = desk.fake.account.events
    answers = await deliver(
        events,
        "http://intake/stripe",
        [OLD, NEW],
        shuffle=Random(7),
        times=2,
        client=AsyncClient(transport=ASGITransport(intake.app)),
    )
    assert answers == [204] * (2 * len(events))
    assert sorted(intake.kept) == sorted(event["id"] for event in events)
    assert intake.received != [event["id"] for event in events for _ in range(2)]
    assert await deliver(
        events, "http://intake/stripe", ["whsec_guessed"], client=AsyncClient(transport=ASGITransport(intake.app))
    ) == [400] * len(events)
