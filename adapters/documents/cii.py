"""The document as EN 16931 in UN/CEFACT's syntax (CII D22B, as Factur-X 1.0 has it).

The order of elements is the schema's. BT and BG are the terms of EN 16931-1, BR its rules.
"""

from decimal import ROUND_HALF_UP, Decimal
from xml.etree.ElementTree import Element

from babel import Locale

from adapters.documents import formatting
from adapters.documents.element import amount, day, element, exactly, xml_document
from adapters.documents.invoice_document import InvoiceDocument, treatment_of
from adapters.documents.netting import category_of, net_amounts, net_rate
from adapters.documents.party import buyer_party, delivered_to, seller_party
from adapters.documents.settlement import period, settlement, tax_category
from adapters.documents.words import Words, words_and_locale
from domain.books.line import Line
from domain.exact import EXACT, quantized
from domain.money import digits
from domain.tax import TaxCode

PROFILE = "urn:cen.eu:en16931:2017"
INVOICE, CREDIT_NOTE = "380", "381"
_EACH = "C62"  # the unit "one" of UN/ECE Recommendation 20: what a quantity counts is in the description
_ONE = Decimal(1)


def cii(document: InvoiceDocument) -> bytes:
    """The XML of a document that EN 16931 can express: `facturx.obstacle` has found nothing against it."""
    words, locale = words_and_locale(document.locale)
    net = net_amounts(document)
    untaxed = any(tax.category.code is TaxCode.OUTSIDE_SCOPE for tax in net.taxes)
    abroad = any(tax.category.code is TaxCode.INTRA_COMMUNITY for tax in net.taxes)
    header = element("ram:ApplicableHeaderTradeDelivery", delivered_to(document.buyer) if abroad else None)
    return xml_document(
        "rsm:CrossIndustryInvoice",
        element(
            "rsm:ExchangedDocumentContext",
            element("ram:GuidelineSpecifiedDocumentContextParameter", element("ram:ID", PROFILE)),
        ),
        element(
            "rsm:ExchangedDocument",
            element("ram:ID", document.number),
            element("ram:TypeCode", CREDIT_NOTE if document.corrects else INVOICE),
            day("ram:IssueDateTime", document.day(document.issued_at)),
            _note((document.reason or words.less_charged) if document.corrects else None),
            _note(document.seller.small_print),
        ),
        element(
            "rsm:SupplyChainTradeTransaction",
            *(
                _line(place, line, net.lines[place - 1], document, words, locale)
                for place, line in enumerate(document.lines, 1)
            ),
            element(
                "ram:ApplicableHeaderTradeAgreement",
                seller_party(document.seller, untaxed=untaxed),
                buyer_party(document.buyer, untaxed=untaxed),
            ),
            Element("ram:ApplicableHeaderTradeDelivery") if header is None else header,
            settlement(document, net, words, locale),
        ),
    )


def _note(text: str | None) -> Element | None:
    return element("ram:IncludedNote", element("ram:Content", text))


def _line(
    place: int, line: Line, net: Decimal, document: InvoiceDocument, words: Words, locale: Locale
) -> Element | None:
    quantity, price = _priced(line, net, digits(document.currency))
    counted = None if quantity == line.quantity else f"{words.quantity}: {formatting.number(line.quantity, locale)}"
    return element(
        "ram:IncludedSupplyChainTradeLineItem",
        element("ram:AssociatedDocumentLineDocument", element("ram:LineID", str(place)), _note(counted)),
        element("ram:SpecifiedTradeProduct", element("ram:Name", line.description or line.key)),
        element(
            "ram:SpecifiedLineTradeAgreement",
            element("ram:NetPriceProductTradePrice", exactly("ram:ChargeAmount", price)),
        ),
        element("ram:SpecifiedLineTradeDelivery", exactly("ram:BilledQuantity", quantity, unitCode=_EACH)),
        element(
            "ram:SpecifiedLineTradeSettlement",
            tax_category("ram:ApplicableTradeTax", category_of(treatment_of(line))),
            period(document, line.period),
            element("ram:SpecifiedTradeSettlementLineMonetarySummation", amount("ram:LineTotalAmount", net)),
        ),
    )


def _priced(line: Line, net: Decimal, places: int) -> tuple[Decimal, Decimal]:
    """Quantity and net unit price, which is never below zero (BR-27): what is given back has a quantity below zero.
    Where they would not come to the net amount (tiers, parts of a period, prices with tax), it is one at that price."""
    if line.unit_amount is not None:
        price = net_rate(line.unit_amount, treatment_of(line), line.tax_inclusive, formatting.RATE_DIGITS_MAX)
        quantity = line.quantity.copy_negate() if price < 0 else line.quantity
        if quantized(EXACT.multiply(quantity, abs(price)), places, ROUND_HALF_UP) == net:
            return quantity, abs(price)
    return (-_ONE if net < 0 else _ONE), abs(net)
