"""API keys."""

from domain.access import ApiKey
from domain.events.event import Event


class KeyCreated(Event, frozen=True, tag="key.created"):
    key: ApiKey


class KeyRevoked(Event, frozen=True, tag="key.revoked"):
    pass


KeyEvent = KeyCreated | KeyRevoked
