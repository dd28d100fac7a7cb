"""The engine run with answers from a source: for one account, or for many side by side, where what the meters read is
asked for all of them at once."""

from collections.abc import Sequence
from typing import TypeVar

from domain.engine import Answer, Asking, Question
from service.write.sources import AnswerSource

R = TypeVar("R")


async def answered(run: Asking[R], source: AnswerSource) -> R:
    """What the run comes to."""
    (found,) = await answered_together([run], source)
    if isinstance(found, Exception):
        raise found
    return found


async def answered_together(runs: Sequence[Asking[R]], source: AnswerSource) -> list[R | Exception]:
    """What each run comes to, or what stopped it: the others go on. Raises what the source raises, which is about all
    of them."""
    found: dict[int, R | Exception] = {}
    answers: dict[int, Answer | None] = dict.fromkeys(range(len(runs)))
    while answers:
        questions: dict[int, Question] = {}
        for n, answer in answers.items():
            try:
                questions[n] = next(runs[n]) if answer is None else runs[n].send(answer)
            except StopIteration as end:
                found[n] = end.value
            except Exception as error:
                found[n] = error
        replies = await source.answers(list(questions.values())) if questions else ()
        answers = dict(zip(questions, replies, strict=True))
    return [found[n] for n in range(len(runs))]
