"""What each command does. Each imports what it needs, so that `--help` and a wrong setting answer at once."""

import argparse
import asyncio
import sys
from contextlib import ExitStack

from adapters.settings import DeploymentSettings, read_settings, unknown_variables

PROBLEM = 1
"""The exit code of a command that found one, or met one."""


def say(line: str) -> None:
    print(f"tollgate: {line}", file=sys.stderr)


def _settings() -> DeploymentSettings:
    from tollgate.logging import configure_logging

    settings = read_settings()
    for line in unknown_variables():
        say(line)
    configure_logging(settings)
    return settings


def serve(parsed: argparse.Namespace) -> int:
    settings = _settings()
    from api.app import close
    from tollgate.application import create_app
    from tollgate.seeding import seed_at_start
    from tollgate.serving import serve
    from tollgate.worker_process import WORKER_COMMAND

    return serve(
        settings,
        create_app,
        worker=None if parsed.no_worker else WORKER_COMMAND,
        prepare=seed_at_start if parsed.seed else None,
        close=close,
    )


def worker(_parsed: argparse.Namespace) -> int:
    settings = _settings()
    from tollgate.working import work
    from worker.loop import run

    return work(settings, run)


def migrate(parsed: argparse.Namespace) -> int:
    from adapters.postgres import migrations
    from tollgate.database import open_database, open_scratch_database, progress
    from tollgate.replaying import fold_again

    if parsed.check or parsed.draft:
        with open_scratch_database() as dsn:
            if parsed.draft:
                print("\n".join(asyncio.run(migrations.draft(dsn, parsed.draft))))
                return 0
            found = asyncio.run(migrations.drift(dsn))
        for difference in found:
            say(f"the migrations do not lead to the tables in the code: {difference}")
        return PROBLEM if found else 0
    with open_database(_settings()) as dsn:
        asyncio.run(migrations.migrate(dsn, progress))
        asyncio.run(fold_again(dsn, progress))
    print("The database has the present tables.")
    return 0


def seed(parsed: argparse.Namespace) -> int:
    settings = _settings()
    from tollgate.database import open_migrated_database
    from tollgate.seeding import demo, seed

    if parsed.demo or parsed.stream is not None:
        with open_migrated_database(settings, sealing=True) as dsn:
            asyncio.run(demo(settings, dsn, parsed.stream))
        return 0
    with open_migrated_database(settings) as dsn:
        print(f"{asyncio.run(seed(dsn))} new.")
    return 0


def billing_run(_parsed: argparse.Namespace) -> int:
    settings = _settings()
    import uvloop

    from tollgate.billing_run import bill
    from tollgate.database import open_migrated_database

    with open_migrated_database(settings) as dsn:
        done, failed = uvloop.run(bill(dsn))
    for customer_id in failed:
        say(f"{customer_id}: failed; the log says where. The worker goes on trying.")
    print(f"{done.accounts:,} accounts: {done.invoices:,} invoices, {done.credit_notes:,} credit notes.")
    return PROBLEM if failed else 0


def reconcile(parsed: argparse.Namespace) -> int:
    settings = _settings()
    import uvloop

    from tollgate.database import open_migrated_database
    from tollgate.reconciling import reconcile

    with open_migrated_database(settings, sealing=True) as dsn:
        report = uvloop.run(reconcile(settings, dsn, parsed.customer, parsed.since, parsed.until, parsed.dry_run))
    for finding in report.findings:
        done = ("would be repaired" if report.dry_run else "repaired") if finding.repaired else "differs"
        print(f"{finding.customer_id or finding.provider}: {done}: {finding.what}")
    print(f"{report.compared:,} compared, {report.repaired:,} repairs, {report.differing:,} differences.")
    return PROBLEM if report.differing else 0


def verify(_parsed: argparse.Namespace) -> int:
    from tollgate.database import open_migrated_database
    from tollgate.replaying import verify

    with open_migrated_database(_settings()) as dsn:
        faults = asyncio.run(verify(dsn, lambda fault: say(f"{fault.stream_id}: {fault.what}")))
    print(f"{faults:,} faults." if faults else "Everything derived agrees with the journal, and all money adds up.")
    return PROBLEM if faults else 0


def replay(_parsed: argparse.Namespace) -> int:
    from tollgate.database import open_migrated_database
    from tollgate.replaying import replay

    with open_migrated_database(_settings()) as dsn:
        print(f"{asyncio.run(replay(dsn))} streams folded again.")
    return 0


def export_schema(parsed: argparse.Namespace) -> int:
    from api.schema import schema

    text = schema.as_str().rstrip() + "\n"
    if not parsed.check:
        parsed.file.write_text(text, encoding="utf-8")
        return 0
    if parsed.file.is_file() and parsed.file.read_text(encoding="utf-8") == text:
        return 0
    say(f"{parsed.file} is not the schema of the code: run `make schema`, and read what it changes")
    return PROBLEM


def export_ledger(parsed: argparse.Namespace) -> int:
    settings = _settings()
    from tollgate.database import open_migrated_database
    from tollgate.ledger_exporting import export

    with ExitStack() as opened:
        dsn = opened.enter_context(open_migrated_database(settings))
        to = sys.stdout
        if parsed.output is not None:
            to = opened.enter_context(parsed.output.open("w", encoding="utf-8", newline=""))
        terms = {"clock_id": parsed.clock, "bare": parsed.bare}
        count = asyncio.run(export(dsn, parsed.month, parsed.format, to, **terms))
    if parsed.output is not None:
        print(f"{count} entries.")
    return 0


def keys(parsed: argparse.Namespace) -> int:
    settings = _settings()
    from tollgate.database import open_migrated_database
    from tollgate.keys import run

    with open_migrated_database(settings) as dsn:
        print(asyncio.run(run(settings, dsn, parsed)))
    return 0
