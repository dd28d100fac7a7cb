"""The measurements measure what they say: short runs of those that ask the whole application."""

import pytest

from bench import billing, can_use, page, preview
from bench.database import create, run
from bench.worker import worker


def test_the_page_and_the_statement_it_is_held_against_answer_the_same(
    monkeypatch: pytest.MonkeyPatch, dsn: str
) -> None:
    for name, value in {"CUSTOMERS": 3, "ROUNDS": 1, "SECONDS": 0.3}.items():
        monkeypatch.setattr(page, name, value)
    rate, fields = run(dsn, page.prepare, lambda dsn: worker(page.both, dsn), page.measure)
    assert rate.ours > 0
    assert fields == 2 + 3 * 39  # `measure` has compared the answers themselves


def test_can_use_is_asked_of_the_whole_application(monkeypatch: pytest.MonkeyPatch, dsn: str) -> None:
    monkeypatch.setattr(can_use, "ROUNDS", 1)
    monkeypatch.setattr(can_use, "SECONDS", 0.3)
    rate = can_use.run(dsn)
    assert 0 < rate.ours < rate.bare


def test_a_preview_is_asked_of_the_whole_application(monkeypatch: pytest.MonkeyPatch, dsn: str) -> None:
    monkeypatch.setattr(preview, "ROUNDS", 1)
    monkeypatch.setattr(preview, "SECONDS", 0.3)
    rate = preview.run(dsn)
    assert 0 < rate.ours < rate.bare


async def test_a_billing_run_makes_an_invoice_for_each_account(
    monkeypatch: pytest.MonkeyPatch, server: str, dsn: str
) -> None:
    for name, value in {"MANY": 100, "FEW": 20, "TURNS": 1}.items():
        monkeypatch.setattr(billing, name, value)
    measured = await billing.run(dsn, await create(server, "bench_few"))
    assert min(measured) > 0  # `run` has counted the invoices itself


def test_fields_are_counted_at_every_depth() -> None:
    assert page.fields({"a": {"b": [{"c": 1}, {"c": None}], "d": []}}) == 5


def test_what_the_server_logs_of_statements_is_understood() -> None:
    log = """2026-11-21 03:10:00.000 UTC [7] LOG:  statement: BEGIN ISOLATION LEVEL READ COMMITTED;
2026-11-21 03:10:00.000 UTC [7] LOG:  execute __asyncpg_stmt_1__: SELECT a
\tFROM b
2026-11-21 03:10:00.000 UTC [7] LOG:  statement: SELECT pg_notify('x', 'y')
2026-11-21 03:10:00.000 UTC [7] LOG:  checkpoint complete
"""
    executed = page._EXECUTED.findall(log)
    assert [one for one in executed if not one.startswith(page._FRAMES)] == ["SELECT a"]
