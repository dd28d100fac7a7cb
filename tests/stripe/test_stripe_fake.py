"""The fake keeps Stripe's word: parameters, keys and pages, checked with the SDK itself."""

import httpx
import pytest
import stripe
from stripe_desk import ANONYMOUS, Desk
from stripe_fake import FakeStripe
from stripe_fake.errors import Refusal
from stripe_fake.form import decoded
from stripe_fake.params import checked
from stripe_fake.routes import ROUTES
from stripe_fake.server import KEY


def posted(fake: FakeStripe, path: str, body: str, key: str = "k") -> httpx.Response:
    headers = {
        "Authorization": f"Bearer {KEY}",
        "Stripe-Version": "2026-10-28.endive",
        "Idempotency-Key": key,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return httpx.post(fake.url + path, content=body, headers=headers)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/customers", "nane=x", "parameter_unknown"),
        ("/v1/customers", "metadata=x", "parameter_invalid"),
        ("/v1/customers", "api_key=x", "parameter_unknown"),
        ("/v1/payment_intents", "currency=eur", "parameter_missing"),
        ("/v1/payment_intents", "currency=eur&amount=12.5", "parameter_invalid"),
        ("/v1/payment_intents", "currency=eur&amount=1250&confirm=yes", "parameter_invalid"),
        ("/v1/refunds", "payment_intent=pi_1&reason=because", "parameter_invalid"),
        ("/v1/setup_intents", "automatic_payment_methods[on]=true", "parameter_missing"),
        ("/v1/customers", "metadata[a]=b", None),
    ],
)
def test_only_what_the_sdk_types_know_is_taken(fake: FakeStripe, path: str, body: str, code: str | None) -> None:
    answer = posted(fake, path, body)
    assert (answer.status_code == 200) == (code is None)
    if code is not None:
        assert answer.json()["error"]["code"] == code


def test_one_key_is_one_request(fake: FakeStripe) -> None:
    first = posted(fake, "/v1/customers", "metadata[a]=b")
    again = posted(fake, "/v1/customers", "metadata[a]=b")
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = posted(fake, "/v1/customers", "metadata[a]=c")
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
    elsewhere = posted(fake, "/v1/payment_intents", "metadata[a]=b&amount=100&currency=eur")
    assert elsewhere.json()["error"]["type"] == "idempotency_error"
    assert len(fake.account.of("customer")) == 1


def test_what_was_wrong_is_not_kept_under_its_key(fake: FakeStripe) -> None:
    assert posted(fake, "/v1/customers", "nane=x").status_code == 400
    assert posted(fake, "/v1/customers", "metadata[a]=b").status_code == 200


def test_without_a_key_of_ours_nothing_is_told(fake: FakeStripe) -> None:
    assert httpx.get(fake.url + "/v1/balance", headers={"Authorization": "Bearer sk_test_guessed"}).status_code == 401
    assert httpx.get(fake.url + "/v1/unheard_of").status_code == 404


def test_every_route_has_a_type_that_forbids_what_it_does_not_know() -> None:
    for route in ROUTES:
        with pytest.raises(Refusal) as refused:
            checked(route.params, {"unheard_of": "x"})
        assert refused.value.body["error"]["code"] in ("parameter_unknown", "parameter_missing"), route.path


def test_forms_are_read_as_the_sdk_writes_them() -> None:
    from stripe._encode import _api_encode

    value = {"a": {"b": [{"c": "x"}, {"c": "y"}], "d": ""}, "expand": ["one", "two"], "n": 1, "t": True}
    body = "&".join(f"{key}={found}" for key, found in _api_encode(value))
    assert decoded(body) == {
        "a": {"b": [{"c": "x"}, {"c": "y"}], "d": ""},
        "expand": ["one", "two"],
        "n": "1",
        "t": "true",
    }


async def test_the_sdk_reads_what_it_answers(desk: Desk) -> None:
    owner = await desk.customers.link(ANONYMOUS)
    async with desk.api.turn("a") as v1:
        found = await v1.customers.retrieve_async(owner)
    async with desk.api.turn("a") as v1:
        events = await v1.events.list_async({"type": "customer.created"})
    async with desk.api.turn("a") as v1:
        event = await v1.events.retrieve_async(events.data[0].id)
    assert isinstance(found, stripe.Customer)
    assert isinstance(event.data.object, stripe.Customer)
    assert event.data.object.id == found.id


def test_the_same_seed_gives_the_same_account(fake: FakeStripe) -> None:
    first = posted(fake, "/v1/customers", "").json()["id"]
    fake.reset(seed=1)
    assert posted(fake, "/v1/customers", "").json()["id"] == first
    fake.reset(seed=2)
    assert posted(fake, "/v1/customers", "").json()["id"] != first
