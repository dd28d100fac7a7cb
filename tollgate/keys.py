"""`tollgate keys`: the way in when no other credentials are at hand, and the master secret replaced. Whoever may run it
has the database anyway."""

import argparse
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from adapters.postgres.engine import create_engine
from adapters.postgres.reads import keys
from adapters.problem import Problem
from adapters.secrets import open_secrets
from adapters.settings import DeploymentSettings
from domain.access import ROLE_SCOPES, ApiKey, Role
from domain.commands import CreateKey, RevokeKey
from service.access.api_secrets import new_secret
from service.ids import new_id
from service.operations.rewrap import replace_secret
from service.write.record import By
from tollgate.recording import recording

_BY = By("command line")
_PAGE = 500


class NothingToReplace(Problem):
    """The old master secret was not given."""


async def run(settings: DeploymentSettings, dsn: str, parsed: argparse.Namespace) -> str:
    """Do what `parsed.act` names; what to tell. Raises Refusal, NothingToReplace, WrongSecret."""
    acts: dict[str, Callable[[], Awaitable[str]]] = {
        "create": lambda: _create(dsn, parsed),
        "list": lambda: _list(dsn),
        "revoke": lambda: _revoke(dsn, parsed),
        "rotate-secret": lambda: _rotate_secret(settings, dsn),
    }
    return await acts[parsed.act]()


async def _create(dsn: str, parsed: argparse.Namespace) -> str:
    role, now = Role(parsed.role), datetime.now(UTC)
    made = new_secret(role)
    key = ApiKey(
        id=new_id("key"),
        name=parsed.name,
        role=role,
        scopes=tuple(sorted(parsed.scope or ROLE_SCOPES[role])),
        secret_hash=made.hash,
        customer_ids=tuple(parsed.customer) if parsed.customer else None,
        created_at=now,
        expires_at=None if parsed.days is None else now + timedelta(days=parsed.days),
    )
    async with recording(dsn) as record:
        await record(key.id, CreateKey(key, ROLE_SCOPES[Role.ADMIN]), _BY)
    return f"{key.id}  {key.role}\n{made.secret}\nThe secret is not shown again."


async def _list(dsn: str) -> str:
    engine = create_engine(dsn, 1, name="tollgate command")
    found: list[ApiKey] = []
    try:
        while page := await keys.page(engine, limit=_PAGE, after=found[-1].id if found else None):
            found += page
    finally:
        await engine.dispose()
    rows = [("id", "name", "role", "ends", "scopes"), *(_told(key) for key in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ("  ".join([*map(str.ljust, row, widths), row[4]]) for row in rows)
    return "\n".join(lines) if found else "There are no keys."


def _told(key: ApiKey) -> tuple[str, ...]:
    if key.revoked_at is not None:
        ends = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}"
    else:
        ends = "never" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d %H:%M}"
    scopes = "all of its role" if set(key.scopes) == ROLE_SCOPES[key.role] else " ".join(key.scopes)
    customers = "" if key.customer_ids is None else f"; sees {' '.join(key.customer_ids)}"
    # Names are anybody's: what a terminal would obey is shown, not sent.
    name = "".join(character if character.isprintable() else "?" for character in key.name)
    return key.id, name, key.role, ends, scopes + customers


async def _revoke(dsn: str, parsed: argparse.Namespace) -> str:
    async with recording(dsn) as record:
        await record(parsed.id, RevokeKey(), _BY)
    return f"{parsed.id} is revoked."


async def _rotate_secret(settings: DeploymentSettings, dsn: str) -> str:
    if settings.secret_old is None:
        raise NothingToReplace("BILLING_SECRET_OLD: is missing: it must be the secret to replace by BILLING_SECRET")
    engine = create_engine(dsn, 1, name="tollgate command")
    try:
        moved = await replace_secret(engine, open_secrets(settings, serving=False))
    finally:
        await engine.dispose()
    return f"{moved} customers moved. BILLING_SECRET_OLD is not needed any more."
