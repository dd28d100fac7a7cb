"""The published cases of invoices and coupons, each as a working of ours. `test_published_invoices` holds them against
the figures."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from published_credits import Figures, cents, euros, line_of, prepaid, shown
from sample_lines import NOW, line, lines, noted, owed, vat

from domain.books.redemption import Redemption
from domain.catalog import ProrationPolicy
from domain.coupon import Coupon
from domain.money import Money, rounded
from domain.period import Grain, Period, bucket
from domain.policy import ChangeDay
from domain.pricing.minimum import true_up
from domain.pricing.proration import share
from domain.tax import TaxCode
from domain.totals import Totals, credit_note_amounts, discounted, totals

D = Decimal


def i01(given: Figures) -> Figures:
    (tax,) = totals([line(given["gross"], vat(given["tax_percent"]), inclusive=True)], "EUR").tax
    return {"tax_rounded_first": {"net": str(tax.base), "tax": str(tax.amount)}}


def i03(given: Figures) -> Figures:
    bases = [line(base, vat(percent), key=percent) for percent, base in given["base"].items()]
    summed = totals(bases, "EUR")
    tax = {shown(tax_line.treatment.percent): str(tax_line.amount) for tax_line in summed.tax}
    return {"tax": tax, "tax_total": str(sum(tax_line.amount for tax_line in summed.tax)), "total": str(summed.total)}


def i06(given: Figures) -> Figures:
    """The charge on the document is a line like any other."""
    summed = totals(lines(*given["lines"], given["charge"], tax=vat(given["vat_percent"])), "EUR")
    return {"net": shown(summed.subtotal), "vat": shown(summed.tax[0].amount), "gross": shown(summed.total)}


def i07(given: Figures) -> Figures:
    exempt = vat(given["E"]["percent"], TaxCode.EXEMPT, "exempt")
    both = [line(given["S"]["base"], vat(given["S"]["percent"])), line(given["E"]["base"], exempt, key="exempt")]
    summed = totals(both, "EUR")
    settled = prepaid(summed.total, D(given["prepaid"]) * 100)
    return {
        "vat": shown(sum((tax_line.amount for tax_line in summed.tax), D(0))),
        "net": shown(summed.subtotal),
        "gross": shown(summed.total),
        "payable": shown(summed.total - settled),
    }


def i09b(given: Figures) -> Figures:
    items = lines(*(euros(item) for item in given["items_cents"]), tax=vat(given["tax_percent"]))
    summed = totals(items, "EUR")
    invoice = owed(items, summed)
    notes = []
    for n, amount in enumerate(given["credits_in_order"]):
        id = items[min(n, len(items) - 1)].id
        note = credit_note_amounts(invoice, {id: D(amount) / 100})
        invoice = noted(invoice, note)
        notes.append(cents(note.total))
    return {"invoice_total": cents(summed.total), "credit_totals": notes, "sum": cents(invoice.credited)}


def i12(given: Figures) -> Figures:
    """One line is taxed in one way: two taxes on one base are the sum of their rates. (So rounded once, not twice; the
    published figures come out, others may be a cent apart.)"""
    both = vat(str(D(given["gst_percent"]) + D(given["qst_percent"])))
    return {"totals": [str(totals([line(base, both)], "CAD").total) for base in given["bases"]]}


def by_day(cents: int, part: Period, whole: Period) -> Decimal:
    """Lago's days: that of the change belongs to what ends on it."""
    days = share(ProrationPolicy.BY_DAY, part, whole, "UTC", ChangeDay.OLD)
    return rounded(Fraction(cents, 100) * days, "EUR")


def midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time.min, UTC)


def of_february(given: Figures, spent: int, missing: Decimal, termination: datetime) -> tuple[Totals, list[str], str]:
    """The last invoice (usage and what is missing from the minimum), what the credit note for the rest of the plan
    gives back (net, tax, total), and what is due after it."""
    tax = vat(given["tax_percent"])
    february = bucket(termination, Grain.MONTH, "UTC")
    fees = [line(D(spent) / 100, tax, key="usage"), line(missing, tax, key="minimum")]
    last = totals(fees, "EUR")
    plan = [line(D(given["plan_cents"]) / 100, tax)]
    unused = by_day(given["plan_cents"], february, february) - by_day(
        given["plan_cents"], Period(february.start, termination), february
    )
    note = credit_note_amounts(owed(plan, totals(plan, "EUR")), {plan[0].id: unused})
    given_back = [cents(note.subtotal), cents(note.tax[0].amount), cents(note.total)]
    return last, given_back, cents(last.total - note.total)


def i14(given: Figures) -> Figures:
    start, terminated = midnight(given["start"]), midnight(given["terminated"])
    january, february = (bucket(at, Grain.MONTH, "UTC") for at in (start, terminated))
    tax = vat(given["tax_percent"])
    begun = share(
        ProrationPolicy.BY_DAY, Period(start, january.end), january, "UTC", ChangeDay.OLD, begins=ChangeDay.NEW
    )
    first = totals([line(rounded(Fraction(given["plan_cents"], 100) * begun, "EUR"), tax)], "EUR")
    stay = share(ProrationPolicy.BY_DAY, Period(february.start, terminated), february, "UTC", ChangeDay.OLD)
    missing = true_up(D(given["minimum_cents"]) / 100, stay, D(given["usage_cents"]) / 100, "EUR")
    last, note, due = of_february(given, given["usage_cents"], missing, terminated)
    return {
        "first_invoice": cents(first.total),
        "true_up": cents(missing),
        "true_up_tax": cents(totals([line(missing, tax)], "EUR").tax[0].amount),
        "fees": cents(last.subtotal),
        "tax": cents(last.tax[0].amount),
        "credit_note": note,
        "due": due,
    }


def i14b(given: Figures) -> Figures:
    spent = sum(given["filters_cents"])
    missing = true_up(D(given["minimum_cents"]) / 100, Fraction(given["days"]), D(spent) / 100, "EUR")
    tax = vat(given["tax_percent"])
    last = totals([line(D(spent) / 100, tax, key="usage"), line(missing, tax, key="minimum")], "EUR")
    due = last.total - D(given["credit_note"]) / 100
    return {
        "true_up": cents(missing),
        "fees": cents(last.subtotal),
        "tax": cents(last.tax[0].amount),
        "due": cents(due),
    }


def redeemed(coupon: Coupon, n: int = 0, left: int | None = None) -> Redemption:
    return Redemption(f"redemption_{n}", coupon, NOW + timedelta(days=n), left)


def fixed(cents: int, *plans: str) -> Coupon:
    return Coupon("coupon", "CODE", "off", amount=Money(D(cents) / 100, "EUR"), plans=plans)


def percentage(percent: str) -> Coupon:
    return Coupon("coupon", "CODE", "off", percent=D(percent))


def cp02r(given: Figures) -> Figures:
    """The lines are those of CP02, from getlago/lago-api: spec/scenarios/coupons_breakdown_spec.rb. Eight fees, four of
    each plan; 20.00 off the first two of plan 1, 10.00 off plan 2, 5.00 off all."""
    assert given == {"see": "CP02"}
    amounts = ["10", "20", "30", "40"] * 2
    plans = ["1a", "1a", "1b", "1b", *["2"] * 4]
    fees = [
        line(amount, vat("20" if amount == "20" else "10"), key=f"fee{n}", plan=plan)
        for n, (amount, plan) in enumerate(zip(amounts, plans, strict=True))
    ]
    coupons = [redeemed(fixed(2000, "1a"), 0), redeemed(fixed(1000, "2"), 1), redeemed(fixed(500), 2)]
    summed = totals(discounted(fees, coupons, "EUR").lines, "EUR")
    assert (summed.subtotal, summed.discount) == (200, 35)
    return {"round_per_rate_then_sum": cents(sum((tax_line.amount for tax_line in summed.tax), D(0)))}


def cp05(given: Figures) -> Figures:
    result = discounted(lines(*map(euros, given["lines"])), [redeemed(percentage(given["percent"]))], "EUR")
    return {"on_total": cents(result.discounts[0].amount)}


def ours_i08b(given: Figures) -> Figures:
    notes = []
    for amount, days, of, percent in given["rows"]:
        plan = [line_of(str(amount), vat(percent), 0)]
        unused = rounded(Fraction(amount, 100) * Fraction(days, of), "EUR")
        notes.append(cents(credit_note_amounts(owed(plan, totals(plan, "EUR")), {plan[0].id: unused}).total))
    return {"totals": notes}


def ours_i15(given: Figures) -> Figures:
    """The month's usage is billed when the month is over."""

    def billed(used: str) -> Figures:
        fees = totals([line(euros(given["plan_cents"])), line(euros(used), key="usage")], "EUR")
        return {"progressive": [], "month_end_fees": cents(fees.subtotal), "credit": "0", "due": cents(fees.total)}

    return {"first": billed(given["usage_cents_at"][-1][1]), "second": billed(given["second_run"][-1])}


def ours_cp01(given: Figures) -> Figures:
    amounts, shares, used_up = [], [], 0
    for row in given["rows"]:
        coupon = percentage(row["percent"]) if "percent" in row else fixed(row["fixed"])
        fees = lines(*map(euros, row.get("fees", given["fees_cents"])))
        result = discounted(fees, [redeemed(coupon, left=row.get("recurring_left"))], "EUR")
        amounts.append(cents(result.discounts[0].amount))
        shares.append([cents(line.discount) for line in result.lines])
        used_up += len(result.used)
    left = given["rows"][-1]["recurring_left"] - used_up
    return {"credit": amounts, "shares": shares, "recurring_left_after": str(left)}
