"""All measurements, one after the other on one server of their own: `python -m bench`. No network; about four minutes.

Each is a ratio to what the same machine does without us, in turns in the same minute, because figures by themselves
compare machines. Run it on a machine that does nothing else.
"""

import asyncio
import time
from typing import NamedTuple

import uvloop

from bench import billing, can_use, edge, page, preview, usage
from bench.database import create, server


class Row(NamedTuple):
    what: str
    against: str
    ratio: float
    target: float | None = None


def main() -> None:
    started = time.monotonic()
    rows: list[Row] = []
    with server() as found:
        print("canUse through the whole application", flush=True)
        rate = can_use.run(asyncio.run(create(found.dsn, "can_use")))
        print(f"  {rate.ours:,.0f} beside {rate.bare:,.0f} a second of the worker's processor", flush=True)
        rows.append(Row("canUse over HTTP", "bare Starlette JSON route", rate.ratio, can_use.TARGET))

        print("recordUsage, 1,000 events a call", flush=True)
        ratio, no_key = asyncio.run(usage.run(asyncio.run(create(found.dsn, "usage")), 1_000, 60))
        rows.append(Row("recordUsage", "COPY of ids and events", ratio, usage.TARGET))
        rows.append(Row("", "COPY of events alone", no_key))

        print("The edge alone, without a database", flush=True)
        gate, fan_out = edge.run(edge.measure(seconds=1.0, rounds=5))
        rows.append(Row(f"push to {edge.SOCKETS:,} sockets", "bare Starlette broadcast", fan_out, edge.FAN_OUT_TARGET))
        rows.append(Row("canUse, edge alone", "bare Starlette JSON route", gate))

        print(f"A page of {page.CUSTOMERS} customers", flush=True)
        read = page.run(asyncio.run(create(found.dsn, "page")), found.log)
        print(f"  {read.rate.ours:,.1f}/s beside {read.rate.bare:,.1f}/s", flush=True)
        rows.append(Row(f"page of {read.fields:,} fields", "one hand-written statement", read.rate.ratio))

        print("previewPlanChange through the whole application", flush=True)
        quote = preview.run(asyncio.run(create(found.dsn, "preview")))
        print(f"  {1000 / quote.ours:.1f} ms beside {1000 / quote.bare:.2f} ms", flush=True)
        rows.append(Row("previewPlanChange", "bare Starlette JSON route", quote.ratio))

        print(f"A billing run of {billing.MANY:,} accounts, and one of {billing.FEW:,}", flush=True)
        dsns = [asyncio.run(create(found.dsn, name)) for name in ("many", "few")]
        billed = uvloop.run(billing.run(*dsns))
        print(f"  {billed.many:,.0f} invoices a second beside {billed.few:,.0f}", flush=True)
        rows.append(Row("cost of an invoice", "in a run of a tenth", billed.ratio, billing.TARGET))
    print(f"\n{'':24}{'against':30}{'ratio':>6}{'target':>9}")
    for row in rows:
        target = "" if row.target is None else f"{row.target:.2f}"
        missed = "  missed" if row.target is not None and row.ratio < row.target else ""
        print(f"{row.what:24}{row.against:30}{row.ratio:6.2f}{target:>9}{missed}")
    constant = "" if read.few == read.many else "  missed: should be the same"
    print(f"{'':24}{read.few} SQL statements for {page.FEW} customers, {read.many} for {page.CUSTOMERS}{constant}")
    print(f"\n{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
