"""Invoices and credit notes as files: a PDF for people, and inside it the same as EN 16931 XML for machines (Factur-X).

    buyer = opened_buyer(texts, invoice.buyer_country)        # what the service has unsealed
    document = document_of_invoice(invoice, buyer, paid=…)    # everything the document shows, in the clear
    document_file(document)                                   # the bytes of a PDF

Nothing here reads a database, a clock or the network: the same document gives the same bytes.
"""

from adapters.documents.facturx import document_file, facturx_pdf, facturx_xml
from adapters.documents.invoice_document import (
    BuyerParty,
    InvoiceDocument,
    document_of_credit_note,
    document_of_invoice,
    opened_buyer,
)
from adapters.documents.link import sign, signed, verify
from adapters.documents.pdf import pdf

__all__ = [
    "BuyerParty",
    "InvoiceDocument",
    "document_file",
    "document_of_credit_note",
    "document_of_invoice",
    "facturx_pdf",
    "facturx_xml",
    "opened_buyer",
    "pdf",
    "sign",
    "signed",
    "verify",
]
