"""How it fails, when told to: each of the ways in which an answer goes missing, or never was."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    RATE_LIMITED = "RATE_LIMITED"  # 429; nothing was done or stored
    UNAVAILABLE = "UNAVAILABLE"  # 503; nothing was done or stored
    ERROR_BEFORE = "ERROR_BEFORE"  # 500, stored under the key; nothing was done
    ERROR_AFTER = "ERROR_AFTER"  # 500, stored under the key; all was done
    SILENT_BEFORE = "SILENT_BEFORE"  # no answer; nothing was done
    SILENT_AFTER = "SILENT_AFTER"  # no answer; all was done
    LATE = "LATE"  # no answer; done when nobody waits for it any more
    DROPPED_BEFORE = "DROPPED_BEFORE"  # the connection breaks; nothing was done
    DROPPED_AFTER = "DROPPED_AFTER"  # the connection breaks in the midst of the answer

    @property
    def is_after(self) -> bool:
        return self in (Fault.ERROR_AFTER, Fault.SILENT_AFTER, Fault.DROPPED_AFTER, Fault.LATE)


@dataclass
class _Rule:
    fault: Fault
    pattern: re.Pattern[str]
    times: int
    retry_after: str | None


class Faults:
    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._chance: tuple[Random, float, tuple[Fault, ...]] | None = None

    def add(self, fault: Fault, on: str = "", times: int = 1, retry_after: str | None = None) -> None:
        """`on`: a regular expression on "METHOD /path". The next `times` requests that match it fail so."""
        self._rules.append(_Rule(fault, re.compile(on), times, retry_after))

    def at_random(self, random: Random, share: float, kinds: Iterable[Fault] = tuple(Fault)) -> None:
        """From now on this share of all requests fails, each in one of these ways."""
        self._chance = (random, share, tuple(kinds))

    def clear(self) -> None:
        self._rules.clear()
        self._chance = None

    def next(self, request: str) -> tuple[Fault, str | None] | None:
        for rule in self._rules:
            if rule.times > 0 and rule.pattern.search(request):
                rule.times -= 1
                return rule.fault, rule.retry_after
        if self._chance is not None:
            random, share, kinds = self._chance
            if random.random() < share:
                return random.choice(kinds), None
        return None
