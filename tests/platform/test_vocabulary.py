"""One word for one thing: the glossary speaks of what is there, and no class name means two things."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
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
