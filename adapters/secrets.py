"""The secrets of a deployment: given by its settings, or made once and kept in the data folder."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.secret_files import keep_secret
from adapters.settings import Settings

MASTER_FILE = "secret"
ADMIN_KEY_FILE = "admin.key"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not be shown: no field appears in repr, so none reaches a log by accident."""

    master: bytes = field(repr=False)
    """Seals personal data and hashes keys. Losing it loses the personal data."""
    token: bytes = field(repr=False)
    """Signs and checks customer tokens (HS256)."""
    admin_key: str | None = field(repr=False)
    """Accepted as an ADMIN key as it stands. None on a server where BILLING_ADMIN_KEY is not set."""
    admin_key_made_now: bool = False
    """True at the one start that made the key, which shows it."""


def derive(master: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, so that no two uses share a key (HKDF-SHA256)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tollgate:{purpose}".encode()).derive(master)


def open_secrets(settings: Settings) -> Secrets:
    """Read the secrets; on a machine of its own (embedded database) also make those that are missing."""
    embedded = settings.database_dsn is None
    if settings.secret is not None:
        master = settings.secret.get_secret_value().encode()
    else:  # settings without a secret are refused when there is a DSN
        master = keep_secret(settings.data_dir / MASTER_FILE)[0].encode()
    if settings.token_secret is not None:
        token = settings.token_secret.get_secret_value().encode()
    else:
        token = derive(master, "customer tokens")
    if settings.admin_key is not None:
        return Secrets(master, token, settings.admin_key.get_secret_value())
    if not embedded:
        return Secrets(master, token, None)
    admin_key, made_now = keep_secret(admin_key_path(settings))
    return Secrets(master, token, admin_key, made_now)


def admin_key_path(settings: Settings) -> Path:
    """Where the made admin key is kept."""
    return settings.data_dir / ADMIN_KEY_FILE
