"""Fixtures that every test folder shares."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from gmsd_cli.local.kafka import LocalKafka
from gmsd_cli.local.ports import free_block

# Machines differ and are shared: a property is about the answer, never about how long it took.
settings.register_profile("gmsd", deadline=None)
settings.load_profile("gmsd")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap address of a real broker: the one `GMSD_KAFKA_BOOTSTRAP` names, or one of our own for this session.

    Tests share it, so each makes topics and groups with names of its own (uuid4) and assumes nothing about the rest.
    """
    existing = os.environ.get("GMSD_KAFKA_BOOTSTRAP")
    if existing:
        yield existing
        return
    base = free_block(2)
    broker = LocalKafka(tmp_path_factory.mktemp("kafka"), base, base + 1)
    asyncio.run(broker.start())
    try:
        yield broker.bootstrap
    finally:
        asyncio.run(broker.stop())
