"""What becomes of a final invoice besides being paid: it is voided, written off or credited."""

from typing import Any

import pytest
from desk import Desk
from double_entry import JANUARY, VAT, applied, invoice, item, line, note, prepaid, received
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from timeline import D, on

from domain import commands as c
from domain import events as e
from domain.books.credit import Burn, Credit, CreditKind
from domain.books.invoice import InvoiceStatus
from domain.books.line import LineKind, Step
from domain.errors import ErrorCode
from domain.exact import exact_sum
from domain.tax import TaxLine

VOID, WRITE_OFF = c.VoidInvoice("invoice_1"), c.WriteOffInvoice("invoice_1")
TAKE_IT_BACK = c.IssueCreditNote("invoice_1", "it did not work")


def billed(*amounts: str, **terms: Any) -> Desk:
    """An invoice of these lines, 19 % on top, final and due on 1 February: 100.00 come to 119.00."""
    desk = Desk()
    lines = [line(amount, JANUARY, key=f"s1/base/{n}") for n, amount in enumerate(amounts or ("100.00",))]
    desk.post("2026-02-01", invoice("1", *lines, at="2026-02-01", **terms))
    return desk


def granted(id: str, amount: str, **terms: Any) -> c.GrantCredit:
    return c.GrantCredit(replace(prepaid(id, amount), reason="sorry", **terms))


def suspended(desk: Desk, number: str = "1") -> Desk:
    desk.post("2026-03-01", e.BillingSuspended(f"invoice_{number}"))
    return desk


# ── voided ──
def test_nobody_owes_a_voided_invoice_and_voiding_it_again_changes_nothing() -> None:
    """Lago #5495: two calls, one change of status."""
    desk = billed()
    assert desk.do("2026-02-02", VOID) == [e.InvoiceVoided("invoice_1")]
    assert (desk.owed().status, desk.owed().due, desk.account.owing.amounts) == (InvoiceStatus.VOID, 0, {})
    assert desk.do("2026-02-03", VOID) == []
    assert desk.do("2026-02-03", c.VoidInvoice("invoice_1", rebill=True)) == []


def test_voiding_gives_back_the_credit_that_was_used() -> None:
    """Published case C13 (Polar): a balance of 1000, of which an order used 1000, is 1000 again."""
    desk = Desk()
    desk.do("2026-01-10", granted("bought", "1000.00"))
    desk.post("2026-02-01", invoice("1", line("2000.00", JANUARY)))
    desk.post("2026-02-01", applied("invoice_1", bought="1000.00"))
    assert desk.account.prepaid == {}
    (voided,) = desk.do("2026-02-02", VOID)
    assert voided == e.InvoiceVoided("invoice_1", (Burn("bought", D("1000.00")),))
    assert desk.account.prepaid == {"EUR": D("1000.00")}


def test_promotional_credit_comes_back_too() -> None:
    desk = Desk()
    welcome = Credit("gift", CreditKind.PROMOTIONAL, "EUR", D(30), D(30), "welcome", on("2026-01-01"))
    desk.do("2026-01-10", c.GrantCredit(welcome))
    final = invoice("1", line("100.00", JANUARY, credit=D("30.00")))
    desk.post("2026-02-01", replace(final, invoice=replace(final.invoice, credits=(Burn("gift", D("30.00")),))))
    assert desk.left_of("gift") == "0.00"
    desk.do("2026-02-02", VOID)
    assert desk.left_of("gift") == "30.00"


def test_credit_that_has_expired_meanwhile_stays_gone_and_credit_that_was_taken_back_does_not() -> None:
    desk = Desk()
    desk.do("2026-01-10", granted("short", "30.00", expires_at=on("2026-02-02")))
    desk.do("2026-01-10", granted("long", "30.00"))
    desk.post("2026-02-01", invoice("1", line("100.00", JANUARY)))
    desk.post("2026-02-01", applied("invoice_1", short="30.00", long="20.00"))
    desk.post("2026-02-01", e.CreditVoided("long", D("10.00")))
    (voided,) = desk.do("2026-02-02", VOID)
    assert voided == e.InvoiceVoided("invoice_1", (Burn("long", D("20.00")),))
    assert (desk.left_of("long"), desk.account.books.credits["long"].voided_at) == ("20.00", None)


def test_what_was_paid_with_money_is_refunded_or_credited_instead() -> None:
    desk = billed()
    desk.post("2026-02-02", received("p1", "50.00", invoice_1="50.00"))
    with desk.refuses(ErrorCode.CONFLICT, "invoice_id") as part:
        desk.do("2026-02-03", VOID)
    assert part.value.message == "50.00 of invoice 1 was paid: refund the payment or issue a credit note instead"
    desk.post("2026-02-04", received("p2", "69.00", invoice_1="69.00"))
    with desk.refuses(ErrorCode.CONFLICT, "invoice_id") as whole:
        desk.do("2026-02-05", VOID)
    assert whole.value.message == "invoice 1 is PAID: refund the payment or issue a credit note instead"


def test_an_invoice_with_a_credit_note_is_not_as_if_it_had_never_been() -> None:
    desk = billed("60.00", "40.00")
    desk.do("2026-02-02", c.IssueCreditNote("invoice_1", "too much", {"1-2": D("40.00")}))
    with desk.refuses(ErrorCode.CONFLICT, "invoice_id"):
        desk.do("2026-02-03", VOID)


def test_what_is_billed_again_counts_as_not_billed() -> None:
    desk = billed()
    assert desk.account.books.billed["s1/base/0"].amount == D("100.00")
    desk.do("2026-02-02", c.VoidInvoice("invoice_1", rebill=True))
    assert "s1/base/0" not in desk.account.books.billed


@pytest.mark.parametrize("command", [VOID, WRITE_OFF, TAKE_IT_BACK])
def test_an_invoice_that_is_not_there_cannot_be_changed(command: c.VoidInvoice) -> None:
    desk = Desk()
    with desk.refuses(ErrorCode.NOT_FOUND, "invoice_id"):
        desk.do("2026-02-02", command)


# ── written off ──
def test_a_written_off_invoice_is_not_expected_any_more_and_stays_so() -> None:
    desk = billed()
    assert desk.do("2026-01-10", WRITE_OFF) == [e.InvoiceWrittenOff("invoice_1")]
    assert (desk.owed().status, desk.account.owing.amounts) == (InvoiceStatus.UNCOLLECTIBLE, {})
    assert desk.do("2026-06-02", WRITE_OFF) == []
    with desk.refuses(ErrorCode.CONFLICT, "invoice_id"):
        desk.do("2026-06-02", VOID)


def test_only_what_is_open_can_be_written_off() -> None:
    paid, void = billed(), billed()
    paid.post("2026-02-02", received("p1", "119.00", invoice_1="119.00"))
    void.do("2026-02-02", VOID)
    for desk in (paid, void):
        with desk.refuses(ErrorCode.CONFLICT, "invoice_id"):
            desk.do("2026-06-01", WRITE_OFF)


@pytest.mark.parametrize("command", [VOID, WRITE_OFF, TAKE_IT_BACK])
def test_rights_come_back_when_nothing_else_is_overdue(command: c.VoidInvoice) -> None:
    desk = suspended(billed())
    assert desk.do("2026-03-02", command)[1:] == [e.BillingRestored()]
    assert desk.account.owing.suspended_at is None


@pytest.mark.parametrize("command", [VOID, WRITE_OFF, TAKE_IT_BACK])
def test_rights_stay_away_while_something_else_is_overdue(command: c.VoidInvoice) -> None:
    desk = billed()
    desk.post("2026-02-01", invoice("2", line("5.00", JANUARY), at="2026-02-01"))
    suspended(desk)
    assert len(desk.do("2026-03-02", command)) == 1
    assert desk.account.owing.suspended_at == on("2026-03-01")


# ── credit notes ──
def test_a_note_on_an_unpaid_invoice_lowers_what_is_owed() -> None:
    desk = billed("60.00", "40.00")
    (event,) = desk.do("2026-02-02", c.IssueCreditNote("invoice_1", "too much", {"1-2": D("10.00")}))
    assert isinstance(event, e.CreditNoteIssued)
    made = event.note
    assert (made.invoice_number, made.number, made.currency, made.reason) == ("1", "", "EUR", "too much")
    assert (made.subtotal, made.total, made.off, made.credit) == (D("10.00"), D("11.90"), D("11.90"), None)
    assert made.tax == (TaxLine(VAT, D("10.00"), D("1.90")),)
    assert (made.automatic, made.issued_at) == (False, on("2026-02-02"))
    assert desk.owed().due == D("107.10")


def test_without_amounts_all_that_is_left_goes_back() -> None:
    desk = billed("60.00", "40.00")
    desk.do("2026-02-02", c.IssueCreditNote("invoice_1", "too much", {"1-2": D("10.00")}))
    (rest,) = desk.do("2026-02-03", TAKE_IT_BACK)
    assert isinstance(rest, e.CreditNoteIssued)
    assert [(line.id, line.amount) for line in rest.note.lines] == [("1-1", D("60.00")), ("1-2", D("30.00"))]
    assert (rest.note.total, desk.owed().due, desk.owed().status) == (D("107.10"), 0, InvoiceStatus.PAID)
    with desk.refuses(ErrorCode.CONFLICT):
        desk.do("2026-02-04", TAKE_IT_BACK)


def test_what_was_paid_already_becomes_prepaid_credit() -> None:
    desk = billed()
    desk.post("2026-02-02", received("p1", "100.00", invoice_1="100.00"))
    (event,) = desk.do("2026-02-03", TAKE_IT_BACK)
    assert isinstance(event, e.CreditNoteIssued)
    credit = event.note.credit
    assert credit is not None
    assert (event.note.off, credit.amount, credit.remaining) == (D("19.00"), D("100.00"), D("100.00"))
    assert (credit.kind, credit.source, credit.reason) == (CreditKind.PREPAID, event.note.id, "it did not work")
    assert desk.account.prepaid == {"EUR": D("100.00")}


def test_a_note_repeats_the_words_of_the_invoice_and_the_reason() -> None:
    desk = Desk()
    final = invoice("1", line("100.00", JANUARY, discount=D("10.00"), plan_key="pro", usage=JANUARY))
    desk.post("2026-02-01", final)
    command = replace(TAKE_IT_BACK, lines=final.invoice.lines)
    (event,) = desk.do("2026-02-02", command)
    assert isinstance(event, e.CreditNoteIssued)
    (told,) = event.note.lines
    assert (told.description, told.plan_key, told.period, told.usage) == ("Pro", "pro", JANUARY, JANUARY)
    assert (told.amount, told.discount, told.treatment) == (D("90.00"), 0, VAT)
    assert told.steps == (Step("it did not work", D(1), D("90.00"), D("90.00")),)


def test_two_notes_have_two_ids() -> None:
    desk = billed("60.00", "40.00")
    ids = set()
    for line_id in ("1-1", "1-2"):
        (event,) = desk.do("2026-02-02", c.IssueCreditNote("invoice_1", "too much", {line_id: D("10.00")}))
        assert isinstance(event, e.CreditNoteIssued)
        ids.add(event.note.id)
    assert len(ids) == 2


def test_nothing_is_credited_of_a_void_invoice() -> None:
    desk = billed()
    desk.do("2026-02-02", VOID)
    with desk.refuses(ErrorCode.CONFLICT, "invoice_id"):
        desk.do("2026-02-03", TAKE_IT_BACK)


def test_of_a_written_off_invoice_only_what_had_been_paid_becomes_credit() -> None:
    desk = billed()
    desk.post("2026-02-02", received("p1", "50.00", invoice_1="50.00"))
    desk.do("2026-06-01", WRITE_OFF)
    desk.do("2026-06-02", TAKE_IT_BACK)
    assert desk.account.prepaid == {"EUR": D("50.00")}


def test_an_invoice_that_a_coupon_covers_wholly_leaves_nothing_to_credit() -> None:
    """Lago #5190: a credit note of zero was an error; here none is made."""
    desk = Desk()
    desk.post("2026-02-01", invoice("1", line("100.00", JANUARY, discount=D("100.00"))))
    with desk.refuses(ErrorCode.CONFLICT):
        desk.do("2026-02-02", TAKE_IT_BACK)


def test_bought_credit_is_not_given_twice_by_crediting_its_line() -> None:
    bought = prepaid("bought", "50.00")
    desk = Desk()
    desk.post("2026-02-01", item("1", "50.00", bought))
    lines = line("50.00", JANUARY, LineKind.CREDIT, key="item/1"), line("10.00", JANUARY)
    desk.post("2026-02-01", invoice("1", *lines, buys=[bought]))
    with desk.refuses(ErrorCode.CONFLICT, "invoice_id"):
        desk.do("2026-02-02", TAKE_IT_BACK)
    with desk.refuses(ErrorCode.CONFLICT, "invoice_id"):
        desk.do("2026-02-02", c.IssueCreditNote("invoice_1", "too much", {"1-1": D("5.00")}))
    assert desk.do("2026-02-02", c.IssueCreditNote("invoice_1", "too much", {"1-2": D("5.00")}))


def test_a_note_needs_a_reason_and_a_line_of_the_invoice() -> None:
    desk = billed()
    with desk.refuses(ErrorCode.INVALID, "reason"):
        desk.do("2026-02-02", c.IssueCreditNote("invoice_1", " "))
    with desk.refuses(ErrorCode.NOT_FOUND, "amounts"):
        desk.do("2026-02-02", c.IssueCreditNote("invoice_1", "oops", {"2-1": D(1)}))
    with desk.refuses(ErrorCode.INVALID, "amounts"):
        desk.do("2026-02-02", c.IssueCreditNote("invoice_1", "oops", {"1-1": D("100.01")}))


def test_a_note_that_someone_else_made_counts() -> None:
    """An automatic one, of which nothing is decided here, leaves less to credit."""
    desk = Desk()
    final = invoice("1", line("100.00", JANUARY))
    desk.post("2026-02-01", final)
    desk.post("2026-02-02", note(final, replace(final.invoice.lines[0], amount=D("60.00")), off="71.40"))
    (event,) = desk.do("2026-02-03", TAKE_IT_BACK)
    assert isinstance(event, e.CreditNoteIssued)
    assert (event.note.total, desk.owed().due) == (D("47.60"), 0)


@given(
    paid=st.decimals("0", "119.00", places=2),
    parts=st.lists(st.decimals("0.01", "50.00", places=2), max_size=4),
)
def test_notes_for_all_parts_sum_to_the_invoice_and_give_back_what_was_paid(paid: Any, parts: list[Any]) -> None:
    desk = billed("70.00", "30.00")
    if paid:
        desk.post("2026-02-01", received("p1", paid, invoice_1=paid))
    notes = []
    for part in parts:
        rest = desk.owed().lines[0].net - desk.owed().lines[0].credited
        if part <= rest:
            notes += desk.do("2026-02-02", c.IssueCreditNote("invoice_1", "part", {"1-1": part}))
    notes += desk.do("2026-02-03", TAKE_IT_BACK)
    totals = [note.note.total for note in notes if isinstance(note, e.CreditNoteIssued)]
    assert exact_sum(totals) == D("119.00")
    assert desk.account.prepaid.get("EUR", 0) == paid
    assert desk.owed().due == 0
