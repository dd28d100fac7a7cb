"""The command line. Each command imports what it needs, so that `--help` and a wrong setting answer at once."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

from adapters.problem import Problem
from adapters.settings import DeploymentSettings, WrongSettings, read_settings, unknown_variables
from domain.access import Role, Scope
from domain.errors import Refusal

PROBLEM = 1
WRONG_SETTINGS = 2
"""Exit codes; argparse too ends with 2 when it is called wrongly."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parsed = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)  # by the ordinary way out, so that what was started is stopped
    try:
        return int(parsed.run(parsed))
    except WrongSettings as wrong:
        for problem in wrong.problems:
            _say(problem)
        return WRONG_SETTINGS
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (Problem, Refusal) as problem:
        _say(str(problem))
        return PROBLEM


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _say(line: str) -> None:
    print(f"tollgate: {line}", file=sys.stderr)


def _settings() -> DeploymentSettings:
    from tollgate.logging import configure_logging

    settings = read_settings()
    for line in unknown_variables():
        _say(line)
    configure_logging(settings)
    return settings


def _serve(parsed: argparse.Namespace) -> int:
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


def _worker(_parsed: argparse.Namespace) -> int:
    settings = _settings()
    from tollgate.working import work
    from worker.loop import run

    return work(settings, run)


def _migrate(parsed: argparse.Namespace) -> int:
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
            _say(f"the migrations do not lead to the tables in the code: {difference}")
        return PROBLEM if found else 0
    with open_database(_settings()) as dsn:
        asyncio.run(migrations.migrate(dsn, progress))
        asyncio.run(fold_again(dsn, progress))
    print("The database has the present tables.")
    return 0


def _seed(parsed: argparse.Namespace) -> int:
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


def _billing_run(_parsed: argparse.Namespace) -> int:
    settings = _settings()
    import uvloop

    from tollgate.billing_run import bill
    from tollgate.database import open_migrated_database

    with open_migrated_database(settings) as dsn:
        done, failed = uvloop.run(bill(dsn))
    for customer_id in failed:
        _say(f"{customer_id}: failed; the log says where. The worker goes on trying.")
    print(f"{done.accounts:,} accounts: {done.invoices:,} invoices, {done.credit_notes:,} credit notes.")
    return PROBLEM if failed else 0


def _reconcile(parsed: argparse.Namespace) -> int:
    settings = _settings()
    import uvloop

    from tollgate.database import open_migrated_database
    from tollgate.reconciling import reconcile

    with open_migrated_database(settings, sealing=True) as dsn:
        report = uvloop.run(reconcile(settings, dsn, parsed.customer, parsed.since, parsed.until, parsed.dry_run))
    for one in report.findings:
        done = ("would be repaired" if report.dry_run else "repaired") if one.repaired else "differs"
        print(f"{one.customer_id or one.provider}: {done}: {one.what}")
    print(f"{report.compared:,} compared, {report.repaired:,} repairs, {report.differing:,} differences.")
    return PROBLEM if report.differing else 0


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no instant such as 2026-11-01 or 2026-11-01T12:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _verify(_parsed: argparse.Namespace) -> int:
    from tollgate.database import open_migrated_database
    from tollgate.replaying import verify

    with open_migrated_database(_settings()) as dsn:
        faults = asyncio.run(verify(dsn, lambda fault: _say(f"{fault.stream_id}: {fault.what}")))
    print(f"{faults:,} faults." if faults else "Everything derived agrees with the journal, and all money adds up.")
    return PROBLEM if faults else 0


def _replay(_parsed: argparse.Namespace) -> int:
    from tollgate.database import open_migrated_database
    from tollgate.replaying import replay

    with open_migrated_database(_settings()) as dsn:
        print(f"{asyncio.run(replay(dsn))} streams folded again.")
    return 0


def _export_schema(parsed: argparse.Namespace) -> int:
    from api.schema import schema

    text = schema.as_str().rstrip() + "\n"
    if not parsed.check:
        parsed.file.write_text(text, encoding="utf-8")
        return 0
    if parsed.file.is_file() and parsed.file.read_text(encoding="utf-8") == text:
        return 0
    _say(f"{parsed.file} is not the schema of the code: run `make schema`, and read what it changes")
    return PROBLEM


def _export_ledger(parsed: argparse.Namespace) -> int:
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


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no month such as 2026-11") from None


def _keys(parsed: argparse.Namespace) -> int:
    settings = _settings()
    from tollgate.database import open_migrated_database
    from tollgate.keys import run

    with open_migrated_database(settings) as dsn:
        print(asyncio.run(run(settings, dsn, parsed)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tollgate",
        description="Entitlements and billing over GraphQL. Settings come from the environment; see .env.example.",
    )
    commands = parser.add_subparsers(title="commands", metavar="<command>", required=True)

    serve = commands.add_parser("serve", help="serve the API, with the worker beside it")
    serve.add_argument("--no-worker", action="store_true", help="without the worker: it runs elsewhere")
    serve.add_argument("--seed", action="store_true", help="with the default plans, as `tollgate seed` loads them")
    serve.set_defaults(run=_serve)

    worker = commands.add_parser("worker", help="do the work that falls due: planned changes, ends, clean-up")
    worker.set_defaults(run=_worker)

    migrate = commands.add_parser("migrate", help="bring the database to the present tables")
    mode = migrate.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="check that the migrations lead to the tables in the code")
    mode.add_argument("--draft", metavar="MESSAGE", help="write the migration that is missing, for its author to read")
    migrate.set_defaults(run=_migrate)

    seed = commands.add_parser("seed", help="load the default plans; running it again changes nothing")
    seed.add_argument("--demo", action="store_true", help="also a few customers, with the usage of their last 24 hours")
    seed.add_argument(
        "--stream",
        metavar="SECONDS",
        nargs="?",
        type=float,
        const=float("inf"),
        help="with --demo: then record usage a few times a second, until interrupted or for so long",
    )
    seed.set_defaults(run=_seed)

    billing = commands.add_parser("billing-run", help="bill everything that is due now; broken off, run it again")
    billing.set_defaults(run=_billing_run)

    verify = commands.add_parser(
        "verify", help="fold the journal again, compare all that is derived from it, and add up the money"
    )
    verify.set_defaults(run=_verify)

    replay = commands.add_parser("replay", help="fold the journal again and rebuild all that is derived from it")
    replay.set_defaults(run=_replay)

    export = commands.add_parser("export-schema", help="write the GraphQL schema to a file")
    export.add_argument("file", nargs="?", type=Path, default=Path("schema.graphql"), help="default: schema.graphql")
    export.add_argument("--check", action="store_true", help="only compare; the exit code tells")
    export.set_defaults(run=_export_schema)

    ledger = commands.add_parser("export-ledger", help="write a month of the double-entry ledger, for accounting")
    ledger.add_argument("--month", required=True, type=_month, help="by the seller's calendar: 2026-11")
    ledger.add_argument("--format", choices=("csv", "beancount"), default="csv", help="default: csv")
    ledger.add_argument("--output", metavar="FILE", type=Path, help="default: standard output")
    ledger.add_argument("--bare", action="store_true", help="without header or accounts, to follow an earlier month")
    ledger.add_argument("--clock", metavar="ID", help="of the customers on this test clock, who are else left out")
    ledger.set_defaults(run=_export_ledger)

    reconcile = commands.add_parser("reconcile", help="compare what the payment providers have with our books")
    reconcile.add_argument("--customer", metavar="ID", help="all of this customer, whenever it was made")
    reconcile.add_argument("--since", type=_instant, help="what was made there from then on; default: a day ago")
    reconcile.add_argument("--until", type=_instant, help="and before then; default: now")
    reconcile.add_argument("--dry-run", action="store_true", help="only say what differs; record nothing")
    reconcile.set_defaults(run=_reconcile)

    keys = commands.add_parser("keys", help="make, list and revoke API keys; replace the master secret")
    _add_key_commands(keys)
    keys.set_defaults(run=_keys)
    return parser


def _add_key_commands(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(title="commands", metavar="<command>", required=True)
    create = acts.add_parser("create", help="make a key; its secret is shown once")
    create.add_argument("name", help="what it is for")
    create.add_argument("--role", type=str.upper, choices=[role for role in Role if role is not Role.CUSTOMER])
    create.add_argument("--scope", action="append", type=Scope, help="narrower than the role; may be repeated")
    create.add_argument("--customer", action="append", metavar="ID", help="whom a PARTNER key may see; may be repeated")
    create.add_argument("--days", type=int, help="how long it holds; default: until it is revoked")
    create.set_defaults(act="create", role=Role.SERVICE)
    listed = acts.add_parser("list", help="show all keys, never their secrets")
    listed.set_defaults(act="list")
    revoke = acts.add_parser("revoke", help="end a key; it is refused everywhere within a second")
    revoke.add_argument("id", help="the id that `create` showed: key_…")
    revoke.set_defaults(act="revoke")
    rotate = acts.add_parser(
        "rotate-secret",
        help="move all personal data from BILLING_SECRET_OLD to BILLING_SECRET, once every process has both",
    )
    rotate.set_defaults(act="rotate-secret")
