"""The catalog: one row, read often and changed seldom."""

from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import select

from adapters.postgres.codec import decode_catalog
from adapters.postgres.connection import Engine
from adapters.postgres.reads.read_connection import read_connection
from adapters.postgres.tables import streams
from domain.catalog import Catalog

STREAM = "catalog"


class CatalogSnapshot(NamedTuple):
    """The catalog as of its entry `seq`."""

    catalog: Catalog
    seq: int


_EMPTY = CatalogSnapshot(Catalog(), 0)

# The newest that this process has decoded, per pool: a catalog of many plans takes longer to decode than to ask for.
_known: WeakKeyDictionary[Engine, CatalogSnapshot] = WeakKeyDictionary()


async def catalog(engine: Engine) -> CatalogSnapshot:
    """The catalog as it is now. Its text is fetched only if there is an entry that this process has not seen yet."""
    known = _known.get(engine, _EMPTY)
    query = select(streams.c.state, streams.c.seq).where(streams.c.id == STREAM, streams.c.seq != known.seq)
    async with read_connection(engine) as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        return known
    snapshot = CatalogSnapshot(decode_catalog(row.state), row.seq)
    if snapshot.seq > _known.get(engine, _EMPTY).seq:
        _known[engine] = snapshot
    return snapshot
