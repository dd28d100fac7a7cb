"""What others published that takes a whole bill to work out: each case is lived through by a customer of ours.

Our figures are theirs, except those in OURS, which says what we get instead and why. At the end all tables of published
cases are held against the list of those that were gathered.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import test_published_cases
import test_published_invoices
import test_published_prices
from billed_shop import MONTH, WEEK, YEAR, Shop, calls, fee, sold, tiered
from msgspec.structs import replace
from published_tiers import cents
from timeline import D, on

from domain import commands as c
from domain.books.credit import Credit, CreditKind
from domain.books.line import LineKind
from domain.catalog import BillingMode, ChargeModel, PlanVersion, Price, ProrationPolicy, Tier
from domain.coupon import Coupon
from domain.exact import exact_sum
from domain.money import Money
from domain.period import Cadence
from domain.policy import ChangesBilled
from domain.seller import Seller
from domain.subscription import ChangePlan
from domain.tax import TaxRate
from domain.totals.promotional import net

Figures = dict[str, Any]
HERE = Path(__file__).parent
PUBLISHED = json.loads((HERE / "published_billing.json").read_text(encoding="utf-8"))
CASES: dict[str, Figures] = {case["id"]: case for case in PUBLISHED["cases"]}
MIDDLE = "2026-01-16 12:00"


def euros(amount: str | int) -> str:
    return f"{D(amount) / 100:f}"


# ── changes ──
def p06(given: Figures) -> Figures:
    """Each coupon is for one of the two plans."""
    before, after = (sold(key, fee(euros(given[f"{key}_cents"]))) for key in ("old", "new"))
    rows = []
    for discounts in ("25%->50%", "none->50%", "25%->none", "$25->$50 fixed"):
        assert discounts in given["discounts"]
        shop = Shop()
        for key, text in zip(("old", "new"), discounts.removesuffix(" fixed").split("->"), strict=True):
            if text != "none":
                shop.do("2026-01-01", c.RedeemCoupon(_coupon(key, text), f"r_{key}"))
        shop.subscribe("2026-01-01", before)
        shop.change(MIDDLE, ChangePlan(after))
        credit, debit = (net(line) for line in shop.invoices[1].lines)
        rows.append([cents(-credit), cents(debit)])
    return {"credit_debit_cents": rows}


def _coupon(plan_key: str, text: str) -> Coupon:
    percent = D(text[:-1]) if text.endswith("%") else None
    amount = None if percent is not None else Money(D(text[1:]), "EUR")
    return Coupon(f"coupon_{plan_key}", plan_key.upper(), plan_key, percent, amount, plans=(plan_key,))


def p09(given: Figures) -> Figures:
    rate = TaxRate("DE", "standard", "VAT", D(given["tax_percent"]))
    shop = Shop(country="DE", seller=Seller(country="DE"), tax_rates=(rate,))
    later = ChangesBilled.NEXT_INVOICE
    shop.subscribe("2026-01-01", sold("old", fee(euros(-2 * given["credit_cents"])), changes_billed=later))
    shop.change(MIDDLE, ChangePlan(sold("new", fee(euros(given["renewal_cents"])), changes_billed=later)))
    shop.until("2026-02-01 01:00")
    invoice = shop.invoices[1]
    parts = [given[f"{name}_cents"] for name in ("credit", "debit", "renewal")]
    assert [cents(line.amount) for line in invoice.lines] == [str(part) for part in parts]
    return {"net_cents": cents(invoice.subtotal), "tax_cents": cents(invoice.tax[0].amount)}


def p27(given: Figures) -> Figures:
    start, changed = given["period"][0], given["change_on"]
    shop = Shop(start)
    shop.subscribe(start, sold("old", fee(given["paid"])))
    shop.pay(start)
    line = shop.invoices[0].lines[0]
    given_back = -D(given["adjustment"])
    shop.do(start, c.IssueCreditNote(shop.invoices[0].id, "adjusted", {line.id: given_back}))
    shop.change(changed, ChangePlan(sold("new", fee(given["new_price"]))))
    (new,) = shop.invoices[1].lines
    return {
        "new_charge": f"{new.amount}",
        "uncapped_reversal": f"{_uncapped(given)}",
        "reversal": f"{-shop.notes[1].subtotal}",
        "credit": f"{shop.account.prepaid['EUR'] - given_back}",
    }


def _uncapped(given: Figures) -> Decimal:
    """What goes back of the same where support gave nothing."""
    start, changed = given["period"][0], given["change_on"]
    shop = Shop(start)
    shop.subscribe(start, sold("old", fee(given["paid"])))
    shop.change(changed, ChangePlan(sold("new", fee(given["new_price"]))))
    return -shop.notes[0].subtotal


# ── credit ──
def c13(given: Figures) -> Figures:
    """An order that costs more than the balance: what is paid in full is not voided any more."""
    row = given["rows"][0]
    shop = Shop()
    shop.do("2026-01-01", _bought(f"{row['balance']}"))
    shop.subscribe("2026-01-01", sold("order", fee(f"{2 * row['consumed']}")))
    assert shop.account.prepaid == {}
    shop.do("2026-01-02", c.VoidInvoice(shop.invoices[0].id))
    return {"balance_after": [f"{shop.account.prepaid['EUR'].normalize():f}"]}


def d05(given: Figures) -> Figures:
    """Sixteen days of thirty were used."""
    shop = Shop("2026-04-01")
    shop.do("2026-04-01", _bought(given["credit"]))
    shop.subscribe("2026-04-01", sold("plan", fee(given["price"])))
    shop.cancel("2026-04-17", "NOW")
    unused = shop.notes[0].total
    return {
        "unused": f"{-unused}",
        "used": f"{shop.invoices[0].total - unused}",
        "credit_left": f"{shop.account.prepaid['EUR']}",
    }


def _bought(amount: str) -> c.GrantCredit:
    return c.GrantCredit(
        Credit("credit_1", CreditKind.PREPAID, "EUR", D(amount), D(amount), "bought", on("2026-01-01"))
    )


# ── usage ──
def u08(given: Figures) -> Figures:
    """The third row is a fixed fee that becomes due once its tier is entered."""
    volume = tiered(ChargeModel.VOLUME, ("15", "10"), (None, "5"))
    fees = replace(tiered(ChargeModel.GRADUATED), tiers=(Tier(D(5), D(0), D(100)), Tier(None, D(0), D(50))))
    first, second, _ = given["rows"]
    return {
        "delta": [
            _late(volume, first["was"]["qty"], first["now"]["qty"]),
            _late(calls("10"), second["was"]["qty"], second["now"]["qty"]),
            _late(fees, 5, 6),
        ]
    }


def _late(price: Price, was: int, now: int) -> str:
    """What the next invoice says of what came late."""
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", fee("1000"), price))
    shop.used("calls", "2026-01-10", str(was))
    shop.until("2026-02-02")
    shop.used("calls", "2026-01-11", str(now - was))
    shop.until("2026-03-01 01:00")
    key = shop.line("INV-2", "s1/price_calls").key
    return f"{shop.line('INV-3', key).amount.normalize():f}"


# ── minimum spend ──
def i16(given: Figures) -> Figures:
    def missing(cadence: Cadence, start: str, anchor: str, plan_cents: int = given["plan_cents"]) -> str:
        shop = Shop(start)
        shop.subscribe(
            start, _committed(cadence, plan_cents, given["commitment_cents"]), anchor=anchor, cadence=cadence
        )
        shop.until(on(anchor).replace(hour=2))
        return _true_up(shop)

    last = Shop("2026-06-01")
    kept = _committed(WEEK, given["plan_cents"], given["commitment_cents"], billing=BillingMode.IN_ADVANCE)
    last.subscribe("2026-06-01", kept, cadence=WEEK)
    last.cancel("2026-06-04", "NOW")  # 3 of 7 days; the fee is not given back
    return {
        "weekly": missing(WEEK, "2023-02-08", "2023-02-13"),
        "monthly": missing(MONTH, "2023-02-04", "2023-03-01"),
        "quarterly": missing(Cadence.QUARTER, "2023-02-04", "2023-04-01"),
        "yearly": missing(YEAR, "2022-02-01", "2023-01-01"),
        "anniversary": missing(MONTH, "2023-02-04", "2023-03-04"),
        "in_advance_last": _true_up(last),
        "monthly_10000": missing(MONTH, "2023-02-01", "2023-03-01", 10_000),
    }


def i16y(given: Figures) -> Figures:
    shop = Shop("2022-02-01")
    plan = _committed(YEAR, given["plan_cents"], given["commitment_cents"])
    shop.subscribe("2022-02-01", plan, anchor="2023-01-01", cadence=YEAR)
    shop.until("2023-01-01 02:00")
    return {"true_up": _true_up(shop)}


def _committed(
    cadence: Cadence, plan_cents: int, cents: int, billing: BillingMode = BillingMode.IN_ARREARS
) -> PlanVersion:
    keeps = ProrationPolicy.NONE if billing is BillingMode.IN_ADVANCE else ProrationPolicy.BY_SECOND
    price = fee(euros(plan_cents), cadence, proration=keeps)
    return sold("committed", price, minimum=euros(cents), billing=billing)


def _true_up(shop: Shop) -> str:
    lines = (line for invoice in shop.invoices for line in invoice.lines)
    return cents(exact_sum(line.amount for line in lines if line.kind is LineKind.MINIMUM))


WORKINGS: dict[str, Callable[[Figures], Figures]] = {
    "P06": p06,
    "P09": p09,
    "P27": p27,
    "C13": c13,
    "I16": i16,
    "I16y": i16y,
    "U08": u08,
    "D05": d05,
}

OURS: dict[tuple[str, str], tuple[Any, str]] = {
    ("P06", "credit_debit_cents"): (
        [["3750", "25000"], ["5000", "25000"], ["3750", "50000"], ["3750", "50000"]],
        "A fixed coupon is an amount off the invoice of a period: one for the new plan begins with its next period, "
        "and is not prorated into the running one (47500).",
    ),
    ("C13", "balance_after"): (
        ["1000"],
        "The other rows have no like: what was paid is not voided but refunded, which takes back what it brought "
        "(D06), and no balance falls below zero.",
    ),
    ("I16", "yearly"): ("823561", "What was spent is the fee as it was billed, rounded: the published figure, I16y."),
}


@pytest.mark.parametrize("id", WORKINGS)
def test_a_published_bill_comes_out_of_ours(id: str) -> None:
    case = CASES[id]
    expected = {key: OURS.get((id, key), (figure,))[0] for key, figure in case["expect"].items()}
    assert WORKINGS[id](case["given"]) == expected


def test_where_ours_differs_it_does_and_we_know_why() -> None:
    for (id, key), (ours, why) in OURS.items():
        assert CASES[id]["expect"][key] != ours
        assert why


# ── none is left out ──
ELSEWHERE: dict[str, str] = {
    "D01": "test_dunning.py",
    "D02b": "test_dunning.py",
    "D06": "test_refunds.py",
}
OUTSIDE: dict[str, str] = {
    "U09": "Duplicates are told apart by (customer, source, id) where usage is written: tests/usage.",
    "W01": "Signatures of webhooks: of the adapter that sends and receives them, not of the domain.",
    "W04": "What is delivered twice is processed once: of the inbox of that adapter.",
}


def test_every_published_case_that_was_gathered_is_accounted_for() -> None:
    tables = [test_published_cases, test_published_prices, test_published_invoices]
    worked_out = {id for table in tables for id in (*table.REPRODUCED, *table.DIFFERS)} | set(WORKINGS)
    assert worked_out | set(ELSEWHERE) | set(OUTSIDE) == set(PUBLISHED["all"])
    assert {id for table in tables for id in table.LATER} <= set(WORKINGS) | set(OUTSIDE)
    assert not worked_out & (set(ELSEWHERE) | set(OUTSIDE))
    assert sorted(WORKINGS) == sorted(CASES)


@pytest.mark.parametrize("id", ELSEWHERE)
def test_what_is_told_elsewhere_is_told_there(id: str) -> None:
    assert f"case {id}" in (HERE / ELSEWHERE[id]).read_text(encoding="utf-8")
