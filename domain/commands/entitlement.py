"""To give something beside the plans."""

from msgspec import Struct

from domain.account import Grant


class GrantEntitlement(Struct, frozen=True):
    grant: Grant


class RevokeEntitlement(Struct, frozen=True):
    grant_id: str
