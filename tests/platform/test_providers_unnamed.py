"""Nobody but the table of providers knows who they are: no code of the service, the edge or the worker names one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("stripe", "simulated_", "'simulated'", '"simulated"')


def code(path: Path) -> Iterator[tuple[int, str]]:
    """Every identifier, module and literal of a file; but no comment, docstring or description for people."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    words = {
        id(part)
        for node in ast.walk(tree)
        for told in [
            *(one.value for one in ast.walk(node) if isinstance(one, ast.keyword) and one.arg == "description"),
            *([node.value] if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else []),
        ]
        for part in ast.walk(told)
    }
    for node in ast.walk(tree):
        if id(node) in words:
            continue
        line = getattr(node, "lineno", 0)
        for name in ("id", "attr", "arg", "name", "module", "asname"):
            if isinstance(value := getattr(node, name, None), str):
                yield line, value
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield line, repr(node.value)


@pytest.mark.parametrize("package", ["api", "service", "worker"])
def test_no_code_names_a_provider(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, word in code(path)
        if any(name in word.lower() for name in NAMES)
    ]
    assert found == []


def test_the_search_finds_what_is_named(tmp_path: Path) -> None:
    file = tmp_path / "named.py"
    file.write_text(
        '"""Stripe in prose."""\nfrom adapters.stripe import x\nkey = settings.stripe_api_key\n'
        'USUAL = "stripe"\nfield(description="or stripe")\n'
    )
    assert sorted((line, word) for line, word in code(file) if "stripe" in word.lower()) == [
        (2, "adapters.stripe"),
        (3, "stripe_api_key"),
        (4, "'stripe'"),
    ]
