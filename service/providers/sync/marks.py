"""Which changes of accounts a provider is to be told of."""

from collections.abc import Sequence
from typing import Any, Protocol

from adapters.postgres.sync import Mark
from domain import events as e
from domain.account import Account


class Change(Protocol):
    """A stream's states before and after its entries."""

    @property
    def before(self) -> Any: ...

    @property
    def after(self) -> Any: ...

    @property
    def entries(self) -> Sequence[Any]: ...


def marks(changes: Sequence[Change]) -> tuple[list[Mark], set[tuple[str, str]]]:
    """Of each link its changes; and the links that are no more, as (customer id, provider). Nothing is told of who was
    erased: they are forgotten."""
    found: list[Mark] = []
    gone: set[tuple[str, str]] = set()
    for change in changes:
        after = change.after
        if not isinstance(after, Account) or after.customer is None:
            continue
        links = {} if after.customer.erased_at is not None else after.books.links
        gone |= {(after.customer.id, provider) for provider in change.before.books.links.keys() - links.keys()}
        events = [entry.event for entry in change.entries if not isinstance(entry.event, e.ProviderDrifted)]
        if not links or not events:
            continue
        news = [event for event in events if not isinstance(event, e.ProviderLinked | e.ProviderUnlinked)]
        at_once = any(map(_urgent, news))
        found += [Mark(after.customer.id, name, link.reference, len(news), at_once) for name, link in links.items()]
    return found, gone


def _urgent(event: object) -> bool:
    """A removed method must not be charged from the provider's own pages either."""
    return isinstance(event, e.MethodRemoved | e.MethodDefaulted | e.MethodAdded)
