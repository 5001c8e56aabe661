"""`make chaos`: longer and bigger than test_kill, with processes that hang and processes that are asked to stop as well."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.faults import (
    EVENT_TOPICS,
    Assassin,
    Raw,
    append,
    check_contents,
    quarantined,
    reached,
    records,
    settled,
)
from tests.e2e.stage import PERIODS, check_snapshot, register, small_nation, stage

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)


@pytest.mark.parametrize("run", range(3))
async def test_a_nation_survives_a_long_run_of_faults(tmp_path: Path, run: int) -> None:
    """Every process is killed, stopped politely and frozen, eight times in all, while everything is delivered."""
    seed = int(os.environ.get("CHAOS_SEED", int.from_bytes(os.urandom(4)))) + run
    plan = small_nation(tmp_path, seed=100 + run, scale=0.01, gemeenten=22)
    async with stage(tmp_path) as running:
        platform, client = running.platform, running.client
        await register(running, plan)
        assassin = Assassin(platform, seed, times=8, pause=(0.5, 8.0))
        async with asyncio.TaskGroup() as group:
            group.create_task(assassin.run(SIGNALS))
            group.create_task(running.deliver(plan))
        await platform.wait_ready()
        await settled(platform, within=600)
        # Three deaths on one event are possible in so long a run: then it was put aside, and is tried again by hand.
        reasons = {why["reason"] for why in await quarantined(platform.bootstrap)}
        assert reasons <= {"died_repeatedly"}
        async for found in client.deliveries(status="MISLUKT"):
            await client.requeue(found["id"])
            await reached(client, found["id"], {"TE_BEOORDELEN", "AFGEKEURD", "VERVANGEN"})
        await running.deliver(plan)  # resumes: akkoord for what had failed
        await settled(platform, within=600)
        stuck = [
            f["status"] async for f in client.deliveries() if f["wachtOp"] or f["koppeling"] == "mislukt"
        ]
        assert stuck == []
        await append(platform.bootstrap, map(Raw.copy, await records(platform.bootstrap, EVENT_TOPICS)))
        await settled(platform, within=1200)
        releases = await running.releases()
        for period in PERIODS:
            await check_snapshot(running, releases[period])
        opened, orphans = await check_contents(platform)
        print(f"{opened} contents opened, {orphans} orphans")
