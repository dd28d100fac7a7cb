"""A month of the ledger as files that accounting can take over: they balance, agree, and name nobody."""

import csv
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal as D
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.ledger_export import ACCOUNTS, as_beancount
from adapters.postgres.reads import ledger
from domain.books.line import LineKind
from domain.ledger import LedgerAccount, LedgerEntry, Posting, month_of
from service.documents.ledger_month import entries_of
from tollgate.ledger_exporting import export

ROOT = Path(__file__).resolve().parents[2]
NOVEMBER = date(2026, 11, 1)
YEAR = ("2026-11-01", "2027-11-01")


async def exported(dsn: str, form: str, day: date = NOVEMBER, **terms: Any) -> str:
    to = StringIO()
    await export(dsn, day, form, to, **terms)
    return to.getvalue()


def bean_check(file: Path) -> str:
    """What bean-check has to say against it: nothing."""
    program = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([program, "--no-cache", file], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def sums(rows: list[dict[str, str]]) -> dict[tuple[str, str], D]:
    found: dict[tuple[str, str], D] = defaultdict(D)
    for row in rows:
        found[row["account"], row["currency"]] += D(row["amount"])
    return dict(found)


def beancount_sums(text: str) -> dict[tuple[str, str], D]:
    names = {name: str(account) for account, name in ACCOUNTS.items()}
    found: dict[tuple[str, str], D] = defaultdict(D)
    for words in map(str.split, text.splitlines()):
        if len(words) == 3 and words[0] in names:
            found[names[words[0]], words[2]] += D(words[1])
    return dict(found)


@pytest.fixture
async def shop(life: Callable[..., Any]) -> list[Any]:
    """Two customers in November, with a month before and one after."""
    one, two = await life().begin(), await life().begin()
    await one.bill("1", "365.00", YEAR, "2026-11-01")
    await one.pay("p1", "401.50", "1", "2026-11-03 12:00")
    await one.bill("2", "50.00", ("2026-11-01", "2026-12-01"), "2026-12-01", LineKind.USAGE)
    await two.bill("3", "90.00", ("2026-10-02", "2026-12-31"), "2026-10-02")
    await two.give("c1", "7.00", "2026-11-30 23:59:59")
    return [one, two]


async def test_a_month_has_its_events_and_what_it_earned(dsn: str, shop: list[Any]) -> None:
    one, two = shop
    assert (await exported(dsn, "csv")).splitlines() == [
        "date,at,customer,entry,what,document,about,account,currency,amount",
        *(
            f"2026-11-01,2026-11-01T00:00:00+00:00,{one.anonymous_id},2,invoice.finalized,INV-1,1,{posted}"
            for posted in ("RECEIVABLE,EUR,401.50", "TAX,EUR,-36.50", "DEFERRED_REVENUE,EUR,-365.00")
        ),
        f"2026-11-03,2026-11-03T12:00:00+00:00,{one.anonymous_id},3,payment.recorded,INV-1,1,RECEIVABLE,EUR,-401.50",
        f"2026-11-03,2026-11-03T12:00:00+00:00,{one.anonymous_id},3,payment.recorded,,p1,CASH,EUR,401.50",
        f"2026-11-30,2026-11-30T23:59:59+00:00,{two.anonymous_id},3,credit.granted,,c1,CREDIT_LIABILITY,EUR,-7.00",
        f"2026-11-30,2026-11-30T23:59:59+00:00,{two.anonymous_id},3,credit.granted,,c1,GOODWILL,EUR,7.00",
        *(
            f"2026-11-30,2026-11-30T23:59:59.999999+00:00,{who.anonymous_id},2,revenue.recognized,{document}"
            f",{account},EUR,{amount}"
            for who, document in ((two, "INV-3,3"), (one, "INV-1,1"))
            for account, amount in (("REVENUE", "-30.00"), ("DEFERRED_REVENUE", "30.00"))
        ),
    ]


async def test_bean_check_accepts_a_month(dsn: str, shop: list[Any], tmp_path: Path) -> None:
    file = tmp_path / "2026-11.beancount"
    file.write_text(await exported(dsn, "beancount"))
    assert bean_check(file) == ""
    file.write_text(file.read_text().replace("Assets:Cash  401.50 EUR", "Assets:Cash  401.51 EUR"))
    assert "Transaction does not balance" in bean_check(file)


async def test_months_can_follow_each_other_in_one_file(dsn: str, shop: list[Any], tmp_path: Path) -> None:
    months = [date(2026, 10, 1), NOVEMBER, date(2026, 12, 1)]
    file = tmp_path / "books.beancount"
    file.write_text("".join([await exported(dsn, "beancount", day, bare=day != months[0]) for day in months]))
    assert bean_check(file) == ""


async def test_both_files_say_the_same_and_what_the_invoices_say(dsn: str, shop: list[Any]) -> None:
    text = await exported(dsn, "csv")
    rows = list(csv.DictReader(StringIO(text)))
    assert sums(rows) == beancount_sums(await exported(dsn, "beancount"))
    invoices = [row for row in rows if row["what"] == "invoice.finalized"]
    billed = sums(invoices)
    assert billed["RECEIVABLE", "EUR"] == D("401.50")
    assert billed["TAX", "EUR"] == D("-36.50")
    assert sum(sums(rows).values()) == 0


async def test_over_all_months_deferred_revenue_runs_out(dsn: str, shop: list[Any]) -> None:
    whole: dict[tuple[str, str], D] = defaultdict(D)
    for n in range(9, 9 + 15):
        text = await exported(dsn, "csv", date(2026 + n // 12, n % 12 + 1, 1))
        for key, amount in sums(list(csv.DictReader(StringIO(text)))).items():
            whole[key] += amount
    assert whole["DEFERRED_REVENUE", "EUR"] == 0
    assert whole["REVENUE", "EUR"] == -(D("365.00") + D("50.00") + D("90.00"))


async def test_the_month_is_the_sellers(engine: AsyncEngine, shop: list[Any]) -> None:
    """In Berlin the last second of November is the first hour of December."""
    found = [entry async for entry in entries_of(engine, month_of(NOVEMBER, "Europe/Berlin"))]
    assert [entry.what for entry in found].count("credit.granted") == 0
    december = [entry async for entry in entries_of(engine, month_of(date(2026, 12, 1), "Europe/Berlin"))]
    assert [entry.what for entry in december].count("credit.granted") == 1


async def test_customers_on_a_test_clock_are_in_nobodys_books(
    dsn: str, shop: list[Any], life: Callable[..., Any]
) -> None:
    real = await exported(dsn, "csv")
    played = await life("clock_1").begin()
    await played.bill("9", "10.00", ("2026-11-01", "2026-11-02"), "2026-11-01")
    assert await exported(dsn, "csv") == real
    on_the_clock = list(csv.DictReader(StringIO(await exported(dsn, "csv", clock_id="clock_1"))))
    assert {row["customer"] for row in on_the_clock} == {played.anonymous_id}


@pytest.mark.parametrize("page_rows", [1, 2, 3, 1_000])
async def test_entries_are_whole_whatever_fits_on_a_page(engine: AsyncEngine, shop: list[Any], page_rows: int) -> None:
    month = month_of(NOVEMBER, "UTC")
    found = [entry async for entry in ledger.booked(engine, month, page_rows=page_rows)]
    assert [(entry.number, entry.what, len(entry.postings)) for entry in found] == [
        ("2", "invoice.finalized", 3),
        ("3", "payment.recorded", 2),
        ("3", "credit.granted", 2),
    ]
    deferred = [entry async for entry in ledger.deferred(engine, month, page_rows=page_rows)]
    assert [entry.postings[0].amount for entry in deferred] == [D("-90.00"), D("-365.00")]


def test_a_numbers_prefix_may_hold_quotes(tmp_path: Path) -> None:
    at = month_of(NOVEMBER, "UTC").start
    sides = (Posting(account, "JPY", D(amount), "i1", 'a "b" \\') for account, amount in _SIDES)
    file = tmp_path / "quoted.beancount"
    opened = "".join(f"2026-11-01 open {ACCOUNTS[account]}\n" for account, _ in _SIDES)
    file.write_text(opened + as_beancount(LedgerEntry("anon_1", "2", "invoice.finalized", at, tuple(sides)), "UTC"))
    assert bean_check(file) == ""
    assert 'document: "a \\"b\\" \\\\"' in file.read_text()


_SIDES = ((LedgerAccount.RECEIVABLE, "500"), (LedgerAccount.REVENUE, "-500"))


async def test_the_command_line_writes_a_file(dsn: str, shop: list[Any], tmp_path: Path) -> None:
    def tollgate(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tollgate", "export-ledger", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"BILLING_DATABASE_DSN": dsn, "BILLING_SECRET": "s" * 32, "PYTHONPATH": str(ROOT)},
            check=False,
        )

    done = tollgate("--month", "2026-11", "--format", "beancount", "--output", "november.beancount")
    assert (done.returncode, done.stdout) == (0, "5 entries.\n")
    assert bean_check(tmp_path / "november.beancount") == ""
    assert tollgate("--month", "2026-11").stdout == (await exported(dsn, "csv")).replace("\r\n", "\n")
    wrong = tollgate("--month", "November")
    assert wrong.returncode == 2
    assert "November is no month such as 2026-11" in wrong.stderr
