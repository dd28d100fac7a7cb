"""A customer who asks the gate before each use, for the tests of allowances.

    gated = Gated("2026-06-01", PLAN)
    assert gated.use("2026-06-02", "100") == "WITHIN_LIMIT"     # asked, and used if it was allowed

`used` and `carried` are what the database would read: figures of the meter in the periods that the right names.
"""

from decimal import Decimal

from billed_shop import Shop
from timeline import CATALOG, D, on

from domain.catalog import PlanVersion
from domain.exact import exact_sum
from domain.period import Period
from domain.rights.account_rights import entitlement
from domain.rights.entitlement import Entitlement
from domain.rights.gate import Decision, FeatureUsage, decide_use


class Gated(Shop):
    def __init__(self, since: str = "2026-06-01", *plans: PlanVersion, **terms: str) -> None:
        super().__init__(since, **terms)
        for sold in plans:
            self.subscribe(since, sold)

    def ask(self, at: str, quantity: str = "1") -> Decision:
        self.until(at)
        return decide_use(self.account, CATALOG, "calls", D(quantity), self.usage(at), on(at))

    def use(self, at: str, quantity: str, naming: str | None = None) -> str:
        """The decision's reason; what is allowed is used."""
        decision = self.ask(at, quantity)
        if decision.allowed:
            self.used("calls", at, quantity, naming)
        return decision.reason.value

    def limit(self, at: str) -> Decimal | None:
        return self.ask(at).limit

    def usage(self, at: str) -> FeatureUsage:
        right = self.right(at)
        if right is None or right.period is None:
            return FeatureUsage()
        return FeatureUsage(
            self.read(right.period),
            carried=right.carried([self.read(right_before.period) for right_before in right.earlier]),
        )

    def right(self, at: str) -> Entitlement | None:
        return entitlement(self.account, "calls", on(at))

    def read(self, period: Period) -> Decimal:
        return exact_sum(value for meter, at, value in self.events if meter == "calls" and period.contains(at))

    def billed(self, at: str) -> Decimal:
        """What all invoices until then charged for use, less what credit notes took back."""
        self.until(at)
        lines = [line for invoice in self.invoices for line in invoice.lines if "calls" in line.key]
        back = [line for note in self.notes for line in note.lines if "calls" in line.key]
        return exact_sum((*(line.amount for line in lines), *(-line.amount for line in back), D("0.00")))
