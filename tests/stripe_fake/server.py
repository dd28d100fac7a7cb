"""The HTTP of it: who asks, what for, under which key, and whether they get an answer."""

import asyncio
import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_plus

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from stripe_fake.account import Account, Object
from stripe_fake.errors import Refusal, invalid
from stripe_fake.faults import Fault, Faults
from stripe_fake.form import decoded
from stripe_fake.params import checked
from stripe_fake.routes import ROUTES, Route

KEY = "sk_test_fake"
SILENT_S_MAX = 20.0


@dataclass(frozen=True)
class Seen:
    """A request as it came: every byte that Stripe would have got to see."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """All of it, as sent and as read."""
        sent = "\n".join([self.method, self.path, self.query, *map(" ".join, self.headers.items()), self.body.decode()])
        return sent + "\n" + unquote_plus(sent)

    @property
    def params(self) -> dict[str, object]:
        return decoded(self.body.decode() if self.method == "POST" else self.query)


@dataclass
class _Stored:
    request: tuple[str, str, str]
    status: int | None = None  # None: it is still being worked on
    body: Any = None


@dataclass(eq=False)
class FakeStripe:
    seed: int = 0
    late_s: float = 0.3  # how long after the request what is LATE is done
    held: bool = False  # whether it is done no sooner than this ends
    account: Account = field(init=False)
    faults: Faults = field(init=False, default_factory=Faults)
    requests: list[Seen] = field(init=False, default_factory=list)
    url: str = field(init=False, default="")
    key: str = KEY
    late: int = 0  # how many requests are still being worked on, without anybody waiting

    def __post_init__(self) -> None:
        self.account = Account(self.seed)
        self._keys: dict[str, _Stored] = {}

    def __enter__(self) -> Self:
        config = uvicorn.Config(self, host="127.0.0.1", port=0, log_level="critical", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="fake stripe", daemon=True)
        self._thread.start()
        waited = time.monotonic()
        while not self._server.started:
            assert time.monotonic() - waited < 10, "it did not start"
            time.sleep(0.005)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)

    def reset(self, seed: int) -> None:
        """Another account, without anything."""
        self.account = Account(seed)
        self._keys = {}
        self.requests.clear()
        self.faults.clear()

    async def idle(self) -> None:
        """Returns when nothing is being worked on any more."""
        for _ in range(1000):
            if not self.late:
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it is still at it")

    def forget_keys(self) -> None:
        """A day later: Stripe has forgotten its idempotency keys."""
        self._keys.clear()

    def made(self, request: str) -> int:
        """How many such requests there were, as "POST /v1/payment_intents"."""
        return sum(f"{one.method} {one.path}" == request for one in self.requests)

    # ── one request ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        seen = Seen(request.method, request.url.path, request.url.query, dict(request.headers), body)
        self.requests.append(seen)
        fault, retry_after = self.faults.next(f"{seen.method} {seen.path}") or (None, None)
        match fault:
            case Fault.RATE_LIMITED:
                headers = {} if retry_after is None else {"Retry-After": retry_after}
                await _error(429, "invalid_request_error", "rate_limit", headers)(scope, receive, send)
            case Fault.UNAVAILABLE:
                await _error(503, "api_error", None, {})(scope, receive, send)
            case Fault.SILENT_BEFORE:
                await _silence(receive)
            case Fault.SILENT_AFTER:
                self._answer(seen)
                await _silence(receive)
            case Fault.LATE:
                self._begin(seen)
                self.late += 1
                await asyncio.sleep(self.late_s)
                while self.held:  # noqa: ASYNC110 - another thread lets go
                    await asyncio.sleep(0.005)
                self._answer(seen, Fault.LATE)
                self.late -= 1
                await _silence(receive)
            case Fault.DROPPED_BEFORE:
                await _drop(send)
            case Fault.DROPPED_AFTER:
                self._answer(seen)
                await _drop(send)
            case _:
                await self._answer(seen, fault)(scope, receive, send)

    def _begin(self, seen: Seen) -> None:
        if seen.method == "POST":
            self._keys.setdefault(seen.headers["idempotency-key"], _Stored(_print(seen)))

    def _answer(self, seen: Seen, fault: Fault | None = None) -> Response:
        request_id = self.account.id("req")
        replayed = False
        try:
            route, ids = _route(seen)
            self._admit(seen)
            stored = self._stored(seen, fault)
            if stored is not None and stored.status is not None:
                status, body, replayed = stored.status, stored.body, True
            else:
                params = checked(route.params, seen.params)
                status, body = self._act(route, ids, params, seen, fault, request_id)
        except Refusal as error:  # before anything was done: not stored
            status, body = error.status, error.body
            if fault is Fault.LATE:
                self._keys.pop(seen.headers.get("idempotency-key", ""), None)
        headers = {"Request-Id": request_id} | ({"Idempotent-Replayed": "true"} if replayed else {})
        return JSONResponse(body, status, headers)

    def _admit(self, seen: Seen) -> None:
        if seen.headers.get("authorization") != f"Bearer {self.key}":
            raise Refusal(401, "invalid_request_error", None, "Invalid API Key provided")
        if "stripe-version" not in seen.headers:
            raise invalid("No version is named")

    def _stored(self, seen: Seen, fault: Fault | None) -> _Stored | None:
        if seen.method != "POST":
            return None
        stored = self._keys.get(seen.headers["idempotency-key"])
        if stored is not None and stored.request != _print(seen):
            raise Refusal(
                400, "idempotency_error", None, "Keys for idempotent requests can only be used with the same parameters"
            )
        if stored is not None and stored.status is None and fault is not Fault.LATE:
            raise Refusal(409, "invalid_request_error", "idempotency_key_in_use", "Another request is in progress")
        return stored

    def _act(
        self, route: Route, ids: tuple[str, ...], params: Object, seen: Seen, fault: Fault | None, request_id: str
    ) -> tuple[int, Any]:
        key = seen.headers.get("idempotency-key") if seen.method == "POST" else None
        self.account.request = (request_id, key)
        status: int
        body: Any
        if fault is Fault.ERROR_BEFORE:
            status, body = 500, _INTERNAL
        else:
            try:
                status, body = 200, route.act(self.account, params, *ids)
            except Refusal as error:
                status, body = error.status, error.body
            if fault is Fault.ERROR_AFTER:
                status, body = 500, _INTERNAL
        body = json.loads(json.dumps(body))  # as it is now
        if key is not None:
            if status in (400, 404):
                self._keys.pop(key, None)
            else:
                self._keys[key] = _Stored(_print(seen), status, body)
        return status, body


_INTERNAL = {"error": {"type": "api_error", "message": "An unknown error occurred"}}


def _route(seen: Seen) -> tuple[Route, tuple[str, ...]]:
    for route in ROUTES:
        if route.method == seen.method and (found := route.path.fullmatch(seen.path)) is not None:
            return route, found.groups()
    raise Refusal(404, "invalid_request_error", None, f"Unrecognized request URL ({seen.method}: {seen.path})")


def _print(seen: Seen) -> tuple[str, str, str]:
    return seen.method, seen.path, seen.body.decode()


def _error(status: int, type: str, code: str | None, headers: dict[str, str]) -> Response:
    return JSONResponse({"error": {"type": type, "code": code, "message": "not now"}}, status, headers)


async def _drop(send: Send) -> None:
    """An answer that breaks off: uvicorn closes the connection on what is shorter than announced."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b'{"id": "', "more_body": False})


async def _silence(receive: Receive) -> None:
    """Until the other side gives up."""
    with suppress(TimeoutError):
        await asyncio.wait_for(receive(), SILENT_S_MAX)
