"""What our packages import is declared, and what is known from the inside is bounded on both sides."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OURS = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


DECLARED = {_plain(re.split(r"[\[<>=;!~ ]", one, maxsplit=1)[0]): one for one in PROJECT["project"]["dependencies"]}


def _imported(package: str) -> Iterator[str]:
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (one.name for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                yield node.module


@pytest.mark.parametrize("package", sorted(OURS))
def test_what_is_imported_is_declared(package: str) -> None:
    roots = {name.partition(".")[0] for name in _imported(package)} - OURS - sys.stdlib_module_names
    made_by = packages_distributions()
    assert {root for root in roots if not any(_plain(one) in DECLARED for one in made_by[root])} == set()


@pytest.mark.parametrize(
    "name",
    ["strawberry-graphql", "graphql-core", "cachetools", "httpx", "opentelemetry-api", "pydantic", "python-dotenv"],
)
def test_what_may_change_under_us_is_bounded(name: str) -> None:
    assert re.search(r">=[0-9.]+,<[0-9.]+", DECLARED[name]), DECLARED[name]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_what_is_declared_is_locked(lock: str) -> None:
    locked = {_plain(name) for name in re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.MULTILINE)}
    assert set(DECLARED) - locked == set()
