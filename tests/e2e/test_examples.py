"""Every example of the contracts through every consumer: the cheapest test of a contract there is."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from gmsd_chassis.bus.publisher import Publisher
from gmsd_contracts.examples import examples
from gmsd_contracts.registry import EVENT_TYPES
from gmsd_contracts.topics import SERVICES
from tests.e2e.stage import stage

pytestmark = pytest.mark.e2e


async def test_every_example_passes_every_consumer(tmp_path: Path) -> None:
    """Decoded and handled by all who read its topic; nobody restarts, nobody skips one, nobody waits for one."""
    async with stage(tmp_path) as running:
        publisher = Publisher(running.platform.bootstrap)
        await publisher.start()
        try:
            # Twice: a consumer that has seen an event must take it again.
            await publisher.publish(examples())
            await publisher.publish(examples())
        finally:
            await publisher.stop()
        async with httpx.AsyncClient(timeout=30) as client, asyncio.timeout(120):
            read: set[str] = set()
            for service in SERVICES:
                while True:
                    metrics = (await client.get(f"{running.platform.url(service)}/metrics")).text
                    lags = _values(metrics, r"gmsd_(?:inbox|fold)_lag_records(?:\{[^}]*\})?")
                    taken = _values(
                        metrics, r"gmsd_(?:inbox_received_total|fold_applied_total)(?:\{[^}]*\})?"
                    )
                    if lags and taken and not any(lags) and any(taken):
                        break
                    await asyncio.sleep(0.5)
                read |= set(re.findall(r'type="(nl\.gmsd[^"]+)"', metrics))
                assert not any(_values(metrics, r"gmsd_fold_skipped_total\{[^}]*\}")), (
                    f"{service} could not read one"
                )
        assert {name: running.platform.restarts(name) for name in SERVICES} == dict.fromkeys(SERVICES, 0)
        assert {
            "nl.gmsd.delivery.received.v1",
            "nl.gmsd.delivery.assessed.v1",
            "nl.gmsd.delivery.linked.v1",
        } <= read
        assert read <= set(EVENT_TYPES)


def _values(metrics: str, name: str) -> list[float]:
    return [float(value) for value in re.findall(rf"^{name} ([0-9.e+]+)$", metrics, re.MULTILINE)]
