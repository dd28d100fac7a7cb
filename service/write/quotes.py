"""Binding quotes. A token says, signed, what was asked, when, and what it came to; nothing is stored. Applying it
does the same thing as of the same instant, and is refused as STALE unless it comes to the same."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import jwt
import msgspec

from domain.account import Account
from domain.billing.quote import EntitlementChange, Outcome, entitlement_changes, outcome
from domain.books.invoice import Invoice
from domain.errors import ErrorCode, NotChargeable, Refusal
from domain.events import ChangeScheduled
from domain.lifecycle.due import present
from service.write.pending_events import By, PendingEvents
from service.write.record import Recording

_encoder = msgspec.json.Encoder(order="deterministic")
_ALGORITHM = "HS256"


class Quote(NamedTuple):
    """`at` is the instant from which it is charged; `effective_at` when rights change. `account` is the one that the
    command would leave, as of then; `next_invoice` what would be billed after it."""

    token: str
    at: datetime
    expires_at: datetime
    outcome: Outcome
    next_invoice: Invoice | None
    changes: Sequence[EntitlementChange]
    effective_at: datetime
    account: Account


class Bound(NamedTuple):
    """What a quote binds a command to: from when it is charged (None: the quote does not say), and the check that it
    still comes to the same. Without a quote, nothing."""

    since: datetime | None = None
    check: Callable[[PendingEvents], None] | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What cannot be charged as of the quote any more makes the quote stale: nobody else has said from when."""
        try:
            yield
        except NotChargeable as refusal:
            if self.since is None:
                raise
            raise _stale(f"{refusal.message}: ask for a new quote") from None


UNQUOTED = Bound()


class Quotes:
    """`key` signs; the settings say how long a quote binds (in real time, and in the customer's own)."""

    def __init__(self, record: Recording, key: bytes) -> None:
        self._record = record
        self._key = key

    async def preview(self, customer_id: str, command: Any, by: By, request: object, lasting: timedelta) -> Quote:
        """What the command would do now. `request`: the input that a caller has to repeat. Raises Refusal."""
        draft, upcoming = await self._record.preview(customer_id, command, by)
        at = draft.time
        found = _outcome(draft)
        expires_at = at + lasting
        effective_at = _effective_at(draft, at)
        token = jwt.encode(
            {
                "customer": customer_id,
                "asked": _digest(request),
                "at": at.isoformat() if effective_at <= at else None,
                "until": expires_at.isoformat(),
                "comes_to": found.digest,
            },
            self._key,
            _ALGORITHM,
        )
        after = present(draft.state, effective_at)
        changes = entitlement_changes(present(draft.present, effective_at), after, effective_at)
        return Quote(token, at, expires_at, found, upcoming, changes, effective_at, after)

    def bound(self, token: str | None, customer_id: str, request: object, said: datetime | None) -> Bound:
        """`said`: the caller's own word on the instant, which then is not the quote's. Raises Refusal: INVALID for a
        token that is not ours, or of another customer or input."""
        if token is None:
            return UNQUOTED
        try:
            claims = jwt.decode(token, self._key, [_ALGORITHM])
        except jwt.InvalidTokenError:
            raise Refusal(ErrorCode.INVALID, "is no quote of ours", "quote") from None
        if claims["customer"] != customer_id or claims["asked"] != _digest(request):
            raise Refusal(ErrorCode.INVALID, "was given for something else", "quote")
        since = None if claims["at"] is None or said is not None else datetime.fromisoformat(claims["at"])
        until = datetime.fromisoformat(claims["until"])

        def check(draft: PendingEvents) -> None:
            if draft.time >= until:
                raise _stale(f"the quote held until {until.isoformat()}")
            if _outcome(draft).digest != claims["comes_to"]:
                raise _stale("it would not come to what was quoted any more: ask for a new quote")

        return Bound(since, check)


def _stale(message: str) -> Refusal:
    return Refusal(ErrorCode.STALE, message, "quote")


def _outcome(draft: PendingEvents) -> Outcome:
    return outcome(draft.present, draft.events, draft.state, draft.time)


def _effective_at(draft: PendingEvents, at: datetime) -> datetime:
    planned = [event for event in draft.events if isinstance(event, ChangeScheduled)]
    return planned[0].scheduled.effective_at if planned else at


def _digest(request: object) -> str:
    return hashlib.sha256(_encoder.encode(request)).hexdigest()
