"""Credit notes: what they take back, so that all of them together are the invoice."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_lines import NO_TAX, line, lines, noted, owed, vat

from domain.books.invoice import Receivable
from domain.books.line import Line
from domain.errors import ErrorCode, Refusal
from domain.money import digits
from domain.tax import TaxLine
from domain.totals import Credited, credit_note_amounts, totals

D = Decimal


def invoice(lines: Sequence[Line], currency: str = "EUR") -> Receivable:
    return owed(lines, totals(lines, currency), currency)


def in_parts(receivable: Receivable, parts: Sequence[dict[str, str] | None]) -> list[Credited]:
    notes = []
    for part in parts:
        amounts = None if part is None else {id: D(amount) for id, amount in part.items()}
        notes.append(credit_note_amounts(receivable, amounts))
        receivable = noted(receivable, notes[-1])
    return notes


def refused(receivable: Receivable, amounts: dict[str, str] | None) -> ErrorCode:
    with pytest.raises(Refusal) as refusal:
        in_parts(receivable, [amounts])
    assert refusal.value.field == (() if amounts is None else ("amounts",))
    return refusal.value.code


FEE = "line_sub/0/1"
OTHER = "line_sub/1/1"


def test_the_whole_invoice_goes_back_with_exactly_its_tax() -> None:
    mixed = [line("33.33", vat("19"), key="a"), line("11.90", vat("7"), key="b", inclusive=True), line("5", key="c")]
    whole = invoice(mixed)
    note = credit_note_amounts(whole, None)
    assert (note.tax, note.total) == (whole.tax, whole.total)
    assert note.amounts == {"line_a": D("33.33"), "line_b": D("11.90"), "line_c": D(5)}


def test_a_part_takes_back_its_own_tax_rounded() -> None:
    (note,) = in_parts(invoice(lines("200", tax=vat("25"))), [{FEE: "193.33"}])
    assert note.tax == (TaxLine(vat("25"), D("193.33"), D("48.33")),)
    assert (note.subtotal, note.total) == (D("193.33"), D("241.66"))


def test_of_a_price_with_tax_the_part_contains_its_tax() -> None:
    (note,) = in_parts(invoice(lines("119", tax=vat("19"), inclusive=True)), [{FEE: "11.90"}])
    assert note.tax == (TaxLine(vat("19"), D("10.00"), D("1.90"), inclusive=True),)
    assert note.total == D("11.90")


def test_what_a_discount_or_promotional_credit_took_off_is_not_given_back() -> None:
    discounted = [line("100", vat("20"), discount="10", credit="5")]
    assert credit_note_amounts(invoice(discounted), None).total == 102
    assert refused(invoice(discounted), {"line_sub/fee/1": "85.01"}) is ErrorCode.INVALID


def test_the_last_part_takes_what_is_left_of_the_tax() -> None:
    """Published case I09b: rounded by itself the last part would give back 2 cents too much."""
    four = lines("68.33", "68.33", "68.33", "68.33", tax=vat("20"))
    ids = [line.id for line in four]
    parts = [
        {ids[0]: "68.33"},
        {ids[1]: "68.33"},
        {ids[2]: "68.33"},
        {ids[3]: "13.67"},
        {ids[3]: "22.33"},
        {ids[3]: "32.33"},
    ]
    notes = in_parts(invoice(four), parts)
    assert [str(note.total) for note in notes] == ["82.00", "82.00", "82.00", "16.40", "26.80", "38.78"]
    assert sum(note.total for note in notes) == invoice(four).total == D("327.98")


@pytest.mark.parametrize(
    ("amount", "percent", "unused", "total"),
    [
        ("200.00", "25", "193.33", "241.66"),  # 193.333 + 48.333 would be 241.67
        ("160.00", "25", "154.67", "193.34"),
        ("29.99", "23.33", "25.71", "31.71"),
    ],
)
def test_line_and_tax_are_rounded_each_and_the_note_is_their_sum(
    amount: str, percent: str, unused: str, total: str
) -> None:
    """getlago/lago-api: spec/scenarios/credit_notes/credit_note_rounding_spec.rb (Lago #4373)"""
    (note,) = in_parts(invoice(lines(amount, tax=vat(percent))), [{FEE: unused}])
    assert note.total == D(total)


def test_a_second_note_takes_the_rest_of_the_tax_also_after_a_first_rounded_down() -> None:
    """getlago/lago-api, the same spec: 769.00 with 20 % in two parts. They find 8.43 tax in the second; so do we."""
    first, second = in_parts(invoice(lines("769", tax=vat("20"))), [{FEE: "726.86"}, {FEE: "42.14"}])
    assert (first.tax[0].amount, first.total) == (D("145.37"), D("872.23"))
    assert (second.tax[0].amount, second.total) == (D("8.43"), D("50.57"))


def test_tiny_parts_never_take_back_more_tax_than_there_was() -> None:
    """Polar #13381: a part took back more tax than there was. Of 0.03 it is 0.01 each time, of all 0.09 it is 0.02."""
    notes = in_parts(invoice(lines("0.09", tax=vat("19"))), [{FEE: "0.03"}] * 3)
    assert [note.tax[0].amount for note in notes] == [D("0.01"), D("0.01"), D("0.00")]


def test_parts_too_small_for_tax_leave_no_more_of_it_than_the_price_still_contains() -> None:
    """A cent with 19 % in it contains no tax; 118 of them would leave 0.19 of tax in the last cent."""
    notes = in_parts(invoice(lines("1.19", tax=vat("19"), inclusive=True)), [{FEE: "0.01"}] * 119)
    assert all(0 <= note.tax[0].amount <= note.total for note in notes)
    assert sum(note.tax[0].amount for note in notes) == D("0.19")
    assert sum(note.total for note in notes) == D("1.19")


def test_a_line_without_tax_goes_back_beside_one_with_tax() -> None:
    mixed = [line("10", vat("20"), key="a"), line("10", NO_TAX, key="b")]
    (note,) = in_parts(invoice(mixed), [{"line_b": "4"}])
    assert note.tax == (TaxLine(NO_TAX, D(4), D(0)),)
    assert note.total == 4


# ── refused ──


def test_no_more_than_is_left_of_a_line() -> None:
    two = invoice(lines("10", "20", tax=vat("20")))
    assert refused(two, {FEE: "10.01"}) is ErrorCode.INVALID
    once = noted(two, credit_note_amounts(two, {FEE: D(6)}))
    assert refused(once, {FEE: "4.01"}) is ErrorCode.INVALID
    assert credit_note_amounts(once, {FEE: D(4)}).subtotal == 4


@pytest.mark.parametrize("amount", ["0", "-1", "0.001"])
def test_an_amount_is_above_zero_and_has_the_currencys_digits(amount: str) -> None:
    assert refused(invoice(lines("10")), {FEE: amount}) is ErrorCode.INVALID


def test_a_note_names_lines_and_those_of_its_invoice() -> None:
    assert refused(invoice(lines("10")), {}) is ErrorCode.INVALID
    assert refused(invoice(lines("10")), {OTHER: "1"}) is ErrorCode.NOT_FOUND


def test_what_was_credited_in_full_cannot_be_credited_again() -> None:
    """Kill Bill #1505: a second credit after a full one."""
    whole = invoice(lines("10", tax=vat("20")))
    gone = noted(whole, credit_note_amounts(whole, None))
    assert refused(gone, None) is ErrorCode.CONFLICT
    with pytest.raises(Refusal) as again:
        credit_note_amounts(gone, {FEE: D(1)})
    assert again.value.code is ErrorCode.CONFLICT


def test_of_an_invoice_of_nothing_there_is_nothing_to_credit() -> None:
    """Lago #5190: everything was covered by a coupon."""
    assert refused(invoice([line("10", vat("20"), discount="10")]), None) is ErrorCode.CONFLICT


def test_beside_a_return_no_more_goes_back_than_was_charged_in_all() -> None:
    """100 and a return of 40 taxed alike: 60 are left, however much stands on the first line."""
    two = invoice(lines("100", "-40", tax=vat("20")))
    assert refused(two, {FEE: "61"}) is ErrorCode.INVALID
    all_of_it = credit_note_amounts(two, {FEE: D(60)})
    assert all_of_it.total == two.total == 72
    assert refused(noted(two, all_of_it), None) is ErrorCode.CONFLICT  # 40 and −40 cancel out


def test_nor_than_the_invoice_comes_to_where_the_return_is_taxed_otherwise() -> None:
    two = invoice([line("100", vat("20"), key="a"), line("-50", vat("10"), key="b")])
    assert two.total == 65
    assert refused(two, {"line_a": "60"}) is ErrorCode.INVALID
    assert [note.total for note in in_parts(two, [{"line_a": "50"}, None])] == [60, 5]


def test_what_became_credit_because_it_was_paid_counts_as_credited() -> None:
    two = invoice([line("100", vat("20"), key="a"), line("-50", vat("10"), key="b")])
    once = noted(two, credit_note_amounts(two, {"line_a": D(50)}))
    paid = replace(once, paid=two.total, credited=D(0), returned=once.credited)
    assert refused(paid, {"line_a": "10"}) is ErrorCode.INVALID  # 12 with tax; 5 are left


# ── laws ──


@st.composite
def partitions(draw: st.DrawFn) -> tuple[Receivable, list[dict[str, Decimal]]]:
    """An invoice and a way to take all of it back in notes, line by line and cent by cent in any order."""
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    unit = D(1).scaleb(-digits(currency))
    made: list[Line] = []
    pieces: list[tuple[str, Decimal]] = []
    for n, units in enumerate(draw(st.lists(st.integers(1, 5_000), min_size=1, max_size=4))):
        tax = draw(st.sampled_from([vat("19"), vat("7.7"), vat("100"), NO_TAX]))
        off = draw(st.integers(0, 20))
        one = line((units + off) * unit, tax, key=f"{n}", inclusive=draw(st.booleans()), discount=off * unit)
        cuts = sorted(draw(st.sets(st.integers(0, units), max_size=6)) | {0, units})
        pieces += [(one.id, (b - a) * unit) for a, b in pairwise(cuts)]
        made.append(one)
    notes: list[dict[str, Decimal]] = [{}]
    for id, amount in draw(st.permutations(pieces)):
        if id in notes[-1] or draw(st.booleans()):
            notes.append({})
        notes[-1][id] = amount
    return invoice(made, currency), [note for note in notes if note]


@given(partitions())
def test_notes_of_all_parts_sum_to_the_invoice(case: tuple[Receivable, list[dict[str, Decimal]]]) -> None:
    whole, parts = case
    receivable = whole
    base: dict[int, Decimal] = dict.fromkeys(range(len(whole.tax)), D(0))
    for part in parts:
        note = credit_note_amounts(receivable, part)
        assert all(tax_line.amount >= 0 for tax_line in note.tax)
        assert all(tax_line.base >= 0 for tax_line in note.tax)
        for tax_line in note.tax:
            base[next(n for n, tax in enumerate(whole.tax) if _same(tax_line, tax))] += tax_line.base
        receivable = noted(receivable, note)
        assert receivable.credited <= whole.total
        assert all(back <= tax.amount for back, tax in zip(receivable.taken_back, whole.tax, strict=True))
    assert receivable.credited == whole.total
    assert receivable.taken_back == tuple(tax_line.amount for tax_line in whole.tax)
    assert list(base.values()) == [tax_line.base for tax_line in whole.tax]


@given(partitions(), st.integers(0, 5))
def test_all_that_is_left_completes_the_invoice_at_any_moment(
    case: tuple[Receivable, list[dict[str, Decimal]]], n: int
) -> None:
    whole, parts = case
    receivable = whole
    for part in parts[: min(n, len(parts) - 1)]:
        receivable = noted(receivable, credit_note_amounts(receivable, part))
    rest = credit_note_amounts(receivable, None)
    assert receivable.credited + rest.total == whole.total


def _same(one: TaxLine, other: TaxLine) -> bool:
    return (one.treatment, one.inclusive) == (other.treatment, other.inclusive)
