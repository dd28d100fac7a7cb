"""Which changes of an account a provider is to be told of."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from domain import events as e
from domain.account import Account
from domain.books.books import ProviderLink


class DirtyMark(Struct, frozen=True, order=True):
    """Of one customer's link: so many changes; `at_once`: the provider is told of them without waiting."""

    customer_id: str
    provider: str
    reference: str
    changes: int
    at_once: bool


def dirty_marks(after: Account, events: Sequence[e.AnyEvent]) -> list[DirtyMark]:
    """One mark for each provider that is linked after these events. What only says how a provider differs marks
    nothing, and a link by itself counts as no change."""
    if after.customer is None or all(isinstance(event, e.ProviderDrifted) for event in events):
        return []
    about_links = (e.ProviderDrifted, e.ProviderLinked, e.ProviderUnlinked)
    changes = [event for event in events if not isinstance(event, about_links)]
    at_once = any(map(_urgent, changes))
    customer_id = after.customer.id
    return [
        DirtyMark(customer_id, provider, link.reference, len(changes), at_once)
        for provider, link in _links(after).items()
    ]


def unlinked(before: Account, after: Account) -> set[tuple[str, str]]:
    """The links that are no more, as (customer id, provider). Of who was erased none is left: they are forgotten."""
    if after.customer is None:
        return set()
    return {(after.customer.id, provider) for provider in before.books.links.keys() - _links(after).keys()}


def _links(account: Account) -> Mapping[str, ProviderLink]:
    erased = account.customer is not None and account.customer.erased_at is not None
    return {} if erased else account.books.links


def _urgent(event: e.AnyEvent) -> bool:
    """A removed method must not be charged from the provider's own pages either."""
    return isinstance(event, e.MethodRemoved | e.MethodDefaulted | e.MethodAdded)
