"""What a browser gets that opens the endpoint: our own explorer, or, where `?graphiql` asks for it, GraphiQL.

The explorer has no scripts from elsewhere, so it works on a machine without network and under a policy that allows
exactly its own script and style. GraphiQL can do more; its page, which is Strawberry's, loads it from a public CDN with
the hash of each file, and whoever types a key into it trusts that.
"""

import base64
import hashlib
from html import escape
from pathlib import Path
from typing import Final

from graphql_edge.compat import graphiql

_HERE = Path(__file__).parent


def _policy_hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


_script = (_HERE / "explorer.js").read_text(encoding="utf-8")
_style = (_HERE / "explorer.css").read_text(encoding="utf-8")

_page = (
    (_HERE / "explorer.html").read_text(encoding="utf-8").replace("/*style*/", _style).replace("/*script*/", _script)
)
_NOWHERE_ELSE: Final = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_EXPLORER_POLICY: Final = (
    f"default-src 'none'; script-src 'sha256-{_policy_hash(_script)}'; style-src 'sha256-{_policy_hash(_style)}'; "
    f"connect-src 'self'; {_NOWHERE_ELSE}"
)
_GRAPHIQL: Final = graphiql().encode()
_CDN: Final = "https://unpkg.com"
_GRAPHIQL_POLICY: Final = (
    f"default-src 'none'; script-src 'unsafe-inline' {_CDN}; style-src 'unsafe-inline' {_CDN}; font-src {_CDN} data:; "
    f"img-src data:; connect-src 'self'; worker-src blob:; {_NOWHERE_ELSE}"
)


class Explorer:
    """The pages of one endpoint. `example` is the operation that stands there at first."""

    def __init__(self, title: str = "GraphQL", example: str = "{ __typename }") -> None:
        page = _page.replace("<!--title-->", escape(title)).replace("<!--example-->", escape(example))
        self._page = page.encode()

    def page_for(self, query_string: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """The page and its headers."""
        graphiql = query_string.split(b"&")[0] in (b"graphiql", b"graphiql=")
        policy = _GRAPHIQL_POLICY if graphiql else _EXPLORER_POLICY
        return _GRAPHIQL if graphiql else self._page, [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]
