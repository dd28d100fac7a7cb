"""Own the database in a folder and write one numbered fact after the other, until told to end.

`python fact_writer.py folder` says what the database does, then `found 200`, and `acknowledged 200` and on.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

import asyncpg

from adapters.postgres.embedded import embedded


def say(*words: object) -> None:
    print(*words, flush=True)


async def write(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE IF NOT EXISTS facts (n bigint PRIMARY KEY)")
    n = await connection.fetchval("SELECT count(*) FROM facts")
    say("found", n)
    while True:
        await connection.execute("INSERT INTO facts VALUES ($1)", n)
        say("acknowledged", n)
        n += 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt), embedded(Path(sys.argv[1]), progress=say) as dsn:
        asyncio.run(write(dsn))
