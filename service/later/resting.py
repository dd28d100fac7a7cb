"""How long a piece that failed rests, and what is said of it."""

import traceback
from datetime import timedelta

import structlog

from adapters.backoff import backoff_s
from adapters.postgres.work import Work, WorkState
from domain.errors import Refusal
from domain.providers.provider import Processing, Unknown

log = structlog.stdlib.get_logger(__name__)

REST_S_MIN, REST_S_MAX = 1.0, 900.0
ATTEMPTS_MAX = 40
"""Spread over some eight hours."""
GIVEN_UP_S = 86_400.0
"""What a new release has mended heals by itself, though a day later than if support replays it."""
LEFT_ALONE_S_MAX = 86_400.0
"""Whatever a provider asks for."""


def _wanted_s(error: Exception) -> float | None:
    """How long the provider wants to be left alone, within reason."""
    wanted_s = error.retry_after if isinstance(error, Unknown) else None
    return None if wanted_s is None else max(0.0, min(LEFT_ALONE_S_MAX, wanted_s))


def processing_rest(error: Processing) -> timedelta:
    """Until whoever has it is asked again."""
    return timedelta(seconds=_wanted_s(error) or REST_S_MAX)


def rest_of(piece: Work, error: Exception) -> tuple[timedelta, WorkState]:
    """For how long, and in which state. A provider that says when to come again is left alone as long."""
    given_up = piece.attempts >= ATTEMPTS_MAX
    backs_off_s = backoff_s(piece.attempts, REST_S_MIN, REST_S_MAX)
    rest_s = GIVEN_UP_S if given_up else max(backs_off_s, _wanted_s(error) or 0.0)
    expected = isinstance(error, Unknown | Refusal)
    # Where, but not the message: it may repeat what is stored of the customer.
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-5:]]
    (log.warning if expected and not given_up else log.error)(
        "work failed",
        kind=piece.kind,
        id=piece.id,
        customer_id=piece.customer_id,
        error=said(error),
        attempts=piece.attempts,
        given_up=given_up,
        tries_again_in_seconds=rest_s,
        **({} if expected else {"at": places}),
    )
    return timedelta(seconds=rest_s), WorkState.GIVEN_UP if given_up else WorkState.WAITING


def said(error: Exception) -> str:
    """What is shown of it: what we say ourselves, and of others their kind."""
    match error:
        case Unknown():
            return str(error)
        case Refusal():
            return f"{error.code}: {error.message}"
        case _:
            return type(error).__name__
