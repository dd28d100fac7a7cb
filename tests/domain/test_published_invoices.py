"""What others published about invoices, coupons and credits, worked out by our rules.

Each case of published_invoices.json stands in one of three tables. REPRODUCED: our public functions give its figures,
except those that PARTS sets apart with a reason. DIFFERS: we hold another convention, and the table says what we get
instead and why. LATER: it is decided elsewhere.
"""

import json
from collections.abc import Callable
from pathlib import Path

import published_bills as bills
import published_credits as credits
import pytest
from published_credits import Figures

CASES: dict[str, Figures] = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "published_invoices.json").read_text(encoding="utf-8"))["cases"]
}

REPRODUCED: dict[str, Callable[[Figures], Figures]] = {
    "C01": credits.c01,
    "C02": credits.c02,
    "C03": credits.c03,
    "C03b": credits.c03b,
    "C05": credits.c05,
    "C06": credits.c06,
    "C08": credits.c08,
    "C11": credits.c11,
    "C16": credits.c16,
    "I01": bills.i01,
    "I03": bills.i03,
    "I06": bills.i06,
    "I07": bills.i07,
    "I09b": bills.i09b,
    "I12": bills.i12,
    "I14": bills.i14,
    "I14b": bills.i14b,
    "CP02r": bills.cp02r,
    "CP05": bills.cp05,
}

_BUG = "the figure of the bug"
PARTS: dict[tuple[str, str], str] = {
    ("C05", "uncapped_bug_cents"): _BUG,
    ("C06", "uncapped_bug_cents"): _BUG,
    ("I01", "net_rounded_first"): "the other convention: we round the tax, and the net is the rest",
    ("I12", "half_even_first"): "another rounding: money rounds half up",
    ("CP02r", "sum_of_precise_then_round"): "Lago's: we round each rate on the sum of its lines, as EN 16931 has it",
    ("CP02r", "sum_of_rounded_per_fee"): "line by line: we round each rate on the sum of its lines",
    ("CP05", "per_line"): "Polar's: we round on the total and split it, 0.34 and 0.33",
    ("CP05", "per_line_sum"): "Polar's: we round on the total",
}

DIFFERS: dict[str, tuple[Callable[[Figures], Figures], Figures, str]] = {
    "C04": (
        credits.ours_c04,
        {
            "row2": {
                "priority": "10",
                "priority_charge_only": "10",
                "priority_subscription_only": "10",
                "normal": "10",
                "charge_only": "10",
                "subscription_only": "1.5",
            }
        },
        "No credit is limited to a kind of fee: the first in the order pays first.",
    ),
    "C07": (
        credits.ours_c07,
        {"credit_cents": "684"},
        "No credit is limited to one fee, and tax is rounded once (6.84), not fee by fee (6.80). What the case is "
        "about holds: the cap is the invoice's, and the order of fees changes nothing.",
    ),
    "C12": (
        credits.ours_c12,
        {
            "rows": [
                {"due": "0", "balance": "50"},
                {"due": "50", "balance": "0"},
                {"due": "0", "balance": "150"},
                {"due": "0", "balance": "50"},
            ]
        },
        "No balance falls below zero: 0.50 that somebody owes is an open invoice of its own, not part of the next one.",
    ),
    "I08b": (
        bills.ours_i08b,
        {"totals": ["24166", "19334", "3171"]},
        "The line is rounded, then its tax: as Lago books them (credit_note_rounding_spec.rb). The case is the "
        "contrast that rounds once.",
    ),
    "I15": (
        bills.ours_i15,
        {
            "first": {"progressive": [], "month_end_fees": "43100", "credit": "0", "due": "43100"},
            "second": {"progressive": [], "month_end_fees": "63100", "credit": "0", "due": "63100"},
        },
        "Usage is billed when its period ends; no threshold bills it before. In all the same is paid.",
    ),
    "CP01": (
        bills.ours_cp01,
        {
            "credit": ["12", "6", "12", "60", "12"],
            "shares": [["8", "4"], ["4", "2"], ["8", "4"], ["40", "20"], ["8", "4"]],
            "recurring_left_after": "2",
        },
        "A fixed coupon is an amount off each invoice it lowers; what is not used is not kept for the next (row 3).",
    ),
}

LATER: dict[str, str] = {
    "C13": "voiding an invoice returns the credit it used: test_published_billing.py",
    "I16": "what is missing from a minimum spend: test_published_prices.py, test_published_billing.py",
    "I16y": "what is missing from a minimum spend: test_published_prices.py, test_published_billing.py",
}


@pytest.mark.parametrize("id", REPRODUCED)
def test_a_published_figure_comes_out_of_our_rules(id: str) -> None:
    case = CASES[id]
    expected = {key: figure for key, figure in case["expect"].items() if (id, key) not in PARTS}
    assert REPRODUCED[id](case["given"]) == expected


@pytest.mark.parametrize("id", DIFFERS)
def test_where_we_differ_we_know_by_how_much(id: str) -> None:
    work_out, ours, _ = DIFFERS[id]
    assert work_out(CASES[id]["given"]) == ours
    assert ours != {key: CASES[id]["expect"][key] for key in ours}


def test_every_published_case_is_accounted_for_once() -> None:
    assert sorted([*REPRODUCED, *DIFFERS, *LATER]) == sorted(CASES)


def test_every_part_set_apart_is_a_figure_of_its_case() -> None:
    assert all(id in REPRODUCED and key in CASES[id]["expect"] for id, key in PARTS)
