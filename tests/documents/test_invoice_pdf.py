"""The PDF as its reader sees it: words and figures of their language, whatever stands in names."""

import io
import re
from decimal import Decimal

import pytest
from billed import APRIL_FIRST, BUYER, FRENCH, SELLER, UNTAXED, credit_note, invoice, line
from msgspec.structs import replace
from pypdf import PdfReader

from adapters.documents import (
    BuyerParty,
    InvoiceDocument,
    document_of_credit_note,
    document_of_invoice,
    opened_buyer,
    pdf,
)
from domain.totals.treatment import REVERSE_CHARGE

SEATS = line("Team", "1290.50", quantity="10", unit="129.05", discount="29.00")
AMERICAN = replace(
    SELLER, name="Harbor Metrics, Inc.", country="US", city="Oakland, CA", postal_code="94607", iban=None
)


def read(document: InvoiceDocument) -> str:
    """The text of all pages, each run of white space as one space."""
    pages = PdfReader(io.BytesIO(pdf(document))).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def test_a_german_invoice() -> None:
    text = read(document_of_invoice(invoice(SEATS), BUYER))

    for said in (
        "Rechnung",
        "INV-2026-000042",
        "1. April 2026",
        "1.–31. März 2026",
        "Bäckerei Grünwald KG",
        "acct-4711",
        "129,05 €",
        "Rabatt: Frühling −29,00 €",
        "USt 19 % 239,69 €",
        "Gesamtbetrag 1.501,19 €",
        "Bitte zahlen Sie 1.501,19 € bis zum 15. April 2026.",
        "DE89 3704 0044 0532 0130 00",
        "COBADEFFXXX",
        "Seite 1 von 1",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("locale", "kind", "total"),
    [
        ("en", "Invoice", "Total €1,501.19"),
        ("de-AT", "Rechnung", "Gesamtbetrag € 1.501,19"),
        ("fr", "Facture", "Total 1 501,19 €"),
        ("es", "Factura", "Total 1.501,19 €"),
        ("it", "Fattura", "Totale 1.501,19 €"),
        ("nl", "Factuur", "Totaal € 1.501,19"),
        ("pl", "Faktura", "Razem 1 501,19 €"),
        ("pt-PT", "Fatura", "Total 1 501,19 €"),
        ("tlh", "Invoice", "Total €1,501.19"),
        ("not a locale", "Invoice", "Total €1,501.19"),
        ("de-nowhere", "Rechnung", "Gesamtbetrag 1.501,19 €"),
    ],
)
def test_the_customers_language_and_format(locale: str, kind: str, total: str) -> None:
    text = read(document_of_invoice(invoice(SEATS, locale=locale), BUYER))

    assert f"{kind} " in text
    assert total in text


def test_reverse_charge_is_said_in_the_customers_language() -> None:
    text = read(document_of_invoice(invoice(line("Équipe", "290.00", treatment=REVERSE_CHARGE), locale="fr"), FRENCH))

    assert "Autoliquidation : la taxe est due par le preneur" in text
    assert "FR40303265045" in text
    assert "Reverse charge 0 % 290,00 € 0,00 €" in text


def test_tax_inside_the_prices_is_told_and_not_added() -> None:
    text = read(document_of_invoice(invoice(line("Abo", "11.90", inclusive=True)), BUYER))

    assert "Gesamtbetrag 11,90 € darin USt 19 % 1,90 €" in text
    assert "Zwischensumme" not in text


def test_what_is_paid_is_taken_off_and_a_paid_invoice_says_so() -> None:
    whole = invoice(line("Team", "100.00"))

    assert "Bezahlt −19,00 € Zu zahlen 100,00 €" in read(document_of_invoice(whole, BUYER, paid=Decimal("19.00")))
    paid = read(document_of_invoice(whole, BUYER, paid=whole.total))
    assert "Diese Rechnung ist bezahlt." in paid
    assert "IBAN" not in paid


def test_a_credit_note_has_its_own_words_and_the_number_it_corrects() -> None:
    whole = invoice(SEATS)

    text = read(document_of_credit_note(credit_note(whole, line("Team", "129.05"), owed="100.00"), whole, BUYER))

    for said in ("Rechnungskorrektur", "CN-000007", "INV-2026-000042 vom 1. April 2026", "Gutgeschrieben 153,57 €"):
        assert said in text
    assert "Abgerechnet, aber nicht genutzt" in text
    assert "Vom offenen Betrag der Rechnung werden 100,00 € abgezogen." in text
    assert "53,57 € werden Ihrem Guthaben gutgeschrieben." in text
    assert "Bitte zahlen" not in text


def test_a_credit_note_that_nobody_asked_for_gives_its_reason_in_the_customers_language() -> None:
    whole = invoice(SEATS)
    note = replace(credit_note(whole, line("Team", "1.00"), reason="less is charged than was billed"), automatic=True)

    text = read(document_of_credit_note(note, whole, BUYER))

    assert "Es wird weniger berechnet, als in Rechnung gestellt war." in text
    assert "less is charged" not in text


def test_digits_are_those_of_the_currency_and_rates_keep_theirs() -> None:
    yen = read(document_of_invoice(invoice(line("API", "1235", unit="0.00035"), currency="JPY", locale="en"), BUYER))
    forint = read(document_of_invoice(invoice(line("API", "1235.00"), currency="HUF", locale="en"), BUYER))

    assert "¥0.00035 ¥1,235" in yen
    assert "HUF 1,235.00" in forint.replace("HUF", "HUF ").replace("  ", " ")


def test_the_longest_figures_are_written_out() -> None:
    longest = line("API", "0.01", quantity="999999999999999999.999999999999", unit="0.000000000001")

    text = read(document_of_invoice(invoice(longest), BUYER))

    assert "999.999.999.999.999.999,999999999999 0,000000000001 € 0,01 €" in text


def test_a_short_small_print_is_on_every_page_and_a_long_one_once_at_the_end() -> None:
    many = [line(f"Region {n}", "1.00") for n in range(25)]
    short = replace(SELLER, small_print="Es gelten unsere Bedingungen.")
    long = replace(SELLER, small_print="Es gelten unsere Bedingungen. " * 30)

    for seller, times in ((short, 2), (long, 30)):
        text = read(document_of_invoice(invoice(*many, seller=seller), BUYER))
        assert "Seite 2 von 2" in text
        assert text.count("Es gelten unsere Bedingungen.") == times


def test_paper_of_the_sellers_country_and_addresses_as_it_writes_them() -> None:
    german = PdfReader(io.BytesIO(pdf(document_of_invoice(invoice(SEATS), BUYER))))
    document = document_of_invoice(invoice(SEATS, seller=AMERICAN, locale="en", zone="America/Los_Angeles"), BUYER)
    american = PdfReader(io.BytesIO(pdf(document)))

    assert [round(edge) for edge in german.pages[0].mediabox[2:]] == [595, 842]
    assert [round(edge) for edge in american.pages[0].mediabox[2:]] == [612, 792]
    assert "Oakland, CA 94607" in american.pages[0].extract_text()


def test_a_seller_who_levies_no_tax_has_no_tax_table() -> None:
    text = read(
        document_of_invoice(invoice(line("Pro", "49.00", treatment=UNTAXED), seller=AMERICAN, locale="en"), BUYER)
    )

    assert "Tax amount" not in text
    assert "Total €49.00" in text


def test_long_tables_break_and_repeat_their_heading() -> None:
    document = document_of_invoice(invoice(*(line(f"Region {n}", "1.00") for n in range(60))), BUYER)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf(document))).pages]

    assert len(pages) > 2
    assert all("Beschreibung" in page for page in pages[:-1])
    assert all(f"Seite {place} von {len(pages)}" in page for place, page in enumerate(pages, 1))
    assert all("Rechnung INV-2026-000042" in page for page in pages[1:])


@pytest.mark.parametrize(
    "name",
    [
        "#panic[",
        "*_$\\",
        '"]) #import "@preview/x:0.1.0"',
        "`raw` <label> @ref = heading",
        "{page} {amount} {0}",
        "\\u{41} \u0000\u0007\u001b[31m",
        "שלום עולם",
        "نور للبرمجيات",
        "\u202egro.elpmaxe\u202c",
        "日本株式会社 😀👩‍👩‍👧 🇩🇪",
        "क्षत्रिय ไทย 한국",
        "\ud800 \ufffe \ue000",
        "ａ" * 700,
        "".join(map(chr, range(0x4E00, 0x4F80))),
        "",
    ],
)
def test_any_name_is_set_as_it_stands(name: str) -> None:
    document = document_of_invoice(invoice(replace(SEATS, description=name)), replace(BUYER, name=name, line1=name))

    text = read(document)

    assert "Gesamtbetrag 1.501,19 €" in text
    if name.isascii() and name.isprintable():
        assert re.sub(r"\s+", " ", name) in text


def test_a_character_without_a_shape_becomes_a_box_and_its_neighbours_stay() -> None:
    text = read(document_of_invoice(invoice(SEATS), replace(BUYER, name="Oben\U000130b8Unten")))

    assert "Oben" in text
    assert "Unten" in text


def test_the_same_paper_gives_the_same_bytes_dated_by_the_invoice() -> None:
    document = document_of_invoice(invoice(SEATS), BUYER)

    first = pdf(document)

    assert first == pdf(document)
    told = PdfReader(io.BytesIO(first)).metadata
    assert told is not None
    assert told.creation_date == APRIL_FIRST
    assert (told.title, told.author) == ("Rechnung INV-2026-000042", "Nordlicht Software GmbH")


def test_the_buyer_is_made_of_the_unsealed_texts() -> None:
    texts = {
        "name": "Ateliers Lefèvre SARL",
        "taxId": "FR40303265045",
        "email": "compta@lefevre.example",
        "address": '{"line1":"18, rue des Tanneurs","city":"Lille","postalCode":"59000","country":"FR"}',
        "externalId": "acct-59",
    }

    assert opened_buyer(texts, "BE") == BuyerParty(
        name="Ateliers Lefèvre SARL",
        line1="18, rue des Tanneurs",
        city="Lille",
        postal_code="59000",
        country="FR",
        tax_id="FR40303265045",
        external_id="acct-59",
        email="compta@lefevre.example",
    )
    assert opened_buyer({"externalId": "acct-59"}, "BE") == BuyerParty(
        name="acct-59", country="BE", external_id="acct-59"
    )
    assert opened_buyer({}, None) == BuyerParty(name="—")


def test_a_buyer_of_whom_nothing_is_left_but_the_id_is_still_billed() -> None:
    text = read(document_of_invoice(invoice(SEATS), BuyerParty(name="—", external_id="acct-4711")))

    assert "acct-4711" in text
