"""The secrets of API keys: made here, shown once, stored as a hash."""

import re
import secrets
import string
from typing import NamedTuple

from adapters.vault import Vault
from domain.access import Role

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LENGTH = 43  # 62^43 > 2^256
_SHAPE = re.compile(r"tg_[a-z]+_[0-9A-Za-z]{43}")


class ApiSecret(NamedTuple):
    """`secret` goes to its owner and nowhere else; `hash` is `ApiKey.secret_hash`."""

    secret: str
    hash: str

    def __repr__(self) -> str:
        return "ApiSecret(…)"


def new_secret(role: Role) -> ApiSecret:
    """`tg_service_…`: a mark that scanners of leaked secrets can look for, whose key it is, and 256 random bits."""
    number, digits = secrets.randbits(256), ""
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits += _DIGITS[digit]
    secret = f"tg_{role.lower()}_{digits}"
    return ApiSecret(secret, Vault.hash_secret(secret))


def is_api_secret(text: str) -> bool:
    """Whether the text has the shape of a secret; anything else is refused without asking the database."""
    return _SHAPE.fullmatch(text) is not None
