"""What stands where on a document, in the customer's words and formats: all that the template needs, as plain data."""

from decimal import Decimal
from typing import Any

from babel import Locale

from adapters.documents import figures
from adapters.documents.paper import Buyer, Paper
from adapters.documents.readable import readable
from adapters.documents.words import Words, spoken
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


def content(paper: Paper) -> dict[str, Any]:
    """The template's data. Every text of others has passed `readable`."""
    words, locale = spoken(paper.locale)
    at = paper.issued_at
    small_print = paper.seller.small_print or ""
    fits = 0 < len(small_print) <= FOOTER_CHARS_MAX and small_print.count("\n") < FOOTER_LINES_MAX
    kind = words.credit_note if paper.corrects else words.invoice
    shown: dict[str, Any] = {
        "paper": "us-letter" if paper.seller.country in _LETTER else "a4",
        "language": locale.language,
        "region": locale.territory if locale.territory and len(locale.territory) == 2 else None,
        "title": f"{kind} {paper.number}",
        "kind": kind,
        "author": " ".join(paper.seller.name.split()),
        "issued": dict(zip(_MOMENT, at.timetuple()[:6], strict=True)),
        "seller": {"name": paper.seller.name, "lines": _seller(paper.seller, words, locale)},
        "buyer": {
            "heading": words.bill_to,
            "name": paper.buyer.name,
            "lines": _buyer(paper.buyer, paper.seller.country, words, locale),
        },
        "facts": _facts(paper, words, locale),
        "columns": [words.description, words.quantity, words.unit_price, words.amount],
        "rows": [_row(line, paper, locale) for line in paper.lines],
        "sums": _sums(paper, words, locale),
        "taxes": _taxes(paper, words, locale),
        "payment": _payment(paper, words, locale),
        "footer": small_print if fits else paper.seller.name,
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


def _buyer(buyer: Buyer, home: str, words: Words, locale: Locale) -> list[str]:
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


def _facts(paper: Paper, words: Words, locale: Locale) -> list[list[str]]:
    found = [[words.number, paper.number], [words.date, figures.day(paper.day(paper.issued_at), locale)]]
    if paper.corrects:
        dated = figures.day(paper.day(paper.corrects.issued_at), locale)
        named = words.corrects_dated.format(number=paper.corrects.number, date=dated)
        found.append([words.corrects, named])
    if paper.due_at and paper.due > 0:
        found.append([words.due_date, figures.day(paper.day(paper.due_at), locale)])
    if paper.period and paper.period.start < paper.period.end:
        found.append([words.period, figures.days(*paper.days(paper.period), locale)])
    if paper.buyer.external_id:
        found.append([words.customer_number, paper.buyer.external_id])
    return found


def _row(line: Line, paper: Paper, locale: Locale) -> dict[str, Any]:
    unit = line.unit_amount
    return {
        "description": line.description,
        "details": [figures.days(*paper.days(line.period), locale)] if line.period.start < line.period.end else [],
        "quantity": figures.number(line.quantity, locale),
        "rate": "" if unit is None else figures.rate(unit, paper.currency, locale),
        "amount": figures.money(line.amount, paper.currency, locale),
    }


def _sums(paper: Paper, words: Words, locale: Locale) -> list[dict[str, str]]:
    def row(label: str, amount: Decimal, weight: str = "plain") -> dict[str, str]:
        return {"label": label, "value": figures.money(amount, paper.currency, locale), "weight": weight}

    added = [tax for tax in paper.tax if not tax.inclusive and _levied(tax)]
    rows = [row(discount_name(one.name, words), -one.amount) for one in paper.discounts]
    if paper.credit:
        rows.append(row(words.promotional_credit, -paper.credit))
    rows.extend(row(_named(tax, locale), tax.amount) for tax in added)
    if rows:
        rows.insert(0, row(words.subtotal, paper.subtotal))
    rows.append(row(words.total_credited if paper.corrects else words.total, paper.total, "total"))
    rows.extend(
        row(words.includes.format(tax=_named(tax, locale)), tax.amount, "quiet")
        for tax in paper.tax
        if tax.inclusive and _levied(tax)
    )
    if paper.paid:
        rows.extend((row(words.paid, -paper.paid), row(words.amount_due, paper.due, "total")))
    return rows


def _taxes(paper: Paper, words: Words, locale: Locale) -> dict[str, Any]:
    """The table by rate. Without any tax and any reason for that (a seller who levies none) there is nothing to say."""
    told = [tax for tax in paper.tax if tax.treatment.code is not TaxCode.OUTSIDE_SCOPE or tax.treatment.reason]
    reasons = (reason_of(tax.treatment, words) for tax in told)
    return {
        "columns": [words.tax, words.rate, words.net, words.tax_amount],
        "rows": [
            [
                tax.treatment.name,
                figures.percent(tax.treatment.percent, locale),
                figures.money(tax.base, paper.currency, locale),
                figures.money(tax.amount, paper.currency, locale),
            ]
            for tax in told
        ],
        "reasons": list(dict.fromkeys(reason for reason in reasons if reason)),
    }


def _payment(paper: Paper, words: Words, locale: Locale) -> dict[str, Any]:
    due = figures.money(paper.due, paper.currency, locale)
    shown: dict[str, Any] = {"heading": words.payment, "texts": [words.settled], "instalments": [], "facts": []}
    if paper.corrects:
        uses = ((words.taken_off, paper.corrects.off), (words.kept, paper.corrects.kept))
        told = [said.format(amount=figures.money(amount, paper.currency, locale)) for said, amount in uses if amount]
        return shown | {"heading": words.reason, "texts": [paper.reason or words.less_charged, *told]}
    if paper.due <= 0 or paper.due_at is None:
        return shown
    if paper.instalments:
        shown["texts"] = [words.pay_in_instalments.format(amount=due)]
        shown["instalments"] = [
            [figures.day(paper.day(one.due_at), locale), figures.money(one.amount, paper.currency, locale)]
            for one in paper.instalments
        ]
    else:
        shown["texts"] = [words.pay_by.format(amount=due, date=figures.day(paper.day(paper.due_at), locale))]
    if paper.seller.iban:
        bank = {words.account_holder: paper.seller.name, "IBAN": figures.iban(paper.seller.iban)}
        bank |= {"BIC": paper.seller.bic} if paper.seller.bic else {}
        shown["facts"] = [list(pair) for pair in (bank | {words.reference: paper.number}).items()]
    return shown


def _levied(tax: TaxLine) -> bool:
    return bool(tax.amount) or bool(tax.treatment.percent)


def _named(tax: TaxLine, locale: Locale) -> str:
    return f"{tax.treatment.name} {figures.percent(tax.treatment.percent, locale)}"


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {key: _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list) else value
