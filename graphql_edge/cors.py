"""Which web pages may call the endpoint from a browser: by HTTP (CORS) and by socket (the Origin of the handshake)."""

from collections.abc import Iterable, Mapping

Header = tuple[bytes, bytes]

_VARY: Header = (b"vary", b"origin")


class Origins:
    """The allowed origins, such as "https://app.example.com"; "*" allows any. Credentials travel in a header, never
    in a cookie, so an origin that is not allowed is kept from reading answers, not from being anonymous."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = {origin.rstrip("/").encode() for origin in allowed}
        self._any = b"*" in self._allowed

    def allows(self, origin: bytes) -> bool:
        """Whether a page of this origin may call."""
        return self._any or origin in self._allowed

    def allows_socket(self, origin: bytes | None, host: bytes | None) -> bool:
        """Whether a socket may be opened: by anything that is not a browser page, by our own pages, by the allowed."""
        if origin is None or self.allows(origin):
            return True
        return host is not None and origin.partition(b"://")[2] == host

    def headers(self, origin: bytes | None) -> list[Header]:
        """What an answer to a page carries."""
        if origin is None:
            return []
        if not self.allows(origin):
            return [_VARY]
        return [
            (b"access-control-allow-origin", b"*" if self._any else origin),
            (b"access-control-expose-headers", b"x-request-id, retry-after"),
            _VARY,
        ]

    def preflight(self, headers: Mapping[bytes, bytes]) -> list[Header]:
        """What an OPTIONS request is told besides: nothing for other origins, and the browser refuses the call."""
        origin = headers.get(b"origin")
        if origin is None or not self.allows(origin):
            return []
        return [
            (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
            (b"access-control-allow-headers", b"authorization, content-type, accept, x-request-id"),
            (b"access-control-max-age", b"86400"),
        ]
