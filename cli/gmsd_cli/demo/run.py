"""From nothing to a published figure, in stages that are timed."""

import asyncio
import json
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from gmsd_cli.campaign import UPLOADS, Campaign, Tally, patiently
from gmsd_cli.client import IntakeClient, Sending, intake
from gmsd_cli.console import console
from gmsd_cli.demo.nation import Deliverer, deliverers, generate, sendings
from gmsd_cli.demo.outcome import Published, expected_inputs, wait_until_published
from gmsd_cli.demo.progress import Progress
from gmsd_cli.local.errors import LocalError
from gmsd_cli.local.supervisor import LocalPlatform

T = TypeVar("T")

RELEASE_SECONDS = 3_600.0
"""Disclosure control took about 5 CPU seconds a gemeente where it was measured (24 of them), and the demo has 342 in two periods. The log
of publication tells how far it is."""

OVERRIDES = {
    "aggregation": {"GMSD_QUIET_SECONDS": "1"},
    "publication": {"GMSD_RELEASE_POLICIES": '{"basis": {"kind": "quiet", "seconds": 1}}'},
}
"""A demo does not wait for late deliverers: 1 s of quiet instead of 10."""


class NotPublished(LocalError):
    """The release did not come out."""


@dataclass(slots=True)
class Outcome:
    """What a run did: `demo.json`."""

    stages: dict[str, float] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    rows: int = 0
    releases: dict[str, Published] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, in seconds."""
        began = time.monotonic()
        yield
        self.stages[name] = round(time.monotonic() - began, 2)

    def write(self, path: Path, platform: LocalPlatform) -> None:
        """As JSON, whole or not at all."""
        document = {
            "releases": {
                period: {
                    "nummer": found.release.number,
                    "release_id": str(found.release.release_id),
                    "snapshot_id": found.release.snapshot_id,
                    "deliveries": found.snapshot.inputs,
                    "tables": {table.table: table.rows for table in found.release.tables},
                }
                for period, found in sorted(self.releases.items())
            },
            "deliveries": self.states,
            "refused_at_the_door": self.refused,
            "files": self.files,
            "bytes": self.bytes,
            "rows_assessed": self.rows,
            "seconds": self.stages,
            "peak_memory_bytes": platform.peak_memory(),
            "restarts": {name: platform.restarts(name) for name in platform.services},
        }
        half = path.with_suffix(".half")
        half.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        half.replace(path)


async def run(
    platform: LocalPlatform, nation: Path, seed: int, scale: float, gemeenten: int | None
) -> Outcome:
    """Start the platform, deliver the nation, wait for its releases. Raises LocalError; the caller stops the platform."""
    outcome = Outcome()
    began = time.monotonic()
    with outcome.stage("generate and start"):
        generating = asyncio.create_task(generate(nation, seed, scale, gemeenten))
        try:
            await platform.start()
            await generating
        finally:
            generating.cancel()
            await asyncio.gather(generating, return_exceptions=True)
    plan = sendings(nation)
    tally = await _while_it_stands(platform, _deliver(platform, plan, outcome))
    outcome.stages["total"] = round(time.monotonic() - began, 2)
    outcome.states = tally.per_state()
    for _, slug in tally.refused:
        outcome.refused[slug] = outcome.refused.get(slug, 0) + 1
    outcome.files, outcome.bytes, outcome.rows = tally.sent, tally.bytes, sum(tally.rows.values())
    return outcome


async def _deliver(platform: LocalPlatform, plan: list[Sending], outcome: Outcome) -> Tally:
    async with intake(platform.url("intake"), platform.layout) as client:
        with outcome.stage("register"):
            await _register(client, plan)
        campaign = Campaign(client, plan)
        shown = asyncio.create_task(
            Progress(campaign, platform.bootstrap, platform.url("publication")).show()
        )
        try:
            with outcome.stage("deliver until in force"):
                tally = await campaign.run()
            with outcome.stage("in force until released"):
                outcome.releases = await _releases(
                    client, platform.bootstrap, sorted({s.period for s in plan})
                )
        finally:
            shown.cancel()
            await asyncio.gather(shown, return_exceptions=True)
    return tally


async def _while_it_stands(platform: LocalPlatform, work: Coroutine[Any, Any, T]) -> T:
    """`work`, unless a service refuses its settings meanwhile: then its error, and not a time-out minutes later."""
    working, standing = asyncio.create_task(work), asyncio.create_task(platform.wait())
    try:
        await asyncio.wait({working, standing}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            standing.result()
            raise NotPublished("Het platform is gestopt voordat de publicatie uit was.")
        return working.result()
    finally:
        for task in (working, standing):
            task.cancel()
        await asyncio.gather(working, standing, return_exceptions=True)


async def _register(client: IntakeClient, plan: list[Sending]) -> None:
    for period in sorted({sending.period for sending in plan}):
        await patiently(lambda period=period: client.window(period))
    places = asyncio.Semaphore(UPLOADS)

    async def one(who: Deliverer) -> None:
        async with places:
            await patiently(lambda: client.register(who.id, who.kind, who.id, list(who.datasets)))

    await asyncio.gather(*(one(who) for who in deliverers(plan)))


async def _releases(client: IntakeClient, bootstrap: str, periods: list[str]) -> dict[str, Published]:
    in_force = [found async for found in client.deliveries(status="VAN_KRACHT")]
    expected = {period: expected_inputs(in_force, period) for period in periods}
    try:
        return await wait_until_published(bootstrap, expected, RELEASE_SECONDS)
    except TimeoutError:
        raise NotPublished(
            f"De publicatie van {', '.join(periods)} kwam niet binnen {RELEASE_SECONDS:.0f} s; kijk in de logbestanden "
            "van aggregation en publication."
        ) from None


def show(outcome: Outcome, platform: LocalPlatform) -> None:
    """What was published, and where to look."""
    console.print("Gepubliceerd:")
    for period, found in sorted(outcome.releases.items()):
        cells = f"{sum(table.rows for table in found.release.tables):,}".replace(",", ".")
        console.print(
            f"  {period}  publicatie {found.release.number} ({found.release.status}), {cells} cellen in "
            f"{len(found.release.tables)} tabellen, uit {found.snapshot.inputs} leveringen"
        )
    console.print("Duur in seconden: " + ", ".join(f"{name} {took}" for name, took in outcome.stages.items()))
    console.print(f"Bekijk het op {platform.url('publication')}/")
