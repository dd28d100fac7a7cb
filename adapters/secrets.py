"""The secrets of a deployment: given by its settings, or made once and kept in the data folder."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.problem import Problem
from adapters.secret_files import keep_secret
from adapters.settings import DeploymentSettings

MASTER_FILE = "secret"
ADMIN_KEY_FILE = "admin.key"


class NowhereToKeep(Problem):
    """A secret was not given, and cannot be kept on this machine either."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not be shown: no field appears in repr, so none reaches a log by accident."""

    master: bytes = field(repr=False)
    """Seals personal data and hashes keys. Losing it loses the personal data."""
    token: bytes = field(repr=False)
    """Signs and checks customer tokens (HS256)."""
    admin_key: str | None = field(repr=False)
    """Accepted as an ADMIN key as it stands. None where nobody serves and BILLING_ADMIN_KEY is not set."""
    admin_key_made_now: bool = False
    """True at the one start that made the key, which shows it."""
    old: bytes | None = field(default=None, repr=False)
    """The master secret before this one, while it is being replaced."""

    @property
    def fingerprint(self) -> bytes:
        return fingerprint(self.master)

    @property
    def fingerprints(self) -> frozenset[bytes]:
        """Those of all master secrets that are known here."""
        return frozenset(fingerprint(secret) for secret in (self.master, self.old) if secret)


def derive(master: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, so that no two uses share a key (HKDF-SHA256)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tollgate:{purpose}".encode()).derive(master)


def fingerprint(master: bytes) -> bytes:
    """What the database remembers of a master secret. No other use has this key, so it opens nothing."""
    return derive(master, "fingerprint")


def open_secrets(settings: DeploymentSettings, *, serving: bool = True) -> Secrets:
    """Read the secrets, and make those that are neither given nor kept; the admin key only for who serves and so can
    show it. Raises NowhereToKeep."""
    master = _given_or_kept(settings)
    if master is None:
        master = _keep(settings.data_dir / MASTER_FILE, "BILLING_SECRET")[0].encode()
    old = None if settings.secret_old is None else settings.secret_old.get_secret_value().encode()
    if settings.token_secret is not None:
        token = settings.token_secret.get_secret_value().encode()
    else:
        token = derive(master, "customer tokens")
    admin_key, made_now = None, False
    if settings.admin_key is not None:
        admin_key = settings.admin_key.get_secret_value()
    elif serving:
        admin_key, made_now = _keep(admin_key_path(settings), "BILLING_ADMIN_KEY")
    return Secrets(master, token, admin_key, made_now, old)


def known_secrets(settings: DeploymentSettings) -> Secrets | None:
    """The secrets if the master secret is known already; makes none."""
    return None if _given_or_kept(settings) is None else open_secrets(settings, serving=False)


def admin_key_path(settings: DeploymentSettings) -> Path:
    """Where the made admin key is kept."""
    return settings.data_dir / ADMIN_KEY_FILE


def _given_or_kept(settings: DeploymentSettings) -> bytes | None:
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    kept = settings.data_dir / MASTER_FILE
    return _keep(kept, "BILLING_SECRET")[0].encode() if kept.exists() else None


def _keep(path: Path, variable: str) -> tuple[str, bool]:
    try:
        return keep_secret(path)
    except OSError as error:
        raise NowhereToKeep(
            f"{variable}: is missing, and {path.absolute()} cannot be kept in its place ({error.strerror})"
        ) from error
