"""How an invoice with its taxes becomes one that EN 16931 can add up."""

from decimal import Decimal

from billed import BUYER, any_line, invoice, line
from hypothesis import given
from hypothesis import strategies as st

from adapters.documents.invoice_document import document_of_invoice
from adapters.documents.netting import Category, net_amounts
from domain.books.line import Line
from domain.exact import exact_sum
from domain.tax import TaxCode

CENT = Decimal("0.01")
STANDARD = Category(TaxCode.STANDARD, Decimal(19))


def test_prices_without_tax_stay_as_they_are() -> None:
    net = net_amounts(document_of_invoice(invoice(line("a", "10.00"), line("b", "-3.33")), BUYER))

    assert net.lines == (Decimal("10.00"), Decimal("-3.33"))
    assert net.allowances == ()


def test_both_sides_of_a_rate_are_one_category() -> None:
    net = net_amounts(document_of_invoice(invoice(line("a", "10.00"), line("b", "11.90", inclusive=True)), BUYER))

    assert net.lines == (Decimal("10.00"), Decimal("10.00"))
    assert [(tax.category, tax.base, tax.amount) for tax in net.taxes] == [
        (STANDARD, Decimal("20.00"), Decimal("3.80")),
    ]


def test_allowances_are_told_by_category_and_kind() -> None:
    document = document_of_invoice(
        invoice(line("a", "11.90", discount="1.19", credit="1.19", inclusive=True), line("b", "5.00", discount="0.50")),
        BUYER,
    )

    assert [(one.category, one.amount, one.promotional) for one in net_amounts(document).allowances] == [
        (STANDARD, Decimal("1.50"), False),
        (STANDARD, Decimal("1.00"), True),
    ]


def test_a_sum_of_nothing_is_spread_over_lines_that_are_something() -> None:
    net = net_amounts(
        document_of_invoice(invoice(line("a", "9.99", inclusive=True), line("b", "-9.99", inclusive=True)), BUYER)
    )

    assert net.lines == (Decimal("8.39"), Decimal("-8.39"))


@given(st.lists(any_line(), min_size=1, max_size=12))
def test_lines_less_allowances_are_the_base_and_with_the_tax_the_total(drawn: list[Line]) -> None:
    document = document_of_invoice(invoice(*drawn), BUYER)
    net = net_amounts(document)

    assert exact_sum(net.lines) - exact_sum(one.amount for one in net.allowances) == net.base
    assert net.base + net.tax == document.total
    for given_line, line_net in zip(drawn, net.lines, strict=True):
        assert given_line.treatment is not None
        factor = 1 + given_line.treatment.percent / 100 if given_line.tax_inclusive else Decimal(1)
        assert abs(given_line.amount / factor - line_net) <= CENT + CENT / 2
        assert line_net == line_net.quantize(CENT)
