"""Whose usage it is: the customers that the callers mean and may touch, each in their own time."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from adapters.postgres import directory
from adapters.postgres.driver import Driver
from adapters.vault import Vault
from service.usage.check import AHEAD_MAX, Whose
from service.usage.events import Ref

Visible = frozenset[str] | None
Find = Callable[[Ref, Visible], Whose | None]
"""The customer, or None: there is none that the caller may see."""


async def find_whose(
    driver: Driver, vault: Vault, asked: Iterable[tuple[Ref, Visible]], at: datetime, retention: timedelta
) -> Find:
    """Look up all customers at once: one statement for each set of customers that may be seen. `at` is the present of
    those who live in real time."""
    ids: dict[Visible, set[str]] = {}
    externals: dict[Visible, set[str]] = {}
    for ref, visible in asked:
        if ref.id is not None:
            ids.setdefault(visible, set()).add(ref.id)
        elif ref.external_id is not None:
            externals.setdefault(visible, set()).add(ref.external_id)
    by_id: dict[tuple[Visible, str], Whose] = {}
    by_external: dict[tuple[Visible, str], Whose] = {}
    for visible in ids.keys() | externals.keys():
        hashes = {name: vault.external_hashes(name) for name in externals.get(visible, ())}
        storable = [id for id in ids.get(visible, ()) if id.isascii() and "\0" not in id]
        entries = await directory.find(driver, storable, [hash for of in hashes.values() for hash in of], visible)
        by_hash = {entry.external_hash: entry for entry in entries if entry.external_hash is not None}
        for entry in entries:
            if entry.external_hash is None:
                by_id[visible, entry.customer_id] = _whose(entry, at, retention)
        for name, of in hashes.items():
            found = next((by_hash[hash] for hash in of if hash in by_hash), None)
            if found is not None:
                by_external[visible, name] = _whose(found, at, retention)

    def find(ref: Ref, visible: Visible) -> Whose | None:
        id = ref.id
        return by_external.get((visible, ref.external_id or "")) if id is None else by_id.get((visible, id))

    return find


def _whose(entry: directory.Entry, at: datetime, retention: timedelta) -> Whose:
    now = entry.now or at
    return Whose(entry.customer_id, entry.erased, now, now - retention, now + AHEAD_MAX)
