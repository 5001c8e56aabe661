"""The promise of 21 days, on clocks that run ahead; erasure at once; and a way on from every end."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from gmsd_chassis.errors import ContentExpired
from gmsd_cli.client import Refusal, Sending
from gmsd_contracts.content import ContentRef
from gmsd_contracts.topics import CONTENT_CELLS
from tests.e2e.faults import (
    contents,
    events,
    keyring_of,
    quarantined,
    reached,
    reader_of,
    restart_with,
    settled,
)
from tests.e2e.stage import PERIODS, Stage, check_snapshot, register, small_nation, stage

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

LATER = str(timedelta(days=22).total_seconds())
"""One day past the promise."""
GIB = 1024**3


@dataclass
class World:
    """A platform on which a whole nation is in force, and one of its gemeenten with the file it sent."""

    stage: Stage
    who: str
    period: str
    header: bytes
    rows: list[bytes]
    root: Path
    made: int = 0

    def file(self) -> Path:
        """Another good file every time."""
        self.made += 1
        path = self.root / f"good-{self.made}.csv"
        path.write_bytes(self.header + b"".join(self.rows[self.made :]))
        return path

    async def send(self, path: Path) -> str:
        sending = Sending("wmo", self.who, self.period, path=path)
        self.stage.remember(path)
        return str((await self.stage.client.deliver(sending))["id"])

    async def approve(self, delivery: str) -> None:
        full = await reached(self.stage.client, delivery, {"TE_BEOORDELEN"})
        await self.stage.client.akkoord(delivery, self.who, full["controle"]["teBevestigen"])
        await reached(self.stage.client, delivery, {"VAN_KRACHT"})

    async def refs(self, delivery: str) -> list[ContentRef]:
        """Every content that an event about the delivery refers to."""
        found = await events(self.stage.platform.bootstrap)
        return [
            ref for event in found if str(event.correlation_id) == delivery for ref in event.data.contents()
        ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    root = tmp_path_factory.mktemp("expiry")
    plan = small_nation(root, seed=9, scale=0.01, gemeenten=4, faults=())
    mine = max(
        (s for s in plan if s.dataset == "wmo" and s.period == PERIODS[1] and s.path),
        key=lambda s: s.path.stat().st_size if s.path else 0,
    )
    assert mine.path is not None
    header, *rows = mine.path.read_bytes().splitlines(keepends=True)
    assert len(rows) > 30
    async with stage(
        root, {"intake": {"GMSD_SWEEP_SECONDS": "0.5"}, "validation": {"GMSD_RETENTION_SECONDS": "0.5"}}
    ) as running:
        await register(running, plan)
        await running.deliver(plan)
        yield World(running, mine.deliverer, mine.period, header, rows, root)


async def test_a_file_that_expired_before_anybody_read_it_is_verlopen_and_can_be_sent_again(
    world: World,
) -> None:
    """Validation stands still for longer than a raw file is kept."""
    running, platform = world.stage, world.stage.platform
    path = world.file()
    stopped = platform.pid("validation")
    assert stopped is not None
    os.kill(stopped, signal.SIGSTOP)
    try:
        delivery = await world.send(path)
        assert (await running.client.delivery(delivery))["sleutels"] == "aanwezig"
        await restart_with_shift(world, "intake", LATER, wait=False)
        async with asyncio.timeout(60):
            while (await running.client.delivery(delivery))["sleutels"] != "vernietigd":  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.2)
    finally:
        os.kill(stopped, signal.SIGCONT)
    full = await reached(running.client, delivery, {"VERLOPEN", "AFGEKEURD", "TE_BEOORDELEN", "MISLUKT"})
    assert full["status"] == "VERLOPEN"
    await restart_with_shift(world, "intake", "0")
    again = await world.send(path)
    assert again != delivery
    await world.approve(again)
    assert (await running.client.delivery(delivery))["status"] == "VERLOPEN"
    assert await quarantined(platform.bootstrap) == []


async def test_findings_expire_and_akkoord_stays_possible(world: World) -> None:
    """TE_BEOORDELEN outlives its findings: 410 says so, and the delivery still comes in force."""
    running = world.stage
    path = world.root / "warnings.csv"
    path.write_bytes(_with_a_warning(world))
    delivery = await world.send(path)
    full = await reached(running.client, delivery, {"TE_BEOORDELEN", "AFGEKEURD"})
    assert full["status"] == "TE_BEOORDELEN", full["controle"]
    assert full["controle"]["teBevestigen"], full["controle"]
    assert [one async for one in running.client.findings(delivery, world.who)]
    await restart_with_shift(world, "validation", LATER)
    refused: Refusal | None = None
    async with asyncio.timeout(60):
        while refused is None:
            try:
                _ = [one async for one in running.client.findings(delivery, world.who)]
                await asyncio.sleep(0.2)
            except Refusal as answer:
                refused = answer
    assert (refused.status, refused.slug) == (410, "bevindingen-verlopen")
    await restart_with_shift(world, "validation", "0")
    assert (await running.client.delivery(delivery))["controle"] == full["controle"], "counts stay"
    await world.approve(delivery)
    with pytest.raises(Refusal) as still:
        _ = [one async for one in running.client.findings(delivery, world.who)]
    assert still.value.status == 410


def _with_a_warning(world: World) -> bytes:
    """Toewijzingsnummers in part of the rows: permitted, and worth a question."""
    names = [name.strip(b'"\xef\xbb\xbf').lower() for name in world.header.rstrip().split(b";")]
    at = names.index(b"toewijzingsnummer")
    rows = []
    for n, row in enumerate(world.rows):
        cells = row.split(b";")
        cells[at] = b"" if n % 2 else b"%d" % (3_000_000 + n)
        rows.append(b";".join(cells))
    return world.header + b"".join(rows)


async def test_withdrawal_erases_at_once(world: World) -> None:
    """When the answer is there, nothing of the delivery can be read, in any zone; sending again is possible."""
    running, platform = world.stage, world.stage.platform
    path = world.file()
    delivery = await world.send(path)
    await reached(running.client, delivery, {"TE_BEOORDELEN"})
    async with asyncio.timeout(60):
        while (await running.client.delivery(delivery))["koppeling"] != "geladen":  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
    refs = await world.refs(delivery)
    assert {ref.content_schema.partition("/")[0] for ref in refs} >= {"raw", "wmo.checked", "wmo.linked"}
    reader, keyring = reader_of(platform), keyring_of(platform.layout)
    for ref in refs:
        await reader.read_all(ref, GIB)
    answer = await running.client.withdraw(delivery, world.who)
    assert answer["status"] == "INGETROKKEN"
    assert keyring.is_destroyed(UUID(delivery))
    for ref in refs:
        with pytest.raises(ContentExpired):
            await reader.read_all(ref, GIB)
    assert (await running.client.delivery(delivery))["sleutels"] == "vernietigd"
    again = await world.send(path)
    assert again != delivery
    await world.approve(again)


async def test_a_rejected_file_is_erased_and_may_be_sent_again(world: World) -> None:
    running, platform = world.stage, world.stage.platform
    path = world.root / "bad.csv"
    path.write_bytes(b"".join(world.rows))
    delivery = await world.send(path)
    await reached(running.client, delivery, {"AFGEKEURD"})
    (raw,) = [ref for ref in await world.refs(delivery) if ref.content_schema == "raw"]
    async with asyncio.timeout(30):
        while keyring_of(platform.layout).exists(raw.content_id):  # noqa: ASYNC110 - another process's file
            await asyncio.sleep(0.2)
    again = await world.send(path)
    assert again != delivery
    await reached(running.client, again, {"AFGEKEURD"})


async def test_withdrawal_of_what_is_in_force_empties_the_slot(world: World) -> None:
    """By the platform team, as erasure: figures are computed again without it, to the cell. Then the slot is filled again."""
    running = world.stage
    # Releases of what the other tests delivered come first.
    await settled(running.platform, quiet=6)
    before = await running.releases()
    await check_snapshot(running, before[world.period])
    was = await running.snapshot_cells(before[world.period])
    (mine,) = [
        found
        for found in await running.in_force()
        if (found["aanleveraar"], found["bestandssoort"], found["periode"])
        == (world.who, "wmo", world.period)
    ]
    with pytest.raises(Refusal) as refused:
        await running.client.withdraw(mine["id"], world.who)
    assert refused.value.slug == "alleen-platform"
    refs = await world.refs(mine["id"])
    answer = await running.client.withdraw(mine["id"], None)
    assert answer["status"] == "INGETROKKEN"
    for ref in refs:
        with pytest.raises(ContentExpired):
            await reader_of(running.platform).read_all(ref, GIB)
    left = await running.in_force()
    assert not [
        f
        for f in left
        if (f["aanleveraar"], f["bestandssoort"], f["periode"]) == (world.who, "wmo", world.period)
    ]
    release = (await running.releases())[world.period]
    assert release.release.number > before[world.period].release.number
    await check_snapshot(running, release)
    without = await running.snapshot_cells(release)
    assert any(without.get(cell, 0) < number for cell, number in was.items())
    path = running.files[(await running.client.delivery(mine["id"]))["ontvangstbewijs"]["sha256"]]
    again = await world.send(path)
    assert again != mine["id"]
    await world.approve(again)
    restored = (await running.releases())[world.period]
    assert restored.release.number > release.release.number
    await check_snapshot(running, restored)
    assert await running.snapshot_cells(restored) == was


async def test_what_was_replaced_may_be_sent_again(world: World) -> None:
    """A, B, A: the third wins."""
    running = world.stage
    first, second = world.file(), world.file()
    ids = [await world.send(path) for path in (first,)]
    await world.approve(ids[0])
    ids.append(await world.send(second))
    await world.approve(ids[1])
    assert (await running.client.delivery(ids[0]))["status"] == "VERVANGEN"
    ids.append(await world.send(first))
    await world.approve(ids[2])
    assert len(set(ids)) == 3
    assert (await running.client.delivery(ids[1]))["status"] == "VERVANGEN"


async def test_exact_cells_outlive_what_they_were_counted_from(world: World) -> None:
    """None of the above touched a snapshot."""
    found = await contents(world.stage.platform.bootstrap)
    keyring = keyring_of(world.stage.platform.layout)
    cells = [
        ref for ref in found.referred.values() if getattr(ref.location, "topic", "") == CONTENT_CELLS.name
    ]
    assert cells
    assert all(keyring.exists(ref.content_id) for ref in cells)


async def restart_with_shift(world: World, service: str, seconds: str, *, wait: bool = True) -> None:
    await restart_with(world.stage.platform, service, wait=wait, GMSD_CLOCK_SHIFT_SECONDS=seconds)
