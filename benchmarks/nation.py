"""The nation from first upload to snapshot, and the baseline on the same files."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from benchmarks.bare_checks import Sending as Line
from benchmarks.bare_polars import order
from benchmarks.cells import CELL, require_equal, snapshot_cells
from benchmarks.latency import Disagreement
from benchmarks.stages import Reading, read
from gmsd_chassis.clock import Clock
from gmsd_chassis.content import LogContentStore
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_cli.campaign import Campaign, Tally, patiently
from gmsd_cli.client import IntakeClient, Sending
from gmsd_cli.demo.nation import deliverers
from gmsd_cli.demo.outcome import Published, expected_inputs, wait_until_published
from gmsd_cli.local.supervisor import LocalPlatform
from gmsd_contracts.content import ContentRef
from gmsd_contracts.zones import Zone

ROOT = Path(__file__).resolve().parents[1]
RELEASE_SECONDS = 600.0
"""From everything in force to the last release: seconds on an idle machine."""
MOST_BYTES = 1 << 30
TOLD_SECONDS = 15.0

Tell = Callable[[str], None]
"""Hears a line now and then."""


class BaselineFailed(Exception):
    """The script ended with an error."""


@dataclass(frozen=True, slots=True)
class PlatformRun:
    """`to_snapshot`: from the first upload to the last snapshot's event; `cells` per period."""

    files: int
    bytes: int
    rows: int
    in_force: int
    refused: int
    to_in_force: float
    to_snapshot: float
    to_release: float
    stages: Reading
    cells: dict[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class BaselineRun:
    """What the script said of itself; `wall` includes the start of the interpreter and the imports."""

    check_seconds: float
    cells_seconds: float
    wall: float
    peak_memory_bytes: int
    in_force: int
    refused: int
    cells: pl.DataFrame

    @property
    def seconds(self) -> float:
        return self.check_seconds + self.cells_seconds


async def deliver(
    platform: LocalPlatform, client: IntakeClient, plan: list[Sending], tell: Tell
) -> PlatformRun:
    """Send the plan, say akkoord, wait for the releases. The platform is fresh. Raises TimeoutError."""
    periods = sorted({sending.period for sending in plan})
    for period in periods:
        await patiently(lambda period=period: client.window(period))
    for who in deliverers(plan):
        await patiently(lambda who=who: client.register(who.id, who.kind, who.id, list(who.datasets)))
    before = await read(platform)
    campaign = Campaign(client, plan)
    telling = asyncio.create_task(_tell(campaign.tally, tell))
    began = datetime.now(UTC)
    try:
        tally = await campaign.run()
        in_force_at = datetime.now(UTC)
        in_force = [found async for found in client.deliveries(status="VAN_KRACHT")]
        expected = {period: expected_inputs(in_force, period) for period in periods}
        releases = await wait_until_published(platform.bootstrap, expected, RELEASE_SECONDS)
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    return PlatformRun(
        files=tally.sent,
        bytes=tally.bytes,
        rows=sum(tally.rows.values()),
        in_force=len(in_force),
        refused=len(tally.refused) + tally.per_state().get("AFGEKEURD", 0),
        to_in_force=(in_force_at - began).total_seconds(),
        to_snapshot=max((found.computed - began).total_seconds() for found in releases.values()),
        to_release=max((found.released - began).total_seconds() for found in releases.values()),
        stages=(await read(platform)).since(before),
        cells={period: await _cells(platform, found) for period, found in releases.items()},
    )


async def _tell(tally: Tally, tell: Tell) -> None:
    while True:
        await asyncio.sleep(TOLD_SECONDS)
        states = ", ".join(f"{state} {count}" for state, count in sorted(tally.per_state().items()))
        tell(f"  sent {tally.sent} of {tally.planned}; {states}")


async def _cells(platform: LocalPlatform, found: Published) -> pl.DataFrame:
    kek = (platform.layout.keks / "statistical.kek").read_bytes()
    keyring = DirectoryKeyRing(platform.layout.keyring, {Zone.STATISTICAL: kek}, Clock(), owner="bench")
    content = LogContentStore(_no_writing, platform.bootstrap, keyring)

    async def table(ref: ContentRef) -> pa.Table:
        return pa.ipc.open_stream(await content.read_all(ref, MOST_BYTES)).read_all()

    return snapshot_cells(await table(found.snapshot.cells), await table(found.snapshot.frame))


def _no_writing() -> Any:
    raise AssertionError("a benchmark only reads content")


async def baseline(plan: list[Sending], folder: Path) -> BaselineRun:
    """The script in a process of its own, so that its memory is its own. Raises BaselineFailed."""
    lines = [
        Line(s.dataset, s.deliverer, s.period, s.part, str(s.path) if s.path else None, s.nothing_to_report)
        for s in plan
    ]
    cells, document = folder / "baseline.parquet", folder / "baseline.json"
    periods = sorted({sending.period for sending in plan})
    document.write_text(json.dumps(order(lines, periods, datetime.now(UTC).date(), cells)), encoding="utf-8")
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bare_polars", str(document),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complaint = await process.communicate()
    wall = time.perf_counter() - began
    if process.returncode:
        raise BaselineFailed("; ".join(complaint.decode(errors="replace").strip().splitlines()[-1:]))
    return BaselineRun(**json.loads(said), wall=wall, cells=pl.read_parquet(cells))


def compare(run: PlatformRun, bare: BaselineRun) -> int:
    """How many cells were compared. Raises Disagreement unless both refused as many files and hold the same cells."""
    if (run.in_force, run.refused) != (bare.in_force, bare.refused):
        raise Disagreement(
            f"in force and refused: {run.in_force} and {run.refused} by the platform, "
            f"{bare.in_force} and {bare.refused} by the baseline"
        )
    compared = 0
    for period, cells in run.cells.items():
        compared += require_equal(period, cells, bare.cells.filter(period=period).select(*CELL, "count"))
    return compared
