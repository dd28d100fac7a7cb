"""What a payment provider has of the customer."""

from msgspec import Struct


class LinkProvider(Struct, frozen=True):
    provider: str
    reference: str


class UnlinkProvider(Struct, frozen=True):
    provider: str


class NoteDrift(Struct, frozen=True):
    """What a comparison with the provider found: all of it; or, with `about`, what it found of these things. Words on
    drift then begin with the thing's name and a colon; what was said of other things stays."""

    provider: str
    drift: tuple[str, ...] = ()
    about: tuple[str, ...] | None = None


ProviderCommand = LinkProvider | UnlinkProvider | NoteDrift
