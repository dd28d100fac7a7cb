"""Who sells and who is billed, as an invoice froze them."""

from typing import Any

import msgspec

from api.loaders import AccountView
from domain.books.invoice import Invoice
from domain.seller import Seller


def seller_json(seller: Seller) -> dict[str, Any]:
    """What there is, under the names of the schema."""
    return _told(
        name=seller.name,
        line1=seller.line1,
        line2=seller.line2,
        city=seller.city,
        postalCode=seller.postal_code,
        country=seller.country,
        taxId=seller.tax_id,
        registration=seller.registration,
        email=seller.email,
        iban=seller.iban,
        bic=seller.bic,
        smallPrint=seller.small_print,
    )


def buyer_json(view: AccountView, invoice: Invoice) -> dict[str, Any]:
    """Opened from the sealed texts; nothing of an erased customer."""
    if view.erased:
        return {}
    texts = view.opened(invoice.buyer)
    address = texts.get("address")
    return _told(
        name=texts.get("name"),
        email=texts.get("email"),
        taxId=texts.get("taxId"),
        address=None if address is None else msgspec.json.decode(address, type=dict[str, str]),
        country=invoice.buyer_country,
    )


def _told(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
