"""What a payment provider has of the customer."""

from domain.events.event import Event


class ProviderLinked(Event, frozen=True, tag="provider.linked"):
    """The provider knows the customer, by the anonymous id and nothing else, under this reference."""

    provider: str
    reference: str


class ProviderUnlinked(Event, frozen=True, tag="provider.unlinked"):
    """The provider's record is gone: deleted there, or by us when the customer was erased."""

    provider: str


class ProviderDrifted(Event, frozen=True, tag="provider.drifted"):
    """Where the provider's record and ours differ, as of the last comparison; none: they agree again."""

    provider: str
    drift: tuple[str, ...] = ()
