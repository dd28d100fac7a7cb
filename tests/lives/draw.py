"""A life drawn by a seed: who, what is sold, and what they do. The same seed draws the same life."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from .text import Act, Life, act, moment

TOPICS = (
    *("days", "policies", "once", "add_ons", "minimum", "years", "pauses", "trials", "planned", "dated_back"),
    *("parts", "notes", "voids", "writeoffs", "items", "taxes", "inclusive", "categories", "moves", "rates"),
    *("cards", "prepaid", "refunds", "dunning", "promo", "coupons", "usage"),
    *("bought", "by_hand"),
)
ZONES = ["UTC", "UTC", "UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata"]
BEGINNINGS = ["2026-06-01", "2026-06-01", "2026-01-31", "2026-03-10T09:30", "2026-02-15", "2025-12-31T23:00"]
TEMPOS = [[1, 1, 2, 3], [1, 3, 5, 8], [1, 2, 3, 5, 8, 9, 14, 30, 31], [9, 20, 30, 31, 60]]
CURRENCIES = ["EUR", "EUR", "EUR", "EUR", "JPY", "BHD"]


def draw(seed: int, topics: Sequence[str] = TOPICS) -> Life:
    """Each life is about some of the topics only, so that what fails is simple where it can be."""
    return _Drawing(Random(seed), topics).life()


class _Drawing:
    def __init__(self, random: Random, topics: Sequence[str]) -> None:
        self.random = random
        share = random.choice([0.0, 0.15, 0.3, 0.6] if len(topics) > 8 else [0.5, 0.8, 1.0])
        self.topics = {topic for topic in topics if random.random() < share}
        self.currency = random.choice(CURRENCIES)
        self.steps = random.choice(TEMPOS)
        self.names: list[str] = []
        self.add_ons: list[str] = []
        self.held: list[str] = []
        self.coupons: list[str] = []
        self.paused: set[str] = set()

    def life(self) -> Life:
        head = [f"zone {self.random.choice(ZONES)}", f"currency {self.currency}"]
        head += ["pays promptly"] if self.chance(0.2 if "cards" in self.topics else 0.6) else []
        if self.about("dunning", 0.8):
            head.append(f"dunning {self.random.choice(['suspend', 'cancel'])}")
        head += self.taxes() if "taxes" in self.topics else []
        head += self.catalog()
        head += self.coupons_sold() if "coupons" in self.topics else []
        now = datetime.fromisoformat(self.random.choice(BEGINNINGS)).replace(tzinfo=UTC)
        acts = [self.promo(now)] if self.about("promo") else []
        acts += [self.redeem(now)] if self.about("coupons") else []
        acts.append(self.subscribe(now))
        for _ in range(self.random.randint(1, 9)):
            now += self.step()
            acts.append(self.something(now))
        return Life(tuple(head), tuple(acts))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def about(self, topic: str, share: float = 0.5) -> bool:
        return topic in self.topics and self.chance(share)

    def step(self) -> timedelta:
        days = timedelta(days=self.random.choice(self.steps))
        odd = timedelta(seconds=self.random.randint(0, 86_400)) if self.chance(0.3) else timedelta()
        return timedelta(hours=self.random.randint(0, 5)) if self.chance(0.1) else days + odd

    # ── what is sold ──
    def catalog(self) -> list[str]:
        lines = []
        for name in "abcd"[: self.random.choice([1, 2, 2, 2, 3, 4])]:
            lines.append(f"plan {name}: {self.plan()}")
            self.names.append(name)
            if self.chance(0.3):
                lines.append(f"plan {name}/2: {self.plan()}")
                self.names.append(f"{name}/2")
        if "add_ons" in self.topics:
            for name in "xy"[: self.random.randint(1, 2)]:
                lines.append(f"plan {name}: {self.plan(prices=self.random.randint(1, 2))}")
                self.add_ons.append(name)
        return lines

    def coupons_sold(self) -> list[str]:
        lines = []
        for name in ["half", "less"][: self.random.randint(1, 2)]:
            off = (
                f"percent={self.random.choice([10, 33, 50, 100])}" if self.chance(0.5) else f"amount={self.amount(30)}"
            )
            periods = self.random.choice(["", "", " periods=1", " periods=2"])
            plans = f" plans={self.random.choice('ab')}" if self.chance(0.2) else ""
            lines.append(f"coupon {name}: {off}{periods}{plans}")
            self.coupons.append(name)
        return lines

    def taxes(self) -> list[str]:
        lines = ["tax DE standard 19"]
        if "rates" in self.topics:
            day = f"2026-{self.random.randint(1, 7):02}-{self.random.randint(1, 28):02}"
            lines = [f"tax DE standard 19 until={day}", f"tax DE standard {self.random.choice([16, 21])} since={day}"]
        if "categories" in self.topics:
            lines += ["tax DE books 7", "tax AT books 10"]
        return [*lines, "tax AT standard 20", "tax CH standard 8.1"]

    def plan(self, prices: int = 0) -> str:
        policy = self.policy() + (" inclusive" if self.about("inclusive") else "")
        policy += " category=books" if self.about("categories") else ""
        parts = [self.fee(policy) for _ in range(prices or self.random.choice([1, 1, 2, 2, 3, 4]))]
        if "years" in self.topics:
            parts += [self.fee(policy) + " YEAR" for _ in range(self.random.randint(0, 2))]
        if self.about("usage", 0.7):
            parts.append(self.metered())
        if self.about("once"):
            parts.append(f"FLAT {self.amount(90)} ONCE key=setup")
        if self.about("minimum"):
            parts.append(f"minimum={self.amount(120)}")
        if self.about("trials", 0.4):
            parts.append(f"trial={self.random.choice([3, 10, 30])}")
        if self.chance(0.15):
            parts.append("arrears")
        if self.chance(0.15):
            parts.append("later")
        return "; ".join(parts)

    def policy(self) -> str:
        """One for all prices of a plan: whose a day is would else have two answers."""
        if self.about("days", 0.7):
            return self.random.choice([" BY_DAY", " BY_DAY OLD"])
        return self.random.choice([" NONE", " FULL"]) if self.about("policies") else ""

    def fee(self, policy: str) -> str:
        if self.chance(0.5):
            return f"FLAT {self.amount(60)}{policy}"
        included = f" included={self.random.randint(1, 3)}" if self.chance(0.15) else ""
        return f"PER_SEAT {self.amount(20)}{policy}{included}"

    def metered(self) -> str:
        unit = "" if self.currency == "JPY" else "0."
        cents = self.random.randint(1, 99)
        included = f" included={self.random.choice([10, 50, 100])}" if self.chance(0.5) else ""
        kind = self.random.choice(["PER_UNIT", "PER_UNIT", "GRADUATED", "VOLUME", "PACKAGE", "PERCENTAGE"])
        every = " WEEK" if self.chance(0.15) else ""
        tail = f" meter=calls{included}{every}"
        if kind in ("GRADUATED", "VOLUME"):
            tiers = f"20@{unit}{cents:02} 100@{unit}{cents // 2:02} *@{unit}{cents // 3:02}"
            return f"{kind} {tiers}{tail}"
        if kind == "PACKAGE":
            return f"PACKAGE {self.amount(9)} size={self.random.choice([7, 10, 50])}{tail}"
        return f"{kind} {unit}{cents:02}{tail}"

    def amount(self, most: int) -> str:
        whole = self.random.randint(1, most)
        if self.currency == "JPY":
            return str(whole * 100)
        return f"{whole}.{self.random.randint(1, 99):02}" if self.chance(0.3) else str(whole)

    # ── what is done ──
    def something(self, at: datetime) -> Act:
        kinds = ["move"] * 4 + ["quantity"] * 3 + ["cancel", "subscribe", "pay"]
        kinds += ["add", "add", "remove"] if self.add_ons else []
        kinds += ["pause", "resume"] if "pauses" in self.topics else []
        kinds += ["note"] * 3 if "notes" in self.topics else []
        kinds += ["void"] * 3 if "voids" in self.topics else []
        kinds += ["writeoff"] * 2 if "writeoffs" in self.topics else []
        kinds += ["item"] * 2 if "items" in self.topics else []
        kinds += ["country", "vat"] if "moves" in self.topics else []
        kinds += ["pay"] * 3 if "parts" in self.topics else []
        kinds += ["card", "card", "charge", "transfer", "transfer"] if "cards" in self.topics else []
        kinds += ["prepaid"] * 2 if "prepaid" in self.topics else []
        kinds += ["promo"] * 2 if "promo" in self.topics else []
        kinds += ["redeem"] if self.coupons else []
        kinds += ["used"] * 6 if "usage" in self.topics else []
        kinds += ["buy"] * 2 if "bought" in self.topics and "refunds" not in self.topics else []
        kinds += ["finalize", "unredeem", "ungrant"] if "by_hand" in self.topics else []
        kinds += ["refund"] * 2 if "refunds" in self.topics else []
        kind = self.random.choice(kinds)
        if kind == "subscribe" and self.chance(0.6):
            kind = "move"
        return getattr(self, kind)(at)

    def subscribe(self, at: datetime) -> Act:
        id = f"s{len(self.held) + 1}"
        self.held.append(id)
        anchor = moment(at - timedelta(days=self.random.randint(1, 40))) if self.chance(0.15) else None
        trial = self.random.choice([0, 5, 14]) if self.about("trials", 0.3) else None
        extra = self.random.choice(self.add_ons) if self.add_ons and self.chance(0.3) else None
        name = self.random.choice(self.names)
        given = {"with": extra}
        return act(
            at, "subscribe", id, name, quantity=self.quantity(), by=self.rhythm(), anchor=anchor, trial=trial, **given
        )

    def move(self, at: datetime) -> Act:
        quantity = self.quantity() if self.chance(0.2) else None
        return act(
            at,
            "move",
            self.one(),
            self.random.choice(self.names),
            quantity=quantity,
            by=self.rhythm(),
            **self.timing(at),
        )

    def quantity(self, at: datetime | None = None) -> object:
        n = self.random.choice([1, 1, 2, 3, 5, 7])
        return n if at is None else act(at, "quantity", self.one(), str(n), **self.timing(at))

    def cancel(self, at: datetime) -> Act:
        return act(at, "cancel", self.one(), **self.timing(at))

    def pay(self, at: datetime) -> Act:
        part = self.random.choice([30, 50, 100, 150]) if "parts" in self.topics else None
        return act(at, "pay", part=part)

    def card(self, at: datetime) -> Act:
        return act(at, "card", self.random.choice(["good", "good", "bad", "slow", "slow_bad", "confirmed", "ignored"]))

    def charge(self, at: datetime) -> Act:
        return act(at, "charge", self.invoice())

    def transfer(self, at: datetime) -> Act:
        return act(at, "transfer", self.amount(60))

    def prepaid(self, at: datetime) -> Act:
        until = moment(at + 3 * self.step()) if self.chance(0.2) else None
        return act(at, "grant", "prepaid", self.amount(60), until=until)

    def promo(self, at: datetime) -> Act:
        until = moment(at + 2 * self.step()) if self.chance(0.4) else None
        return act(at, "grant", "promotional", self.amount(60), until=until)

    def redeem(self, at: datetime) -> Act:
        return act(
            at, "redeem", self.random.choice(self.coupons), of=self.one() if self.held and self.chance(0.15) else None
        )

    def used(self, at: datetime) -> Act:
        value = -self.random.randint(1, 20) if self.chance(0.1) else self.random.choice([3, 10, 25, 60, 140])
        ago = self.random.choice([None, None, None, 1, 5, 12])
        return act(at, "used", "calls", str(value), ago=ago)

    def buy(self, at: datetime) -> Act:
        return act(at, "buy", self.amount(30), self.amount(60))

    def finalize(self, at: datetime) -> Act:
        return act(at, "finalize")

    def unredeem(self, at: datetime) -> Act:
        return act(at, "unredeem", self.random.choice(["half", "less"]))

    def ungrant(self, at: datetime) -> Act:
        return act(at, "ungrant", str(self.random.randint(1, 2)))

    def refund(self, at: datetime) -> Act:
        part = self.random.choice([None, 20, 50])
        return act(at, "refund", self.invoice(), part=part, to="credit" if self.chance(0.4) else None)

    def note(self, at: datetime) -> Act:
        line = self.random.randint(1, 3) if self.chance(0.6) else None
        part = self.random.choice([10, 33, 50, 100]) if line else None
        return act(at, "note", self.invoice(), line=line, part=part)

    def void(self, at: datetime) -> Act:
        return act(at, "void", self.invoice(), rebill="yes" if self.chance(0.5) else None)

    def writeoff(self, at: datetime) -> Act:
        return act(at, "writeoff", self.invoice())

    def invoice(self) -> str:
        return str(self.random.choice([1, 1, 2, 2, 3, 4, 5]))

    def item(self, at: datetime) -> Act:
        return act(
            at, "item", self.amount(50), at_once=None if "waiting" in self.topics and self.chance(0.5) else "yes"
        )

    def country(self, at: datetime) -> Act:
        return act(at, "country", self.random.choice(["DE", "AT", "FR", "CH", "US"]))

    def vat(self, at: datetime) -> Act:
        return act(at, "vat", self.random.choice(["AT", "DE", "none", "none"]))

    def add(self, at: datetime) -> Act:
        return act(at, "add", self.one(), self.random.choice(self.add_ons), quantity=self.quantity(), **self.timing(at))

    def remove(self, at: datetime) -> Act:
        return act(at, "remove", self.one(), self.random.choice(self.add_ons), **self.timing(at))

    def pause(self, at: datetime) -> Act:
        until = moment(at + self.step()) if self.chance(0.4) else None
        return act(at, "pause", self.one(), until=until)

    def resume(self, at: datetime) -> Act:
        return act(at, "resume", self.one())

    def one(self) -> str:
        return self.random.choice(self.held[-2:])

    def rhythm(self) -> str | None:
        return self.random.choice(["MONTH", "YEAR", None, None]) if "years" in self.topics else None

    def timing(self, at: datetime) -> dict[str, str]:
        if self.about("planned", 0.4):
            later = {"end": "period"} if self.chance(0.5) else {"when": moment(at + self.step())}
            return later | ({"replacing": "yes"} if self.chance(0.5) else {})
        if self.about("dated_back", 0.3):
            return {"since": moment(at - self.step())}
        return {}
