"""The document as EN 16931 in UN/CEFACT's syntax (CII D22B, as Factur-X 1.0 has it).

The order of elements is the schema's. BT and BG are the terms of EN 16931-1, BR its rules.
"""

from decimal import ROUND_HALF_UP, Decimal
from xml.etree.ElementTree import Element

from babel import Locale

from adapters.documents import figures
from adapters.documents.element import amount, day, document, element, exactly
from adapters.documents.netting import category_of, net_rate, netted
from adapters.documents.paper import Paper, treatment_of
from adapters.documents.party import buyer_party, delivered_to, seller_party
from adapters.documents.settlement import category, period, settlement
from adapters.documents.words import Words, spoken
from domain.books.line import Line
from domain.exact import EXACT, quantized
from domain.money import digits
from domain.tax import TaxCode

PROFILE = "urn:cen.eu:en16931:2017"
INVOICE, CREDIT_NOTE = "380", "381"
_EACH = "C62"  # the unit "one" of UN/ECE Recommendation 20: what a quantity counts is in the description
_ONE = Decimal(1)


def cii(paper: Paper) -> bytes:
    """Of a paper that can be told in EN 16931 (`facturx.obstacle`)."""
    words, locale = spoken(paper.locale)
    net = netted(paper)
    untaxed = any(tax.category.code is TaxCode.OUTSIDE_SCOPE for tax in net.taxes)
    abroad = any(tax.category.code is TaxCode.INTRA_COMMUNITY for tax in net.taxes)
    header = element("ram:ApplicableHeaderTradeDelivery", delivered_to(paper.buyer) if abroad else None)
    return document(
        "rsm:CrossIndustryInvoice",
        element(
            "rsm:ExchangedDocumentContext",
            element("ram:GuidelineSpecifiedDocumentContextParameter", element("ram:ID", PROFILE)),
        ),
        element(
            "rsm:ExchangedDocument",
            element("ram:ID", paper.number),
            element("ram:TypeCode", CREDIT_NOTE if paper.corrects else INVOICE),
            day("ram:IssueDateTime", paper.day(paper.issued_at)),
            _note((paper.reason or words.less_charged) if paper.corrects else None),
            _note(paper.seller.small_print),
        ),
        element(
            "rsm:SupplyChainTradeTransaction",
            *(
                _line(place, line, net.lines[place - 1], paper, words, locale)
                for place, line in enumerate(paper.lines, 1)
            ),
            element(
                "ram:ApplicableHeaderTradeAgreement",
                seller_party(paper.seller, untaxed=untaxed),
                buyer_party(paper.buyer, untaxed=untaxed),
            ),
            Element("ram:ApplicableHeaderTradeDelivery") if header is None else header,
            settlement(paper, net, words, locale),
        ),
    )


def _note(text: str | None) -> Element | None:
    return element("ram:IncludedNote", element("ram:Content", text))


def _line(place: int, line: Line, net: Decimal, paper: Paper, words: Words, locale: Locale) -> Element | None:
    quantity, price = _priced(line, net, digits(paper.currency))
    told = None if quantity == line.quantity else f"{words.quantity}: {figures.number(line.quantity, locale)}"
    return element(
        "ram:IncludedSupplyChainTradeLineItem",
        element("ram:AssociatedDocumentLineDocument", element("ram:LineID", str(place)), _note(told)),
        element("ram:SpecifiedTradeProduct", element("ram:Name", line.description or line.key)),
        element(
            "ram:SpecifiedLineTradeAgreement",
            element("ram:NetPriceProductTradePrice", exactly("ram:ChargeAmount", price)),
        ),
        element("ram:SpecifiedLineTradeDelivery", exactly("ram:BilledQuantity", quantity, unitCode=_EACH)),
        element(
            "ram:SpecifiedLineTradeSettlement",
            category("ram:ApplicableTradeTax", category_of(treatment_of(line))),
            period(paper, line.period),
            element("ram:SpecifiedTradeSettlementLineMonetarySummation", amount("ram:LineTotalAmount", net)),
        ),
    )


def _priced(line: Line, net: Decimal, places: int) -> tuple[Decimal, Decimal]:
    """Quantity and net unit price, which is never below zero (BR-27): what is given back has a quantity below zero.
    Where they would not come to the net amount (tiers, parts of a period, prices with tax), it is one at that price."""
    if line.unit_amount is not None:
        price = net_rate(line.unit_amount, treatment_of(line), line.tax_inclusive, figures.RATE_DIGITS_MAX)
        quantity = line.quantity.copy_negate() if price < 0 else line.quantity
        if quantized(EXACT.multiply(quantity, abs(price)), places, ROUND_HALF_UP) == net:
            return quantity, abs(price)
    return (-_ONE if net < 0 else _ONE), abs(net)
