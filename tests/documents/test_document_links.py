"""Signed links: one document, for a while."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.documents.link import sign, signed, verify

KEY = b"k" * 32
PATH = "/documents/invoice_01kqz.pdf"
EXPIRY = datetime(2026, 3, 1, tzinfo=UTC)
EXPIRES = str(int(EXPIRY.timestamp()))
BEFORE = EXPIRY - timedelta(microseconds=1)


def test_a_link_opens_until_it_expires() -> None:
    link = urlsplit(signed(PATH, EXPIRY, KEY))
    query = parse_qs(link.query)
    expires, signature = query["expires"][0], query["signature"][0]

    assert link.path == PATH
    assert signature == sign(PATH, EXPIRY, KEY)
    assert verify(link.path, expires, signature, KEY, BEFORE)
    assert not verify(link.path, expires, signature, KEY, EXPIRY)


def test_it_opens_nothing_else() -> None:
    signature = sign(PATH, EXPIRY, KEY)

    assert not verify("/documents/invoice_01kr0.pdf", EXPIRES, signature, KEY, BEFORE)
    assert not verify(PATH, str(int(EXPIRES) + 1), signature, KEY, BEFORE)
    assert not verify(PATH, EXPIRES, signature, b"l" * 32, BEFORE)
    assert not verify(PATH, EXPIRES, signature[:-1] + ("A" if signature[-1] != "A" else "B"), KEY, BEFORE)


@pytest.mark.parametrize("expires", ["", "-1", "+1772323200", "1772323200.0", " 1772323200", "१७७२", "9" * 5000, "²"])
def test_what_is_no_instant_opens_nothing(expires: str) -> None:
    assert not verify(PATH, expires, sign(PATH, EXPIRY, KEY), KEY, BEFORE)


@pytest.mark.parametrize("signature", ["", "é", "\ud800", "A" * 43])
def test_what_is_no_signature_opens_nothing(signature: str) -> None:
    assert not verify(PATH, EXPIRES, signature, KEY, BEFORE)
