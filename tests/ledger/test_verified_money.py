"""`tollgate verify` names the account whose money does not add up, although all derived from its journal agrees with
it."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal as D
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from domain import events as e
from domain.books.invoice import CreditNote
from domain.books.line import Line, LineKind
from domain.period import Period
from domain.tax import TaxLine, Treatment
from service.operations.replay import replay, verify

VAT = Treatment("VAT", D(10))
THIRD = datetime(2026, 1, 3, tzinfo=UTC)


async def test_an_account_is_named_with_each_fault_of_its_money(engine: AsyncEngine, life: Callable[..., Any]) -> None:
    good, wrong = await life().begin(), await life().begin()
    for someone, number in ((good, "2"), (wrong, "1")):
        await someone.bill(number, "100.00", ("2026-01-01", "2026-02-01"), "2026-01-01")
        await someone.pay(f"p{number}", "110.00", number, "2026-01-02")
    period = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    line = Line("1", "s1/1", LineKind.RECURRING, "Pro", D(1), D("110.00"), period, treatment=VAT)
    tax = (TaxLine(VAT, D("110.00"), D("11.00")),)
    note = CreditNote("n1", "1", "INV-1", "EUR", (line,), tax, D("110.00"), D("121.00"), "", THIRD, D(0), number="CN-1")
    await wrong.live(e.CreditNoteIssued(note), "2026-01-03")
    await replay(engine)
    found = [fault async for fault in verify(engine)]
    assert {fault.stream_id for fault in found} == {wrong.id}
    assert [fault.what for fault in found] == [
        "invoice INV-1 of 110.00 is credited 121.00",
        "VAT 10 % of 10.00 on invoice INV-1 is credited 11.00",
        "line 1 of 100.00 on invoice INV-1 is credited 110.00",
        "121.00 of the credit notes of invoice INV-1 neither lowered what was owed nor went back",
    ]
