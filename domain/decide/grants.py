"""What support may give by hand, and take back."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.account import Account, Grant
from domain.catalog import FeatureKind
from domain.errors import ErrorCode, Refusal, invalid
from domain.wording import REASON_CHARS_MAX, check_name, check_setting

GRANTS_MAX = 1_000


def decide_grant(
    account: Account, command: c.GrantEntitlement | c.RevokeEntitlement, at: datetime
) -> Sequence[e.AccountEvent]:
    if isinstance(command, c.GrantEntitlement):
        return [e.EntitlementGranted(_new_grant(account, command.grant, at))]
    grant = account.grant(command.grant_id)
    if grant is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such grant", "grant_id")
    return [] if grant.ended_at is not None else [e.EntitlementRevoked(grant.id)]


def _new_grant(account: Account, grant: Grant, at: datetime) -> Grant:
    if sum(given.ended_at is None for given in account.grants) >= GRANTS_MAX:
        raise Refusal(ErrorCode.LIMIT_REACHED, f"at most {GRANTS_MAX:,} open grants a customer")
    check_name(grant.reason, "reason", chars_max=REASON_CHARS_MAX)
    check_setting(grant.value, "value")
    if grant.expires_at is not None and grant.expires_at <= at:
        raise invalid("must lie in the future", "expires_at")
    if grant.limit is not None and grant.limit < Decimal(0):
        raise invalid("must not be negative", "limit")
    match grant.feature.kind:
        case FeatureKind.SWITCH:
            if grant.limit is not None or grant.unlimited or grant.value is not None:
                raise invalid(f"{grant.feature.key} is a switch: give enabled only", "feature")
        case FeatureKind.METERED:
            if grant.value is not None:
                raise invalid(f"{grant.feature.key} is metered: it takes a limit, not a value", "value")
            if grant.limit is not None and grant.unlimited:
                raise invalid("a limit and unlimited exclude each other", "unlimited")
            if grant.limit is None and not grant.unlimited and grant.enabled is not False:
                raise invalid("give a limit, or unlimited", "limit")
        case FeatureKind.VALUE:
            if grant.limit is not None or grant.unlimited:
                raise invalid(f"{grant.feature.key} holds a value: it takes no limit", "limit")
            if grant.value is None and grant.enabled is not False:
                raise invalid("give the value", "value")
    if grant.hard is not None and grant.feature.kind is not FeatureKind.METERED:
        raise invalid(f"{grant.feature.key} has no limit that could be hard", "hard")
    return replace(grant, granted_at=at)
