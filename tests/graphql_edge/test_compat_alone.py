"""Private parts of Strawberry and graphql-core are touched in `graphql_edge/compat.py` and nowhere else."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# Besides their first level. The last is what `strawberry.scalar` answers with.
PUBLIC = {"graphql.execution", "strawberry.relay", "strawberry.schema.config", "strawberry.types.scalar"}
PRIVATE_WORDS = {"strawberry-definition", "_raw_info", "_field"}


def private_touches(text: str) -> list[str]:
    """The imports of inner modules, and the underscored attributes of anything but oneself."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and "." in node.module:
            if node.module.split(".")[0] in ("graphql", "strawberry") and node.module not in PUBLIC:
                found.append(node.module)
        elif isinstance(node, ast.Import):
            found += [one.name for one in node.names if one.name.startswith(("graphql.", "strawberry."))]
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            if node.attr == "_replace":  # of named tuples
                continue
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                found.append(node.attr)
        elif (isinstance(node, ast.Constant) and node.value in PRIVATE_WORDS) or (
            isinstance(node, ast.keyword) and node.arg in PRIVATE_WORDS
        ):
            found.append(str(ast.unparse(node)))
    return found


def test_what_is_looked_for_is_found() -> None:
    text = 'from graphql.pyutils import Path\nschema._schema\nextensions["strawberry-definition"]\nInfo(_raw_info=1)'
    assert len(private_touches(text)) == 4
    assert len(private_touches((ROOT / "graphql_edge" / "compat.py").read_text())) > 10


@pytest.mark.parametrize("package", ["graphql_edge", "api", "tollgate"])
def test_private_parts_are_touched_in_compat_alone(package: str) -> None:
    touches = {
        str(path.relative_to(ROOT)): found
        for path in (ROOT / package).rglob("*.py")
        if path.name != "compat.py" and (found := private_touches(path.read_text()))
    }
    assert touches == {}
