"""What others published about tiers, proration and minimum spend, worked out by our rules.

Each case of published_prices.json stands in one of three tables. REPRODUCED: our public functions give its figures,
except those that PARTS sets apart with a reason. DIFFERS: we hold another convention, and the table says what we get
instead, and why. LATER: it is about invoices, and is worked out where they are made. The workings are in
published_tiers, published_prorations (changes in mid-period) and published_stubs; those of a minimum spend are here.
"""

import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import published_prorations as prorations
import published_stubs as stubs
import published_tiers as tiers
import pytest
from published_prorations import BY_DAY, OLD, day, span
from published_tiers import Figures, Work, cents

from domain.money import rounded
from domain.period import Period
from domain.pricing.minimum import true_up
from domain.pricing.proration import share

CASES: dict[str, Figures] = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "published_prices.json").read_text(encoding="utf-8"))["cases"]
}
D = Decimal


def i14(given: Figures) -> Figures:
    february = span(["2023-02-01", "2023-03-01"])
    stay = Period(february.start, day(given["terminated"]))
    spent = D(given["usage_cents"]) / 100
    missing = true_up(D(given["minimum_cents"]) / 100, share(BY_DAY, stay, february, "UTC", OLD), spent, "EUR")
    return {"true_up": cents(missing), "fees": cents(spent + missing)}


def i14b(given: Figures) -> Figures:
    spent = D(sum(given["filters_cents"])) / 100
    missing = true_up(D(given["minimum_cents"]) / 100, Fraction(given["days"]), spent, "EUR")
    return {"true_up": cents(missing), "fees": cents(spent + missing)}


def i16(given: Figures) -> Figures:
    """What was spent is the fee as it was billed, rounded."""
    plan, minimum = D(given["plan_cents"]) / 100, D(given["commitment_cents"]) / 100

    def missing(part: str, spent: Decimal | None = None) -> str:
        fee = rounded(Fraction(plan) * Fraction(part), "EUR") if spent is None else spent
        return cents(true_up(minimum, Fraction(part), fee, "EUR"))

    return {
        **{name.split()[0]: missing(part) for name, part in given["in_arrears"].items() if "yearly" not in name},
        "in_advance_last": missing(given["in_advance_termination_days"], plan),
        "monthly_10000": missing("1", D(100)),
    }


def i16y(given: Figures) -> Figures:
    plan, minimum, part = D(given["plan_cents"]) / 100, D(given["commitment_cents"]) / 100, Fraction(given["days"])
    fee = rounded(Fraction(plan) * part, "EUR")
    return {"true_up": cents(true_up(minimum, part, fee, "EUR"))}


REPRODUCED: dict[str, Work] = {
    **tiers.REPRODUCED,
    **prorations.REPRODUCED,
    **stubs.REPRODUCED,
    "I14": i14,
    "I14b": i14b,
    "I16": i16,
    "I16y": i16y,
}

_INVOICE = "of the invoice around the line: worked out with invoices"
PARTS: dict[tuple[str, str], str] = {
    **tiers.PARTS,
    **prorations.PARTS,
    **stubs.PARTS,
    **{("I14", key): _INVOICE for key in ("first_invoice", "true_up_tax", "tax", "credit_note", "due")},
    ("I14b", "tax"): _INVOICE,
    ("I14b", "due"): _INVOICE,
    ("I16", "yearly"): "rounded once from an exact fee; what was published, and is ours, is I16y",
}

DIFFERS = {**tiers.DIFFERS, **prorations.DIFFERS, **stubs.DIFFERS}

LATER: dict[str, str] = {
    "P06": "a coupon changes with the plan: test_published_billing.py",
    "P09": "tax on the net of the lines of one invoice: test_published_billing.py",
    "P27": "a reversal capped by what support gave back before: test_published_billing.py",
}


@pytest.mark.parametrize("id", REPRODUCED)
def test_a_published_price_comes_out_of_our_rules(id: str) -> None:
    case = CASES[id]
    expected = {key: figure for key, figure in case["expect"].items() if (id, key) not in PARTS}
    assert REPRODUCED[id](case["given"]) == expected


@pytest.mark.parametrize("id", DIFFERS)
def test_where_our_price_differs_we_know_by_how_much_and_why(id: str) -> None:
    work_out, ours, why = DIFFERS[id]
    assert work_out(CASES[id]["given"]) == ours
    assert ours != {key: CASES[id]["expect"][key] for key in ours}
    assert why


def test_every_published_price_is_accounted_for_once() -> None:
    assert sorted([*REPRODUCED, *DIFFERS, *LATER]) == sorted(CASES)
    assert Counter(case["topic"] for case in CASES.values()) == {"tiers": 22, "proration": 38, "invoices": 4}


def test_every_part_set_apart_is_a_figure_of_a_case_that_comes_out() -> None:
    assert all(id in REPRODUCED and key in CASES[id]["expect"] for id, key in PARTS)
