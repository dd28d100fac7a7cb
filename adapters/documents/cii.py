"""The document as EN 16931 in UN/CEFACT's syntax (CII D22B, as Factur-X 1.0 has it).

The order of elements is the schema's. BT and BG are the terms of EN 16931-1, BR its rules.
"""

from decimal import ROUND_HALF_UP, Decimal
from xml.etree.ElementTree import Element

from babel import Locale

from adapters.documents import figures
from adapters.documents.content import discount_name, reason_of
from adapters.documents.element import amount, day, document, element, exactly
from adapters.documents.netting import Allowance, Category, Netted, Taxed, category_of, net_rate, netted
from adapters.documents.paper import Paper, treatment_of
from adapters.documents.party import buyer_party, delivered_to, seller_party
from adapters.documents.words import Words, spoken
from domain.books.line import ZERO, Line
from domain.exact import EXACT, exact_sum, quantized
from domain.money import digits
from domain.period import Period
from domain.tax import TaxCode

PROFILE = "urn:cen.eu:en16931:2017"
INVOICE, CREDIT_NOTE = "380", "381"
_EACH = "C62"  # the unit "one" of UN/ECE Recommendation 20: what a quantity counts is in the description
_TRANSFER, _SEPA_TRANSFER = "30", "58"
_DISCOUNT, _SPECIAL_REBATE = "95", "100"  # UNTDID 5189
_EXEMPTIONS = {
    TaxCode.REVERSE_CHARGE: "VATEX-EU-AE",
    TaxCode.INTRA_COMMUNITY: "VATEX-EU-IC",
    TaxCode.EXPORT: "VATEX-EU-G",
    TaxCode.OUTSIDE_SCOPE: "VATEX-EU-O",
}
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
            _note(paper.reason),
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
            _settlement(paper, net, words, locale),
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
            _category("ram:ApplicableTradeTax", category_of(treatment_of(line))),
            _period(paper, line.period),
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


def _settlement(paper: Paper, net: Netted, words: Words, locale: Locale) -> Element | None:
    charges = exact_sum(-one.amount for one in net.allowances if one.amount < 0)
    allowances = exact_sum(one.amount for one in net.allowances if one.amount > 0)
    places = digits(paper.currency)

    def total(name: str, value: Decimal, **attributes: str) -> Element | None:
        return amount(name, quantized(value, places, ROUND_HALF_UP), **attributes)

    return element(
        "ram:ApplicableHeaderTradeSettlement",
        element("ram:PaymentReference", paper.number),
        element("ram:InvoiceCurrencyCode", paper.currency),
        _means(paper),
        *(_taxed(tax, words) for tax in net.taxes),
        _period(paper, paper.period),
        *(_allowance(one, paper, words) for one in net.allowances),
        _terms(paper, words, locale),
        element(
            "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
            total("ram:LineTotalAmount", exact_sum(net.lines)),
            total("ram:ChargeTotalAmount", charges),
            total("ram:AllowanceTotalAmount", allowances),
            total("ram:TaxBasisTotalAmount", net.base),
            total("ram:TaxTotalAmount", net.tax, currencyID=paper.currency),
            total("ram:GrandTotalAmount", paper.total),
            total("ram:TotalPrepaidAmount", paper.paid),
            total("ram:DuePayableAmount", paper.due),
        ),
        element(
            "ram:InvoiceReferencedDocument",
            element("ram:IssuerAssignedID", paper.corrects.number),
            day("ram:FormattedIssueDateTime", paper.day(paper.corrects.issued_at), "qdt"),
        )
        if paper.corrects
        else None,
    )


def _means(paper: Paper) -> Element | None:
    """BG-16: where to transfer what is due. Who is credited transfers nothing."""
    if not paper.seller.iban or paper.corrects or paper.due <= ZERO:
        return None
    return element(
        "ram:SpecifiedTradeSettlementPaymentMeans",
        element("ram:TypeCode", _SEPA_TRANSFER if paper.currency == "EUR" else _TRANSFER),
        element(
            "ram:PayeePartyCreditorFinancialAccount",
            element("ram:IBANID", "".join(paper.seller.iban.split())),
            element("ram:AccountName", paper.seller.name),
        ),
        element("ram:PayeeSpecifiedCreditorFinancialInstitution", element("ram:BICID", paper.seller.bic)),
    )


def _taxed(tax: Taxed, words: Words) -> Element | None:
    code = tax.category.code
    reasons = dict.fromkeys(filter(None, (reason_of(one, words) for one in tax.treatments)))
    told = "; ".join(reasons) or words.reasons.get(code)
    exempt = code not in (TaxCode.STANDARD, TaxCode.ZERO)  # these two must not have a reason (BR-S-10, BR-Z-10)
    return element(
        "ram:ApplicableTradeTax",
        amount("ram:CalculatedAmount", tax.amount),
        element("ram:TypeCode", "VAT"),
        element("ram:ExemptionReason", told) if exempt else None,
        amount("ram:BasisAmount", tax.base),
        element("ram:CategoryCode", code.value),
        element("ram:ExemptionReasonCode", _EXEMPTIONS.get(code)),
        _percent(tax.category),
    )


def _category(name: str, category: Category) -> Element | None:
    return element(
        name, element("ram:TypeCode", "VAT"), element("ram:CategoryCode", category.code.value), _percent(category)
    )


def _percent(category: Category) -> Element | None:
    """Outside the scope there is no rate, not even zero (BR-O-05)."""
    untaxed = category.code is TaxCode.OUTSIDE_SCOPE
    return None if untaxed else exactly("ram:RateApplicablePercent", category.percent)


def _period(paper: Paper, period: Period | None) -> Element | None:
    if period is None:
        return None
    first, last = paper.days(period)
    return element("ram:BillingSpecifiedPeriod", day("ram:StartDateTime", first), day("ram:EndDateTime", last))


def _allowance(one: Allowance, paper: Paper, words: Words) -> Element | None:
    """BG-20, or BG-21 where a discount is given back."""
    code = _SPECIAL_REBATE if one.promotional else _DISCOUNT
    names = ", ".join(discount.name for discount in paper.discounts if discount.name)
    return element(
        "ram:SpecifiedTradeAllowanceCharge",
        element("ram:ChargeIndicator", element("udt:Indicator", "true" if one.amount < 0 else "false")),
        amount("ram:ActualAmount", abs(one.amount)),
        element("ram:ReasonCode", code) if one.amount > 0 else None,
        element("ram:Reason", words.promotional_credit if one.promotional else discount_name(names or None, words)),
        _category("ram:CategoryTradeTax", one.category),
    )


def _terms(paper: Paper, words: Words, locale: Locale) -> Element | None:
    """Until when to pay, or what this takes back: one of them is wanted as long as something is due (BR-CO-25)."""
    told = [
        f"{figures.day(paper.day(one.due_at), locale)}: {figures.money(one.amount, paper.currency, locale)}"
        for one in paper.instalments
    ]
    if paper.corrects:
        dated = figures.day(paper.day(paper.corrects.issued_at), locale)
        named = words.corrects_dated.format(number=paper.corrects.number, date=dated)
        told = [f"{words.corrects} {named}"]
    return element(
        "ram:SpecifiedTradePaymentTerms",
        element("ram:Description", "; ".join(told)),
        day("ram:DueDateDateTime", paper.day(paper.due_at)) if paper.due_at else None,
    )
