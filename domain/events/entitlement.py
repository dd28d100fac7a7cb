"""What the customer was given beside the plans."""

from domain.account import Grant
from domain.events.event import Event


class EntitlementGranted(Event, frozen=True, tag="entitlement.granted"):
    grant: Grant


class EntitlementRevoked(Event, frozen=True, tag="entitlement.revoked"):
    grant_id: str


class EntitlementExpired(Event, frozen=True, tag="entitlement.expired"):
    grant_id: str
