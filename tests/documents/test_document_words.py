"""Every language says everything, with the same places to fill in."""

import re

import pytest
from msgspec.structs import asdict

from adapters.documents.readable import readable
from adapters.documents.words import LANGUAGES, words_and_locale
from domain.tax import TaxCode

ENGLISH = asdict(words_and_locale("en")[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_word(language: str) -> None:
    words, locale = words_and_locale(language)

    assert locale.language == language
    for name, text in asdict(words).items():
        if name == "reasons":
            assert set(text) == set(TaxCode) - {TaxCode.STANDARD}
        else:
            assert text.strip() == text != ""
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", ENGLISH[name])), name


def test_readable_keeps_what_people_write() -> None:
    kept = "Łódź\nnaïve — “quoted” 👩‍👩‍👧 日本 שלום \u00a0€"

    assert readable(kept) == kept


def test_readable_drops_what_nobody_sees() -> None:
    assert readable("a\x00b\x1bc\u202ed\u2066e\ud800f\ufffeg\th\r\ni") == "abcdefg h\ni"
