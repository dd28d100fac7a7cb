"""The command line: runs one command and answers with its exit code."""

import signal
from collections.abc import Sequence
from typing import NoReturn

from adapters.problem import Problem
from adapters.settings import WrongSettings
from domain.errors import Refusal
from tollgate.arguments import parser
from tollgate.commands import PROBLEM, say

WRONG_SETTINGS = 2
"""An exit code; argparse too ends with 2 when it is called wrongly."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parsed = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)  # by the ordinary way out, so that what was started is stopped
    try:
        return int(parsed.run(parsed))
    except WrongSettings as wrong:
        for problem in wrong.problems:
            say(problem)
        return WRONG_SETTINGS
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (Problem, Refusal) as problem:
        say(str(problem))
        return PROBLEM


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)
