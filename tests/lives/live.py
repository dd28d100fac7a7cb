"""A life lived: its acts as commands, on the same engine that the service runs."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from timeline import Timeline

from domain import commands as c
from domain.account import Account
from domain.billing.invoicing import invoice_id
from domain.books.credit import Credit, CreditKind
from domain.books.invoice import Item
from domain.catalog import PlanVersion
from domain.coupon import Coupon
from domain.engine.advance import next_instant
from domain.errors import Refusal
from domain.exact import exact_sum
from domain.money import Money, rounded
from domain.period import Cadence
from domain.policy import ChangeTiming, LastStep
from domain.seller import BillingSettings, Dunning, Seller
from domain.subscription import (
    AddAddOn,
    Cancel,
    Change,
    ChangePlan,
    ChangeQuantity,
    Pause,
    RemoveAddOn,
    Resume,
)
from domain.tax import TaxRate

from .paying import Wallet
from .reference.usage import Used
from .sold import plans
from .text import Act, Life, instant, moment

DUNNING = {
    "leave": Dunning(retry_days=(), grace_days=36_500, last_step=LastStep.LEAVE),
    "suspend": Dunning(retry_days=(2, 5), grace_days=10, last_step=LastStep.SUSPEND),
    "cancel": Dunning(retry_days=(1, 3), grace_days=3, last_step=LastStep.CANCEL),
}
AFTER = timedelta(days=70)
"""How long is waited after the last act: until everything is billed."""


class Done(NamedTuple):
    """An act, and why it was refused (None: it was not)."""

    act: Act
    refusal: str | None


class Lived(NamedTuple):
    life: Life
    timeline: Timeline
    done: tuple[Done, ...]
    used: tuple[tuple[int, Used], ...] = ()
    unspent: tuple[str, ...] = ()
    """When something was owed beside money of theirs."""


def live(life: Life) -> Lived:
    """To its end: everything is cancelled, billed and, as far as anybody wants it, paid."""
    run = _Run(life)
    done = tuple(Done(act, run.act(act)) for act in life.acts)
    run.end()
    return Lived(life, run.timeline, done, tuple(run.used), tuple(run.unspent))


class _Run:
    def __init__(self, life: Life) -> None:
        self.life = life
        self.currency = life.fact("currency", "EUR")
        self.plans = plans(life.heads("plan"), self.currency)
        self.promptly = "pays promptly" in life.head
        settings = BillingSettings(
            seller=Seller(country="DE"),
            dunning=DUNNING[life.fact("dunning", "leave")],
            net_days=int(life.fact("net", "14")),
            tax_rates=tuple(_rate(line) for line in life.heads("tax")),
        )
        since = life.acts[0].at
        self.timeline = Timeline(
            moment(since).replace("T", " "), life.fact("zone", "UTC"), self.currency, settings, country="DE"
        )
        self.wallet = Wallet(self.timeline, self.currency)
        self.changed = 0
        self.unspent: list[str] = []
        self.used: list[tuple[int, Used]] = []

    def act(self, act: Act) -> str | None:
        """Why it was refused."""
        self.until(act.at)
        refusal = None
        try:
            self.do(act)
        except Refusal as refused:
            refusal = f"{refused.code}: {refused.message}"
        self.happened(act.at)
        return refusal

    def until(self, at: datetime) -> None:
        """What happens by itself, and what the provider answers, in order."""
        while (soon := self.next_instant()) is not None and soon <= at:
            self.timeline.until(soon)
            self.happened(soon)
        self.timeline.until(at)

    def next_instant(self) -> datetime | None:
        instants = (next_instant(self.timeline.account), self.wallet.next_answer())
        return min((instant for instant in instants if instant is not None), default=None)

    def happened(self, at: datetime) -> None:
        """Then the provider says what it has to, and who pays promptly pays."""
        self.wallet.answer(at)
        if self.promptly:
            self.wallet.pay(at)
        if what := unspent(self.timeline.account):
            self.unspent.append(f"{moment(at)}: {what}")

    def end(self) -> None:
        last = self.life.acts[-1].at
        for held in self.timeline.account.subscriptions:
            if held.ended_at is None:
                self.changed += 1
                self.timeline.do(last, c.ChangeSubscription(held.id, "end", Cancel(), replace_scheduled=True))
        self.happened(last)
        self.until(last + AFTER)
        self.wallet.pay(last + AFTER)
        self.happened(last + AFTER)

    def do(self, act: Act) -> None:
        match act.verb:
            case "subscribe":
                self.timeline.do(act.at, self.subscribing(act))
            case "pay" | "transfer" | "card" | "charge" | "grant" | "ungrant" | "refund":
                self.wallet.do(act)
            case "country" | "vat":
                self.timeline.do(act.at, _moved(act))
            case "item" | "buy":
                self.timeline.do(act.at, self.item(act))
            case "finalize":
                self.timeline.do(act.at, c.FinalizeInvoice(invoice_id(self.timeline.account)))
            case "unredeem":
                self.timeline.do(act.at, c.RemoveCoupon(f"{act.about[0]}_redeemed"))
            case "used":
                self.use(act)
            case "redeem":
                self.timeline.do(act.at, self.redeeming(act))
            case "note" | "void" | "writeoff":
                self.timeline.do(act.at, self.correcting(act))
            case _:
                self.changed += 1
                self.timeline.do(act.at, self.changing(act))

    def subscribing(self, act: Act) -> c.Subscribe:
        id, name = act.about
        trial = act.term("trial")
        return c.Subscribe(
            id,
            self.plan(name),
            int(act.term("quantity") or 1),
            _cadence(act),
            start_at=_when(act, "start"),
            anchor=_when(act, "anchor"),
            trial_days=None if trial is None else int(trial),
            add_ons=tuple(self.plan(key) for key in (act.term("with") or "").split(",") if key),
        )

    def changing(self, act: Act) -> c.ChangeSubscription:
        at = _when(act, "when")
        timing = ChangeTiming.AT if at is not None else ChangeTiming.PERIOD_END if act.term("end") else ChangeTiming.NOW
        return c.ChangeSubscription(
            act.about[0],
            f"c{self.changed}",
            self.change(act),
            timing,
            at,
            act.term("replacing") is not None,
            _when(act, "since"),
        )

    def change(self, act: Act) -> Change:
        quantity = int(act.term("quantity") or 1)
        match act.verb:
            case "move":
                return ChangePlan(self.plan(act.about[1]), _cadence(act), quantity if act.term("quantity") else None)
            case "quantity":
                return ChangeQuantity(int(act.about[1]))
            case "add":
                return AddAddOn(self.plan(act.about[1]), quantity)
            case "remove":
                return RemoveAddOn(act.about[1])
            case "pause":
                return Pause(_when(act, "until"))
            case "resume":
                return Resume()
            case "cancel":
                return Cancel()
            case verb:
                raise ValueError(f"nobody can {verb}")

    def correcting(self, act: Act) -> c.VoidInvoice | c.WriteOffInvoice | c.IssueCreditNote:
        """Of the n-th invoice that was made; a note of its k-th line, or of so many per cent of what is left of it."""
        made = self.timeline.invoices
        n = int(act.about[0])
        invoice = made[n - 1] if n <= len(made) else None
        id = invoice.id if invoice else "none"
        if act.verb == "void":
            return c.VoidInvoice(id, rebill=act.term("rebill") is not None)
        if act.verb == "writeoff":
            return c.WriteOffInvoice(id)
        if invoice is None or (k := act.term("line")) is None:
            return c.IssueCreditNote(id, "sorry")
        owed = self.timeline.account.books.receivables[id]
        line = owed.lines[(int(k) - 1) % len(owed.lines)]
        part = rounded((line.net - line.credited) * int(act.term("part") or 100) / 100, self.currency)
        return c.IssueCreditNote(id, "sorry", {line.id: part})

    def use(self, act: Act) -> None:
        """So much, some days ago; told now."""
        meter, value = act.about
        at = act.at - timedelta(days=int(act.term("ago") or 0))
        self.timeline.events.append((meter, at, Decimal(value)))
        self.used.append((len(self.timeline.journal), Used(meter, at, Fraction(value))))

    def redeeming(self, act: Act) -> c.RedeemCoupon:
        """half: percent=50 periods=2 plans=a,b"""
        code = act.about[0]
        terms = next(line.partition(": ")[2] for line in self.life.heads("coupon") if line.startswith(f"{code}:"))
        named = dict(term.partition("=")[::2] for term in terms.split())
        coupon = Coupon(
            id=code,
            code=code,
            name=code,
            percent=Decimal(named["percent"]) if "percent" in named else None,
            amount=Money(Decimal(named["amount"]), self.currency) if "amount" in named else None,
            periods=int(named["periods"]) if "periods" in named else None,
            plans=tuple(named["plans"].split(",")) if "plans" in named else (),
        )
        return c.RedeemCoupon(coupon, f"{code}_redeemed", act.term("of"))

    def item(self, act: Act) -> c.AddItem:
        """Something sold by hand; or so much prepaid credit, for less."""
        id, price = f"i{len(self.timeline.journal)}", Decimal(act.about[0])
        if act.verb == "item":
            return c.AddItem(Item(id, "item", Decimal(1), price, self.currency, act.at), bool(act.term("at_once")))
        amount = Decimal(act.about[1])
        bought = Credit(f"{id}_bought", CreditKind.PREPAID, self.currency, amount, amount, "bought", act.at)
        return c.AddItem(Item(id, "credit", Decimal(1), price, self.currency, act.at, buys=bought), True)

    def plan(self, name: str) -> PlanVersion:
        return self.plans[name]


def unspent(account: Account) -> str | None:
    """Law 12: an invoice that is open beside credit which could settle it. Not while it is being charged."""
    busy = {
        part.invoice_id
        for payment in account.books.payments.values()
        if payment.settled_at is None and not payment.waiting
        for part in payment.allocations
    }
    for owed in account.books.open:
        prepaid = (credit for credit in account.books.credits.values() if credit.kind is CreditKind.PREPAID)
        left = exact_sum(credit.remaining for credit in prepaid if credit.currency == owed.currency)
        if left and not owed.buys and owed.id not in busy:
            return f"{owed.due:f} of {owed.number} are owed beside {left:f}"
    return None


def _rate(line: str) -> TaxRate:
    """DE standard 19 since=2026-01-01"""
    country, category, percent, *terms = line.split()
    named = {name: date.fromisoformat(day) for name, _, day in (term.partition("=") for term in terms)}
    return TaxRate(country, category, "VAT", Decimal(percent), named.get("since"), named.get("until"))


def _moved(act: Act) -> c.UpdateCustomer:
    where = act.about[0]
    if act.verb == "country":
        return c.UpdateCustomer(country=where)
    return c.UpdateCustomer(tax_id_country=None if where == "none" else where, tax_id_valid=where != "none")


def _cadence(act: Act) -> Cadence | None:
    word = act.term("by")
    return None if word is None else Cadence(word)


def _when(act: Act, name: str) -> datetime | None:
    word = act.term(name)
    return None if word is None else instant(word)
