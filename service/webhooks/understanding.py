"""What a notice makes us look at. It is not believed, only followed: the provider is asked how things stand now, so
that notices which come late, twice or in any order end in the same state."""

from collections.abc import AsyncIterator

from adapters.postgres.inbox import Told
from domain.notice import About
from service.reconciliation.looking import Looking, Seen


async def look(looking: Looking, told: Told) -> AsyncIterator[Seen]:
    """What there is to see of it, one after the other; nothing, where it is of no concern. What one look leads to is to
    be recorded before the next. Raises Unknown."""
    provider, about = told.provider, told.about
    match about.kind:
        case About.PAYMENT if about.reference is not None:
            yield await looking.payment(provider, about.reference)
        case About.REFUND if about.payment is not None:
            yield await looking.payment(provider, about.payment)
        case About.DISPUTE if about.reference is not None:
            yield await looking.dispute(provider, about.reference)
        case About.SETUP | About.METHOD if about.customer is not None:
            yield await looking.methods(provider, about.customer)
        case About.CUSTOMER if about.reference is not None:
            yield await looking.customer(provider, about.reference)
