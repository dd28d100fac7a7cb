"""The published cases of stubs and cycles: what part of which period. See `test_published_prices`."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from published_prorations import BY_DAY, BY_SECOND, NEW, OLD, changed, cost, day, given_back, of_days, span
from published_tiers import START, Figures, Work, comes_to, price, shown

from domain.catalog import ChargeModel, ProrationPolicy
from domain.exact import divided
from domain.period import Cadence, Period, nth, period_at
from domain.pricing.proration import share

D = Decimal


def to_places(amount: Fraction, places: int) -> str:
    return str(divided(D(amount.numerator), D(amount.denominator), places, ROUND_HALF_UP))


def p23(given: Figures) -> Figures:
    def actual(part: Period) -> str:
        whole = period_at(part.end, Cadence.MONTH, "UTC", part.start)
        return to_places(share(BY_DAY, part, whole, "UTC", NEW), 9)

    return {"actual": [actual(span(texts)) for texts in given["spans"][:4]]}


def p25a(given: Figures) -> Figures:
    rows = given["rows"]
    return {"amounts": [shown(cost(row["price"], span([row["from"], row["to"]]), span(row["cycle"]))) for row in rows]}


def p25b(given: Figures) -> Figures:
    stub = span(given["stub"])
    return {
        "change_already_effective_15_may": shown(cost(given["price"], stub, span(given["new_cycle"]))),
        "change_effective_only_on_15_june": shown(cost(given["price"], stub, span(given["old_cycle"]))),
    }


def p26(given: Figures) -> Figures:
    paid_period = span(given["paid_period"])
    repair = given_back(given["paid"], paid_period, day(given["change_on"]))
    stub = cost(given["new_price"], span(given["new_stub"]), span(given["new_cycle"]))
    left = -repair - stub
    return {
        "repair": shown(repair),
        "stub": shown(stub),
        "credit_to_account": shown(left),
        "stub_without_bcd_change": shown(
            cost(given["new_price"], span(given["no_bcd_change_variant_stub"]), paid_period)
        ),
        "next_invoice_due": shown(D(given["new_price"]) - left),
    }


def p28(given: Figures) -> Figures:
    """Each change gives back of the price before what its own stay has not used; no day is given back twice."""
    whole = span(given["period"])
    first, second = (day(change["on"]) for change in given["changes"])
    cheap, other = (change["to_monthly"] for change in given["changes"])
    reversal, charge = changed(given["paid"], cheap, whole, first)
    back = cost(cheap, Period(first, second), whole) - charge
    later = cost(other, Period(second, whole.end), whole)
    return {
        "first": {"charge": shown(charge), "reversal": shown(reversal), "credit": shown(-reversal - charge)},
        "second": {"charge": shown(later), "reversal": shown(back), "credit_used": shown(-back - later)},
    }


def p28b(given: Figures) -> Figures:
    reversal = given_back(given["annual"], span(given["period"]), day(given["cancel"]))
    annual, monthly = D(given["annual"]), D(given["switch_to_monthly"])
    at_once = given_back(annual, span(given["period"]), day(given["period"][0]))
    assert at_once == -annual
    return {
        "reversal": shown(reversal),
        "kept": shown(annual + reversal),
        "switch_credit": shown(-at_once - monthly),
        "credit_after_two_months": shown(-at_once - 3 * monthly),
    }


def p30(given: Figures) -> Figures:
    (_, part), month = given["a"]["cycles"].split("+"), given["a"]["price"]
    stub = cost(month, *of_days(*(int(figure) for figure in part.split("/"))))
    days = span(given["b"]["reversed"])
    cycle = Period(days.start, days.start + timedelta(given["b"]["cycle_days"]))
    return {"a": shown(D(month) + stub), "b": shown(cost(given["b"]["price"], days, cycle))}


def p31(given: Figures) -> Figures:
    return p25a({"rows": [{"price": given["price"], **row} for row in given["rows"]]})


def p33(given: Figures) -> Figures:
    return {"amounts": [comes_to(price(ChargeModel.PER_SEAT, given["unit"]), seats) for seats in given["quantities"]]}


def p35(given: Figures) -> Figures:
    part = Period(datetime.fromisoformat(given["from"]), datetime.fromisoformat(given["to"]))
    whole = Period(*(datetime.fromisoformat(text) for text in given["full_period"]))
    return {
        "amount": shown(cost(given["price"], part, whole, policy=BY_SECOND)),
        "full_period_mode": shown(cost(given["price"], part, whole, policy=ProrationPolicy.FULL)),
        "day_inclusive_would_be": shown(cost(given["price"], part, whole, NEW)),
        "day_exclusive_would_be": shown(cost(given["price"], part, whole, OLD)),
    }


def p36(given: Figures) -> Figures:
    return {"amounts": [shown(cost(row["price"], *of_days(row["days"], given["of"]))) for row in given["rows"]]}


def p42(given: Figures) -> Figures:
    """Calendar months: each is a period of its own, so only the first is not whole."""
    start, end = day(given["from"]), day(given["to"]) + timedelta(days=1)
    months = [period_at(end, Cadence.MONTH, "UTC", nth(end, Cadence.MONTH, "UTC", n)) for n in (-3, -2, -1)]
    costs = [cost(given["monthly"], Period(max(start, month.start), month.end), month) for month in months]
    return {"amount": shown(sum(costs, D(0)))}


def p43(given: Figures) -> Figures:
    months = given["months"]
    assert nth(START, Cadence.MONTH, "UTC", months) == nth(START, Cadence.YEAR, "UTC", 1)
    return {"amount": shown(months * D(given["monthly"]))}


def p46(given: Figures) -> Figures:
    def exact(row: Figures) -> str:
        part, whole = of_days(row["days"], row["of"])
        return to_places(Fraction(row["amount"]) * share(BY_DAY, part, whole, "UTC", NEW), 5)

    return {"right": [exact(row) for row in given["rows"]]}


REPRODUCED: dict[str, Work] = {
    "P23": p23,
    "P25a": p25a,
    "P25b": p25b,
    "P26": p26,
    "P28": p28,
    "P28b": p28b,
    "P30": p30,
    "P31": p31,
    "P33": p33,
    "P35": p35,
    "P36": p36,
    "P42": p42,
    "P43": p43,
    "P46": p46,
}

_BUG = "the figure of the bug"
_FIXED = "a month of 30 (or 28) days whatever the calendar says: our days are the calendar's"
PARTS: dict[tuple[str, str], str] = {
    ("P23", "fixed30"): _FIXED,
    ("P23", "fixed28_days"): _FIXED,
    ("P42", "old_wrong"): _BUG,
    ("P43", "bug"): _BUG,
    ("P46", "wrong"): _BUG,
}

# ── where we hold another convention: what we get instead ──


def ours_p24(given: Figures) -> Figures:
    parts = [span(texts) for texts in given["spans"]]
    wholes = [period_at(day("2023-05-15"), Cadence.MONTH, "UTC", part.start) for part in parts]
    charges = [cost(given["monthly"], part, whole) for part, whole in zip(parts, wholes, strict=True)]
    assert charges[0] + charges[1] == D(given["monthly"])
    cancelled = day(given["cancel_on"])
    repair = cost(given["monthly"], Period(parts[0].start, cancelled), wholes[0]) - charges[0]
    return {"charges": [shown(charge) for charge in charges], "repair": shown(repair)}


def ours_p38(given: Figures) -> Figures:
    days = given["spread"]
    rest, whole = of_days(days["rest_14_days"], given["days"])
    first = cost(given["total"], Period(whole.start, rest.start), whole)
    return {"first": shown(first), "rest": shown(cost(given["total"], rest, whole))}


DIFFERS: dict[str, tuple[Work, Figures, str]] = {
    "P24": (
        ours_p24,
        {"charges": ["5.15", "14.8", "14.63"], "repair": "-5.15"},
        "A period has the days of the calendar, not always 30. The rest holds: stubs add up, a reversal is its charge.",
    ),
    "P38": (
        ours_p38,
        {"first": "54.84", "rest": "45.16"},
        "A daily rate cut to cents moves ten of them into the last segment. We round the amount, once.",
    ),
}
