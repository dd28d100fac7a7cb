"""What a customer has borne is what the rules want, in whatever order things happen.

`borne`: what was paid, less what was refunded and what lies as credit. A 30-day June, everything paid at once.
"""

from typing import Any

from billed_shop import Shop, calls, fee, seats, sold
from msgspec.structs import replace
from timeline import D, on

from domain import commands as c
from domain.books.credit import Credit, CreditKind
from domain.catalog import PlanVersion, ProrationPolicy
from domain.coupon import Coupon
from domain.errors import ErrorCode
from domain.money import Money
from domain.period import Cadence, Period
from domain.seller import Seller
from domain.subscription import AddAddOn, ChangePlan, ChangeQuantity, Pause
from domain.tax import TaxRate

GERMAN: dict[str, Any] = {
    "seller": Seller("Seller", country="DE"),
    "tax_rates": (
        TaxRate("DE", "standard", "USt", D("19")),
        TaxRate("DE", "reduced", "USt", D("7")),
        TaxRate("FR", "standard", "TVA", D("20")),
    ),
    "country": "DE",
}
BRONZE = sold("bronze", fee("24"))
SILVER = sold("silver", fee("30"))
GOLD = sold("gold", fee("60"))
REDUCED = sold("reduced", fee("60", tax_category="reduced"))
A = sold("a", fee("30"), seats("7"))
B = sold("b", fee("60"), seats("7"))


class June(Shop):
    def __init__(self, plan: PlanVersion | None = None, quantity: int = 1, **terms: Any) -> None:
        """Who has bought the plan, and paid."""
        super().__init__("2026-06-01", **terms)
        if plan is not None:
            self.buy(plan, quantity)

    def buy(self, plan: PlanVersion, quantity: int = 1) -> None:
        self.subscribe("2026-06-01", plan, quantity=quantity)
        self.pay("2026-06-01")

    def move(self, at: str, plan: PlanVersion) -> None:
        self.change(at, ChangePlan(plan))
        self.pay(at)

    def pay(self, at: str, amount: str | None = None) -> None:
        self.until(at)
        if amount is not None or list(self.account.books.open):
            super().pay(at, amount)

    @property
    def borne(self) -> str:
        payments = self.account.books.payments.values()
        paid = sum((payment.amount - payment.refunded for payment in payments if payment.failure is None), D(0))
        return f"{paid - self.account.prepaid.get('EUR', D(0)):f}"

    def promotional(self) -> str:
        held = self.account.books.credits.values()
        return f"{sum((credit.remaining for credit in held if credit.kind is CreditKind.PROMOTIONAL), D(0)):f}"

    def promise(self, at: str, amount: str, expires_at: str | None = None) -> None:
        until = None if expires_at is None else on(expires_at)
        gift = Credit("promo", CreditKind.PROMOTIONAL, "EUR", D(amount), D(amount), "gift", on(at), expires_at=until)
        self.do(at, c.GrantCredit(gift))

    def redeem(self, at: str, **terms: Any) -> None:
        self.do(at, c.RedeemCoupon(Coupon("coupon", "CODE", "Coupon", **terms), "redeemed"))


# ── at its own tax ──
def test_a_return_at_another_tax_goes_out_by_itself_and_comes_back_whole() -> None:
    june = June(SILVER, **GERMAN)
    june.move("2026-06-16", REDUCED)
    june.cancel("2026-06-20", "NOW")
    assert june.bills == [
        "2026-06-01: INV-1, 35.70: Silver: base 30.00",
        "2026-06-16: CN-1 of INV-1, 17.85: Silver: base, given back 15.00",
        "2026-06-16: INV-2, 32.10: Reduced: base 30.00",
        "2026-06-20: CN-2 of INV-2, 23.54: Reduced: base, given back 22.00",
    ]
    assert june.borne == "26.41"


def test_who_gives_a_tax_number_in_mid_period_gets_back_what_was_charged_with_tax_with_tax() -> None:
    june = June(SILVER, **GERMAN | {"country": "FR"})
    june.do("2026-06-10", c.UpdateCustomer(tax_id_country="FR", tax_id_valid=True))
    june.cancel("2026-06-16", "NOW")
    assert june.borne == "18.00"


def test_a_seat_goes_back_at_the_tax_it_was_added_at() -> None:
    """Two seats at 10.00, one more from the 11th without tax; from the 16th two again; on the 21st it ends."""
    june = June(sold("team", seats("10")), 2, **GERMAN | {"country": "FR"})
    june.do("2026-06-05", c.UpdateCustomer(tax_id_country="FR", tax_id_valid=True))
    june.change("2026-06-11", ChangeQuantity(3))
    june.pay("2026-06-11")
    june.change("2026-06-16", ChangeQuantity(2))
    june.cancel("2026-06-21", "NOW")
    assert june.bills[1:] == [
        "2026-06-11: INV-2, 6.67: Team: seats, difference 6.67",
        "2026-06-16: CN-1 of INV-2, 5.00: Team: seats, given back 5.00",
        "2026-06-21: CN-2 of INV-1, 8.00: Team: seats, given back 6.67",
    ]
    assert june.borne == "17.67"  # 13.33 with 20 %, 1.67 without


# ── nothing above itself ──
def test_of_an_invoice_that_notes_took_from_the_rest_is_left_and_no_more() -> None:
    june = June(A, 2)
    june.move("2026-06-04", B)
    june.move("2026-06-05", A)
    first = june.invoices[0]
    june.do("2026-06-06", c.IssueCreditNote(first.id, "goodwill"))
    assert june.notes[-1].total == D("6.87")
    assert sum(note.total for note in june.notes if note.invoice_id == first.id) == first.total == D("44.00")
    assert june.borne == "38.13"


def test_to_and_fro_between_plans_of_a_fee_and_seats_costs_what_was_used() -> None:
    june = June(A, 2)
    for at, plan in (("2026-06-04", B), ("2026-06-05", A), ("2026-06-12", B)):
        june.move(at, plan)
    june.cancel("2026-06-17", "NOW")
    assert june.borne == "29.47"


# ── with its share of promotional credit ──
def test_the_share_of_promotional_credit_goes_on_to_what_takes_its_place() -> None:
    june = June()
    june.promise("2026-06-01", "20")
    june.buy(SILVER)
    june.change("2026-06-16", ChangePlan(BRONZE))
    assert (june.borne, june.promotional(), f"{june.account.prepaid['EUR']:f}") == ("7.00", "0.00", "3.00")


def test_also_where_the_credit_has_expired_meanwhile() -> None:
    june = June()
    june.promise("2026-06-01", "20", expires_at="2026-06-10")
    june.buy(SILVER)
    june.change("2026-06-16", ChangePlan(BRONZE))
    assert (june.borne, june.promotional()) == ("7.00", "0.00")


def test_of_what_ends_it_waits_for_the_next_invoice_unless_it_has_expired() -> None:
    for expires_at, left in ((None, "10.00"), ("2026-06-10", "0")):
        june = June()
        june.promise("2026-06-01", "20", expires_at=expires_at)
        june.buy(SILVER)
        june.cancel("2026-06-16", "NOW")
        assert (june.borne, june.promotional()) == ("5.00", left)


# ── with its share of coupons ──
def test_a_coupon_that_the_period_used_up_lowers_what_takes_its_place() -> None:
    """Half of 30.00, then for the second half of the month half of 60.00: 7.50 + 15.00."""
    june = June()
    june.redeem("2026-06-01", percent=D(50), periods=1)
    june.buy(SILVER)
    june.move("2026-06-16", GOLD)
    assert june.bills == [
        "2026-06-01: INV-1, 15.00: Silver: base 30.00",
        "2026-06-16: INV-2, 7.50: Silver: base, given back -15.00; Gold: base 30.00",
    ]
    june.until("2026-07-01 01:00")
    assert june.invoices[-1].total == D("60.00")


def test_a_fixed_coupon_moves_over_also_where_less_is_charged_than_goes_back() -> None:
    """10.00 off 30.00; half a month later 24.00 a month take over: 15.00 + 12.00 − 10.00."""
    june = June()
    june.redeem("2026-06-01", amount=Money(D(10), "EUR"), periods=1)
    june.buy(SILVER)
    june.move("2026-06-16", BRONZE)
    assert june.borne == "17.00"


def test_a_coupon_ends_also_where_usage_is_all_that_is_billed() -> None:
    june = June()
    june.redeem("2026-06-01", percent=D(50), periods=1)
    june.subscribe("2026-06-01", sold("usage", calls("1")))
    for month in ("06", "07", "08"):
        june.used("calls", f"2026-{month}-15", "100")
    june.until("2026-09-01 01:00")
    assert [invoice.total for invoice in june.invoices] == [D("50.00"), D("100.00"), D("100.00")]


def test_usage_beside_a_fee_uses_up_none_of_it() -> None:
    june = June()
    june.redeem("2026-06-01", percent=D(50), periods=2)
    june.buy(sold("both", fee("10"), calls("1")))
    june.used("calls", "2026-06-10", "10")
    june.move("2026-06-16", sold("other", fee("10"), calls("1")))
    june.used("calls", "2026-06-20", "10")
    june.used("calls", "2026-07-20", "10")
    june.until("2026-08-01 01:00")
    assert [invoice.total for invoice in june.invoices] == [D("5.00"), D("5.00"), D("10.00"), D("20.00")]


# ── what nobody pays ──
def test_who_leaves_after_an_upgrade_that_was_voided_has_paid_for_what_was_used() -> None:
    """15.00 for half a month of Silver, 10.00 for five days of Gold."""
    june = June(SILVER)
    june.change("2026-06-16", ChangePlan(GOLD))
    june.do("2026-06-17", c.VoidInvoice(june.invoices[1].id))
    assert june.borne == "30.00"
    june.cancel("2026-06-21", "NOW")
    assert june.borne == "25.00"


def test_an_upgrade_that_is_voided_and_billed_anew_is_billed_as_before() -> None:
    june = June(SILVER)
    june.change("2026-06-16", ChangePlan(GOLD))
    june.do("2026-06-17", c.VoidInvoice(june.invoices[1].id, rebill=True))
    assert june.bills[1:] == [
        "2026-06-16: INV-2, 15.00: Silver: base, given back -15.00; Gold: base 30.00",
        "2026-06-17: INV-3, 15.00: Silver: base, given back -15.00; Gold: base 30.00",
    ]


def test_what_was_written_off_is_no_gift() -> None:
    """Of 30.00 10.00 were paid, and half of the month was used: nothing comes back."""
    june = Shop("2026-06-01")
    june.subscribe("2026-06-01", SILVER)
    june.pay("2026-06-02", "10")
    june.do("2026-06-03", c.WriteOffInvoice(june.invoices[0].id))
    june.cancel("2026-06-16", "NOW")
    assert (june.notes, june.account.prepaid) == ([], {})


def test_what_is_paid_after_all_is_given_back_like_anything_paid() -> None:
    june = Shop("2026-06-01")
    june.subscribe("2026-06-01", SILVER)
    june.do("2026-06-03", c.WriteOffInvoice(june.invoices[0].id))
    june.do("2026-06-04", c.RecordPayment("p1", D(30), "EUR", invoice_ids=(june.invoices[0].id,)))
    june.cancel("2026-06-16", "NOW")
    assert june.account.prepaid == {"EUR": D("15.00")}


def test_what_nobody_paid_of_one_line_is_set_off_against_another_of_the_same_fee() -> None:
    """One seat, voided; four more from the 11th, paid: of both what was used until the 21st, 3.33 + 16.67."""
    june = Shop("2026-06-01")
    june.subscribe("2026-06-01", sold("team", seats("10")))
    june.change("2026-06-11", ChangeQuantity(5))
    june.do("2026-06-12", c.VoidInvoice(june.invoices[0].id))
    june.do("2026-06-12", c.RecordPayment("p1", june.invoices[1].total, "EUR"))
    june.cancel("2026-06-21", "NOW")
    assert june.invoices[1].total == D("26.67")
    assert june.account.prepaid == {"EUR": D("6.67")}


# ── by hand ──
def test_what_waits_for_the_next_invoice_is_billed_when_none_will_come() -> None:
    june = June(SILVER)
    june.item("2026-06-10", "Workshop", "500")
    june.cancel("2026-06-16", "NOW")
    assert june.bills[1:] == [
        "2026-06-16: CN-1 of INV-1, 15.00: Silver: base, given back 15.00",
        "2026-06-16: INV-2, 500.00: Workshop 500.00",
    ]


def test_what_was_put_there_by_hand_is_billed_anew_with_the_rest() -> None:
    june = June()
    june.item("2026-06-02", "Workshop", "500", at_once=True)
    june.do("2026-06-03", c.VoidInvoice(june.invoices[0].id, rebill=True))
    assert june.bills == [
        "2026-06-02: INV-1, 500.00: Workshop 500.00",
        "2026-06-03: INV-2, 500.00: Workshop 500.00",
    ]


def test_what_is_closed_is_not_billed_anew() -> None:
    june = June()
    june.subscribe("2026-06-01", SILVER)
    june.until("2026-12-02")
    with june.refuses(ErrorCode.CONFLICT):
        june.do("2026-12-02", c.VoidInvoice(june.invoices[0].id, rebill=True))


def test_a_gift_for_a_month_that_is_closed_is_not_taken_off_what_goes_back_later() -> None:
    june = June()
    june.subscribe("2026-06-01", SILVER)
    june.pay("2026-12-01 02:00")
    june.do("2026-12-10", c.IssueCreditNote(june.invoices[0].id, "goodwill"))
    june.cancel("2026-12-16 12:00", "NOW")
    assert [note.total for note in june.notes] == [D("30.00"), D("15.00")]


def test_billed_anew_an_upgrade_uses_the_same_promotional_credit_as_before() -> None:
    june = June()
    june.promise("2026-06-01", "20")
    june.buy(SILVER)
    june.change("2026-06-16", ChangePlan(GOLD))
    assert (june.invoices[1].total, june.promotional()) == (D("15.00"), "0.00")
    june.do("2026-06-17", c.VoidInvoice(june.invoices[1].id, rebill=True))
    assert (june.invoices[2].total, june.promotional()) == (D("15.00"), "0.00")
    june.pay("2026-06-17")
    june.cancel("2026-06-21", "NOW")
    assert (june.borne, june.promotional()) == ("11.67", "6.67")


def test_what_was_set_off_goes_back_when_it_is_paid_after_all() -> None:
    june = June()
    june.subscribe("2026-06-01", SILVER)
    june.do("2026-06-03", c.WriteOffInvoice(june.invoices[0].id))
    june.cancel("2026-06-16", "NOW")
    june.do("2026-06-20", c.RecordPayment("p1", D(30), "EUR", invoice_ids=(june.invoices[0].id,)))
    assert june.borne == "15.00"


def test_what_one_line_kept_for_another_goes_back_when_that_is_paid_after_all() -> None:
    """A seat, paid; another, written off; of both five days were used, 1.67 each."""
    june = June(sold("team", seats("10")))
    june.change("2026-06-01", ChangeQuantity(2))
    june.do("2026-06-02", c.WriteOffInvoice(june.invoices[1].id))
    june.cancel("2026-06-06", "NOW")
    june.do("2026-06-20", c.RecordPayment("p1", D(10), "EUR", invoice_ids=(june.invoices[1].id,)))
    assert june.borne == "3.33"


def test_of_what_was_paid_of_an_invoice_that_was_written_off_the_unused_part_goes_back() -> None:
    june = June()
    june.subscribe("2026-06-01", SILVER)
    june.pay("2026-06-01", "20")
    june.do("2026-06-02", c.WriteOffInvoice(june.invoices[0].id))
    june.cancel("2026-06-03", "NOW")
    assert (june.borne, june.notes[0].total) == ("2.00", D("18.00"))


def test_a_note_of_what_was_written_off_is_no_gift_for_the_next_month() -> None:
    june = June()
    june.subscribe("2026-06-01", SILVER)
    june.do("2026-06-10", c.WriteOffInvoice(june.invoices[0].id))
    june.do("2026-06-11", c.IssueCreditNote(june.invoices[0].id, "never mind"))
    june.pay("2026-07-01 01:00")
    june.cancel("2026-07-16 12:00", "NOW")
    assert june.borne == "15.00"


def test_what_a_voided_invoice_gave_back_counts_once_when_it_is_billed_anew() -> None:
    june = June(SILVER)
    june.change("2026-06-16", ChangePlan(GOLD))
    june.do("2026-06-17", c.VoidInvoice(june.invoices[1].id, rebill=True))
    assert june.account.books.receivables[june.invoices[0].id].lines[0].returned == D("15.00")


def test_a_rebill_is_refused_where_a_later_invoice_holds_its_share_of_a_coupon() -> None:
    june = June()
    june.redeem("2026-06-01", amount=Money(D(10), "EUR"), periods=1)
    june.subscribe("2026-06-01", SILVER)
    june.change("2026-06-16", ChangePlan(GOLD))
    with june.refuses(ErrorCode.CONFLICT):
        june.do("2026-06-17", c.VoidInvoice(june.invoices[0].id, rebill=True))


def test_credit_that_could_not_go_back_is_not_used_again() -> None:
    """Of an invoice that nobody paid nothing goes back, so the new plan has no promotional credit of it."""
    june = June(**GERMAN)
    june.promise("2026-06-01", "10")
    june.subscribe("2026-06-01", SILVER)
    june.do("2026-06-02", c.WriteOffInvoice(june.invoices[0].id))
    june.move("2026-06-03", REDUCED)
    june.cancel("2026-06-04", "NOW")
    assert all(credit.remaining >= 0 for credit in june.account.books.credits.values())


def test_two_currencies_that_are_billed_together_are_closed_together() -> None:
    """A correction of dollars comes while euros are billed."""
    shop = June(currency="USD")
    dollars = replace(calls("1"), currency="USD")
    shop.subscribe("2026-06-01", sold("dollars", dollars))
    shop.used("calls", "2026-06-10", "50")
    shop.cancel("2026-06-20", "PERIOD_END")
    shop.until("2026-07-02")
    shop.do("2026-07-03", c.UpdateCustomer(currency="EUR"))
    shop.subscribe("2026-07-05", SILVER)
    shop.until("2026-08-06")
    shop.used("calls", "2026-06-11", "-20")
    shop.until("2026-11-06")
    assert [note.total for note in shop.notes] == [D("20.00")]


def test_what_waits_is_billed_at_once_where_no_invoice_comes_by_itself() -> None:
    free = June(sold("free"))
    free.item("2026-06-10", "Workshop", "37")
    paused = June(SILVER)
    paused.item("2026-06-10", "Workshop", "37")
    paused.change("2026-06-16", Pause())
    for june in (free, paused):
        assert june.invoices[-1].total == D("37.00")


def test_what_is_billed_on_is_for_the_rest_of_the_period() -> None:
    june = June()
    june.subscribe("2026-06-01", SILVER)
    june.cancel("2026-06-10", "2026-07-16")
    june.do("2026-07-05", c.RevokeCancellation("s1"))
    rest = june.invoices[-1].lines[0]
    assert (f"{rest.amount:f}", rest.period) == ("15.48", Period(on("2026-07-16"), on("2026-08-01")))


def test_an_add_on_in_mid_period_uses_up_no_period_of_a_coupon() -> None:
    june = June()
    june.redeem("2026-06-01", percent=D(50), periods=2)
    june.buy(SILVER)
    june.change("2026-06-16", AddAddOn(sold("extra", fee("12"))))
    june.until("2026-08-01 01:00")
    assert [invoice.total for invoice in june.invoices] == [D("15.00"), D("3.00"), D("21.00"), D("42.00")]


def test_a_coupon_that_usage_has_used_up_lowers_the_rest_of_its_period_at_another_price() -> None:
    june = June()
    june.redeem("2026-06-01", percent=D(50), periods=1)
    june.subscribe("2026-06-01", sold("one", calls("1")))
    june.used("calls", "2026-06-10", "100")
    june.change("2026-06-16", ChangePlan(sold("two", calls("2"))))
    june.used("calls", "2026-06-20", "10")
    june.used("calls", "2026-07-20", "10")
    june.until("2026-08-01 01:00")
    assert [invoice.total for invoice in june.invoices] == [D("50.00"), D("10.00"), D("20.00")]


def test_a_beginning_in_the_past_is_billed_period_by_period() -> None:
    """So a coupon for one period lowers one."""
    june = Shop("2026-03-01")
    june.do("2026-06-15", c.RedeemCoupon(Coupon("coupon", "CODE", "Half", D(50), periods=1), "redeemed"))
    june.subscribe("2026-06-15", SILVER, start_at="2026-04-10")
    assert [invoice.total for invoice in june.invoices] == [D("15.00"), D("30.00"), D("30.00")]


def test_of_two_lines_that_are_counted_by_day_each_gives_back_its_own_days() -> None:
    """Three seats of 30.00, two more from the 7th; two from the 10th at noon; the end in that hour. What the two were
    charged for after that is back already: the rest is of the three, of which 60.00 were promotional credit."""
    june = June()
    june.promise("2026-06-01", "60")
    june.buy(sold("team", seats("30", proration=ProrationPolicy.BY_DAY)), 3)
    june.change("2026-06-07", ChangeQuantity(5))
    june.pay("2026-06-07")
    june.change("2026-06-10 12:00", ChangeQuantity(2))
    june.cancel("2026-06-10 12:00", "NOW")
    assert june.bills[1:] == [
        "2026-06-07: INV-2, 48.00: Team: seats, difference 48.00",
        "2026-06-10 12:00: CN-1 of INV-2, 42.00: Team: seats, given back 42.00",
        "2026-06-10 12:00: CN-2 of INV-1, 7.00: Team: seats, given back 21.00",
        "2026-06-10 12:00: CN-3 of INV-1, 14.00: Team: seats, given back 42.00",
    ]
    assert june.borne == "15.00"  # 6.00 of the two, 27.00 of the three less 18.00


def test_a_gift_is_shared_by_the_lines_of_an_invoice_whatever_their_order() -> None:
    """Seats of 20.00 a month and 100.00 a year; another rhythm on the 16th; that invoice is given
    away. Whichever of the two fees comes first in the plan, as much goes back at the end."""
    monthly, yearly = fee("20"), seats("100", cadence=Cadence.YEAR)
    ends = []
    for prices in ((monthly, yearly), (yearly, monthly)):
        june = June(sold("team", *prices))
        june.change("2026-06-16", ChangePlan(sold("team", *prices), cadence=Cadence.YEAR))
        june.do("2026-06-17", c.IssueCreditNote(june.invoices[-1].id, "sorry"))
        june.cancel("2026-06-21", "NOW")
        ends.append((june.notes[-1].total, june.borne))
    assert ends == [(D("104.91"), "15.09")] * 2
