"""The published cases of credits, each a working of ours. `test_published_invoices` holds them against the figures."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace
from sample_lines import NOW, credit, line, vat

from domain.books.credit import Burn, Credit, CreditKind
from domain.books.line import Line
from domain.money import Money, rounded
from domain.policy import BurnBy
from domain.seller import BillingSettings
from domain.tax import Treatment
from domain.totals import burn, burn_order, totals

D = Decimal
Figures = dict[str, Any]
DEFAULT = BillingSettings().burn_order
PROMOTIONAL, PREPAID = CreditKind.PROMOTIONAL, CreditKind.PREPAID


def cents(amount: Decimal) -> str:
    return str(int(amount * 100))


def euros(cents: str | int | Decimal) -> str:
    return str(D(cents) / 100)


def shown(amount: Decimal) -> str:
    """As published: without trailing zeros."""
    return f"{amount.normalize():f}"


def line_of(cents: str | Decimal, tax: Treatment, n: int) -> Line:
    """A line of so many cents, rounded to whole ones as every line is."""
    return line(rounded(D(cents) / 100, "EUR"), tax, key=f"sub/{n}/1")


def used(credits: Sequence[Credit], amount: str, by: Sequence[BurnBy] = DEFAULT) -> dict[str, Decimal]:
    """What is taken of each in this order, of one kind or both. (An invoice takes one kind after the other, each in its
    own step; so here both are put in their order first, and then burned as one kind.)"""
    ranked = [replace(credit, kind=PREPAID, priority=rank) for rank, credit in enumerate(burn_order(credits, by))]
    return taken(burn(ranked, D(amount), (BurnBy.PRIORITY,), PREPAID, "EUR", NOW))


def taken(burns: Sequence[Burn]) -> dict[str, Decimal]:
    return {burn.credit_id: burn.amount for burn in burns}


def in_order(inbound: Sequence[Sequence[str]]) -> list[Credit]:
    return [credit(id, amount, age=len(inbound) - n) for n, (id, amount) in enumerate(inbound)]


def used_and_left(credits: Sequence[Credit], amount: str) -> Figures:
    burned = used(credits, amount)
    return {
        "used": {id: shown(amount) for id, amount in burned.items()},
        "left": {credit.id: shown(credit.remaining - burned.get(credit.id, D(0))) for credit in credits},
    }


def c01(given: Figures) -> Figures:
    return used_and_left(in_order(given["inbound"]), given["use"])


def c02(given: Figures) -> Figures:
    priority, age = given["priority"], given["age_days"]
    credits = [credit(id, amount, priority=priority[id], age=age.get(id, 0)) for id, amount in given["inbound"]]
    return used_and_left(credits, given["use"])


def c03(given: Figures) -> Figures:
    """In one order: what was given first. (On an invoice the one lowers lines, the other settles what is owed.)"""
    granted = credit("granted", given["granted"], age=0)
    purchased = credit("purchased", given["purchased"], kind=PREPAID, age=9)
    burned = used([purchased, granted], given["use"])
    return {
        "granted_used_cents": cents(burned["granted"]),
        "purchased_used_cents": cents(burned["purchased"]),
        "purchased_left_cents": cents(purchased.amount - burned["purchased"]),
    }


def c03b(given: Figures) -> Figures:
    grant = credit("granted", given["granted"])
    for use in given["uses"]:
        burned = taken(burn([grant], D(use), DEFAULT, PROMOTIONAL, "EUR", NOW))
        grant = replace(grant, remaining=grant.remaining - burned["granted"])
    void = given["void_variant"]
    inbound = in_order([(f"tx{n}", amount) for n, amount in enumerate(void["inbound"])])
    return {
        "left": shown(grant.remaining),
        "void_used": [shown(amount) for amount in used(inbound, void["void"]).values()],
    }


def prepaid(total: Decimal, cents: int | str | Decimal) -> Decimal:
    """What prepaid credit settles of an invoice: of its total, which is rounded."""
    wallet = credit("wallet", euros(cents), kind=PREPAID)
    return sum(taken(burn([wallet], total, DEFAULT, PREPAID, "EUR", NOW)).values(), D(0))


def c05(given: Figures) -> Figures:
    events = [given["fees"]["six_events_at_cents"]] * 6 + [given["fees"]["two_events_at_cents"]] * 2
    summed = totals([line_of(at, vat(given["tax_percent"]), n) for n, at in enumerate(events)], "EUR")
    settled = prepaid(summed.total, given["wallet_cents"])
    return {
        "fees_cents": cents(summed.subtotal),
        "tax_cents": cents(summed.tax[0].amount),
        "total_before_credit_cents": cents(summed.total),
        "credit_cents": cents(settled),
        "total_cents": cents(summed.total - settled),
        "wallet_left_cents": cents(D(given["wallet_cents"]) / 100 - settled),
    }


def c06(given: Figures) -> Figures:
    fees = [line_of(given["fees"]["eight_events_at_cents"], vat(given["tax_percent"]), n) for n in range(8)]
    summed = totals(fees, "EUR")
    return {
        "fees_cents": cents(summed.subtotal),
        "tax_cents": cents(summed.tax[0].amount),
        "total_before_credit_cents": cents(summed.total),
        "wallet_left_cents": cents(D(given["wallet_cents"]) / 100 - prepaid(summed.total, given["wallet_cents"])),
    }


def c08(given: Figures) -> Figures:
    bought = Money(D(given["credits"]), "EUR").rounded().amount
    price = totals([line(rounded(bought * D(given["rate"]), "EUR"))], "EUR").total
    return {"credits": str(bought), "invoice_cents": cents(price)}


def c11(given: Figures) -> Figures:
    """A balance below zero is prepaid credit that is left."""

    def after(credited: str, bills: list[str]) -> tuple[Decimal, list[Decimal]]:
        wallet, due = credit("note", credited, kind=PREPAID), []
        for bill in bills:
            settled = sum(taken(burn([wallet], D(bill), DEFAULT, PREPAID, "EUR", NOW)).values(), D(0))
            wallet = replace(wallet, remaining=wallet.remaining - settled)
            due.append(D(bill) - settled)
        return wallet.remaining, due

    bill, second = given["bill"], given["second_bill"]
    small, large = given["credits"]
    return {
        "balance_after_300": shown(-after(small, [bill])[0]),
        "next_payment_after_300": shown(after(small, [bill, second])[1][1]),
        "balance_after_1000_and_two_bills": shown(-after(large, [bill, second])[0]),
    }


def c16(given: Figures) -> Figures:
    def block(block: Figures) -> Credit:
        month, day = map(int, block["expires"].split("-"))
        expires = (datetime(2026, month, day, tzinfo=UTC) - NOW).days
        kind = PROMOTIONAL if block["kind"] == "promo" else PREPAID
        age = 10 - block["created"]
        return credit(block["id"], block["amount"], kind=kind, priority=block["priority"], age=age, expires=expires)

    blocks = [block(figures) for figures in given["blocks"]]
    openmeter = (BurnBy.PRIORITY, BurnBy.EXPIRY, BurnBy.AGE)
    orb = (BurnBy.EXPIRY, BurnBy.AGE)
    lago = (BurnBy.PRIORITY, BurnBy.PROMOTIONAL, BurnBy.AGE)

    def order(by: Sequence[BurnBy]) -> list[str]:
        return [credit.id for credit in burn_order(blocks, by)]

    def amounts(by: Sequence[BurnBy]) -> dict[str, str]:
        burned = used(blocks, given["use"], by)
        return {block.id: shown(burned.get(block.id, D(0))) for block in blocks}

    return {
        "stigg": order(DEFAULT),
        "stigg_used": amounts(DEFAULT),
        "openmeter_kong": order(openmeter),
        "openmeter_used": amounts(openmeter),
        "expiry_first_orb_style": order(orb),
        "expiry_first_used": amounts(orb),
        "lago": order(lago),
    }


def ours_c04(given: Figures) -> Figures:
    """All six pay for anything, in the order given."""
    wallets = [(wallet["name"], euros(wallet["cents"])) for wallet in given["wallets_in_burn_order"]]
    row = given["rows"][1]
    burned = used(in_order(wallets), euros(sum(amount for _, amount in row["fees"])))
    return {"row2": {name: shown(burned.get(name, D(0))) for name, _ in wallets}}


def ours_c07(given: Figures) -> Figures:
    """Ten fees of 0.60 and 14 % tax, rounded once: 6.84. The wallet pays for all of it."""
    percent = shown(D(given["precise_tax_cents"]) / D(given["precise_fee_cents"]) * 100)
    fees = [line_of(given["precise_fee_cents"], vat(percent), n) for n in range(given["fees"])]
    total = totals(fees, "EUR").total
    assert totals(fees[::-1], "EUR").total == total
    return {"credit_cents": cents(prepaid(total, given["wallet_cents"]))}


def ours_c12(given: Figures) -> Figures:
    """What is owed stays on its invoice; an order below zero becomes a credit note, and so credit."""
    rows = []
    for order, balance in given["rows"]:
        summed = totals([line(order)], "EUR")
        has, owes = max(D(balance), D(0)), max(summed.total, D(0))
        settled = prepaid(owes, has * 100)
        rows.append({"due": shown(owes - settled), "balance": shown(has - settled + max(-summed.total, D(0)))})
    return {"rows": rows}
