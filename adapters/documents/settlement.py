"""What an EN 16931 invoice says about money: taxes, allowances, terms, totals, and where to pay (CII)."""

from decimal import ROUND_HALF_UP, Decimal
from xml.etree.ElementTree import Element

from babel import Locale

from adapters.documents import figures
from adapters.documents.content import discount_name, reason_of
from adapters.documents.element import amount, day, element, exactly
from adapters.documents.netting import Allowance, Category, Netted, Taxed
from adapters.documents.paper import Paper
from adapters.documents.words import Words
from domain.books.line import ZERO
from domain.exact import exact_sum, quantized
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


def settlement(paper: Paper, net: Netted, words: Words, locale: Locale) -> Element | None:
    """Taxes, allowances, terms and totals of the whole document (BR-CO-10 to BR-CO-16)."""
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
        period(paper, paper.period),
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


def category(name: str, one: Category) -> Element | None:
    """How a line or an allowance is taxed."""
    return element(name, element("ram:TypeCode", "VAT"), element("ram:CategoryCode", one.code.value), _percent(one))


def _percent(one: Category) -> Element | None:
    """Outside the scope there is no rate, not even zero (BR-O-05)."""
    untaxed = one.code is TaxCode.OUTSIDE_SCOPE
    return None if untaxed else exactly("ram:RateApplicablePercent", one.percent)


def period(paper: Paper, given: Period | None) -> Element | None:
    """The first and the last day of a period; no element for none."""
    if given is None:
        return None
    first, last = paper.days(given)
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
        category("ram:CategoryTradeTax", one.category),
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
