"""Seller and buyer in CII, with the numbers they are known by at the tax office and the register."""

import re
from xml.etree.ElementTree import Element

from adapters.documents.element import Content, element
from adapters.documents.invoice_document import BuyerParty
from domain.seller import Seller

_VAT_ID = re.compile(r"([A-Z]{2})[A-Z0-9+*]{2,16}")
_OTHER_PREFIX = {"GR": "EL", "GB": "XI"}  # Greece has its own; Northern Ireland trades goods within the EU


def vat_id(tax_id: str | None, country: str | None) -> str | None:
    """The VAT number of that country that `tax_id` is, without spaces and dots; None if it is none of those."""
    packed = re.sub(r"[\s.-]", "", tax_id or "").upper()
    found = _VAT_ID.fullmatch(packed)
    return packed if found and found[1] in (country, _OTHER_PREFIX.get(country or "")) else None


def seller_party(seller: Seller, *, untaxed: bool) -> Element | None:
    """`untaxed`: on an invoice outside the scope of VAT the number must not be shown as one (BR-O-02)."""
    number = None if untaxed else vat_id(seller.tax_id, seller.country)
    other = seller.tax_id if number is None else None
    return element(
        "ram:SellerTradeParty",
        element("ram:ID", other) if other and not seller.registration else None,  # BR-CO-26 wants one of three
        element("ram:Name", seller.name),
        _registered(seller.registration),
        element(
            "ram:DefinedTradeContact",
            element("ram:PersonName", seller.name),
            element("ram:EmailURIUniversalCommunication", element("ram:URIID", seller.email)),
        )
        if seller.email
        else None,
        _address(seller.line1, seller.line2, seller.city, seller.postal_code, None, seller.country),
        _mail(seller.email),
        element("ram:SpecifiedTaxRegistration", element("ram:ID", number, schemeID="VA")),
        element("ram:SpecifiedTaxRegistration", element("ram:ID", other, schemeID="FC")),
    )


def buyer_party(buyer: BuyerParty, *, untaxed: bool) -> Element | None:
    number = None if untaxed else vat_id(buyer.tax_id, buyer.country)
    return element(
        "ram:BuyerTradeParty",
        element("ram:ID", buyer.external_id),
        element("ram:Name", buyer.name),
        _registered(buyer.tax_id if number is None else None),
        _address(buyer.line1, buyer.line2, buyer.city, buyer.postal_code, buyer.region, buyer.country),
        _mail(buyer.email),
        element("ram:SpecifiedTaxRegistration", element("ram:ID", number, schemeID="VA")),
    )


def delivered_to(buyer: BuyerParty) -> Element | None:
    """Where an intra-community supply went (BR-IC-12)."""
    return element(
        "ram:ShipToTradeParty",
        element("ram:Name", buyer.name),
        _address(buyer.line1, buyer.line2, buyer.city, buyer.postal_code, buyer.region, buyer.country),
    )


def _registered(number: Content) -> Element | None:
    return element("ram:SpecifiedLegalOrganization", element("ram:ID", number))


def _mail(address: str | None) -> Element | None:
    return element("ram:URIUniversalCommunication", element("ram:URIID", address, schemeID="EM"))


def _address(
    line1: str | None,
    line2: str | None,
    city: str | None,
    postal_code: str | None,
    region: str | None,
    country: Content,
) -> Element | None:
    return element(
        "ram:PostalTradeAddress",
        element("ram:PostcodeCode", postal_code),
        element("ram:LineOne", line1),
        element("ram:LineTwo", line2),
        element("ram:CityName", city),
        element("ram:CountryID", country),
        element("ram:CountrySubDivisionName", region),
    )
