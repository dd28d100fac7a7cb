"""What has to be known besides the account itself. The engine asks, whoever runs it answers: from the database for one
account or for many at once, from a list in a test."""

from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from msgspec import Struct

from domain.billing.charge import Count
from domain.seller import BillingSettings

R = TypeVar("R")


class Question(Struct, frozen=True):
    """The seller's terms, and what the customer's meters have read for each of `counts`. `at`: the instant for which
    it is asked."""

    customer_id: str
    at: datetime
    counts: tuple[Count, ...] = ()


class Answer(Struct, frozen=True):
    """`figures` of all that was asked for."""

    settings: BillingSettings
    figures: Mapping[Count, Decimal] = {}


Asking = Generator[Question, Answer, R]
"""It yields questions, is sent their answers, and comes to an R."""


def answered(run: Asking[R], answer: Callable[[Question], Answer]) -> R:
    """What it comes to, by somebody who knows all answers at once."""
    try:
        question = next(run)
        while True:
            question = run.send(answer(question))
    except StopIteration as end:
        result: R = end.value
        return result
