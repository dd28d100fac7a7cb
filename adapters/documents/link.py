"""Links that open a document for a while: whoever holds one may read that document, until it expires, and nothing else.

The key is the caller's (`adapters.secrets.derive(master, "document links")`). Nothing is stored, so a link cannot be
taken back before it expires, except by a new master secret.
"""

import hmac
from base64 import urlsafe_b64encode
from datetime import datetime
from urllib.parse import urlencode


def sign(path: str, expires_at: datetime, key: bytes) -> str:
    """The signature of a path up to an instant (to the second, rounded down): 43 characters that fit into a URL."""
    return _signature(path, int(expires_at.timestamp()), key)


def signed(path: str, expires_at: datetime, key: bytes) -> str:
    """`path` with what `verify` wants: /documents/invoice_01….pdf?expires=1772323200&signature=…"""
    expires = int(expires_at.timestamp())
    return f"{path}?{urlencode({'expires': expires, 'signature': _signature(path, expires, key)})}"


def verify(path: str, expires: str, signature: str, key: bytes, at: datetime) -> bool:
    """Whether the link is ours and still holds at the instant `at`. `expires` and `signature` are as the URL has them,
    so they can be anything. The instant of expiry no longer belongs to it."""
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
        return False
    expected = _signature(path, int(expires), key)
    genuine = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass"))
    return genuine and at.timestamp() < int(expires)


def _signature(path: str, expires: int, key: bytes) -> str:
    # The figure comes first: digits end at the NUL, so no path can be read as another one's expiry.
    message = f"{expires}\0{path}".encode("utf-8", "surrogatepass")
    return urlsafe_b64encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode()
