"""`tollgate reconcile`."""

from datetime import UTC, datetime
from typing import Any

import pytest
from e2e.deployment import settings
from stripe_fake.refunds import create_refund
from stripe_shop import Shop

from adapters.problem import Problem
from tollgate.cli import main
from tollgate.reconciling import reconcile


@pytest.mark.parametrize("whole_customer", [True, False])
async def test_a_dry_run_prints_what_a_run_then_repairs(shop: Shop, dsn: str, whole_customer: bool) -> None:
    sold = await shop.sold("100.00")
    create_refund(shop.fake.account, {"payment_intent": sold.reference, "amount": 2500})
    chosen = settings(stripe_api_key=shop.fake.key, stripe_base_url=shop.fake.url)
    of: tuple[Any, ...] = (shop.customer_id if whole_customer else None, None, None)
    before = await shop.contents()
    report = await reconcile(chosen, dsn, *of, dry_run=True)
    assert [(one.what, one.repaired) for one in report.findings] == [("RecordRefund", True)]
    assert await shop.contents() == before
    assert (await reconcile(chosen, dsn, *of, dry_run=False)).repaired == 1
    assert (await shop.payment()).refunded == 25


async def test_a_customer_and_a_time_exclude_each_other(shop: Shop, dsn: str) -> None:
    with pytest.raises(Problem):
        await reconcile(settings(), dsn, shop.customer_id, datetime.now(UTC), None, dry_run=True)
    with pytest.raises(Problem):
        await reconcile(settings(), dsn, None, datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), True)


def test_the_command_takes_instants_only(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["reconcile", "--since", "yesterday"])
    assert "is no instant such as" in capsys.readouterr().err
