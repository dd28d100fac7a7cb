"""`tollgate reconcile`: compare with the payment providers now, beside the worker's hourly runs."""

from datetime import datetime, timedelta

from adapters.problem import Problem
from adapters.secrets import open_secrets
from adapters.settings import DeploymentSettings
from domain.providers.provider import Unknown
from service.providers.reconciliation import Report
from service.write.record import By
from tollgate.wiring import open_runtime

USUAL = timedelta(days=1)
BY = By("command line", reason="tollgate reconcile")


async def reconcile(
    settings: DeploymentSettings,
    dsn: str,
    customer_id: str | None,
    since: datetime | None,
    until: datetime | None,
    dry_run: bool,
) -> Report:
    """Raises Problem, WrongSecret."""
    if customer_id is not None and (since is not None or until is not None):
        raise Problem("--customer takes all of a customer: --since and --until do not go with it")
    async with open_runtime(settings, open_secrets(settings, serving=False), dsn) as runtime:
        end = until or runtime.clock.now()
        begin = since or end - USUAL
        if begin >= end:
            raise Problem("--since must lie before --until")
        try:
            if customer_id is not None:
                return await runtime.reconciliation.of(customer_id, dry_run, BY)
            return await runtime.reconciliation.between(begin, end, dry_run, BY)
        except Unknown as unknown:
            raise Problem(f"the payment provider does not answer: {unknown}") from None
