"""Accounts as they are stored, for whoever asks a provider about them: no transaction is open meanwhile."""

from adapters.postgres import states
from adapters.postgres.codec import decode_whole_account
from adapters.postgres.connection import Engine
from domain.account import Account


async def stored_account(engine: Engine, customer_id: str) -> Account | None:
    """With its books."""
    async with engine.connect() as connection:
        head = await states.head(connection, customer_id)
    return None if head is None else decode_whole_account(head.state, head.books, head.seq)
