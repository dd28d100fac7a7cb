"""What a Stripe account holds, and the marks it leaves: objects by id, events in order. Seeded, so that ids repeat."""

import copy
import re
import time
from collections.abc import Callable, Iterable
from random import Random
from types import NoneType
from typing import Any, get_args

from adapters.stripe.client import API_VERSION
from stripe_fake.cards import Card
from stripe_fake.errors import missing

Object = dict[str, Any]

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SEARCH = re.compile(r"metadata\['(\w+)'\]:'([^']*)'")


class Account:
    def __init__(self, seed: int = 0, now: Callable[[], float] = time.time) -> None:
        self.random = Random(seed)
        self.now = now
        self.objects: dict[str, Object] = {}
        self.events: list[Object] = []
        self.cards: dict[str, Card] = {}
        self.balance: dict[str, int] = {}
        self.search_lags = False
        self.request: tuple[str, str | None] = ("", None)
        self._indexed: set[str] = set()

    # ── objects ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def id(self, prefix: str) -> str:
        return f"{prefix}_{''.join(self.random.choices(_LETTERS, k=24))}"

    def add(self, kind: type, prefix: str, **fields: Any) -> Object:
        """A new object with all that the SDK's type of it requires; what it calls optional is there only if given, as
        at Stripe."""
        made = {
            "id": self.id(prefix),
            "object": kind.OBJECT_NAME,  # type: ignore[attr-defined]
            "created": int(self.now()),
            "livemode": False,
            **fields,
        }
        lacking = [
            name
            for name, hint in kind.__annotations__.items()
            if name not in made and name != "OBJECT_NAME" and not _is_optional(hint)
        ]
        assert not lacking, f"{kind.__name__} lacks {lacking}"
        self.objects[made["id"]] = made
        return made

    def of(self, name: str) -> list[Object]:
        """All of a kind, the oldest first."""
        return [one for one in self.objects.values() if one["object"] == name]

    def get(self, name: str, id: object, param: str = "id", status: int = 404) -> Object:
        found = self.objects.get(str(id))
        if found is None or found["object"] != name:
            raise missing(name, id, param, status)
        return found

    def page(self, found: Iterable[Object], params: Object, url: str) -> Object:
        """The newest first."""
        kept = [one for one in reversed(list(found)) if _in_range(one["created"], params.get("created"))]
        limit = params.get("limit", 10)
        if (after := params.get("starting_after")) is not None:
            at = next((place for place, one in enumerate(kept) if one["id"] == after), None)
            if at is None:
                raise missing("object", after, "starting_after", 400)
            kept = kept[at + 1 :]
        return {"object": "list", "url": url, "has_more": len(kept) > limit, "data": kept[:limit]}

    def search(self, name: str, params: Object, url: str) -> Object:
        key, value = _SEARCH.fullmatch(params["query"]).groups()  # type: ignore[union-attr]
        found = [
            one
            for one in reversed(self.of(name))
            if one.get("metadata", {}).get(key) == value
            and not one.get("deleted")
            and (not self.search_lags or one["id"] in self._indexed)
        ]
        limit = params.get("limit", 10)
        return {"object": "search_result", "url": url, "has_more": len(found) > limit, "data": found[:limit]}

    def index(self) -> None:
        """The search has caught up."""
        self._indexed = set(self.objects)

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def emit(self, type: str, about: Object, before: Object | None = None) -> None:
        request, key = self.request
        data = {"object": copy.deepcopy(about)} | ({"previous_attributes": before} if before is not None else {})
        self.events.append(
            {
                "id": self.id("evt"),
                "object": "event",
                "api_version": API_VERSION,
                "created": int(self.now()),
                "data": data,
                "livemode": False,
                "pending_webhooks": 1,
                "request": {"id": request or None, "idempotency_key": key},
                "type": type,
            }
        )


def _is_optional(hint: Any) -> bool:
    return hint.startswith("Optional[") if isinstance(hint, str) else NoneType in get_args(hint)


def _in_range(created: int, wanted: Object | int | None) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, int):
        return created == wanted
    tests = {"gt": created.__gt__, "gte": created.__ge__, "lt": created.__lt__, "lte": created.__le__}
    return all(tests[name](bound) for name, bound in wanted.items())
