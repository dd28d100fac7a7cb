"""`tollgate seed`."""

from service import seed as catalog
from tollgate.recording import recording


async def seed(dsn: str) -> int:
    """Load the default plans; how many things were new."""
    async with recording(dsn) as record:
        return await catalog.seed(record)
