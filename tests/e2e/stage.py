"""A running platform with a nation to deliver, and what the oracle says of it."""

import asyncio
import csv
import hashlib
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

from gmsd_chassis.clock import Clock
from gmsd_chassis.content import LogContentStore
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_cli.campaign import Campaign, Tally, patiently
from gmsd_cli.client import IntakeClient, Sending, intake
from gmsd_cli.demo.nation import deliverers, sendings
from gmsd_cli.demo.outcome import Published, expected_inputs, published, wait_until_published
from gmsd_cli.demo.run import OVERRIDES
from gmsd_cli.local.files import write_private
from gmsd_cli.local.ports import free_block
from gmsd_cli.local.supervisor import LocalPlatform
from gmsd_contracts.content import ContentRef
from gmsd_contracts.zones import Zone
from gmsd_nation import generate
from tests.oracle.figures import Accepted, Cell, Figures, figures
from tests.oracle.patterns import cells_of

PERIODS = ("2025HJ01", "2025HJ02")
GIB = 1024**3


ROUNDING_KEY = bytes(range(1, 33))


@dataclass
class Stage:
    """Everything a test of the whole needs: the platform, intake as its deliverers see it, the public's view, the log."""

    platform: LocalPlatform
    client: IntakeClient
    public: httpx.AsyncClient
    content: LogContentStore
    files: dict[str, Path]
    """sha256 → a file that was delivered."""

    async def deliver(self, plan: Iterable[Sending]) -> Tally:
        """Send, say akkoord, and return when every slot is at rest."""
        plan = list(plan)
        for sending in plan:
            self.remember(sending.path)
        return await Campaign(self.client, plan).run()

    def remember(self, path: Path | None) -> None:
        """So that the file a delivery in force came from can be found."""
        if path is not None:
            self.files[hashlib.sha256(path.read_bytes()).hexdigest()] = path

    async def in_force(self) -> list[dict[str, Any]]:
        """The deliveries that figures rest on, as intake tells."""
        return [found async for found in self.client.deliveries(status="VAN_KRACHT")]

    async def releases(self, within: float = 240) -> dict[str, Published]:
        """The releases that rest on exactly what is in force now."""
        in_force = await self.in_force()
        expected = {period: expected_inputs(in_force, period) for period in PERIODS}
        return await wait_until_published(self.platform.bootstrap, expected, within)

    async def newer_release(self, period: str, number: int, within: float = 120) -> Published:
        """The first live release of a period with a number above `number`."""
        async with asyncio.timeout(within):
            while True:
                found = (await published(self.platform.bootstrap)).get(period)
                if found is not None and found.release.number > number:
                    return found
                await asyncio.sleep(0.5)

    async def accepted(self, period: str) -> Accepted:
        """The files behind what is in force, for the oracle."""
        wmo: dict[tuple[str, int], Path] = {}
        brp: list[Path] = []
        regio: list[Path] = []
        for found in await self.in_force():
            if found["bestandssoort"] != "wmo" and found["periode"] != period:
                continue
            full = await self.client.delivery(found["id"])
            if full["ontvangstbewijs"]["nietsTeMelden"]:
                if found["bestandssoort"] == "wmo":
                    wmo[found["aanleveraar"], int(found["periode"][-1])] = self.empty()
                continue
            path = self.files[full["ontvangstbewijs"]["sha256"]]
            match found["bestandssoort"]:
                case "wmo":
                    wmo[found["aanleveraar"], int(found["periode"][-1])] = path
                case "brp":
                    brp.append(path)
                case "regio":
                    regio.append(path)
        (classification,) = regio
        return Accepted(wmo, sorted(brp), classification)

    def empty(self) -> Path:
        """A file without rows, for who had nothing to report."""
        path = self.platform.layout.root / "empty.csv"
        path.write_bytes(b"")
        return path

    async def oracle(self, period: str, objectors: Iterable[str] = ()) -> Figures:
        """What the figures should be."""
        accepted = await self.accepted(period)
        return await asyncio.to_thread(figures, accepted, int(period[:4]), int(period[-1]), objectors)

    async def table(self, ref: ContentRef) -> pa.Table:
        """An Arrow content, decrypted with the statistical key."""
        return pa.ipc.open_stream(await self.content.read_all(ref, GIB)).read_all()

    async def snapshot_cells(self, found: Published, without: Iterable[str] = ()) -> dict[Cell, int]:
        """A snapshot's exact cells, by the oracle's own expansion of its patterns."""
        patterns, frame = await self.table(found.snapshot.cells), await self.table(found.snapshot.frame)
        return await asyncio.to_thread(cells_of, patterns, frame, without)

    async def public_rows(self, found: Published, indicator: str) -> list[dict[str, str]]:
        """A published table as the public gets it, as CSV."""
        release = await self.public.get(f"/v1/publicaties/{found.release.release_id}")
        (table,) = [t for t in release.json()["tabellen"] if t["indicator"] == indicator]
        answer = await self.public.get(table["url"], headers={"Accept": "text/csv"})
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def check_snapshot(stage: Stage, found: Published) -> Figures:
    """Every cell of a snapshot equals the oracle's; returns the oracle's figures."""
    truth = await stage.oracle(found.snapshot.period)
    cells = await stage.snapshot_cells(found)
    differing = {
        cell: (cells.get(cell, 0), truth.counts.get(cell, 0)) for cell in cells.keys() | truth.counts.keys()
    }
    differing = {cell: pair for cell, pair in differing.items() if pair[0] != pair[1]}
    assert not differing, (
        f"{len(differing)} cells (snapshot, oracle), for one: {sorted(differing.items())[:5]}"
    )
    assert len(truth.counts) > 1000, "an oracle that counts nothing agrees with everything"
    return truth


@asynccontextmanager
async def stage(root: Path, overrides: Mapping[str, Mapping[str, str]] | None = None) -> AsyncIterator[Stage]:
    """Start the platform under `root`; stop it at the end."""
    combined = {name: dict(values) for name, values in OVERRIDES.items()}
    for name, values in (overrides or {}).items():
        combined.setdefault(name, {}).update(values)
    platform = LocalPlatform(root / "state", free_block(11), combined)
    # One key for every run: whether a later release can be proved depends on it, and a test must not depend on chance.
    platform.layout.keks.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(platform.layout.keks / "rounding.key", ROUNDING_KEY)
    async with platform, intake(platform.url("intake"), platform.layout) as client:
        kek = (platform.layout.keks / "statistical.kek").read_bytes()
        keyring = DirectoryKeyRing(platform.layout.keyring, {Zone.STATISTICAL: kek}, Clock(), owner="test")
        content = LogContentStore(_no_writing, platform.bootstrap, keyring)
        try:
            async with httpx.AsyncClient(base_url=platform.url("publication"), timeout=60) as public:
                yield Stage(platform, client, public, content, {})
        finally:
            await content.stop()


def _no_writing() -> Any:
    raise AssertionError("the test only reads")


def small_nation(root: Path, **options: Any) -> list[Sending]:
    """A nation of a few gemeenten with every class of fault; its plan."""
    folder = root / "nation"
    generate(folder, **{"seed": 7, "scale": 0.004, "gemeenten": 14, **options})
    return sendings(folder)


async def register(stage: Stage, plan: list[Sending]) -> None:
    """Open the windows and register every sender of a plan."""
    for period in PERIODS:
        await patiently(lambda period=period: stage.client.window(period))
    for who in deliverers(plan):
        await patiently(lambda who=who: stage.client.register(who.id, who.kind, who.id, list(who.datasets)))
