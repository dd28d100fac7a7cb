"""API keys are made once and can be revoked; what a key may hold is checked against its role and its maker (access)."""

from collections.abc import Sequence
from datetime import datetime

from domain import commands as c
from domain import events as e
from domain.access import ApiKey, check_key
from domain.errors import ErrorCode, Refusal


def decide_key(key: ApiKey, command: c.KeyCommand, at: datetime) -> Sequence[e.KeyEvent]:
    match command:
        case c.CreateKey(key=created, maker=maker):
            check_key(created, maker, at)
            return [e.KeyCreated(created)]
        case c.RevokeKey():
            if not key.id:
                raise Refusal(ErrorCode.NOT_FOUND, "no such key", "id")
            return [] if key.revoked_at is not None else [e.KeyRevoked()]
