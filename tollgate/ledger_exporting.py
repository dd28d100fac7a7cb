"""`tollgate export-ledger`."""

from datetime import date
from typing import TextIO

from adapters.ledger_export import CSV_HEADER, as_beancount, as_csv, opened
from adapters.postgres.engine import create_engine
from adapters.postgres.reads.catalog import catalog
from domain.ledger import month_of
from service.documents.ledger_month import entries_of

FORMATS = {"csv": as_csv, "beancount": as_beancount}


async def export(dsn: str, day: date, form: str, to: TextIO, *, clock_id: str | None = None, bare: bool = False) -> int:
    """Write the month that contains `day`, by the seller's calendar; how many entries it has. `bare`: without what only
    the beginning of a file needs, to follow an earlier month in the same one."""
    engine = create_engine(dsn, 2, statement_seconds_max=0, name="tollgate export-ledger")
    try:
        zone = (await catalog(engine)).catalog.settings.zone
        if not bare:
            to.write(CSV_HEADER if form == "csv" else opened(day.replace(day=1)))
        count = 0
        async for entry in entries_of(engine, month_of(day, zone), clock_id):
            to.write(FORMATS[form](entry, zone))
            count += 1
        return count
    finally:
        await engine.dispose()
