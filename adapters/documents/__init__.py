"""Invoices and credit notes as files: a PDF for people, and inside it the same as EN 16931 XML for machines (Factur-X).

    buyer = opened_buyer(texts, invoice.buyer_country)  # what the service has unsealed
    paper = invoice_paper(invoice, buyer, paid=…)       # everything the document shows, in the clear
    document(paper)                                     # the bytes of a PDF

Nothing here reads a database, a clock or the network: the same paper gives the same bytes.
"""

from adapters.documents.facturx import document, facturx_pdf, facturx_xml
from adapters.documents.link import sign, signed, verify
from adapters.documents.paper import Buyer, Paper, credit_note_paper, invoice_paper, opened_buyer
from adapters.documents.pdf import pdf

__all__ = [
    "Buyer",
    "Paper",
    "credit_note_paper",
    "document",
    "facturx_pdf",
    "facturx_xml",
    "invoice_paper",
    "opened_buyer",
    "pdf",
    "sign",
    "signed",
    "verify",
]
