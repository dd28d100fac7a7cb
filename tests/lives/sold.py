"""What a life's head says is sold: plans of prices, written in a line.

plan a: FLAT 30; PER_SEAT 7 BY_DAY OLD; PER_UNIT 0.05 meter=calls; arrears; trial=10; minimum=20
"""

from datetime import UTC, datetime
from decimal import Decimal

from msgspec.structs import replace

from domain.catalog import (
    Aggregation,
    BillingMode,
    ChargeModel,
    Meter,
    PlanVersion,
    Price,
    ProrationPolicy,
    Terms,
    Tier,
)
from domain.money import Money
from domain.period import Cadence
from domain.policy import ChangeDay, ChangesBilled, Rounding, TrialUsage

METERS = (
    Meter("meter_calls", "calls", Aggregation.SUM, "api.call"),
    Meter("meter_bytes", "bytes", Aggregation.SUM, "api.bytes"),
)


def plans(lines: list[str], currency: str) -> dict[str, PlanVersion]:
    """By name: `a` is the first version of plan a, `a/2` its second."""
    found = {}
    for line in lines:
        name, _, terms = line.partition(":")
        found[name] = version(name, terms, currency)
    return found


def version(name: str, terms: str, currency: str) -> PlanVersion:
    key, _, number = name.partition("/")
    n = int(number or 1)
    parts = [part.strip() for part in terms.split(";") if part.strip()]
    priced = [part for part in parts if part.split()[0] in ChargeModel.__members__]
    made: list[Price] = []
    for part in priced:
        made.append(price(part, currency, f"{key}_{n}", {(other.key, other.cadence) for other in made}))
    rest = dict((part.partition("=")[::2]) for part in parts if part not in priced)
    return PlanVersion(
        id=f"version_{key}_{n}",
        plan_id=f"plan_{key}",
        plan_key=key,
        plan_name=key.upper(),
        number=n,
        published_at=datetime(2020, 1, 1, tzinfo=UTC),
        terms=Terms(
            billing=BillingMode.IN_ARREARS if "arrears" in rest else BillingMode.IN_ADVANCE,
            trial_days=int(rest.get("trial") or 0),
            trial_usage=TrialUsage.BILLED if "trial_usage" in rest else TrialUsage.FREE,
            prices=tuple(made),
            minimum_spend=(Money(Decimal(rest["minimum"]), currency),) if "minimum" in rest else (),
            changes_billed=ChangesBilled.NEXT_INVOICE if "later" in rest else ChangesBilled.AT_ONCE,
            draft_hours=int(rest.get("draft") or 1),
        ),
        meters=METERS,
    )


def price(text: str, currency: str, of: str, taken: set[tuple[str, Cadence]]) -> Price:
    """FLAT 30, PER_SEAT 7 YEAR BY_DAY OLD inclusive category=books included=2 key=base …"""
    model, *words = text.split()
    named = dict(word.partition("=")[::2] for word in words if "=" in word)
    flags = [word for word in words if "=" not in word]
    cadence = next((Cadence(word) for word in flags if word in Cadence.__members__), Cadence.MONTH)
    key = named.get("key", model.lower() if "meter" not in named else f"{model.lower()}_{named['meter']}")
    while (key, cadence) in taken:
        key += "x"
    amount = flags[0] if flags and flags[0][0].isdigit() and "@" not in flags[0] else None
    made = Price(
        id=f"{key}_{cadence}_{of}".lower(),
        key=key,
        model=ChargeModel(model),
        cadence=cadence,
        currency=currency,
        unit_amount=None if amount is None else Decimal(amount),
        meter_key=named.get("meter"),
        included=Decimal(named["included"]) if "included" in named else None,
        tiers=tuple(_tier(word) for word in flags if "@" in word),
        proration=next((ProrationPolicy(f) for f in flags if f in ProrationPolicy.__members__), _BY_SECOND),
        change_day=ChangeDay.OLD if "OLD" in flags else ChangeDay.NEW,
        tax_inclusive="inclusive" in flags,
        tax_category=named.get("category", "standard"),
        rounding=next((Rounding(word) for word in flags if word in Rounding.__members__), Rounding.HALF_UP),
    )
    if made.model is ChargeModel.PACKAGE:
        made = replace(made, package_size=Decimal(named["size"]))
    if made.model is ChargeModel.PERCENTAGE:
        made = replace(made, percent=made.unit_amount, unit_amount=None)
    return made


_BY_SECOND = ProrationPolicy.BY_SECOND


def _tier(word: str) -> Tier:
    """10@1 (up to 10, 1 each), *@0.333, 10@1+5 (and 5 once entered)"""
    up_to, _, rest = word.partition("@")
    unit, _, flat = rest.partition("+")
    return Tier(None if up_to == "*" else Decimal(up_to), Decimal(unit), Decimal(flat) if flat else None)
