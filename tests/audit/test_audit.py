"""What `tollgate verify` says of money: nothing where all is well; and each fault that is planted, or that an older
release has left."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

sys.path += [str(Path(__file__).parent.parent / "domain"), str(Path(__file__).parent.parent)]

from billed_shop import SILVER, Shop
from lives.draw import draw
from lives.live import live
from timeline import D, on

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.billing.uncorrected import last_billing_point, uncorrected
from domain.billing.wanted import Wanted
from domain.books.credit import CreditKind
from domain.evolve import evolve_account
from domain.ledger import LedgerAccount, Posting, postings
from domain.ledger.audit import faults

Journal = Sequence[tuple[datetime, e.AccountEvent]]


def folded(journal: Journal) -> tuple[Account, list[Posting]]:
    account, posted = Account(), []
    for at, event in journal:
        before, account = account, evolve_account(account, event, at)
        posted += postings(before, event, account, at)
    return account, posted


def found(journal: Journal) -> list[str]:
    account, posted = folded(journal)
    return list(faults(account.books, [event for _, event in journal], posted))


def differs(journal: Journal) -> list[str]:
    """Of an account without usage."""
    account, _ = folded(journal)
    point = last_billing_point(account)
    if point is None or point.until is None:
        return []
    due = Wanted(account, point.until)
    wanted = due.charges({count: D(0) for count in due.counts})
    return [f"{key.split('/')[1]} {amount:+f}" for key, amount, _ in uncorrected(account, wanted, journal[-1][0])]


def credited() -> Shop:
    """30.00 paid, half of it credited by hand."""
    shop = Shop("2026-06-01")
    shop.subscribe("2026-06-01", SILVER)
    shop.pay("2026-06-01")
    line = shop.invoices[0].lines[0]
    shop.do("2026-06-02", c.IssueCreditNote(shop.invoices[0].id, "sorry", {line.id: D("15.00")}))
    return shop


def changed(journal: Journal, kind: type, change: Callable[[Any], Any]) -> Journal:
    return [(at, change(event) if isinstance(event, kind) else event) for at, event in journal]


def noted(**terms: Any) -> Callable[[e.CreditNoteIssued], e.CreditNoteIssued]:
    return lambda event: replace(event, note=replace(event.note, **terms))


# ── nothing where all is well ──
@pytest.mark.parametrize("first", range(0, 40, 10))
def test_of_lives_that_are_as_the_rules_want_nothing_is_said(first: int) -> None:
    for seed in range(first, first + 10):
        lived = live(draw(seed))
        said = [one for one in found(lived.timeline.journal) if not lived.unspent]
        assert (seed, said, differs(lived.timeline.journal)) == (seed, [], [])


# ── planted ──
def test_a_line_and_its_invoice_that_are_credited_above_themselves() -> None:
    journal = credited().journal
    (note,) = (event.note for _, event in journal if isinstance(event, e.CreditNoteIssued))
    line = replace(note.lines[0], amount=D("31.00"))
    more = changed(journal, e.CreditNoteIssued, noted(lines=(line,), total=D("31.00"), off=D("31.00"), credit=None))
    assert [one for one in found(more) if "is credited" in one] == [
        "invoice INV-1 of 30.00 is credited 31.00",
        f"line {line.id} of 30.00 on invoice INV-1 is credited 31.00",
    ]


def test_a_tax_that_is_credited_above_itself() -> None:
    journal = credited().journal
    (note,) = (event.note for _, event in journal if isinstance(event, e.CreditNoteIssued))
    more = changed(journal, e.CreditNoteIssued, noted(tax=(replace(note.tax[0], amount=D("1.00")),)))
    account, _ = folded(journal)
    said = list(faults(account.books, [event for _, event in more], []))
    assert "No tax 0 % of 0.00 on invoice INV-1 is credited 1.00" in said


def test_what_a_note_takes_back_and_nobody_gets() -> None:
    journal = credited().journal
    account, posted = folded(journal)
    less = changed(journal, e.CreditNoteIssued, noted(credit=None))
    assert list(faults(account.books, [event for _, event in less], posted)) == [
        "15.00 of the credit notes of invoice INV-1 neither lowered what was owed nor went back"
    ]


def test_a_refund_that_a_note_documents_is_no_fault() -> None:
    shop = Shop("2026-06-01")
    shop.subscribe("2026-06-01", SILVER)
    shop.pay("2026-06-01")
    (payment,) = shop.account.books.payments
    shop.do("2026-06-02", c.RefundPayment("r1", payment, D("15.00")))
    shop.do("2026-06-03", c.IssueCreditNote(shop.invoices[0].id, "sorry"))
    assert found(shop.journal) == []


def test_books_that_say_something_else_than_documents_and_ledger() -> None:
    journal = credited().journal
    account, posted = folded(journal)
    (owed,) = account.books.receivables.values()
    events = [event for _, event in journal]
    dearer = replace(account.books, receivables={owed.id: replace(owed, total=D("40.00"))})
    assert list(faults(dearer, events, posted)) == [
        "invoice INV-1 comes to 30.00, in the books to 40.00",
        "RECEIVABLE is 0.00 EUR in the ledger and 10.00 in the books",
        "10.00 of invoice INV-1 are owed beside 15.00 EUR of prepaid credit",
    ]
    gone = replace(account.books, receivables={}, payments={})
    assert "the books do not have invoice INV-1" in list(faults(gone, events, []))


def test_a_ledger_that_misses_an_entry() -> None:
    journal = credited().journal
    account, posted = folded(journal)
    rest = [posting for posting in posted if posting.account is not LedgerAccount.CASH]
    assert list(faults(account.books, [event for _, event in journal], rest)) == [
        "CASH is 0 EUR in the ledger and 30.00 in the books"
    ]


def test_what_is_owed_beside_credit_unless_it_is_being_charged() -> None:
    journal = credited().journal
    account, posted = folded(journal)
    (owed,) = account.books.receivables.values()
    open_again = replace(account.books, receivables={owed.id: replace(owed, paid=D("20.00"))})
    said = list(faults(open_again, [event for _, event in journal], posted))
    assert said[-1] == "10.00 of invoice INV-1 are owed beside 15.00 EUR of prepaid credit"
    (payment,) = account.books.payments.values()
    charging = replace(open_again, payments={payment.id: replace(payment, settled_at=None)})
    assert not [one for one in faults(charging, [event for _, event in journal], posted) if "beside" in one]
    given = {id: replace(one, kind=CreditKind.PROMOTIONAL) for id, one in account.books.credits.items()}
    kept = replace(open_again, credits=given)
    assert not [one for one in faults(kept, [event for _, event in journal], posted) if "beside" in one]


def test_a_fee_that_was_billed_at_another_amount_than_its_price() -> None:
    """Written by something that took 3.00 too much; and a period of which nothing was billed."""
    shop = Shop("2026-06-01")
    shop.subscribe("2026-06-01", SILVER)
    journal = changed(
        shop.journal,
        e.InvoiceFinalized,
        lambda event: replace(
            event,
            invoice=replace(
                event.invoice, lines=(replace(event.invoice.lines[0], amount=D("33.00")),), total=D("33.00")
            ),
        ),
    )
    assert differs(shop.journal) == []
    assert differs(journal) == ["price_base_MONTH_silver_1 -3.00"]
    skipped = e.BillingClosed(on("2026-06-01"), on("2026-04-02"))
    without = [(at, skipped if isinstance(event, e.InvoiceFinalized) else event) for at, event in shop.journal]
    assert differs(without) == ["price_base_MONTH_silver_1 +30.00"]


# ── left by an older release ──
def older(name: str) -> Journal:
    """What the release before lines knew what they correct has recorded."""
    text = (Path(__file__).parent / "older" / f"{name}.json").read_bytes()
    return msgspec.json.decode(text, type=list[tuple[datetime, e.AccountEvent]])


def test_what_an_older_release_kept_of_a_customers_money() -> None:
    """29.47 were used, 45.00 borne."""
    said = found(older("changes_to_and_fro"))
    assert "invoice INV-1 of 44.00 is credited 52.66" in said
    assert said[-1] == "15.53 of the credit notes of invoice INV-1 neither lowered what was owed nor went back"


def test_what_an_older_release_billed_by_other_rules() -> None:
    assert differs(older("a_day_billed_twice")) == ["price_base_MONTH_n_1 -1.75"]
    assert differs(older("a_set_up_billed_twice")) == ["price_setup_ONCE_v_12 -65.51"]
