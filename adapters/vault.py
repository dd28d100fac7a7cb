"""Personal data at rest: sealed with one key per customer, found again by keyed hashes.

The master secret never touches data. From it come independent keys (HKDF), one per use; each customer's own data key
is wrapped by one of them and kept in the `vault` table. Deleting that row makes everything sealed with it unreadable
wherever it was copied to, except beside a backup of that table (docs/decisions/0003).
"""

import hashlib
import hmac
import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.secrets import derive

KEY_BYTES = 32
NONCE_BYTES = 12
WRAP_VERSION = b"\x01"
SEAL_VERSION = "v1."
SEARCH_WORDS_MAX = 16
"""Words of a name that can be searched for; more would let one customer bloat the index."""


class Unreadable(Exception):
    """Sealed data or a wrapped key that does not open: changed, of another customer or field, or of another secret.

    Says nothing about the data or the key.
    """


class _Keys:
    """The keys of one master secret."""

    __slots__ = ("external", "input", "search", "wrapping")

    def __init__(self, master: bytes) -> None:
        self.wrapping = AESGCM(derive(master, "vault wrapping"))
        self.external = derive(master, "vault external id")
        self.search = derive(master, "vault search")
        self.input = derive(master, "vault input")


class Vault:
    """Seals, unseals and hashes. Pure computation: the rows are `adapters.postgres.personal`.

    While a secret is being replaced, `old` is the one before: what it wrapped or hashed is still understood, and only
    `master` is written with. Without `old`, the plural lookups hold one hash.
    """

    __slots__ = ("_keys", "_readable")

    def __init__(self, master: bytes | str, old: bytes | str | None = None) -> None:
        if not master:
            raise ValueError("the vault needs a master secret")
        given = [secret.encode() if isinstance(secret, str) else secret for secret in (master, old) if secret]
        self._readable = tuple(_Keys(secret) for secret in dict.fromkeys(given))
        self._keys = self._readable[0]

    def __repr__(self) -> str:
        return "Vault()"

    # ── finding without reading ──────────────────────────────────────────────────────────────────────────────────────
    def external_hash(self, external_id: str) -> bytes:
        """What the caller's id is found by and unique under. Exact: `A1` and `a1` are two customers. 32 bytes."""
        return _keyed(self._keys.external, external_id)

    def external_hashes(self, external_id: str) -> tuple[bytes, ...]:
        """All hashes a row of this external id may carry, the present one first: for lookups."""
        return tuple(_keyed(keys.external, external_id) for keys in self._readable)

    def search_hash(self, text: str) -> bytes:
        """Alike for texts that differ only in case, surrounding or repeated white space, or Unicode form. 32 bytes."""
        return _keyed(self._keys.search, _folded(text))

    def search_hashes(self, text: str) -> tuple[bytes, ...]:
        """All hashes that a searched text may be indexed under, the present one first: for lookups."""
        return tuple(_keyed(keys.search, _folded(text)) for keys in self._readable)

    def index(self, external_id: str, name: str | None = None, email: str | None = None) -> list[bytes]:
        """The search hashes of one customer: external id, mail address, name, and each word of the name."""
        words = _folded(name or "").split(" ")[:SEARCH_WORDS_MAX]
        found: Iterable[str | None] = (external_id, email, name, *words)
        return list(dict.fromkeys(self.search_hash(text) for text in found if text and text.strip()))

    def input_hash(self, data: bytes) -> bytes:
        """What an idempotency row keeps of its input. Keyed, since inputs hold personal data that can be guessed."""
        return hmac.digest(self._keys.input, data, "sha256")

    # ── a customer's key ─────────────────────────────────────────────────────────────────────────────────────────────
    def new_key(self, customer_id: str) -> bytes:
        """A fresh data key for this customer, wrapped. It opens for no other customer."""
        return self._wrap(secrets.token_bytes(KEY_BYTES), customer_id)

    def rewrap(self, wrapped_key: bytes, customer_id: str) -> bytes:
        """The same data key, wrapped by the present secret: what replacing a secret does to each row."""
        return self._wrap(self._unwrap(wrapped_key, customer_id), customer_id)

    # ── a customer's data ────────────────────────────────────────────────────────────────────────────────────────────
    def seal(self, wrapped_key: bytes, customer_id: str, field: str, text: str) -> str:
        """`text` as an opaque token, different each time, bound to the customer and the field."""
        try:
            plain = text.encode()
        except UnicodeEncodeError:  # a lone surrogate; the original exception would carry the text
            raise ValueError(f"{field} is not valid Unicode text") from None
        nonce = secrets.token_bytes(NONCE_BYTES)
        key = AESGCM(self._unwrap(wrapped_key, customer_id))
        sealed = nonce + key.encrypt(nonce, plain, _bound(customer_id, field))
        return SEAL_VERSION + urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def unseal(self, wrapped_key: bytes, customer_id: str, field: str, sealed: str) -> str:
        """The text that `seal` was given. Raises Unreadable."""
        key = AESGCM(self._unwrap(wrapped_key, customer_id))
        body = sealed.removeprefix(SEAL_VERSION)
        try:
            if body == sealed:
                raise ValueError
            raw = urlsafe_b64decode(body + "=" * (-len(body) % 4))
            return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound(customer_id, field)).decode()
        except (InvalidTag, ValueError):
            raise Unreadable(f"{field} of {customer_id} does not open") from None

    @staticmethod
    def hash_secret(secret: str) -> str:
        """What is stored of an API key: hex SHA-256.

        A slow, salted hash protects secrets that people choose, because those can be guessed. Ours are 256 random
        bits: nobody tries 2^255 of them however fast each try is, no two are equal, and a lookup by hash stays one
        index read.
        """
        return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

    def _wrap(self, key: bytes, customer_id: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return WRAP_VERSION + nonce + self._keys.wrapping.encrypt(nonce, key, _bound(customer_id, ""))

    def _unwrap(self, wrapped_key: bytes, customer_id: str) -> bytes:
        version, body = wrapped_key[:1], wrapped_key[1:]
        if version == WRAP_VERSION:
            for keys in self._readable:
                try:
                    nonce, locked = body[:NONCE_BYTES], body[NONCE_BYTES:]
                    return keys.wrapping.decrypt(nonce, locked, _bound(customer_id, ""))
                except (InvalidTag, ValueError):
                    continue
        raise Unreadable(f"the key of {customer_id} does not open")


def _bound(customer_id: str, field: str) -> bytes:
    """Additional data: a token copied to another customer or field does not open. No id holds a NUL."""
    return f"{customer_id}\0{field}".encode()


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")


def _folded(text: str) -> str:
    compatible = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", compatible).split())
