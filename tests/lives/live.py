"""A life lived: its acts as commands, on the same engine that the service runs."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from timeline import Timeline

from domain import commands as c
from domain.books.invoice import Item
from domain.catalog import PlanVersion
from domain.engine.advance import next_instant
from domain.errors import Refusal
from domain.exact import exact_sum
from domain.money import rounded
from domain.period import Cadence
from domain.policy import ChangeTiming, LastStep
from domain.seller import Dunning, Seller, Settings
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

from .sold import plans
from .text import Act, Life, instant, moment

PATIENT = Dunning(retry_days=(), grace_days=36_500, last_step=LastStep.LEAVE)
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


def live(life: Life) -> Lived:
    """To its end: everything is cancelled, billed and, as far as anybody wants it, paid."""
    run = _Run(life)
    done = tuple(Done(act, run.act(act)) for act in life.acts)
    run.end()
    return Lived(life, run.timeline, done)


class _Run:
    def __init__(self, life: Life) -> None:
        self.life = life
        self.currency = life.fact("currency", "EUR")
        self.plans = plans(life.heads("plan"), self.currency)
        self.promptly = "pays promptly" in life.head
        settings = Settings(
            seller=Seller(country="DE"),
            dunning=PATIENT,
            net_days=int(life.fact("net", "14")),
            tax_rates=tuple(_rate(line) for line in life.heads("tax")),
        )
        since = life.acts[0].at
        self.timeline = Timeline(
            moment(since).replace("T", " "), life.fact("zone", "UTC"), self.currency, settings, country="DE"
        )
        self.paid = self.changed = 0

    @property
    def now(self) -> datetime:
        return self.timeline.journal[-1].at

    def act(self, act: Act) -> str | None:
        """Why it was refused."""
        self.until(act.at)
        try:
            self.do(act)
        except Refusal as refusal:
            self.until(act.at)
            return f"{refusal.code}: {refusal.message}"
        if self.promptly:
            self.pay(act.at)
        return None

    def until(self, at: datetime) -> None:
        """What happens by itself. Who pays promptly pays each invoice when it is made."""
        while self.promptly and (soon := next_instant(self.timeline.account)) is not None and soon <= at:
            self.timeline.until(soon)
            self.pay(soon)
        self.timeline.until(at)

    def end(self) -> None:
        last = self.life.acts[-1].at
        for held in self.timeline.account.subscriptions:
            if held.ended_at is None:
                self.changed += 1
                self.timeline.do(last, c.ChangeSubscription(held.id, "end", Cancel(), replace_scheduled=True))
        self.until(last + AFTER)
        self.pay(last + AFTER)

    def pay(self, at: datetime, part: str | None = None) -> None:
        """All that is owed; of it so many per cent; or (150) more than that."""
        owed = exact_sum(one.due for one in self.timeline.account.books.open)
        owed = rounded(owed * int(part or 100) / 100, self.currency)
        if owed:
            self.paid += 1
            self.timeline.do(at, c.RecordPayment(f"p{self.paid}", owed, self.currency))

    def do(self, act: Act) -> None:
        match act.verb:
            case "subscribe":
                self.timeline.do(act.at, self.subscribing(act))
            case "pay":
                self.pay(act.at, act.term("part"))
            case "country" | "vat":
                self.timeline.do(act.at, _moved(act))
            case "item":
                self.timeline.do(act.at, self.item(act))
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
            add_ons=tuple(self.plan(one) for one in (act.term("with") or "").split(",") if one),
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

    def item(self, act: Act) -> c.AddItem:
        id = f"i{len(self.timeline.journal)}"
        item = Item(id, "item", Decimal(1), Decimal(act.about[0]), self.currency, act.at)
        return c.AddItem(item, act.term("at_once") is not None)

    def plan(self, name: str) -> PlanVersion:
        return self.plans[name]


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
