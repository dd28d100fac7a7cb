"""The README's tour, as a new user would follow it: every request works, and answers what the page says."""

import json
import re
from pathlib import Path
from typing import Any

from e2e.client import Api

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"```graphql\n(.*?)```\n(?:\n```json\n(.*?)```\n)?", re.S)
# What differs each time: instants, ids and hashes.
VOLATILE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)|\b[0-9a-f]{64}\b|(?<=_)[0-9a-hjkmnp-tv-z]{26}\b")


async def test_each_request_of_the_tour_is_answered_as_shown(api: Api) -> None:
    answer: Any = None
    shown = 0
    for request, expected in BLOCK.findall(README.read_text()):
        variables = {}
        if "$id" in request:
            variables["id"] = answer["customer"]["subscriptions"]["edges"][0]["node"]["id"]
        answer = await api.ask(request, **variables)
        if expected:
            shown += 1
            assert json.loads(VOLATILE.sub("…", json.dumps(answer))) == json.loads(VOLATILE.sub("…", expected))
    assert shown >= 4
