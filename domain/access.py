"""Who may do what: roles, scopes and API keys. Secrets are only ever known here by their hash."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from domain.errors import invalid


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
    INVOICES_READ = "invoices:read"  # with credits, payments and ways to pay
    INVOICES_WRITE = "invoices:write"
    PAYMENTS_WRITE = "payments:write"
    CREDITS_WRITE = "credits:write"
    SETTINGS_READ = "settings:read"  # how is billed: also the codes of coupons
    SETTINGS_WRITE = "settings:write"
    JOURNAL_READ = "journal:read"
    PROVIDER_READ = "provider:read"
    PROVIDER_WRITE = "provider:write"  # replay what it told, compare with it: no money moves by our will
    CLOCKS_WRITE = "clocks:write"
    KEYS_WRITE = "keys:write"
    TOKENS_WRITE = "tokens:write"


_READ = frozenset({Scope.CATALOG_READ, Scope.CUSTOMERS_READ, Scope.INVOICES_READ})

# The most that each role may hold; a key may be narrower, never wider. Customers only read: `payments:write` also says
# that money came in elsewhere, so paying from their own page goes through the product's backend.
ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.ADMIN: frozenset(Scope),
    Role.SUPPORT: _READ
    | {
        Scope.CUSTOMERS_WRITE,
        Scope.SUBSCRIPTIONS_WRITE,
        Scope.ENTITLEMENTS_WRITE,
        Scope.USAGE_WRITE,
        Scope.INVOICES_WRITE,
        Scope.PAYMENTS_WRITE,
        Scope.CREDITS_WRITE,
        Scope.SETTINGS_READ,
        Scope.JOURNAL_READ,
        Scope.PROVIDER_READ,
        Scope.PROVIDER_WRITE,
    },
    Role.SERVICE: _READ
    | {
        Scope.CUSTOMERS_WRITE,
        Scope.SUBSCRIPTIONS_WRITE,
        Scope.USAGE_WRITE,
        Scope.PAYMENTS_WRITE,
        Scope.SETTINGS_READ,
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


KEY_NAME_CHARS_MAX = 200
KEY_CUSTOMERS_MAX = 1_000
TOKEN_LIFETIME_MAX = timedelta(hours=24)
"""Of a customer token. Tokens cannot be revoked one by one, so they may not live long."""


def check_key(key: ApiKey, maker: frozenset[Scope], at: datetime) -> None:
    """Whether somebody with the scopes `maker` may make this key at `at`. Raises Refusal.

    A key never holds more than its role allows, nor more than its maker: otherwise making keys would be a way to rise.
    """
    if not key.name.strip() or len(key.name) > KEY_NAME_CHARS_MAX:
        raise invalid(f"must have 1 to {KEY_NAME_CHARS_MAX} characters", "name")
    if key.role is Role.CUSTOMER:
        raise invalid("customers are given tokens, not keys", "role")
    if not key.scopes:
        raise invalid("must name at least one scope", "scopes")
    _check_scopes(key.scopes, ROLE_SCOPES[key.role], f"a {key.role} key cannot hold")
    _check_scopes(key.scopes, maker, "your own credentials do not hold")
    if key.role is Role.PARTNER:
        if not key.customer_ids:
            raise invalid("a PARTNER key must name its customers", "customer_ids")
        if len(key.customer_ids) > KEY_CUSTOMERS_MAX:
            raise invalid(f"must be at most {KEY_CUSTOMERS_MAX:,}", "customer_ids")
    elif key.customer_ids is not None:
        raise invalid("only a PARTNER key is limited to customers", "customer_ids")
    if key.expires_at is not None and key.expires_at <= at:
        raise invalid("must lie in the future", "expires_at")


def check_token(lifetime: timedelta, scopes: Collection[Scope] | None) -> None:
    """Whether a customer token may live this long and hold these scopes (None: all that customers have)."""
    if not timedelta(seconds=1) <= lifetime <= TOKEN_LIFETIME_MAX:
        hours = TOKEN_LIFETIME_MAX // timedelta(hours=1)
        raise invalid(f"must be between 1 second and {hours} hours", "lifetime")
    if scopes is not None:
        _check_scopes(scopes, ROLE_SCOPES[Role.CUSTOMER], "a customer token cannot hold")


def _check_scopes(asked: Collection[Scope], allowed: Collection[Scope], sentence: str) -> None:
    excess = sorted(scope for scope in asked if scope not in allowed)
    if excess:
        raise invalid(f"{sentence} {', '.join(excess)}", "scopes")
