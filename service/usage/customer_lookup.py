"""Whose usage it is: the customers that the callers mean and may touch, each in their own time."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from adapters.postgres import directory
from adapters.postgres.driver import Driver
from adapters.vault import Vault
from service.usage.check import AHEAD_MAX, EventCustomer
from service.usage.events import CustomerIds

Visible = frozenset[str] | None
CustomerLookup = Callable[[CustomerIds, Visible], EventCustomer | None]
"""The customer, or None: there is none that the caller may see."""


async def look_up_customers(
    driver: Driver, vault: Vault, wanted: Iterable[tuple[CustomerIds, Visible]], at: datetime, retention: timedelta
) -> CustomerLookup:
    """Look up all customers at once: one statement for each set of customers that may be seen. `at` is the present of
    those who live in real time."""
    ids: dict[Visible, set[str]] = {}
    externals: dict[Visible, set[str]] = {}
    for ref, visible in wanted:
        if ref.id is not None:
            ids.setdefault(visible, set()).add(ref.id)
        elif ref.external_id is not None:
            externals.setdefault(visible, set()).add(ref.external_id)
    by_id: dict[tuple[Visible, str], EventCustomer] = {}
    by_external: dict[tuple[Visible, str], EventCustomer] = {}
    for visible in ids.keys() | externals.keys():
        hashes = {name: vault.external_hashes(name) for name in externals.get(visible, ())}
        storable = [id for id in ids.get(visible, ()) if id.isascii() and "\0" not in id]
        entries = await directory.find(driver, storable, [hash for of in hashes.values() for hash in of], visible)
        by_hash = {entry.external_hash: entry for entry in entries if entry.external_hash is not None}
        for entry in entries:
            if entry.external_hash is None:
                by_id[visible, entry.customer_id] = _event_customer(entry, at, retention)
        for name, of in hashes.items():
            found = next((by_hash[hash] for hash in of if hash in by_hash), None)
            if found is not None:
                by_external[visible, name] = _event_customer(found, at, retention)

    def find(ref: CustomerIds, visible: Visible) -> EventCustomer | None:
        id = ref.id
        return by_external.get((visible, ref.external_id or "")) if id is None else by_id.get((visible, id))

    return find


def _event_customer(entry: directory.DirectoryEntry, at: datetime, retention: timedelta) -> EventCustomer:
    now = entry.now or at
    return EventCustomer(entry.customer_id, entry.erased, now, now - retention, now + AHEAD_MAX)
