"""Who may read the figures, and where a worker shows its own."""

import socket
import urllib.error
import urllib.request

import pytest

from adapters.metrics import Instruments, Received
from domain.providers.notice import About
from service.metrics import listening, may_read


@pytest.mark.parametrize(
    ("token", "authorization", "host", "forwarded", "allowed"),
    [
        (None, None, "127.0.0.1", False, True),
        (None, None, "127.8.8.8", False, True),
        (None, None, "::1", False, True),
        (None, None, "127.0.0.1", True, False),  # a proxy on this machine speaks for anybody
        (None, None, "203.0.113.9", False, False),
        (None, None, "10.0.0.1", False, False),
        (None, None, "testclient", False, False),
        (None, None, None, False, False),
        ("token", None, "127.0.0.1", False, False),
        ("token", "Bearer token", "203.0.113.9", True, True),
        ("token", "Bearer tokens", "127.0.0.1", False, False),
        ("token", "Bearer töken", "127.0.0.1", False, False),
    ],
)
def test_who_may_read(
    token: str | None, authorization: str | None, host: str | None, forwarded: bool, allowed: bool
) -> None:
    assert may_read(token, authorization, host, forwarded=forwarded) is allowed


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def get(port: int, path: str = "/metrics", **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_a_worker_shows_what_it_did_itself() -> None:
    instruments, port = Instruments(), free_port()
    instruments.webhook_received("stripe", About.PAYMENT, Received.STORED)
    instruments.webhook_handled("stripe", 0.25)
    instruments.webhook_retried("stripe", About.PAYMENT)
    with listening(instruments, "127.0.0.1", port, None):
        status, told = get(port)
        assert status == 200
        assert 'billing_webhooks_received_total{about="PAYMENT",outcome="stored",provider="stripe"} 1.0' in told
        assert 'billing_webhook_handling_lag_seconds_bucket{le="0.5",provider="stripe"} 1.0' in told
        assert 'billing_webhook_retries_total{about="PAYMENT",provider="stripe"} 1.0' in told
        assert get(port, "/")[0] == 404
        assert get(port, **{"X-Forwarded-For": "203.0.113.9"})[0] == 403
    with pytest.raises(urllib.error.URLError):
        get(port)


def test_a_worker_with_a_token_wants_it() -> None:
    port = free_port()
    with listening(Instruments(), "127.0.0.1", port, "token"):
        assert get(port)[0] == 401
        assert get(port, Authorization="Bearer token")[0] == 200


def test_a_port_that_is_taken_or_not_given_stops_no_worker() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with listening(Instruments(), "127.0.0.1", taken.getsockname()[1], None):
            pass
    with listening(Instruments(), "127.0.0.1", None, None):
        pass
