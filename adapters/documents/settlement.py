"""What an EN 16931 invoice says about money: taxes, allowances, terms, totals, and where to pay (CII)."""

from decimal import ROUND_HALF_UP, Decimal
from xml.etree.ElementTree import Element

from babel import Locale

from adapters.documents import formatting
from adapters.documents.content import discount_name, reason_of
from adapters.documents.element import amount, day, element, exactly
from adapters.documents.invoice_document import InvoiceDocument
from adapters.documents.netting import Allowance, Category, NetAmounts, TaxBreakdown
from adapters.documents.words import Words
from domain.exact import ZERO, exact_sum, quantized
from domain.money import digits
from domain.period import Period
from domain.tax import TaxCode

_TRANSFER, _SEPA_TRANSFER = "30", "58"
_DISCOUNT, _SPECIAL_REBATE = "95", "100"  # UNTDID 5189
_EXEMPTIONS = {
    TaxCode.REVERSE_CHARGE: "VATEX-EU-AE",
    TaxCode.INTRA_COMMUNITY: "VATEX-EU-IC",
    TaxCode.EXPORT: "VATEX-EU-G",
    TaxCode.OUTSIDE_SCOPE: "VATEX-EU-O",
}


def settlement(document: InvoiceDocument, net: NetAmounts, words: Words, locale: Locale) -> Element | None:
    """Taxes, allowances, terms and totals of the whole document (BR-CO-10 to BR-CO-16)."""
    charges = exact_sum(-allowance.amount for allowance in net.allowances if allowance.amount < 0)
    allowances = exact_sum(allowance.amount for allowance in net.allowances if allowance.amount > 0)
    places = digits(document.currency)

    def total(name: str, value: Decimal, **attributes: str) -> Element | None:
        return amount(name, quantized(value, places, ROUND_HALF_UP), **attributes)

    return element(
        "ram:ApplicableHeaderTradeSettlement",
        element("ram:PaymentReference", document.number),
        element("ram:InvoiceCurrencyCode", document.currency),
        _means(document),
        *(_tax_breakdown(tax, words) for tax in net.taxes),
        period(document, document.period),
        *(_allowance(allowance, document, words) for allowance in net.allowances),
        _terms(document, words, locale),
        element(
            "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
            total("ram:LineTotalAmount", exact_sum(net.lines)),
            total("ram:ChargeTotalAmount", charges),
            total("ram:AllowanceTotalAmount", allowances),
            total("ram:TaxBasisTotalAmount", net.base),
            total("ram:TaxTotalAmount", net.tax, currencyID=document.currency),
            total("ram:GrandTotalAmount", document.total),
            total("ram:TotalPrepaidAmount", document.paid),
            total("ram:DuePayableAmount", document.due),
        ),
        element(
            "ram:InvoiceReferencedDocument",
            element("ram:IssuerAssignedID", document.corrects.number),
            day("ram:FormattedIssueDateTime", document.day(document.corrects.issued_at), "qdt"),
        )
        if document.corrects
        else None,
    )


def _means(document: InvoiceDocument) -> Element | None:
    """BG-16: where to transfer what is due. Who is credited transfers nothing."""
    if not document.seller.iban or document.corrects or document.due <= ZERO:
        return None
    return element(
        "ram:SpecifiedTradeSettlementPaymentMeans",
        element("ram:TypeCode", _SEPA_TRANSFER if document.currency == "EUR" else _TRANSFER),
        element(
            "ram:PayeePartyCreditorFinancialAccount",
            element("ram:IBANID", "".join(document.seller.iban.split())),
            element("ram:AccountName", document.seller.name),
        ),
        element("ram:PayeeSpecifiedCreditorFinancialInstitution", element("ram:BICID", document.seller.bic)),
    )


def _tax_breakdown(tax: TaxBreakdown, words: Words) -> Element | None:
    code = tax.category.code
    reasons = dict.fromkeys(filter(None, (reason_of(treatment, words) for treatment in tax.treatments)))
    reason = "; ".join(reasons) or words.reasons.get(code)
    exempt = code not in (TaxCode.STANDARD, TaxCode.ZERO)  # these two must not have a reason (BR-S-10, BR-Z-10)
    return element(
        "ram:ApplicableTradeTax",
        amount("ram:CalculatedAmount", tax.amount),
        element("ram:TypeCode", "VAT"),
        element("ram:ExemptionReason", reason) if exempt else None,
        amount("ram:BasisAmount", tax.base),
        element("ram:CategoryCode", code.value),
        element("ram:ExemptionReasonCode", _EXEMPTIONS.get(code)),
        _percent(tax.category),
    )


def tax_category(name: str, taxed_as: Category) -> Element | None:
    """How a line or an allowance is taxed."""
    return element(
        name, element("ram:TypeCode", "VAT"), element("ram:CategoryCode", taxed_as.code.value), _percent(taxed_as)
    )


def _percent(taxed_as: Category) -> Element | None:
    """Outside the scope there is no rate, not even zero (BR-O-05)."""
    untaxed = taxed_as.code is TaxCode.OUTSIDE_SCOPE
    return None if untaxed else exactly("ram:RateApplicablePercent", taxed_as.percent)


def period(document: InvoiceDocument, given: Period | None) -> Element | None:
    """The first and the last day of a period; no element for none."""
    if given is None:
        return None
    first, last = document.days(given)
    return element("ram:BillingSpecifiedPeriod", day("ram:StartDateTime", first), day("ram:EndDateTime", last))


def _allowance(allowance: Allowance, document: InvoiceDocument, words: Words) -> Element | None:
    """BG-20, or BG-21 where a discount is given back."""
    code = _SPECIAL_REBATE if allowance.promotional else _DISCOUNT
    names = ", ".join(discount.name for discount in document.discounts if discount.name)
    return element(
        "ram:SpecifiedTradeAllowanceCharge",
        element("ram:ChargeIndicator", element("udt:Indicator", "true" if allowance.amount < 0 else "false")),
        amount("ram:ActualAmount", abs(allowance.amount)),
        element("ram:ReasonCode", code) if allowance.amount > 0 else None,
        element(
            "ram:Reason", words.promotional_credit if allowance.promotional else discount_name(names or None, words)
        ),
        tax_category("ram:CategoryTradeTax", allowance.category),
    )


def _terms(document: InvoiceDocument, words: Words, locale: Locale) -> Element | None:
    """Until when to pay, or what this takes back: one of them is wanted as long as something is due (BR-CO-25)."""
    terms = [
        f"{formatting.day(document.day(instalment.due_at), locale)}: "
        f"{formatting.money(instalment.amount, document.currency, locale)}"
        for instalment in document.instalments
    ]
    if document.corrects:
        dated = formatting.day(document.day(document.corrects.issued_at), locale)
        named = words.corrects_dated.format(number=document.corrects.number, date=dated)
        terms = [f"{words.corrects} {named}"]
    return element(
        "ram:SpecifiedTradePaymentTerms",
        element("ram:Description", "; ".join(terms)),
        day("ram:DueDateDateTime", document.day(document.due_at)) if document.due_at else None,
    )
