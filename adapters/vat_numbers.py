"""Tax numbers: whose they are, and whether their check digits are right. Nothing is asked over the network: that a
number is well formed does not mean that it was given out (for that there is VIES)."""

from typing import NamedTuple

from stdnum.eu import vat as european
from stdnum.exceptions import ValidationError
from stdnum.util import clean, get_cc_module

from domain.country import VAT_PREFIXES

_CHARS_MAX = 50
_COUNTRIES = {prefix: code for code, prefix in VAT_PREFIXES.items()} | {"XI": "XI"}
_SEPARATORS = " -./,:\t\n"


class VatNumber(NamedTuple):
    """`normalised`: without separators; of the European Union with its prefix. `country`: ISO 3166 (GR, not EL; XI for
    Northern Ireland), None if nobody can tell. `valid`: the country has check digits (or at least a format), and the
    number keeps to them; False also where we know no rule, as for the United States."""

    normalised: str
    country: str | None
    valid: bool


def read(tax_id: str, country: str | None) -> VatNumber:
    """Read a tax number as a customer of `country` (ISO 3166) wrote it. A European prefix in it goes before that."""
    text = clean(tax_id[:_CHARS_MAX], _SEPARATORS).strip().upper()
    prefix, own = text[:2], VAT_PREFIXES.get(country or "")
    tried = [_european(text)] if prefix in _COUNTRIES else []
    if own is not None and own != prefix:
        tried.append(_european(own + text))
    elif own is None and country is not None:
        tried.append(_national(text, country))
    elif own is None and not tried and prefix.isascii() and prefix.isalpha() and prefix != "EU":
        tried.append(_national(text, prefix))
    return next((number for number in tried if number.valid), tried[0] if tried else VatNumber(text, country, False))


def _european(text: str) -> VatNumber:
    """Of the Union, with its prefix."""
    country = _COUNTRIES[text[:2]]
    try:
        return VatNumber(european.validate(text), country, True)
    except ValidationError:
        return VatNumber(text, country, False)


def _national(text: str, country: str) -> VatNumber:
    """Of any other country. (In its own number the country's letters may stand in front.)"""
    rules = get_cc_module(country, "vat")
    try:
        return VatNumber(text if rules is None else rules.validate(text), country, rules is not None)
    except ValidationError:
        return VatNumber(text, country, False)
