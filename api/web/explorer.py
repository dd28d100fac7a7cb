"""The explorer: a page for a browser that opens the endpoint. Our own, without scripts from elsewhere, so that it works
on a machine without network and under a policy that allows exactly its own script and style."""

import base64
import hashlib
from pathlib import Path
from typing import Final

_HERE = Path(__file__).parent


def _policy_hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


_script = (_HERE / "explorer.js").read_text(encoding="utf-8")
_style = (_HERE / "explorer.css").read_text(encoding="utf-8")

EXPLORER_PAGE: Final = (
    (_HERE / "explorer.html")
    .read_text(encoding="utf-8")
    .replace("/*style*/", _style)
    .replace("/*script*/", _script)
    .encode()
)
EXPLORER_HEADERS: Final = [
    (b"content-type", b"text/html; charset=utf-8"),
    (
        b"content-security-policy",
        f"default-src 'none'; script-src 'sha256-{_policy_hash(_script)}'; style-src 'sha256-{_policy_hash(_style)}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'".encode(),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
