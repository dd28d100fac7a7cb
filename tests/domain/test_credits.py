"""Credit given by hand and taken back."""

from typing import Any

import pytest
from desk import Desk
from double_entry import JANUARY, applied, invoice, line
from msgspec.structs import replace
from timeline import D, on

from domain import commands as c
from domain import events as e
from domain.books.credit import Credit, CreditKind
from domain.decide.credits import CREDITS_MAX
from domain.errors import ErrorCode


def credit(id: str = "credit_1", amount: str = "30", kind: CreditKind = CreditKind.PREPAID, **terms: Any) -> Credit:
    """As the edge hands it over: when it is granted and what remains is not for it to say."""
    usual: dict[str, Any] = {"currency": "EUR", "remaining": D(0), "reason": "sorry", "granted_at": on("2000-01-01")}
    return Credit(id=id, kind=kind, amount=D(amount), **(usual | terms))


def grant(id: str = "credit_1", amount: str = "30", **terms: Any) -> c.GrantCredit:
    return c.GrantCredit(credit(id, amount, **terms))


@pytest.mark.parametrize("kind", CreditKind)
def test_what_is_granted_remains_whole_from_now_on(kind: CreditKind) -> None:
    desk = Desk()
    events = desk.do("2026-01-10", grant(kind=kind, priority=7, expires_at=on("2026-07-01")))
    given = credit(
        amount="30.00",
        remaining=D("30.00"),
        kind=kind,
        granted_at=on("2026-01-10"),
        priority=7,
        expires_at=on("2026-07-01"),
    )
    assert events == [e.CreditGranted(given)]
    assert desk.account.books.credits == {"credit_1": given}


def test_prepaid_credit_is_known_to_whoever_asks_about_rights_and_promotional_credit_is_not() -> None:
    desk = Desk()
    desk.do("2026-01-10", grant("a", "30"))
    desk.do("2026-01-10", grant("b", "12.50"))
    desk.do("2026-01-10", grant("c", "99", kind=CreditKind.PROMOTIONAL))
    assert desk.account.prepaid == {"EUR": D("42.50")}


@pytest.mark.parametrize(
    ("terms", "code", "field"),
    [
        ({"amount": "0"}, ErrorCode.INVALID, ("amount",)),
        ({"amount": "-1"}, ErrorCode.INVALID, ("amount",)),
        ({"amount": "0.005"}, ErrorCode.INVALID, ("amount",)),
        ({"currency": "USD"}, ErrorCode.CURRENCY_MISMATCH, ("currency",)),
        ({"reason": " "}, ErrorCode.INVALID, ("reason",)),
        ({"reason": "x" * 501}, ErrorCode.INVALID, ("reason",)),
        ({"priority": -1}, ErrorCode.INVALID, ("priority",)),
        ({"priority": 101}, ErrorCode.INVALID, ("priority",)),
        ({"expires_at": on("2026-01-10")}, ErrorCode.INVALID, ("expires_at",)),
    ],
)
def test_what_makes_no_sense_is_refused(terms: dict[str, Any], code: ErrorCode, field: tuple[str, ...]) -> None:
    desk = Desk()
    with desk.refuses(code, *field):
        desk.do("2026-01-10", grant(**terms))


def test_a_customer_has_at_most_so_many_credits_with_something_left() -> None:
    desk = Desk()
    gift = CreditKind.PROMOTIONAL
    many = {f"credit_{n}": credit(f"credit_{n}", kind=gift, remaining=D(1)) for n in range(CREDITS_MAX)}
    desk.account = replace(desk.account, books=replace(desk.account.books, credits=many))
    with desk.refuses(ErrorCode.LIMIT_REACHED):
        desk.do("2026-01-10", grant("one more", kind=gift))
    many["credit_0"] = credit("credit_0", kind=gift)  # used up
    desk.account = replace(desk.account, books=replace(desk.account.books, credits=many))
    assert desk.do("2026-01-10", grant("one more", kind=gift))


# ── taken back ──
def test_all_that_remains_is_taken_back_unless_an_amount_is_named() -> None:
    desk = Desk()
    desk.do("2026-01-10", grant(amount="30"))
    assert desk.do("2026-01-11", c.VoidCredit("credit_1", D("12.5"))) == [e.CreditVoided("credit_1", D("12.50"))]
    assert (desk.left_of("credit_1"), desk.account.books.credits["credit_1"].voided_at) == ("17.50", None)
    assert desk.do("2026-01-12", c.VoidCredit("credit_1")) == [e.CreditVoided("credit_1", D("17.50"))]
    assert (desk.left_of("credit_1"), desk.account.books.credits["credit_1"].voided_at) == ("0.00", on("2026-01-12"))


def test_two_invoices_use_one_grant_and_the_rest_is_left() -> None:
    """Published case C03b (Lago): 100 granted, 25 and 35 used, 40 left."""
    desk = Desk()
    desk.do("2026-01-10", grant(amount="100"))
    for number, amount in (("1", "25"), ("2", "35")):
        desk.post("2026-02-01", invoice(number, line("50", JANUARY)))
        desk.post("2026-02-01", applied(f"invoice_{number}", credit_1=amount))
    assert desk.left_of("credit_1") == "40.00"


def test_each_void_can_be_traced_to_its_grant() -> None:
    """Published case C03b (Lago): 60 of grants of 30 and 50 are taken back as 30 and 30."""
    desk = Desk()
    desk.do("2026-01-10", grant("a", "30"))
    desk.do("2026-01-10", grant("b", "50"))
    voided = [*desk.do("2026-01-11", c.VoidCredit("a")), *desk.do("2026-01-11", c.VoidCredit("b", D(30)))]
    assert voided == [e.CreditVoided("a", D("30.00")), e.CreditVoided("b", D("30.00"))]
    assert desk.account.prepaid == {"EUR": D(20)}


def test_what_is_used_up_unknown_or_too_much_cannot_be_taken_back() -> None:
    desk = Desk()
    desk.do("2026-01-10", grant(amount="30"))
    with desk.refuses(ErrorCode.NOT_FOUND, "credit_id"):
        desk.do("2026-01-11", c.VoidCredit("credit_2"))
    for amount in ("30.01", "0", "-1", "0.001"):
        with desk.refuses(ErrorCode.INVALID, "amount"):
            desk.do("2026-01-11", c.VoidCredit("credit_1", D(amount)))
    desk.do("2026-01-11", c.VoidCredit("credit_1"))
    with desk.refuses(ErrorCode.CONFLICT, "credit_id"):
        desk.do("2026-01-11", c.VoidCredit("credit_1"))
