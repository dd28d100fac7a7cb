"""Factur-X (ZUGFeRD 2): the PDF for people with the same invoice inside for machines, in the profile EN 16931."""

from adapters.documents.cii import cii
from adapters.documents.invoice_document import InvoiceDocument
from adapters.documents.party import vat_id
from adapters.documents.pdf import pdf
from adapters.documents.xmp import with_metadata
from domain.errors import invalid
from domain.money import digits
from domain.tax import TaxCode

_DIGITS_MAX = 2  # of an amount in EN 16931 (BR-DEC)
_NEEDS_VAT_ID = frozenset({TaxCode.INTRA_COMMUNITY, TaxCode.EXPORT})


def document_file(document: InvoiceDocument) -> bytes:
    """What a customer is given: Factur-X where EN 16931 can tell the invoice, else the PDF alone."""
    return pdf(document) if obstacle(document) else facturx_pdf(document)


def facturx_pdf(document: InvoiceDocument) -> bytes:
    """PDF/A-3b with factur-x.xml inside and the metadata that says so. Refused as `facturx_xml` is."""
    return with_metadata(pdf(document, facturx_xml(document).decode()))


def facturx_xml(document: InvoiceDocument) -> bytes:
    """The CII XML. Refusal: EN 16931 cannot tell this invoice, or asks for what seller or buyer have not said."""
    hindered = obstacle(document)
    if hindered:
        raise invalid(hindered)
    return cii(document)


def obstacle(document: InvoiceDocument) -> str | None:
    """Why this cannot be an EN 16931 invoice, or None."""
    seller, buyer = document.seller, document.buyer
    codes = {line.treatment.code for line in document.lines if line.treatment} | {
        tax.treatment.code for tax in document.tax
    }
    untaxed = codes == {TaxCode.OUTSIDE_SCOPE}
    buyer_known = bool(vat_id(buyer.tax_id, buyer.country))
    rules = (
        (not document.number, "it has no number yet"),
        (digits(document.currency) > _DIGITS_MAX, "amounts have at most two decimals"),
        (
            TaxCode.OUTSIDE_SCOPE in codes and not untaxed,
            "what is outside the scope of VAT needs an invoice of its own",
        ),
        (not seller.name.strip(), "the seller has no name"),
        (not untaxed and not seller.tax_id, "the seller has no tax number"),
        (not (seller.tax_id or seller.registration), "the seller has neither a tax number nor a registration"),
        (bool(codes & _NEEDS_VAT_ID) and not vat_id(seller.tax_id, seller.country), "the seller has no VAT number"),
        (not buyer.name.strip(), "the buyer has no name"),
        (not buyer.country, "the buyer has no country"),
        (TaxCode.REVERSE_CHARGE in codes and not buyer.tax_id, "the buyer has no tax number"),
        (TaxCode.INTRA_COMMUNITY in codes and not buyer_known, "the buyer has no VAT number"),
    )
    return next((why for holds, why in rules if holds), None)
