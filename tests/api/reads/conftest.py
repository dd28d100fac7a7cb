"""The whole service on a real database, with the default catalog."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from storefront import Storefront

from adapters.secrets import Secrets
from adapters.settings import DeploymentSettings
from service.operations.seed import seed
from tollgate.wiring import open_runtime


@pytest_asyncio.fixture
async def shop(dsn: str) -> AsyncIterator[Storefront]:
    secrets = Secrets(master=b"m" * 40, token=b"t" * 40, admin_key=None)
    async with open_runtime(DeploymentSettings(_env_file=None), secrets, dsn) as runtime:  # type: ignore[call-arg]
        await seed(runtime.record)
        yield Storefront(runtime)
