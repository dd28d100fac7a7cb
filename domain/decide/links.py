"""What is known of the customer at a payment provider. Saying it again changes nothing."""

from collections.abc import Sequence

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.errors import ErrorCode, Refusal


def decide_link(
    account: Account, command: c.ProviderCommand
) -> Sequence[e.ProviderLinked | e.ProviderUnlinked | e.ProviderDrifted]:
    """Raises Refusal."""
    link = account.books.links.get(command.provider)
    match command:
        case c.LinkProvider(provider=provider, reference=reference):
            if link is None:
                return [e.ProviderLinked(provider, reference)]
            if link.reference != reference:
                raise Refusal(ErrorCode.CONFLICT, f"the customer is linked at {provider} already", "provider")
            return []
        case c.UnlinkProvider(provider=provider):
            return [] if link is None else [e.ProviderUnlinked(provider)]
        case c.NoteDrift(provider=provider, drift=drift, about=about):
            if link is None:
                raise Refusal(ErrorCode.NOT_FOUND, f"the customer is not known at {provider}", "provider")
            if about is not None:
                others = (difference for difference in link.drift if difference.partition(":")[0] not in about)
                drift = tuple(sorted({*others, *drift}))
            return [] if link.drift == drift else [e.ProviderDrifted(provider, drift)]
