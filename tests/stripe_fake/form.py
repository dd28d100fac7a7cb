"""Stripe's form encoding back into values: `a[b]=1&c[0]=x` is {"a": {"b": "1"}, "c": ["x"]}. All leaves are text."""

import re
from urllib.parse import parse_qsl

_KEY = re.compile(r"([^\[\]]+)|\[([^\[\]]*)\]")


def decoded(text: str) -> dict[str, object]:
    tree: dict[str, object] = {}
    for key, value in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
        path = [outer or inner for outer, inner in _KEY.findall(key)]
        node = tree
        for part in path[:-1]:
            child = node.setdefault(part, {})
            assert isinstance(child, dict), f"{key} is both a value and a group"
            node = child
        node[path[-1]] = value
    found = _listed(tree)
    assert isinstance(found, dict)
    return found


def _listed(node: object) -> object:
    if not isinstance(node, dict):
        return node
    inner = {key: _listed(value) for key, value in node.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner
