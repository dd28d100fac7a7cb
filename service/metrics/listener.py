"""Where a worker shows what it did itself: it serves nothing else, so the standard library is enough."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import AF_INET6
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog

from adapters.metrics import Instruments, exposed
from service.metrics.access import may_read

log = structlog.stdlib.get_logger(__name__)

SECONDS_MAX = 5.0

Environ = dict[str, Any]
Begin = Callable[[str, list[tuple[str, str]]], Any]


class _FiguresServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Binds without asking the name service who we are, as the server of the standard library would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _OverIPv6(_FiguresServer):
    address_family = AF_INET6


class _Quiet(WSGIRequestHandler):
    timeout = SECONDS_MAX

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def listening(instruments: Instruments, host: str, port: int | None, token: str | None) -> Iterator[None]:
    """GET /metrics at this address meanwhile; None: nowhere. A port that somebody has already, as another worker of
    this machine, is no reason not to work."""
    if port is None:
        yield
        return
    try:
        kind = _OverIPv6 if ":" in host else _FiguresServer
        server = make_server(host, port, _answering(instruments, token), kind, _Quiet)
    except OSError as error:
        log.warning("metrics are not shown", setting="BILLING_WORKER_METRICS_PORT", error=error.strerror)
        yield
        return
    with server:
        thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _answering(instruments: Instruments, token: str | None) -> Callable[[Environ, Begin], list[bytes]]:
    def answer(environ: Environ, begin: Begin) -> list[bytes]:
        forwarded = "HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ
        authorization = environ.get("HTTP_AUTHORIZATION")
        if not may_read(token, authorization, environ.get("REMOTE_ADDR"), forwarded=forwarded):
            begin("403 Forbidden" if token is None else "401 Unauthorized", [("Content-Type", "text/plain")])
            return [b"not for you\n"]
        if environ.get("PATH_INFO") != "/metrics":
            begin("404 Not Found", [("Content-Type", "text/plain")])
            return [b"GET /metrics\n"]
        body, media = exposed(instruments, (), environ.get("HTTP_ACCEPT", ""))
        begin("200 OK", [("Content-Type", media)])
        return [body]

    return answer
