"""The published cases of tiers, worked out by our rules. See `test_published_prices`."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

from domain.catalog import ChargeModel, Price, ProrationPolicy, Tier
from domain.exact import plain
from domain.money import rounded
from domain.period import Cadence, Period, nth
from domain.policy import Rounding, ZeroUsage
from domain.pricing.minimum import true_up
from domain.pricing.proration import prorated
from domain.pricing.rate import rate

Figures = dict[str, Any]
Work = Callable[[Figures], Figures]
D = Decimal
START = datetime(2024, 6, 1, tzinfo=UTC)


def shown(amount: Decimal) -> str:
    return f"{plain(amount):f}"


def cents(amount: Decimal) -> str:
    return shown(amount * 100)


def price(model: ChargeModel, amount: object = None, **terms: Any) -> Price:
    return Price("price_1", "p", model, Cadence.MONTH, "EUR", None if amount is None else D(str(amount)), **terms)


def tiered(model: str, rows: Sequence[Figures], **terms: Any) -> Price:
    bounds = [row.get("up_to", row.get("to")) for row in rows]
    tiers = tuple(
        Tier(None if bound is None else D(bound), D(row.get("unit", "0")), D(row["flat"]) if "flat" in row else None)
        for bound, row in zip(bounds, rows, strict=True)
    )
    return price(ChargeModel(model.upper()), tiers=tiers, **terms)


def comes_to(of: Price, quantity: object) -> str:
    return shown(rate(of, D(str(quantity))).amount)


def totals(of: Price, quantities: Sequence[object]) -> Figures:
    return {str(quantity): comes_to(of, quantity) for quantity in quantities}


def one_by_one(of: Price, quantities: Sequence[object]) -> list[str]:
    """What each of several quantities adds: rate(total after) − rate(total before)."""
    sums = accumulate((D(str(quantity)) for quantity in quantities), initial=D(0))
    return [shown(after - before) for before, after in pairwise(rate(of, total).amount for total in sums)]


def packages(size: object, amount: object, included: object = 0) -> Price:
    return price(ChargeModel.PACKAGE, amount, package_size=D(str(size)), included=D(str(included)))


def by_model(given: Figures) -> Figures:
    return totals(tiered(given["model"], given["tiers"]), given["quantities"])


def t03(given: Figures) -> Figures:
    return totals(packages(given["divide_by"], given["unit_amount"]), given["quantities"])


def t09(given: Figures) -> Figures:
    size, amount = given["package_size"], given["package_price"]
    return {"amounts": [comes_to(packages(size, amount, row["free"]), row["units"]) for row in given["cases"]]}


def t10(given: Figures) -> Figures:
    return {"amount": comes_to(tiered("volume", given["tiers"]), given["quantity"])}


def t11(given: Figures) -> Figures:
    """A percentage is a rate per unit of the value. Nothing used owes nothing, so that the first transaction enters."""
    rows = [{**row, "unit": str(D(row["percent"]) / 100)} for row in given["tiers"]]
    return {"charges": one_by_one(tiered("graduated", rows, zero_usage=ZeroUsage.FREE), given["transactions"])}


def t14(given: Figures) -> Figures:
    of = price(ChargeModel.PERCENTAGE, percent=D(given["percent"]))
    return {"no_bounds": comes_to(of, sum(D(event) for event in given["events"]))}


def t16(given: Figures) -> Figures:
    bounds = [*accumulate(row["units"] for row in given["tiers"])][:-1]
    rows = [{"up_to": at, "unit": row["price"]} for at, row in zip([*bounds, None], given["tiers"], strict=True)]
    names = {"ALL_TIERS": "graduated", "TOP_TIER": "volume"}
    return {name: comes_to(tiered(model, rows), given["usage"]) for name, model in names.items()}


def t20(given: Figures) -> Figures:
    return totals(tiered("graduated", given["tiers"]), given["quantities"])


def t21(given: Figures) -> Figures:
    of = tiered("volume", given["tiers"])
    topped = true_up(D(150), Fraction(1), rate(of, D(5)).amount, "EUR")
    return {**totals(of, given["quantities"]), "min_topup": shown(topped)}


def t22(given: Figures) -> Figures:
    of = packages(given["package_size"], given["price"])
    split = one_by_one(of, [given["split"]["pre"], given["split"]["qty"]])
    return {**totals(of, given["quantities"]), "split_amount": split[-1]}


def t23(given: Figures) -> Figures:
    def whole(units: int, by: int, rounding: Rounding) -> str:
        return shown(rounded(Fraction(units, by), "JPY", rounding))

    return {
        "1247": comes_to(price(ChargeModel.PER_UNIT, "0.001"), 1247),
        "1247_ceil": comes_to(packages(1000, 1), 1247),
        "1999_floor": whole(1999, 1000, Rounding.DOWN),
        "2500_half_up": whole(2500, 1000, Rounding.HALF_UP),
        "3500_half_up": whole(3500, 1000, Rounding.HALF_UP),
        "-2500_half_up": whole(-2500, 1000, Rounding.HALF_UP),
        "1247_ceil_2dp": shown(rounded(Fraction(1247, 1000), "EUR", Rounding.UP)),
    }


def t24(given: Figures) -> Figures:
    bounds = [*accumulate(row["qty"] for row in given["slices"])]
    rows = [{**row, "up_to": at} for at, row in zip([*bounds[:-1], None], given["slices"], strict=True)]
    subtotal = rate(tiered("graduated", rows), D(bounds[-1])).amount
    tax = rounded(subtotal * D(given["tax_percent"]) / 100, "EUR")
    return {"subtotal": shown(subtotal), "tax": shown(tax), "total": shown(subtotal + tax)}


def t26a(given: Figures) -> Figures:
    models = ("graduated", "volume")
    return {model: comes_to(tiered(model, given["tiers"]), given["quantity"]) for model in models}


def t28(given: Figures) -> Figures:
    added = one_by_one(tiered("graduated", given["tiers"]), given["events"])
    return {"fee_cents": [cents(D(fee)) for fee in added]}


def t29(given: Figures) -> Figures:
    added = one_by_one(packages(given["package_size"], given["price"], given["free"]), given["events"])
    return {"fee_cents": [cents(D(fee)) for fee in added]}


def t30(given: Figures) -> Figures:
    """Under FULL the highest quantity so far is wanted; each invoice adds what is not billed yet."""
    of = price(ChargeModel.PER_SEAT, D(given["unit_price_cents"]) / 100, proration=ProrationPolicy.FULL)
    month = Period(START, nth(START, Cadence.MONTH, "UTC", 1))

    def invoices(sequence: list[int]) -> list[str]:
        parts = [(Period(START + timedelta(n), START + timedelta(n + 1)), seats) for n, seats in enumerate(sequence)]
        wanted = [prorated(of, parts[:n], month, "UTC").amount for n in range(len(parts) + 1)]
        return [cents(after - before) for before, after in pairwise(wanted)]

    return {"invoices_cents": [invoices(sequence) for sequence in given["sequences"]]}


def t31(given: Figures) -> Figures:
    gross = rate(price(ChargeModel.PER_UNIT, given["unit"]), D(given["hours"])).amount
    spent = gross * (100 - D(given["discount_percent"])) / 100
    return {"gross": shown(gross), "billed": shown(spent + true_up(D(given["minimum"]), Fraction(1), spent, "EUR"))}


REPRODUCED: dict[str, Work] = {
    "T01": by_model,
    "T03": t03,
    "T05": by_model,
    "T06": by_model,
    "T07": by_model,
    "T09": t09,
    "T10": t10,
    "T11": t11,
    "T14": t14,
    "T16": t16,
    "T20": t20,
    "T21": t21,
    "T22": t22,
    "T23": t23,
    "T24": t24,
    "T26a": t26a,
    "T28": t28,
    "T29": t29,
    "T30": t30,
    "T31": t31,
}

_PER_TRANSACTION = "a price sees the figure of a period, not each transaction"
_NO_MAXIMUM = "there is no maximum spend"
PARTS: dict[tuple[str, str], str] = {
    **{("T14", key): _PER_TRANSACTION for key in ("bounds", "bounds_fixed2", "two_free_events", "free_amount_30")},
    ("T21", "max_discount"): _NO_MAXIMUM,
    ("T22", "max_spend_amount"): _NO_MAXIMUM,
    ("T22", "max_spend_discount"): _NO_MAXIMUM,
    ("T23", "245_1dp"): "no currency has one decimal",
    ("T31", "after_discount"): "a coupon: worked out with invoices",
}

# ── where we hold another convention: what we get instead ──


def ours_t08(given: Figures) -> Figures:
    return {"amount": comes_to(tiered("volume", given["tiers"]), given["prorated_units"])}


def ours_t17(given: Figures) -> Figures:
    """The price of a block, by the unit."""

    def by_unit(model: str, rows: Sequence[Figures]) -> Price:
        bounds = [*accumulate(row["block"] * row["max_blocks"] for row in rows)][:-1]
        units = [str(D(row["price"]) / row["block"]) for row in rows]
        return tiered(model, [{"up_to": at, "unit": unit} for at, unit in zip([*bounds, None], units, strict=True)])

    all_tiers, top_tier = given["ALL_TIERS"], given["TOP_TIER"]
    return {
        "ALL_TIERS": comes_to(by_unit("graduated", all_tiers["tiers"]), all_tiers["usage"]),
        "TOP_TIER": totals(by_unit("volume", top_tier["tiers"]), top_tier["usages"]),
    }


DIFFERS: dict[str, tuple[Work, Figures, str]] = {
    "T08": (
        ours_t08,
        {"amount": "198.6"},
        "Usage is not prorated: a level that ran for part of a period has a smaller mean, and that is what was used.",
    ),
    "T17": (
        ours_t17,
        {"ALL_TIERS": "14.325", "TOP_TIER": {"1000": "10", "101000": "101", "101001": "50.5005", "300000": "150"}},
        "Tiers price units; a package has one size. Blocks that change size by tier are not among the models.",
    ),
}
