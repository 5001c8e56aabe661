"""A corner of the bus for one test, on the broker that the tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.corner import Corner, answer, consent, corner_on, failure, make_topics

__all__ = ["Corner", "answer", "consent", "failure", "make_topics"]


@pytest.fixture
async def corner(kafka: str, tmp_path: Path) -> AsyncIterator[Corner]:
    async with corner_on(kafka, tmp_path) as found:
        yield found
