"""Who may do what: roles, scopes and API keys. Secrets are only ever known here by their hash."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Role(StrEnum):
    ADMIN = "ADMIN"
    SUPPORT = "SUPPORT"
    SERVICE = "SERVICE"
    PARTNER = "PARTNER"
    CUSTOMER = "CUSTOMER"


class Scope(StrEnum):
    """What a credential may do, as `subject:act`."""

    CATALOG_READ = "catalog:read"
    CATALOG_WRITE = "catalog:write"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    CUSTOMERS_ERASE = "customers:erase"
    SUBSCRIPTIONS_WRITE = "subscriptions:write"
    ENTITLEMENTS_WRITE = "entitlements:write"
    USAGE_WRITE = "usage:write"
    JOURNAL_READ = "journal:read"
    PROVIDER_READ = "provider:read"
    CLOCKS_WRITE = "clocks:write"
    KEYS_WRITE = "keys:write"
    TOKENS_WRITE = "tokens:write"


_READ = frozenset({Scope.CATALOG_READ, Scope.CUSTOMERS_READ})

# The most that each role may hold; a key may be narrower, never wider.
ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.ADMIN: frozenset(Scope),
    Role.SUPPORT: _READ
    | {
        Scope.CUSTOMERS_WRITE,
        Scope.SUBSCRIPTIONS_WRITE,
        Scope.ENTITLEMENTS_WRITE,
        Scope.USAGE_WRITE,
        Scope.JOURNAL_READ,
        Scope.PROVIDER_READ,
    },
    Role.SERVICE: _READ
    | {
        Scope.CUSTOMERS_WRITE,
        Scope.SUBSCRIPTIONS_WRITE,
        Scope.USAGE_WRITE,
        Scope.JOURNAL_READ,
        Scope.TOKENS_WRITE,
    },
    Role.PARTNER: _READ | {Scope.JOURNAL_READ},
    Role.CUSTOMER: _READ,
}


class ApiKey(Struct, frozen=True, omit_defaults=True):
    """`customer_ids` narrows a PARTNER key to the customers it names; None: all."""

    id: str = ""
    name: str = ""
    role: Role = Role.PARTNER
    scopes: tuple[Scope, ...] = ()
    secret_hash: str = ""
    customer_ids: tuple[str, ...] | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
