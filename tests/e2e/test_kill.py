"""Kill everything twice while a nation is delivered: the figures are those of an undisturbed run, to the cell."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pyarrow as pa
import pytest
import pytest_asyncio

from gmsd_cli.client import Sending
from tests.e2e.faults import (
    ENDS,
    EVENT_TOPICS,
    VICTIMS,
    Assassin,
    Raw,
    append,
    check_contents,
    events,
    quarantined,
    records,
    settled,
)
from tests.e2e.stage import PERIODS, Stage, check_snapshot, register, small_nation, stage

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

NATION = {"seed": 11, "scale": 0.002, "gemeenten": 8}
SEED = int.from_bytes(os.urandom(4))
"""Another every time: a run that fails is repeated by the number it printed."""

Patterns = dict[str, list[tuple[object, ...]]]


@dataclass
class Outcome:
    """What a run of the plan came to."""

    in_force: dict[tuple[str, ...], str]
    patterns: Patterns


async def outcome(stage: Stage) -> Outcome:
    """The slots with the file in force, and the exact patterns and frame of both periods."""
    releases = await stage.releases()
    patterns: Patterns = {}
    for period in PERIODS:
        await check_snapshot(stage, releases[period])
        snapshot = releases[period].snapshot
        for name, ref in (("cells", snapshot.cells), ("frame", snapshot.frame)):
            patterns[f"{period} {name}"] = _rows(await stage.table(ref))
    in_force: dict[tuple[str, ...], str] = {}
    for found in await stage.in_force():
        full = await stage.client.delivery(found["id"])
        slot = (found["aanleveraar"], found["bestandssoort"], found["periode"], found["deel"] or "")
        in_force[slot] = full["ontvangstbewijs"]["sha256"]
    return Outcome(in_force, patterns)


def _rows(table: pa.Table) -> list[tuple[object, ...]]:
    return sorted((tuple(row.items()) for row in table.to_pylist()), key=repr)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> list[Sending]:
    return small_nation(tmp_path_factory.mktemp("kill"), **NATION)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(plan: list[Sending], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    async with stage(tmp_path_factory.mktemp("undisturbed")) as running:
        await register(running, plan)
        await running.deliver(plan)
        return await outcome(running)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def disturbed(
    plan: list[Sending], undisturbed: Outcome, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Stage, Outcome]]:
    """A platform of which every process died twice while the plan was delivered."""
    async with stage(tmp_path_factory.mktemp("disturbed")) as running:
        await register(running, plan)
        assassin = Assassin(running.platform, SEED)
        _, tally = await asyncio.gather(assassin.run(), running.deliver(plan))
        await running.platform.wait_ready()
        assert all(assassin.counts()[name] >= 2 for name in VICTIMS)
        assert all(running.platform.restarts(name) >= 2 for name in VICTIMS)
        assert tally.per_state()["VAN_KRACHT"] > 0
        yield running, await outcome(running)


async def test_the_figures_are_those_of_a_run_without_kills(
    undisturbed: Outcome, disturbed: tuple[Stage, Outcome]
) -> None:
    _, found = disturbed
    assert found.in_force == undisturbed.in_force
    for name, rows in undisturbed.patterns.items():
        assert rows, name
        assert found.patterns[name] == rows, name


async def test_nothing_is_stuck_and_nothing_was_put_aside(disturbed: tuple[Stage, Outcome]) -> None:
    running, _ = disturbed
    await settled(running.platform)
    stuck = [
        (found["aanleveraar"], found["bestandssoort"], found["periode"], found["status"], found["wachtOp"])
        async for found in running.client.deliveries()
        if found["status"] not in ENDS | {"VAN_KRACHT"} or found["wachtOp"]
    ]
    assert stuck == []
    assert await quarantined(running.platform.bootstrap) == []
    status = await running.client.status()
    assert (status["achterstand"], status["geparkeerd"], status["overgeslagen"]) == (0, 0, 0)


async def test_every_cause_had_one_effect(disturbed: tuple[Stage, Outcome]) -> None:
    """What was written twice has one id; and of one id only the reference to content differs."""
    running, _ = disturbed
    seen: dict[object, str] = {}
    for event in await events(running.platform.bootstrap):
        fixed = event.data.model_dump_json(
            exclude={"content", "records", "findings", "cells", "frame", "tables"}
        )
        assert seen.setdefault(event.id, fixed) == fixed, event.type


async def test_content_is_there_when_an_event_tells_of_it_and_else_unreadable(
    disturbed: tuple[Stage, Outcome],
) -> None:
    running, _ = disturbed
    opened, orphans = await check_contents(running.platform)
    print(f"{opened} contents opened, {orphans} orphans")
    assert opened > 50


async def test_events_that_come_twice_change_nothing(disturbed: tuple[Stage, Outcome]) -> None:
    running, before = disturbed
    bootstrap = running.platform.bootstrap
    releases = {period: found.release for period, found in (await running.releases()).items()}
    states = [found async for found in running.client.deliveries()]
    feed = (await running.public.get("/v1/publicaties")).json()
    # A quarter: each of them is worked on again by every stage behind it.
    some = (await records(bootstrap, EVENT_TOPICS))[::4]
    await append(bootstrap, map(Raw.copy, some))
    await settled(running.platform, quiet=5.0)
    assert [found async for found in running.client.deliveries()] == states
    assert {period: found.release for period, found in (await running.releases()).items()} == releases
    assert (await running.public.get("/v1/publicaties")).json() == feed
    assert await quarantined(bootstrap) == []
    after = await outcome(running)
    assert after.patterns == before.patterns
