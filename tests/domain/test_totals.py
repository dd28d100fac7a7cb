"""From lines to totals: one rounding per way of taxing."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_lines import NO_TAX, line, lines, vat

from domain.books.line import Line
from domain.money import digits
from domain.tax import TaxCode, TaxLine
from domain.totals import tax_of, totals
from domain.totals.promotional import net

D = Decimal


def test_an_invoice_without_lines_comes_to_nothing_in_its_digits() -> None:
    empty = totals([], "EUR")
    assert (str(empty.subtotal), str(empty.total), empty.tax) == ("0.00", "0.00", ())


def test_tax_is_rounded_once_on_the_sum_of_its_lines() -> None:
    summed = totals(lines("0.03", "0.03", "0.03", tax=vat("19")), "EUR")
    assert summed.tax == (TaxLine(vat("19"), D("0.09"), D("0.02")),)  # 3 × 0.0057 is 0.0171; line by line it were 0.03
    assert summed.total == D("0.11")


def test_discount_and_promotional_credit_lower_the_base_of_the_tax() -> None:
    summed = totals([line("100", vat("20"), discount="10", credit="5")], "EUR")
    assert (summed.subtotal, summed.discount, summed.credit) == (100, 10, 5)
    assert summed.tax == (TaxLine(vat("20"), D(85), D(17)),)
    assert summed.total == 102


def test_of_a_price_with_tax_the_tax_is_rounded_and_the_net_is_the_rest() -> None:
    summed = totals([line("2.99", vat("4"), inclusive=True)], "EUR")
    assert summed.tax == (TaxLine(vat("4"), D("2.87"), D("0.12"), inclusive=True),)
    assert summed.total == D("2.99")


def test_prices_with_and_without_the_same_tax_are_rounded_apart() -> None:
    summed = totals([line("11.90", vat("19"), inclusive=True), line("10", vat("19"), key="b")], "EUR")
    assert [(tax_line.base, tax_line.amount, tax_line.inclusive) for tax_line in summed.tax] == [
        (D(10), D("1.90"), False),
        (D(10), D("1.90"), True),
    ]
    assert summed.total == D("23.80")


def test_the_highest_rate_stands_first_whatever_the_order_of_lines() -> None:
    exempt = vat("0", TaxCode.EXEMPT, "education")
    mixed = [line("1", exempt, key="a"), line("1", vat("7"), key="b"), line("1", vat("19"), key="c")]
    assert [tax_line.treatment.percent for tax_line in totals(mixed, "EUR").tax] == [19, 7, 0]


def test_a_zero_rate_is_shown_with_its_reason_and_costs_nothing() -> None:
    summed = totals([line("50", NO_TAX)], "EUR")
    assert summed.tax == (TaxLine(NO_TAX, D(50), D(0)),)
    assert summed.total == 50


def test_more_given_back_than_charged_is_below_zero_and_so_is_its_tax() -> None:
    """Polar #13221: the tax lines of a negative order were positive."""
    summed = totals(lines("10", "-40", tax=vat("25")), "EUR")
    assert summed.tax == (TaxLine(vat("25"), D(-30), D("-7.50")),)
    assert summed.total == D("-37.50")


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "10"), ("EUR", "9.98"), ("KWD", "9.975")])
def test_tax_has_the_digits_of_its_currency(currency: str, amount: str) -> None:
    assert str(tax_of(D(100), D("9.975"), False, currency)) == amount


def test_half_a_cent_is_rounded_away_from_zero() -> None:
    """Invoice Ninja #1453: half a cent of QST was rounded down."""
    assert tax_of(D(140), D("9.975"), False, "CAD") == D("13.97")
    assert tax_of(D(-140), D("9.975"), False, "CAD") == D("-13.97")


def test_81_lines_lose_nothing_to_rounding() -> None:
    """Autumn #3407: tax of 81 lines rounded one by one."""
    many = [line("0.77", vat("19"), key=f"{n}") for n in range(81)]
    assert totals(many, "EUR").tax[0].amount == D("11.85")  # 62.37 × 19 %; 81 × round(0.1463) is 12.15


def test_a_line_that_is_not_taxed_yet_is_our_own_mistake() -> None:
    untaxed = Line("line_1", "k", line("1").kind, "?", D(1), D(1), line("1").period)
    with pytest.raises(AssertionError):
        totals([untaxed], "EUR")


# ── laws ──

TREATMENTS = st.sampled_from([vat("19"), vat("7"), vat("8.875"), vat("19.6"), NO_TAX])


@st.composite
def invoices(draw: st.DrawFn) -> tuple[str, list[Line]]:
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    places = digits(currency)
    amounts = draw(st.lists(st.integers(-(10**7), 10**9), max_size=12))
    made = []
    for n, units in enumerate(amounts):
        off = draw(st.integers(0, abs(units)))
        half = draw(st.integers(0, off))
        sign = -1 if units < 0 else 1
        scaled = [D(sign * unit).scaleb(-places) for unit in (abs(units), half, off - half)]
        tax, inclusive = draw(TREATMENTS), draw(st.booleans())
        made.append(line(scaled[0], tax, key=f"k{n}", inclusive=inclusive, discount=scaled[1], credit=scaled[2]))
    return currency, made


@given(invoices())
def test_lines_sum_to_the_invoice(invoice: tuple[str, list[Line]]) -> None:
    currency, made = invoice
    summed = totals(made, currency)
    charged = sum((net(line) for line in made), D(0))
    assert summed.subtotal - summed.discount - summed.credit == charged
    assert (
        sum((tax_line.base + (tax_line.amount if tax_line.inclusive else 0) for tax_line in summed.tax), D(0))
        == charged
    )
    assert summed.total == sum((tax_line.base + tax_line.amount for tax_line in summed.tax), D(0))
    assert summed.total == round(summed.total, digits(currency))


@given(invoices(), st.randoms())
def test_the_order_of_lines_changes_no_figure(invoice: tuple[str, list[Line]], dice: Random) -> None:
    currency, made = invoice
    shuffled = list(made)
    dice.shuffle(shuffled)
    assert totals(shuffled, currency) == totals(made, currency)


@given(invoices())
def test_every_group_is_off_by_half_a_unit_at_most(invoice: tuple[str, list[Line]]) -> None:
    currency, made = invoice
    half = D("0.5").scaleb(-digits(currency))
    for group in totals(made, currency).tax:
        charged = group.base + (group.amount if group.inclusive else 0)
        percent = group.treatment.percent
        assert abs(group.amount - charged * percent / (100 + percent if group.inclusive else 100)) <= half
