"""What a quote binds a command to."""

from datetime import UTC, datetime

import pytest

from domain.errors import ErrorCode, NotChargeable, Refusal, invalid
from service.write.quotes import UNQUOTED, Bound

QUOTED = Bound(datetime(2026, 1, 1, tzinfo=UTC))


def test_what_cannot_be_charged_from_the_quotes_own_instant_makes_the_quote_stale() -> None:
    with pytest.raises(Refusal) as stale, QUOTED.kept():
        raise NotChargeable("what lies before 2026-02-01 is closed", "since")
    assert (stale.value.code, stale.value.field) == (ErrorCode.STALE, ("quote",))
    assert stale.value.message == "what lies before 2026-02-01 is closed: ask for a new quote"


def test_from_an_instant_of_the_callers_own_it_is_the_caller_who_is_refused() -> None:
    refusal = NotChargeable("what lies before 2026-02-01 is closed", "start_at")
    with pytest.raises(Refusal) as refused, UNQUOTED.kept():
        raise refusal
    assert refused.value is refusal
    assert (refusal.code, refusal.field) == (ErrorCode.INVALID, ("start_at",))


def test_every_other_refusal_is_what_it_was() -> None:
    refusal = invalid("must be between 1 and 1,000,000", "quantity")
    with pytest.raises(Refusal) as refused, QUOTED.kept():
        raise refusal
    assert refused.value is refusal
