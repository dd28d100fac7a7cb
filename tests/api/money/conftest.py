"""The real application at its real endpoint, one a module; at its end the journal explains all that is stored."""

import sys
from pathlib import Path

import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from e2e.client import Api
from e2e.conftest import api, database, deployment
from money_desk import Till

__all__ = ["api", "database", "deployment"]


@pytest_asyncio.fixture
async def till(api: Api) -> Till:
    """Sells, bills and takes money."""
    return Till(api)
