"""The identity provider's keys: fetched seldom, whatever tokens say, and kept when the provider is away."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from adapters import key_set
from adapters.key_set import FRESH_S, RETRY_S, STALE_S, KeySet, KeySetUnavailable, usable

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def public(kind: str, private: Any, kid: str, **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = jwt.get_algorithm_by_name(kind).to_jwk(private.public_key(), as_dict=True)
    data.pop("key_ops", None)
    return {**data, "kid": kid, **more}


class Provider:
    """A small identity provider. It answers with status and body, while it `answers`."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.body = b""
        self.answers = threading.Event()
        self.answers.set()
        self.headers: dict[str, str] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                provider.answers.wait()
                self.send_response(provider.status)
                for name, value in provider.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(provider.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"

    def serve(self, *keys: dict[str, Any]) -> None:
        self.body = json.dumps({"keys": keys}).encode()


class Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield provider
    provider.server.shutdown()
    thread.join()
    provider.server.server_close()


async def kid_of(keys: KeySet, kid: str | None) -> str | None:
    key = await keys.key(kid)
    return None if key is None else key.key_id


async def renewed(keys: KeySet) -> None:
    if keys._fetching is not None:
        await keys._fetching


async def test_keys_are_fetched_once_and_kept(provider: Provider) -> None:
    provider.serve(public("RS256", RSA, "one"), public("ES256", EC, "two"), public("EdDSA", ED, "three"))
    keys = KeySet(provider.url, Time())
    found = await asyncio.gather(*(kid_of(keys, kid) for kid in ("one", "two", "three", "one")))
    assert found == ["one", "two", "three", "one"]
    assert provider.asked == 1


async def test_a_new_key_is_found_and_a_withdrawn_one_ends(provider: Provider) -> None:
    clock = Time()
    keys = KeySet(provider.url, clock)
    provider.serve(public("RS256", RSA, "old"))
    assert await kid_of(keys, "old") == "old"
    provider.serve(public("ES256", EC, "new"))
    clock.now += RETRY_S
    assert await kid_of(keys, "new") == "new"
    assert await kid_of(keys, "old") is None
    assert provider.asked == 2


async def test_a_withdrawn_key_ends_even_if_nobody_uses_the_new_one(provider: Provider) -> None:
    clock = Time()
    keys = KeySet(provider.url, clock)
    provider.serve(public("RS256", RSA, "old"))
    await keys.key("old")
    provider.serve(public("ES256", EC, "new"))
    clock.now += FRESH_S
    assert await kid_of(keys, "old") == "old"  # answered at once, renewed behind
    await renewed(keys)
    assert await kid_of(keys, "old") is None


async def test_unknown_key_ids_are_asked_for_at_a_bounded_rate(provider: Provider) -> None:
    clock = Time()
    keys = KeySet(provider.url, clock)
    provider.serve(public("RS256", RSA, "one"))
    for n in range(50):
        assert await keys.key(f"made up {n}") is None
    assert provider.asked == 1
    clock.now += RETRY_S
    await asyncio.gather(*(keys.key(f"made up {n}") for n in range(50)))
    assert provider.asked == 2


async def test_without_an_id_the_only_key_is_meant(provider: Provider) -> None:
    clock = Time()
    keys = KeySet(provider.url, clock)
    provider.serve(public("RS256", RSA, "one"))
    assert await kid_of(keys, None) == "one"
    provider.serve(public("RS256", RSA, "one"), public("ES256", EC, "two"))
    clock.now += FRESH_S
    await keys.key(None)
    await renewed(keys)
    assert await keys.key(None) is None


@pytest.mark.parametrize("status", [500, 404, 302])
async def test_a_provider_that_is_away_is_borne_for_an_hour(provider: Provider, status: int) -> None:
    clock = Time()
    keys = KeySet(provider.url, clock)
    provider.serve(public("RS256", RSA, "one"))
    await keys.key("one")
    provider.status, provider.headers = status, {"Location": provider.url}
    clock.now += STALE_S - 1
    assert await kid_of(keys, "one") == "one"
    await renewed(keys)
    clock.now += 1
    for _ in range(2):
        with pytest.raises(KeySetUnavailable):
            await keys.key("one")
    provider.status = 200
    clock.now += RETRY_S
    assert await kid_of(keys, "one") == "one"


async def test_a_slow_provider_does_not_hold_the_loop(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_set, "TIMEOUT_S", 0.2)
    provider.answers.clear()
    provider.serve(public("RS256", RSA, "one"))
    waiting = asyncio.create_task(KeySet(provider.url).key("one"))
    ticks = 0
    while not waiting.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert isinstance(waiting.exception(), KeySetUnavailable)
    assert ticks > 1, "others had their turn"
    provider.answers.set()  # only now would it have answered


@pytest.mark.parametrize(
    "body", [b"", b"7", b"{}", b'{"keys": 1}', b"[" * 100_000, b'{"keys": [1, null, {}]}', b"\xff"]
)
async def test_what_is_no_key_set_is_refused(provider: Provider, body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        usable(body)
    provider.body = body
    with pytest.raises(KeySetUnavailable):
        await KeySet(provider.url).key("one")


async def test_a_set_too_large_to_be_one_is_not_read(provider: Provider) -> None:
    provider.body = b" " * (key_set.BYTES_MAX + 1)
    with pytest.raises(KeySetUnavailable):
        await KeySet(provider.url).key("one")


def test_keys_that_must_not_sign_are_passed_over() -> None:
    others = [
        {"kty": "oct", "kid": "symmetric", "k": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"},
        public("RS256", RSA, "encrypting", use="enc"),
        public("RS256", RSA, "odd", alg="HS256"),
        public("RS256", RSA, "none", alg="none"),
        public("RS256", RSA, "listed", alg=["RS256"]),
        public("RS256", RSA, "another kind", kty="EC"),
        {**public("EdDSA", ED, "published"), "d": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off the curve"},
    ]
    keys = usable(json.dumps({"keys": [*others, public("ES256", EC, "good", use="sig")]}).encode())
    assert [(key.key_id, key.algorithm_name) for key in keys] == [("good", "ES256")]
    with pytest.raises(ValueError, match="usable"):
        usable(json.dumps({"keys": others}).encode())
