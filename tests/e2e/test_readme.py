"""The README's tour, as a new user would follow it: every request works, and answers what the page says."""

import json
import re
from pathlib import Path
from typing import Any

from e2e.client import Api

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"```graphql\n(.*?)```\n(?:\n```json\n(.*?)```\n)?", re.S)
# What differs each time: numbers, instants, ids and hashes.
VOLATILE = re.compile(r"INV-\d{6}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)|\b[0-9a-f]{64}\b|(?<=_)[0-9a-hjkmnp-tv-z]{26}\b")


def learned(answer: Any) -> dict[str, str]:
    """What a reader would copy from an answer into the variables of the next request: by the variable's name."""
    match answer:
        case {"token": str(token), "dueNow": _}:
            return {"quote": token}
        case {"edges": [{"node": {"id": str(id)}}]} | {"subscription": {"id": str(id)}}:
            found = {"id": id}
        case {"clock": {"id": str(id)}}:
            found = {"clock": id}
        case _:
            found = {}
    inner = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ()
    return found | {name: value for part in inner for name, value in learned(part).items()}


async def test_each_request_of_the_tour_is_answered_as_shown(api: Api) -> None:
    known: dict[str, str] = {}
    shown = 0
    for request, expected in BLOCK.findall(README.read_text()):
        variables = {name: value for name, value in known.items() if re.search(rf"\${name}\b", request)}
        answer = await api.ask(request, **variables)
        known |= learned(answer)
        if expected:
            shown += 1
            assert json.loads(VOLATILE.sub("…", json.dumps(answer))) == json.loads(VOLATILE.sub("…", expected))
    assert shown >= 4
