"""Many accounts side by side: one question to the database for all of them, and each comes to its own end."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain.billing.charge import Count
from domain.catalog import Aggregation, Catalog, Meter
from domain.engine import Answer, Asking, Question
from domain.errors import ErrorCode, Refusal
from domain.period import Period
from domain.seller import BillingSettings
from service.write.answering import answered, answered_together
from service.write.sources import UsageQuery, answers

NOW = datetime(2026, 2, 1, tzinfo=UTC)
CALLS = Count("calls", Period(datetime(2026, 1, 1, tzinfo=UTC), NOW))
CATALOG = Catalog(
    meters=(Meter("meter_1", "calls", Aggregation.SUM, "api.call"),), settings=BillingSettings(net_days=7)
)


class Told:
    """Keeps what was asked at one time."""

    def __init__(self) -> None:
        self.rounds: list[list[str]] = []

    async def answers(self, questions: Sequence[Question]) -> Sequence[Answer]:
        self.rounds.append([one.customer_id for one in questions])
        return [
            Answer(BillingSettings(), {count: Decimal(len(self.rounds)) for count in one.counts}) for one in questions
        ]


def summing(customer_id: str, times: int) -> Asking[Decimal]:
    found = Decimal(0)
    for _ in range(times):
        answer = yield Question(customer_id, NOW, (CALLS,))
        found += answer.figures[CALLS]
    return found


def refusing(customer_id: str) -> Asking[Decimal]:
    yield Question(customer_id, NOW)
    raise Refusal(ErrorCode.CONFLICT, "not this one")


async def test_all_are_asked_for_at_once_until_each_has_come_to_its_end() -> None:
    source = Told()
    runs = [summing("a", 1), summing("b", 3), summing("c", 0), summing("d", 2)]
    assert await answered_together(runs, source) == [1, 6, 0, 3]
    assert source.rounds == [["a", "b", "d"], ["b", "d"], ["b"]]


async def test_one_that_fails_stops_no_other() -> None:
    source = Told()
    first, failed, last = await answered_together([summing("a", 1), refusing("b"), summing("c", 2)], source)
    assert (first, last) == (1, 3)
    assert isinstance(failed, Refusal)


async def test_alone_it_fails_as_itself() -> None:
    with pytest.raises(Refusal, match="not this one"):
        await answered(refusing("b"), Told())


async def test_who_asks_nothing_makes_nobody_read_anything() -> None:
    source = Told()
    assert await answered(summing("a", 0), source) == 0
    assert source.rounds == []


async def test_the_figures_of_all_are_read_together_each_for_its_customer() -> None:
    read: list[list[str]] = []

    async def used(asks: Sequence[UsageQuery]) -> Sequence[Decimal]:
        read.append([ask.customer_id for ask in asks])
        return [Decimal(n) for n, _ in enumerate(asks, 1)]

    questions = [Question("a", NOW, (CALLS,)), Question("b", NOW), Question("c", NOW, (CALLS,))]
    found = await answers(CATALOG, used, questions)
    assert [dict(one.figures) for one in found] == [{CALLS: 1}, {}, {CALLS: 2}]
    assert {one.settings for one in found} == {CATALOG.settings}
    assert read == [["a", "c"]]
