"""Answers about another instant than the present."""

from datetime import datetime, timedelta

from api.context import Context
from api.loaders import AccountView
from graphql_edge.errors import BAD_USER_INPUT, ClientError

AHEAD_MAX = timedelta(days=366)
"""How far into the future is looked. What falls due is played through one by one, and nobody plans further by hand."""


async def view_at(context: Context, view: AccountView, at: datetime) -> AccountView | None:
    """The account as it stood, or (if nothing else happens) will stand at `at`. None: it did not exist yet. Raises
    ClientError."""
    if at - view.now > AHEAD_MAX:
        raise ClientError(f"`at` may lie at most {AHEAD_MAX.days} days ahead.", code=BAD_USER_INPUT)
    return await context.loaders.at(view, at)
