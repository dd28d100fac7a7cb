"""The vault: what it seals opens only with the right secret, customer and field, and nothing it says betrays data."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.vault import SEARCH_WORDS_MAX, Unreadable, Vault

MASTER = b"m" * 40
ANA, BEN = "customer_ana", "customer_ben"
vault = Vault(MASTER)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@given(st.text())
def test_what_is_sealed_comes_back(text: str) -> None:
    key = vault.new_key(ANA)
    try:
        text.encode()
    except UnicodeEncodeError:
        with pytest.raises(ValueError, match="name is not valid"):
            vault.seal(key, ANA, "name", text)
    else:
        assert vault.unseal(key, ANA, "name", vault.seal(key, ANA, "name", text)) == text


def test_sealing_twice_looks_different() -> None:
    key = vault.new_key(ANA)
    assert vault.seal(key, ANA, "name", "Ana") != vault.seal(key, ANA, "name", "Ana")


def test_sealed_text_opens_for_no_other_customer_field_or_key() -> None:
    key = vault.new_key(ANA)
    sealed = vault.seal(key, ANA, "name", "Ana Lima")
    for wrapped, customer, field in (
        (key, BEN, "name"),
        (key, ANA, "email"),
        (vault.new_key(ANA), ANA, "name"),
        (vault.new_key(BEN), BEN, "name"),
    ):
        with pytest.raises(Unreadable) as refused:
            vault.unseal(wrapped, customer, field, sealed)
        assert refused.value.__cause__ is None
        assert "Lima" not in str(refused.value)
    with pytest.raises(Unreadable):
        Vault(b"another secret, long enough to be one").unseal(key, ANA, "name", sealed)


def test_every_changed_byte_is_noticed() -> None:
    key = vault.new_key(ANA)
    sealed = vault.seal(key, ANA, "name", "Ana")
    for at in range(len(key)):
        with pytest.raises(Unreadable):
            vault.unseal(flipped(key, at), ANA, "name", sealed)
    # The last letter may carry unused bits, so it is left out.
    for at in range(len(sealed) - 1):
        with pytest.raises(Unreadable):
            vault.unseal(key, ANA, "name", sealed[:at] + chr(ord(sealed[at]) ^ 1) + sealed[at + 1 :])
    for broken in (
        "",
        "v1.",
        "v1.AAAA",
        "v2." + sealed[3:],
        sealed[3:],
        sealed[:-4],
        sealed + "AAAA",
        "v1.é",
    ):
        with pytest.raises(Unreadable):
            vault.unseal(key, ANA, "name", broken)
    for broken_key in (b"", b"\x01", key[:-1], key + b"\0", b"\x02" + key[1:]):
        with pytest.raises(Unreadable):
            vault.unseal(broken_key, ANA, "name", sealed)


def test_search_ignores_case_spacing_and_unicode_form() -> None:
    assert vault.search_hash("  Zoë\u00a0 Straße ") == vault.search_hash("ZOE\u0308 STRASSE")
    assert vault.search_hash("Zoe") != vault.search_hash("Zoë")


def test_external_ids_are_exact() -> None:
    assert vault.external_hash("A1") == vault.external_hash("A1")
    assert len({vault.external_hash(one) for one in ("A1", "a1", "A1 ", "\ud800")}) == 4


def test_no_two_uses_share_a_hash() -> None:
    assert len({vault.external_hash("x"), vault.search_hash("x"), vault.input_hash(b"x")}) == 3
    assert vault.external_hash("x") != Vault(b"n" * 40).external_hash("x")


def test_a_customer_is_indexed_by_id_mail_name_and_words_of_the_name() -> None:
    found = vault.index("u-1", "Ana Maria  Lima", "Ana@Example.com")
    asked = ("U-1", "ana@example.com", "ana maria lima", "ana", "MARIA", "lima")
    assert set(found) == {vault.search_hash(text) for text in asked}
    assert vault.index("ana", "Ana") == [vault.search_hash("ana")]
    assert vault.index("u-1", "   ", "") == [vault.search_hash("u-1")]
    assert len(vault.index("u-1", " ".join(map(str, range(100))))) == 2 + SEARCH_WORDS_MAX


def test_replacing_the_secret_reads_both_and_writes_the_new() -> None:
    before, during, after = Vault(MASTER), Vault("new" * 20, old=MASTER), Vault("new" * 20)
    key = before.new_key(ANA)
    sealed = before.seal(key, ANA, "name", "Ana")
    assert during.unseal(key, ANA, "name", sealed) == "Ana"
    with pytest.raises(Unreadable):
        after.unseal(key, ANA, "name", sealed)

    moved = during.rewrap(key, ANA)
    assert after.unseal(moved, ANA, "name", sealed) == "Ana"
    with pytest.raises(Unreadable):
        before.unseal(moved, ANA, "name", sealed)
    assert after.unseal(moved, ANA, "email", during.seal(key, ANA, "email", "a@b.c")) == "a@b.c"

    assert during.external_hashes("x") == (after.external_hash("x"), before.external_hash("x"))
    assert during.search_hashes("x") == (after.search_hash("x"), before.search_hash("x"))


def test_nothing_shows_a_key() -> None:
    assert repr(vault) == "Vault()"
    with pytest.raises(TypeError):
        pickle.dumps(vault)


@pytest.mark.parametrize("secret", ["", b""])
def test_an_empty_secret_is_refused(secret: str | bytes) -> None:
    with pytest.raises(ValueError, match="master secret"):
        Vault(secret)
    with pytest.raises(ValueError, match="master secret"):
        Vault(secret, old=MASTER)


def test_api_keys_are_stored_as_sha256() -> None:
    assert Vault.hash_secret("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
