"""Credit: which is used first, how much of each, and what promotional credit takes off an invoice."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_lines import NOW, credit, line, lines, vat

from domain.books.credit import Burn, Credit, CreditKind
from domain.books.line import Line, LineKind
from domain.policy import BurnBy
from domain.seller import BillingSettings
from domain.totals import burn, burn_order, promoted, totals

D = Decimal
DEFAULT = BillingSettings().burn_order
PROMOTIONAL, PREPAID = CreditKind.PROMOTIONAL, CreditKind.PREPAID


def taken(credits: list[Credit], amount: str, kind: CreditKind = PROMOTIONAL) -> dict[str, Decimal]:
    return {taken.credit_id: taken.amount for taken in burn(credits, D(amount), DEFAULT, kind, "EUR", NOW)}


def test_lower_priority_first_then_the_soonest_to_expire_then_the_older() -> None:
    credits = [
        credit("never", "10"),
        credit("late", "10", expires=9),
        credit("soon", "10", expires=1),
        credit("first", "10", priority=1),
        credit("old", "10", age=9),
    ]
    assert [credit.id for credit in burn_order(credits, DEFAULT)] == ["first", "soon", "late", "old", "never"]


def test_what_was_given_goes_before_what_was_bought() -> None:
    credits = [credit("bought", "10", kind=PREPAID, age=9), credit("given", "10")]
    assert [credit.id for credit in burn_order(credits, DEFAULT)] == ["given", "bought"]
    assert [credit.id for credit in burn_order(credits, (BurnBy.AGE,))] == ["bought", "given"]


def test_equal_credits_go_by_id_and_an_order_without_criteria_is_still_one() -> None:
    credits = [credit("b", "10"), credit("a", "10")]
    assert [credit.id for credit in burn_order(credits, DEFAULT)] == ["a", "b"]
    assert [credit.id for credit in burn_order(credits, ())] == ["a", "b"]


def test_one_credit_after_the_other_until_the_amount_is_covered() -> None:
    credits = [credit("a", "10"), credit("b", "10"), credit("c", "10")]
    assert taken(credits, "15") == {"a": 10, "b": 5}
    assert taken(credits, "99") == {"a": 10, "b": 10, "c": 10}
    assert taken(credits, "0") == {}
    assert taken(credits, "-5") == {}


def test_what_is_not_there_at_the_instant_is_not_used() -> None:
    credits = [
        credit("expiring now", "10", expires=0),
        credit("given tomorrow", "10", age=-1),
        credit("dollars", "10", currency="USD"),
        credit("bought", "10", kind=PREPAID),
        replace(credit("voided", "10"), voided_at=NOW),
        replace(credit("expired", "10"), expired_at=NOW),
        replace(credit("used up", "10"), remaining=D(0)),
        credit("given now", "10", age=0),
    ]
    assert taken(credits, "99") == {"given now": 10}
    assert taken(credits, "99", PREPAID) == {"bought": 10}


def test_only_what_remains_can_be_used() -> None:
    assert taken([replace(credit("a", "10"), remaining=D(3))], "5") == {"a": 3}


# ── on an invoice ──


def test_promotional_credit_lowers_the_base_of_the_tax() -> None:
    result = promoted(lines("100", tax=vat("20")), [credit("gift", "30")], DEFAULT, "EUR", NOW)
    summed = totals(result.lines, "EUR")
    assert result.burns == (Burn("gift", D(30)),)
    assert (summed.credit, summed.tax[0].base, summed.total) == (30, 70, 84)


def test_it_is_split_over_the_lines_by_what_coupons_left_of_them() -> None:
    two = [line("100", key="a", discount="50"), line("100", key="b")]
    assert [line.credit for line in promoted(two, [credit("gift", "30")], DEFAULT, "EUR", NOW).lines] == [10, 20]


def test_more_credit_than_the_invoice_leaves_it_at_zero_and_the_rest_in_the_credit() -> None:
    """Lago #4794: credit exceeded the invoice, which fell below zero."""
    result = promoted([line("100", vat("20"), discount="10")], [credit("gift", "500")], DEFAULT, "EUR", NOW)
    assert result.burns == (Burn("gift", D(90)),)
    assert totals(result.lines, "EUR").total == 0


def test_a_hundred_fees_with_fractional_tax_leave_no_cent_open() -> None:
    """Lago #5121: one cent stayed open although there was credit enough."""
    many = [line(f"0.{n:02}", vat("8.875"), key=f"{n:03}") for n in range(1, 100)]
    assert totals(promoted(many, [credit("gift", "500")], DEFAULT, "EUR", NOW).lines, "EUR").total == 0


def test_what_is_given_back_lowers_the_cap_and_keeps_its_share() -> None:
    change = [line("-50", key="old", credit="-10"), line("80", key="new")]
    result = promoted(change, [credit("gift", "500")], DEFAULT, "EUR", NOW)
    assert [line.credit for line in result.lines] == [-10, 40]
    assert totals(result.lines, "EUR").total == 0


def test_where_more_is_given_back_than_charged_no_credit_is_used() -> None:
    change = [line("-50", key="old"), line("30", key="new")]
    assert promoted(change, [credit("gift", "500")], DEFAULT, "EUR", NOW).burns == ()


def test_credit_is_not_bought_with_credit() -> None:
    purchase = [line("100", kind=LineKind.CREDIT, key="top-up"), line("20", key="fee")]
    result = promoted(purchase, [credit("gift", "500")], DEFAULT, "EUR", NOW)
    assert [line.credit for line in result.lines] == [0, 20]


def test_credit_that_lines_hold_already_is_not_taken_again() -> None:
    once = promoted(lines("100", "50"), [credit("gift", "30")], DEFAULT, "EUR", NOW)
    again = promoted(once.lines, [credit("gift", "30")], DEFAULT, "EUR", NOW)
    assert (again.lines, again.burns) == (once.lines, ())


@pytest.mark.parametrize("expiry", [timedelta(0), timedelta(microseconds=1)])
def test_credit_is_gone_at_the_instant_it_expires(expiry: timedelta) -> None:
    gift = replace(credit("gift", "10"), expires_at=NOW + expiry)
    assert bool(promoted(lines("100"), [gift], DEFAULT, "EUR", NOW).burns) is bool(expiry)


# ── laws ──

CREDITS = st.lists(
    st.builds(
        lambda id, cents, kind, priority, age, expires: credit(
            id, str(D(cents).scaleb(-2)), kind=kind, priority=priority, age=age, expires=expires
        ),
        st.uuids().map(str),
        st.integers(0, 10**6),
        st.sampled_from(CreditKind),
        st.integers(0, 3),
        st.integers(-1, 3),
        st.none() | st.integers(0, 3),
    ),
    max_size=10,
    unique_by=lambda credit: credit.id,
)
ORDERS = st.permutations(list(BurnBy)).flatmap(lambda order: st.integers(0, 4).map(lambda n: tuple(order[:n])))


@given(CREDITS, ORDERS, st.integers(-100, 10**7), st.randoms())
def test_no_credit_gives_more_than_it_has_and_their_order_changes_nothing(
    credits: list[Credit], by: tuple[BurnBy, ...], cents: int, dice: Random
) -> None:
    amount = D(cents).scaleb(-2)
    burns = burn(credits, amount, by, PROMOTIONAL, "EUR", NOW)
    has = {credit.id: credit.remaining for credit in credits}
    assert all(0 < burn.amount <= has[burn.credit_id] for burn in burns)
    usable = sum(
        (
            credit.remaining
            for credit in credits
            if credit.kind is PROMOTIONAL
            and credit.granted_at <= NOW
            and (credit.expires_at is None or credit.expires_at > NOW)
        ),
        D(0),
    )
    assert sum((burn.amount for burn in burns), D(0)) == max(D(0), min(amount, usable))
    dice.shuffle(credits)
    assert burn(credits, amount, by, PROMOTIONAL, "EUR", NOW) == burns


@st.composite
def bills(draw: st.DrawFn) -> list[Line]:
    rates = st.sampled_from([vat("19"), vat("7"), vat("0")])
    amounts = draw(st.lists(st.integers(-(10**4), 10**5), min_size=1, max_size=8))
    return [line(D(cents).scaleb(-2), draw(rates), key=f"k{n}") for n, cents in enumerate(amounts)]


@given(bills(), CREDITS, st.randoms())
def test_shuffled_fees_and_credits_give_the_same_invoice_never_below_zero(
    made: list[Line], credits: list[Credit], dice: Random
) -> None:
    """Lago #4889: the credit depended on the order of the fees (published case C07: 64 or 68)."""
    before = promoted(made, credits, DEFAULT, "EUR", NOW)
    charged = sum((line.amount for line in made), D(0))
    lowered = sum((line.credit for line in before.lines), D(0))
    assert lowered == sum((burn.amount for burn in before.burns), D(0)) <= max(D(0), charged)
    assert all(0 <= line.credit <= max(D(0), line.amount) for line in before.lines)
    dice.shuffle(made)
    dice.shuffle(credits)
    after = promoted(made, credits, DEFAULT, "EUR", NOW)
    assert totals(after.lines, "EUR") == totals(before.lines, "EUR")
    assert after.burns == before.burns
