"""One word for one thing: the glossary speaks of what is there, and no class name means two things."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "domain",
    "service",
    "adapters",
    "api",
    "graphql_edge",
    "worker",
    "tollgate",
    "tests",
    "tests/domain",
    "adapters/postgres",
)
TERM = re.compile(r"^\| (?P<term>[^|]+) \| [^|]+ \| `(?P<path>[^`:]+)(: (?P<name>\w+))?` \|$")


def classes(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                yield node.name, file.relative_to(ROOT)


def test_a_class_name_means_one_thing() -> None:
    """Of the rules, the orchestration and the outside. What the edge shows may be called as in the domain: it is the
    same thing, seen from outside."""
    places: dict[str, list[Path]] = defaultdict(list)
    for package in ("domain", "service", "adapters"):
        for name, file in classes(ROOT / package):
            places[name].append(file)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_the_glossary_speaks_of_what_is_there() -> None:
    rows = [line for line in (ROOT / "docs/glossary.md").read_text().splitlines() if line.startswith("| ")]
    terms = [TERM.match(row) for row in rows if not row.startswith("| term |")]
    assert len(terms) > 40
    for row, term in zip((row for row in rows if not row.startswith("| term |")), terms, strict=True):
        assert term is not None, row
        place = ROOT / term["path"]
        assert place.exists(), row
        if term["name"] is not None:
            assert f"class {term['name']}" in place.read_text(), row


def test_documents_name_files_that_are_there() -> None:
    """Paths and modules in backticks, in all pages and docstrings: from the root, from where the page lies, or from the
    package that it speaks of."""
    named = re.compile(
        r"`((?:[a-z_]+/)*[a-z_]+\.py|(?:domain|service|adapters|api|tollgate|worker|graphql_edge)(?:\.\w+)+)`"
    )
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/**/README.md")]
    sources = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    lost = [
        (str(page.relative_to(ROOT)), name)
        for page in (*pages, *sources)
        if ".venv" not in page.parts
        for name in named.findall(page.read_text())
        if not (_is_file(page, name) if name.endswith(".py") else _is_module(name))
    ]
    assert lost == []


def _is_file(page: Path, name: str) -> bool:
    return any((folder / name).exists() for folder in (page.parent, ROOT, *(ROOT / one for one in PACKAGES))) or bool(
        "/" not in name and any((ROOT / package).rglob(name) for package in PACKAGES)
    )


def _is_module(name: str) -> bool:
    """Or what is in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        file = place.with_suffix(".py") if place.with_suffix(".py").exists() else place / "__init__.py"
        if file.exists():
            return length == len(parts) or re.search(rf"\b{parts[length]}\b", file.read_text()) is not None
    return False
