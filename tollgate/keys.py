"""`tollgate keys`: the way in when no other credentials are at hand. Whoever may run it has the database anyway."""

import argparse
from datetime import UTC, datetime, timedelta

from domain.access import ROLE_SCOPES, ApiKey, Role
from domain.commands import CreateKey, RevokeKey
from service.api_secrets import new_secret
from service.ids import new_id
from service.record import By
from tollgate.recording import recording

_BY = By("command line")


async def run(dsn: str, parsed: argparse.Namespace) -> str:
    """Make or revoke a key; what to tell. Raises Refusal."""
    return await (_create if parsed.act == "create" else _revoke)(dsn, parsed)


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


async def _revoke(dsn: str, parsed: argparse.Namespace) -> str:
    async with recording(dsn) as record:
        await record(parsed.id, RevokeKey(), _BY)
    return f"{parsed.id} is revoked."
