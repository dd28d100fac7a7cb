"""Tax numbers: read as people write them, and checked by their digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.vat_numbers import read


@pytest.mark.parametrize(
    ("written", "country", "normalised", "whose"),
    [
        ("DE 136 695 976", "DE", "DE136695976", "DE"),
        ("de136695976", None, "DE136695976", "DE"),
        ("136695976", "DE", "DE136695976", "DE"),
        ("EL 094259216", "GR", "EL094259216", "GR"),
        ("094259216", "GR", "EL094259216", "GR"),
        ("FR 61 954 506 077", "FR", "FR61954506077", "FR"),
        ("ATU 57194903", None, "ATU57194903", "AT"),
        ("ESB58378431", "ES", "ESB58378431", "ES"),
        ("NL4495445B01", "NL", "NL004495445B01", "NL"),
        ("XI 980 7806 84", "GB", "XI980780684", "XI"),
        ("GB 980 7806 84", "GB", "980780684", "GB"),
        ("CHE-107.787.577 IVA", "CH", "CHE107787577IVA", "CH"),
        ("CHE-107.787.577 IVA", None, "CHE107787577IVA", "CH"),
        ("NO 995 525 828 MVA", "NO", "995525828MVA", "NO"),
        ("83 914 571 673", "AU", "83914571673", "AU"),
    ],
)
def test_a_number_is_read_as_it_is_written(written: str, country: str | None, normalised: str, whose: str) -> None:
    assert read(written, country) == (normalised, whose, True)


@pytest.mark.parametrize(
    ("written", "country", "whose"),
    [
        ("DE136695977", "DE", "DE"),  # the last digit is wrong
        ("DE13669597", "DE", "DE"),
        ("136695976", None, None),
        ("XX136695976", None, "XX"),
        ("EU372022452", None, None),  # a number for paying VAT in one place names no business's country
        ("12-3456789", "US", "US"),  # no check digits
        ("", "DE", "DE"),
        ("", None, None),
        ("9" * 5_000, "FR", "FR"),
    ],
)
def test_what_breaks_the_rules_or_has_none_is_not_valid(written: str, country: str | None, whose: str | None) -> None:
    number = read(written, country)
    assert (number.country, number.valid) == (whose, False)


def test_the_number_says_whose_it_is_not_the_address() -> None:
    assert read("DE136695976", "FR") == ("DE136695976", "DE", True)
    assert read("DE136695976", "US") == ("DE136695976", "DE", True)


@given(
    st.text(max_size=60),
    st.sampled_from([None, "DE", "FR", "ES", "GR", "GB", "CH", "IN", "BR", "MX", "US", "??", "EU"]),
)
def test_whatever_is_written_is_read_without_an_error(written: str, country: str | None) -> None:
    assert isinstance(read(written, country).valid, bool)
