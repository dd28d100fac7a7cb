"""The commands of the command line, with their arguments."""

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from domain.access import Role, Scope
from tollgate import commands


def parser() -> argparse.ArgumentParser:
    """Each command names the function that it runs."""
    tollgate = argparse.ArgumentParser(
        prog="tollgate",
        description="Entitlements and billing over GraphQL. Settings come from the environment; see .env.example.",
    )
    subparsers = tollgate.add_subparsers(title="commands", metavar="<command>", required=True)

    serve = subparsers.add_parser("serve", help="serve the API, with the worker beside it")
    serve.add_argument("--no-worker", action="store_true", help="without the worker: it runs elsewhere")
    serve.add_argument("--seed", action="store_true", help="with the default plans, as `tollgate seed` loads them")
    serve.set_defaults(run=commands.serve)

    worker = subparsers.add_parser("worker", help="do the work that falls due: planned changes, ends, clean-up")
    worker.set_defaults(run=commands.worker)

    migrate = subparsers.add_parser("migrate", help="bring the database to the present tables")
    mode = migrate.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="check that the migrations lead to the tables in the code")
    mode.add_argument("--draft", metavar="MESSAGE", help="write the migration that is missing, for its author to read")
    migrate.set_defaults(run=commands.migrate)

    seed = subparsers.add_parser("seed", help="load the default plans; running it again changes nothing")
    seed.add_argument("--demo", action="store_true", help="also a few customers, with the usage of their last 24 hours")
    seed.add_argument(
        "--stream",
        metavar="SECONDS",
        nargs="?",
        type=float,
        const=float("inf"),
        help="with --demo: then record usage a few times a second, until interrupted or for so long",
    )
    seed.set_defaults(run=commands.seed)

    billing = subparsers.add_parser("billing-run", help="bill everything that is due now; broken off, run it again")
    billing.set_defaults(run=commands.billing_run)

    verify = subparsers.add_parser(
        "verify", help="fold the journal again, compare all that is derived from it, and add up the money"
    )
    verify.set_defaults(run=commands.verify)

    replay = subparsers.add_parser("replay", help="fold the journal again and rebuild all that is derived from it")
    replay.set_defaults(run=commands.replay)

    export = subparsers.add_parser("export-schema", help="write the GraphQL schema to a file")
    export.add_argument("file", nargs="?", type=Path, default=Path("schema.graphql"), help="default: schema.graphql")
    export.add_argument("--check", action="store_true", help="only compare; the exit code tells")
    export.set_defaults(run=commands.export_schema)

    ledger = subparsers.add_parser("export-ledger", help="write a month of the double-entry ledger, for accounting")
    ledger.add_argument("--month", required=True, type=_month, help="by the seller's calendar: 2026-11")
    ledger.add_argument("--format", choices=("csv", "beancount"), default="csv", help="default: csv")
    ledger.add_argument("--output", metavar="FILE", type=Path, help="default: standard output")
    ledger.add_argument("--bare", action="store_true", help="without header or accounts, to follow an earlier month")
    ledger.add_argument("--clock", metavar="ID", help="of the customers on this test clock, who are else left out")
    ledger.set_defaults(run=commands.export_ledger)

    reconcile = subparsers.add_parser("reconcile", help="compare what the payment providers have with our books")
    reconcile.add_argument("--customer", metavar="ID", help="all of this customer, whenever it was made")
    reconcile.add_argument("--since", type=_instant, help="what was made there from then on; default: a day ago")
    reconcile.add_argument("--until", type=_instant, help="and before then; default: now")
    reconcile.add_argument("--dry-run", action="store_true", help="only say what differs; record nothing")
    reconcile.set_defaults(run=commands.reconcile)

    keys = subparsers.add_parser("keys", help="make, list and revoke API keys; replace the master secret")
    _add_key_commands(keys)
    keys.set_defaults(run=commands.keys)
    return tollgate


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


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no instant such as 2026-11-01 or 2026-11-01T12:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no month such as 2026-11") from None
