"""What stands where on a document, in the customer's words and formats: all that the template needs, as plain data."""

from decimal import Decimal
from typing import Any

from babel import Locale

from adapters.documents import formatting
from adapters.documents.invoice_document import BuyerParty, InvoiceDocument
from adapters.documents.readable import readable
from adapters.documents.words import Words, words_and_locale
from domain.books.line import Line
from domain.seller import Seller
from domain.tax import TaxCode, TaxLine, Treatment

FOOTER_CHARS_MAX = 300
FOOTER_LINES_MAX = 4
"""A longer small print stands once, behind everything else."""
_LETTER = frozenset({"US", "CA"})
_CITY_FIRST = frozenset({"US", "CA", "GB", "IE", "AU", "NZ", "IN"})  # where the postal code follows the city
_MOMENT = ("year", "month", "day", "hour", "minute", "second")
_OURS = frozenset({TaxCode.REVERSE_CHARGE, TaxCode.INTRA_COMMUNITY, TaxCode.EXPORT})


def content(document: InvoiceDocument) -> dict[str, Any]:
    """The template's data. Every text of others has passed `readable`."""
    words, locale = words_and_locale(document.locale)
    at = document.issued_at
    small_print = document.seller.small_print or ""
    fits = 0 < len(small_print) <= FOOTER_CHARS_MAX and small_print.count("\n") < FOOTER_LINES_MAX
    kind = words.credit_note if document.corrects else words.invoice
    shown: dict[str, Any] = {
        "paper": "us-letter" if document.seller.country in _LETTER else "a4",
        "language": locale.language,
        "region": locale.territory if locale.territory and len(locale.territory) == 2 else None,
        "title": f"{kind} {document.number}",
        "kind": kind,
        "author": " ".join(document.seller.name.split()),
        "issued": dict(zip(_MOMENT, at.timetuple()[:6], strict=True)),
        "seller": {"name": document.seller.name, "lines": _seller(document.seller, words, locale)},
        "buyer": {
            "heading": words.bill_to,
            "name": document.buyer.name,
            "lines": _buyer(document.buyer, document.seller.country, words, locale),
        },
        "facts": _facts(document, words, locale),
        "columns": [words.description, words.quantity, words.unit_price, words.amount],
        "rows": [_row(line, document, locale) for line in document.lines],
        "sums": _sums(document, words, locale),
        "taxes": _taxes(document, words, locale),
        "payment": _payment(document, words, locale),
        "footer": small_print if fits else document.seller.name,
        "small-print": "" if fits else small_print,
        "page": words.page,
    }
    cleaned: dict[str, Any] = _cleaned(shown)
    return cleaned


def reason_of(treatment: Treatment, words: Words) -> str | None:
    """Why nothing is levied: the law's own words in the customer's language where there is one such sentence."""
    if treatment.code in _OURS or (treatment.reason is None and treatment.code is not TaxCode.OUTSIDE_SCOPE):
        return words.reasons.get(treatment.code)
    return treatment.reason


def discount_name(name: str | None, words: Words) -> str:
    return f"{words.discount}: {name}" if name else words.discount


def _seller(seller: Seller, words: Words, locale: Locale) -> list[str]:
    place = _place(seller.city, None, seller.postal_code, seller.country)
    address = [seller.line1, seller.line2, place, _country(seller.country, locale)]
    numbers = [
        f"{words.tax_id} {seller.tax_id}" if seller.tax_id else None,
        f"{words.registration} {seller.registration}" if seller.registration else None,
        seller.email,
    ]
    return [" · ".join(part for part in parts if part) for parts in (address, numbers) if any(parts)]


def _buyer(buyer: BuyerParty, home: str, words: Words, locale: Locale) -> list[str]:
    place = _place(buyer.city, buyer.region, buyer.postal_code, buyer.country)
    abroad = _country(buyer.country, locale) if buyer.country and buyer.country != home else None
    tax_id = f"{words.tax_id} {buyer.tax_id}" if buyer.tax_id else None
    return [part for part in (buyer.line1, buyer.line2, place, abroad, tax_id) if part]


def _place(city: str | None, region: str | None, postal_code: str | None, country: str | None) -> str:
    if country in _CITY_FIRST:
        named = ", ".join(part for part in (city, region) if part)
        return f"{named} {postal_code or ''}".strip()
    town = " ".join(part for part in (postal_code, city) if part)
    return ", ".join(part for part in (town, region) if part)


def _country(code: str, locale: Locale) -> str:
    return str(locale.territories.get(code, code))


def _facts(document: InvoiceDocument, words: Words, locale: Locale) -> list[list[str]]:
    found = [[words.number, document.number], [words.date, formatting.day(document.day(document.issued_at), locale)]]
    if document.corrects:
        dated = formatting.day(document.day(document.corrects.issued_at), locale)
        named = words.corrects_dated.format(number=document.corrects.number, date=dated)
        found.append([words.corrects, named])
    if document.due_at and document.due > 0:
        found.append([words.due_date, formatting.day(document.day(document.due_at), locale)])
    if document.period and document.period.start < document.period.end:
        found.append([words.period, formatting.days(*document.days(document.period), locale)])
    if document.buyer.external_id:
        found.append([words.customer_number, document.buyer.external_id])
    return found


def _row(line: Line, document: InvoiceDocument, locale: Locale) -> dict[str, Any]:
    unit = line.unit_amount
    return {
        "description": line.description,
        "details": [formatting.days(*document.days(line.period), locale)]
        if line.period.start < line.period.end
        else [],
        "quantity": formatting.number(line.quantity, locale),
        "rate": "" if unit is None else formatting.rate(unit, document.currency, locale),
        "amount": formatting.money(line.amount, document.currency, locale),
    }


def _sums(document: InvoiceDocument, words: Words, locale: Locale) -> list[dict[str, str]]:
    def row(label: str, amount: Decimal, weight: str = "plain") -> dict[str, str]:
        return {"label": label, "value": formatting.money(amount, document.currency, locale), "weight": weight}

    added = [tax for tax in document.tax if not tax.inclusive and _levied(tax)]
    rows = [row(discount_name(discount.name, words), -discount.amount) for discount in document.discounts]
    if document.credit:
        rows.append(row(words.promotional_credit, -document.credit))
    rows.extend(row(_named(tax, locale), tax.amount) for tax in added)
    if rows:
        rows.insert(0, row(words.subtotal, document.subtotal))
    rows.append(row(words.total_credited if document.corrects else words.total, document.total, "total"))
    rows.extend(
        row(words.includes.format(tax=_named(tax, locale)), tax.amount, "quiet")
        for tax in document.tax
        if tax.inclusive and _levied(tax)
    )
    if document.paid:
        rows.extend((row(words.paid, -document.paid), row(words.amount_due, document.due, "total")))
    return rows


def _taxes(document: InvoiceDocument, words: Words, locale: Locale) -> dict[str, Any]:
    """The table by rate. Without any tax and any reason for that (a seller who levies none) there is nothing to say."""
    shown = [tax for tax in document.tax if tax.treatment.code is not TaxCode.OUTSIDE_SCOPE or tax.treatment.reason]
    reasons = (reason_of(tax.treatment, words) for tax in shown)
    return {
        "columns": [words.tax, words.rate, words.net, words.tax_amount],
        "rows": [
            [
                tax.treatment.name,
                formatting.percent(tax.treatment.percent, locale),
                formatting.money(tax.base, document.currency, locale),
                formatting.money(tax.amount, document.currency, locale),
            ]
            for tax in shown
        ],
        "reasons": list(dict.fromkeys(reason for reason in reasons if reason)),
    }


def _payment(document: InvoiceDocument, words: Words, locale: Locale) -> dict[str, Any]:
    due = formatting.money(document.due, document.currency, locale)
    shown: dict[str, Any] = {"heading": words.payment, "texts": [words.settled], "instalments": [], "facts": []}
    if document.corrects:
        uses = ((words.taken_off, document.corrects.off), (words.kept, document.corrects.kept))
        spent = [
            said.format(amount=formatting.money(amount, document.currency, locale)) for said, amount in uses if amount
        ]
        return shown | {"heading": words.reason, "texts": [document.reason or words.less_charged, *spent]}
    if document.due <= 0 or document.due_at is None:
        return shown
    if document.instalments:
        shown["texts"] = [words.pay_in_instalments.format(amount=due)]
        shown["instalments"] = [
            [
                formatting.day(document.day(instalment.due_at), locale),
                formatting.money(instalment.amount, document.currency, locale),
            ]
            for instalment in document.instalments
        ]
    else:
        shown["texts"] = [words.pay_by.format(amount=due, date=formatting.day(document.day(document.due_at), locale))]
    if document.seller.iban:
        bank = {words.account_holder: document.seller.name, "IBAN": formatting.iban(document.seller.iban)}
        bank |= {"BIC": document.seller.bic} if document.seller.bic else {}
        shown["facts"] = [list(pair) for pair in (bank | {words.reference: document.number}).items()]
    return shown


def _levied(tax: TaxLine) -> bool:
    return bool(tax.amount) or bool(tax.treatment.percent)


def _named(tax: TaxLine, locale: Locale) -> str:
    return f"{tax.treatment.name} {formatting.percent(tax.treatment.percent, locale)}"


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {key: _cleaned(inner) for key, inner in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value
