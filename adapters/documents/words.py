"""The fixed words of a document, by language: one file each in words/."""

from functools import cache
from importlib.resources import files

import msgspec
from babel import Locale
from msgspec import Struct

from adapters.documents.formatting import known_locale
from domain.tax import TaxCode

LANGUAGES = {code: code for code in ("en", "de", "fr", "es", "it", "nl", "pl", "pt")}


class Words(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What stands in braces is filled in. `reasons`: the sentence that the law wants where no tax is levied."""

    invoice: str
    credit_note: str
    number: str
    date: str
    due_date: str
    period: str
    customer_number: str
    corrects: str
    corrects_dated: str
    bill_to: str
    tax_id: str
    registration: str
    description: str
    quantity: str
    unit_price: str
    amount: str
    subtotal: str
    discount: str
    promotional_credit: str
    total: str
    total_credited: str
    includes: str
    paid: str
    amount_due: str
    tax: str
    rate: str
    net: str
    tax_amount: str
    payment: str
    pay_by: str
    pay_in_instalments: str
    settled: str
    account_holder: str
    reference: str
    reason: str
    page: str
    taken_off: str
    kept: str
    less_charged: str
    reasons: dict[TaxCode, str]


def words_and_locale(tag: str) -> tuple[Words, Locale]:
    """The words and the formats for a customer's locale; English where we have no words."""
    locale = known_locale(tag, LANGUAGES)
    return _words(locale.language), locale


@cache
def _words(language: str) -> Words:
    return msgspec.json.decode((files(__package__) / "words" / f"{language}.json").read_bytes(), type=Words)
