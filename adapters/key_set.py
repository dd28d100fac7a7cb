"""The public keys of the team's identity provider (JWKS), fetched off the event loop and kept for a while."""

import asyncio
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec
import structlog
from jwt import PyJWK

log = structlog.get_logger("tollgate.key_set")

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
"""All asymmetric. A key set is public, so a symmetric key in it would let everybody sign."""
TIMEOUT_S = 3.0
BYTES_MAX = 256 * 1024
KEYS_MAX = 100
FRESH_S = 300.0
"""How long a fetched set is used before it is fetched again; so long a withdrawn key may live on."""
STALE_S = 3_600.0
"""How long the last set is used when the provider does not answer."""
RETRY_S = 10.0
"""At most one fetch in this time, whatever key ids strangers put into their tokens."""


class KeySetUnavailable(Exception):
    """The identity provider has not answered for so long that no token of its can be checked."""


class _NoRedirect(HTTPRedirectHandler):
    """The keys come from the address that was set, not from where it points, which may be plain http."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class KeySet:
    """One process's copy of the key set at `url`."""

    def __init__(self, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._monotonic = monotonic
        self._keys: list[PyJWK] = []
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str | None) -> PyJWK | None:
        """The key of this id (None: the only key there is). Raises KeySetUnavailable.

        A set that is due for renewal is renewed behind the scenes; only an unknown id waits for it.
        """
        age = self._monotonic() - self._fetched_at
        found = self._find(kid) if age < STALE_S else None
        if found is not None:
            if age >= FRESH_S:
                self._fetch()
            return found
        fetching = self._fetch()
        if fetching is not None:
            await asyncio.shield(fetching)
        if self._monotonic() - self._fetched_at >= STALE_S:
            raise KeySetUnavailable("the identity provider's keys cannot be had")
        return self._find(kid)

    def _find(self, kid: str | None) -> PyJWK | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.key_id == kid), None)

    def _fetch(self) -> asyncio.Task[None] | None:
        """The fetch under way, or a new one unless the last one is too recent."""
        if self._fetching is None and self._monotonic() - self._tried_at >= RETRY_S:
            self._tried_at = self._monotonic()
            self._fetching = asyncio.create_task(self._renew())
        return self._fetching

    async def _renew(self) -> None:
        try:
            body = await asyncio.wait_for(asyncio.to_thread(_download, self._url), TIMEOUT_S)
            self._keys = usable(body)
            self._fetched_at = self._monotonic()
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            log.warning("key set not renewed", url=self._url, error=str(error) or type(error).__name__)
        finally:
            self._fetching = None


def usable(body: bytes) -> list[PyJWK]:
    """The keys that may sign customer tokens; others (encryption, symmetric, unknown kinds) are passed over.

    Raises ValueError for what is no key set, or one without a usable key.
    """
    document = msgspec.json.decode(body)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("not a key set")
    keys = [key for data in listed[:KEYS_MAX] if (key := _usable_key(data)) is not None]
    if not keys:
        raise ValueError("a key set without a usable key")
    return keys


def _usable_key(data: Any) -> PyJWK | None:
    if not isinstance(data, dict) or data.get("use", "sig") != "sig" or "d" in data:  # d: a private key, published
        return None
    try:
        key = PyJWK(data)
    except Exception:  # whatever a foreign parser makes of a foreign key, it must not cost the keys beside it
        return None
    return key if key.algorithm_name in ALGORITHMS else None


def _download(url: str) -> bytes:
    """The body, within TIMEOUT_S in all: a server that drips cannot hold the thread for long."""
    deadline = time.monotonic() + TIMEOUT_S
    request = Request(url, headers={"Accept": "application/json", "User-Agent": "tollgate"})
    with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as response:
        body = b""
        while chunk := response.read1(64 * 1024):
            body += chunk
            if len(body) > BYTES_MAX or time.monotonic() > deadline:
                raise ValueError("a key set that is too large or too slow")
        return body
