"""A workshop, and the jobs where its child finds them."""

from collections.abc import AsyncIterator

import pytest

from gmsd_chassis.isolation import Workshop
from tests.chassis.isolation.support import JOBS, MIB, ROOT


@pytest.fixture(autouse=True)
def jobs_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's jobs are installed; these are not."""
    monkeypatch.syspath_prepend(ROOT)


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    # Not warm: two seconds of imports for each of thirty tests.
    async with Workshop(jobs=JOBS, memory_bytes=600 * MIB, seconds=60, warm=()) as shop:
        yield shop
