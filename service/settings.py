"""How is billed, changed in part: what is left out stays as it is, also when two change it at once."""

from collections.abc import Callable

from adapters.postgres import states
from adapters.postgres.codec import decode_catalog
from adapters.postgres.connection import Engine
from domain.catalog import Catalog
from domain.commands import ChangeSettings
from domain.seller import BillingSettings
from service.write.pending_events import PendingEvents
from service.write.record import By, Recording
from service.write.streams import CATALOG


class _Changed(Exception):
    """Somebody else changed the settings since they were read."""


async def change_settings(
    record: Recording, engine: Engine, edit: Callable[[BillingSettings], BillingSettings], by: By
) -> BillingSettings:
    """The settings as they are then. `edit` may be asked again. Raises Refusal."""
    while True:
        async with engine.connect() as connection:
            stored = await states.read(connection, CATALOG)
        before = (Catalog() if stored is None else decode_catalog(stored)).settings

        def unchanged(draft: PendingEvents, before: BillingSettings = before) -> None:
            if draft.before.settings != before:
                raise _Changed

        try:
            recorded = await record(CATALOG, ChangeSettings(edit(before)), by, check=unchanged)
        except _Changed:
            continue
        settings: BillingSettings = recorded.state.settings
        return settings
