"""A few of the random lives, and those that once were wrong: each has to be as the rules want. Many more:
python -m tests.lives --lives 10000."""

from pathlib import Path

import pytest

from lives.__main__ import failing, judged
from lives.draw import draw
from lives.shrink import shrunk
from lives.text import parsed

CASES = sorted((Path(__file__).parent / "cases").glob("*.life"))


@pytest.mark.parametrize("first", range(0, 150, 25))
def test_lives_drawn_by_chance_cost_what_the_rules_want(first: int) -> None:
    failed = [failing(seed) for seed in range(first, first + 25)]
    assert [f"seed {failure.seed}: {failure.faults}\n{failure.life}" for failure in failed if failure is not None] == []


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_a_life_that_was_wrong_once_is_right(case: Path) -> None:
    assert judged(parsed(case.read_text())) == []


def test_a_life_reads_like_a_text_and_back() -> None:
    for seed in range(50):
        assert parsed(str(draw(seed))) == draw(seed)


def test_what_fails_is_cut_short() -> None:
    life = parsed("plan a: FLAT 30; PER_SEAT 7\n2026-06-01 subscribe s1 a quantity=2\n2026-06-02 pay\n2026-06-03 pay")
    short = shrunk(life, lambda shorter: any(act.verb == "pay" for act in shorter.acts))
    assert str(short) == "2026-06-02 pay"
