"""Whether what was delivered has been published: read from the log itself, which is the truth."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gmsd_chassis.bus.codec import decode, type_of
from gmsd_chassis.errors import TryLater, Unprocessable
from gmsd_chassis.keyring.scan import scan
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.publication import PublicationCorrected, PublicationReleased, PublicationRetracted
from gmsd_contracts.period import half_years
from gmsd_contracts.topics import PUBLICATIONS, SNAPSHOTS

LOOK_SECONDS = 1.0
_TOLD = {CellsComputed.TYPE, PublicationReleased.TYPE, PublicationCorrected.TYPE, PublicationRetracted.TYPE}


@dataclass(frozen=True, slots=True)
class Published:
    """A live release, and the snapshot it was made from."""

    release: PublicationReleased
    snapshot: CellsComputed
    computed: datetime
    released: datetime


def expected_inputs(in_force: Iterable[dict[str, Any]], period: str) -> int:
    """How many deliveries a whole snapshot of a period rests on, given the deliveries that are VAN_KRACHT.

    The Wmo of both half-years of the year (the merge rule reads them together), register and regions of the period.
    """
    counts = Counter((found["bestandssoort"], found["periode"]) for found in in_force)
    both = half_years(int(period[:4]))
    return sum(counts["wmo", half] for half in both) + counts["brp", period] + counts["regio", period]


@dataclass(frozen=True, slots=True)
class News:
    """What the log tells: the live release of each period, and how many snapshots each period has had."""

    live: dict[str, Published]
    snapshots: dict[str, int]


async def news(bootstrap: str) -> News:
    """Read the topics of snapshots and publications from their beginning. Raises TryLater."""
    snapshots: dict[str, tuple[CellsComputed, datetime]] = {}
    releases: dict[str, tuple[PublicationReleased, datetime]] = {}
    retracted = set()
    async with aclosing(scan(bootstrap, [SNAPSHOTS.name, PUBLICATIONS.name])) as records:
        async for record in records:
            # The topic of snapshots also tells of every load, a thousand for each snapshot.
            if type_of(record) not in _TOLD:
                continue
            try:
                event = decode(record)
            except Unprocessable:
                continue  # somebody else's to quarantine; it is no release
            match event.data:
                case CellsComputed() as cells:
                    snapshots[cells.snapshot_id] = (cells, event.time)
                case PublicationReleased() as release:
                    known = releases.get(release.period)
                    if known is None or release.number > known[0].number:
                        releases[release.period] = (release, event.time)
                case PublicationRetracted() as gone:
                    retracted.add(gone.release_id)
    live = {
        period: Published(release, *snapshots[release.snapshot_id], released)
        for period, (release, released) in releases.items()
        if release.release_id not in retracted and release.snapshot_id in snapshots
    }
    return News(live, Counter(cells.period for cells, _ in snapshots.values()))


async def published(bootstrap: str) -> dict[str, Published]:
    """The live release of each period. Raises TryLater."""
    return (await news(bootstrap)).live


async def wait_until_published(
    bootstrap: str, expected: dict[str, int], within: float
) -> dict[str, Published]:
    """The releases of the periods in `expected`, once each rests on that many deliveries. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            try:
                found = await published(bootstrap)
            except TryLater:
                found = {}
            if all(period in found and found[period].snapshot.inputs == n for period, n in expected.items()):
                return found
            await asyncio.sleep(LOOK_SECONDS)
