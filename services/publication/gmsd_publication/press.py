"""Makes the tables of a release: reads a snapshot, has it protected, writes public content."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from gmsd_chassis.content.store import ContentStore
from gmsd_chassis.errors import ContentDamaged, ContentExpired, Unprocessable
from gmsd_chassis.logs import log
from gmsd_contracts.catalogue import CATALOGUE, CATALOGUE_VERSION, Indicator
from gmsd_contracts.cells import CELLS, FRAME, RELEASE_NAME
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.publication import PublicationReleased, ReleasedTable
from gmsd_publication.adapters.arrow import read_table, write_table
from gmsd_publication.adapters.library import Library
from gmsd_publication.domain.consent import Policy
from gmsd_publication.domain.faults import Held, SnapshotBroken
from gmsd_publication.domain.protection import Protection
from gmsd_publication.domain.regions import REGIONS_NAME
from gmsd_publication.domain.schedule import Figures
from gmsd_publication.domain.tables import Built, build, to_release, with_figures

REGIONS_TABLE = "regio"


class Refused(Exception):
    """This snapshot gives no release. `reason` is of errors.REASONS; `detail` names regions and columns only."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Press:
    """From a snapshot to written tables."""

    def __init__(self, content: ContentStore, library: Library, protection: Protection) -> None:
        self._content, self._library = content, library
        self.protection = protection

    async def build(self, snapshot: CellsComputed, policy: Policy) -> Built:
        """The protected tables. Raises Refused, TryLater."""
        if snapshot.catalogue_version != CATALOGUE_VERSION:
            raise Refused("other_catalogue", snapshot.catalogue_version)
        catalogue = catalogue_of(snapshot.product)
        if not catalogue:
            raise Refused("unknown_product", snapshot.product)
        try:
            cells = await read_table(self._content, snapshot.cells, CELLS)
            frame = await read_table(self._content, snapshot.frame, FRAME)
            return await asyncio.to_thread(
                build,
                cells,
                frame,
                product=snapshot.product,
                period=snapshot.period,
                catalogue=catalogue,
                policy=policy,
                protection=self.protection,
            )
        except ContentExpired:
            raise Refused("snapshot_expired") from None
        except ContentDamaged as damaged:
            raise Refused("snapshot_damaged") from damaged
        except Unprocessable as refused:
            raise Refused("snapshot_too_large", refused.reason) from None
        except SnapshotBroken as broken:
            raise Refused(broken.reason, broken.detail) from None
        except Held as held:
            raise Refused("protection", held.reason) from None

    async def write(self, release: UUID, built: Built) -> tuple[ReleasedTable, ...]:
        """The tables as public content, the regions last."""
        titles = {indicator.id: indicator.title for indicator in CATALOGUE}
        written = []
        for name, frame in built.tables.items():
            table = await asyncio.to_thread(to_release, frame)
            ref = await write_table(self._content, release, RELEASE_NAME, table)
            written.append(ReleasedTable(table=name, title=titles[name], rows=table.num_rows, content=ref))
        regions = built.regions.public()
        ref = await write_table(self._content, release, REGIONS_NAME, regions)
        written.append(
            ReleasedTable(table=REGIONS_TABLE, title="Regio's", rows=regions.num_rows, content=ref)
        )
        return tuple(written)

    async def figures_of(self, release: PublicationReleased) -> Figures | None:
        """Whose records stand in a release, from its tables; None when they can no longer be read. Raises TryLater."""
        refs = {table.table: table.content for table in release.tables}
        try:
            regions = await self._library.regions(refs.pop(REGIONS_TABLE))
            frames = {name: await self._library.table(ref) for name, ref in refs.items()}
        except (ContentExpired, ContentDamaged, SnapshotBroken, KeyError) as error:
            log.error("release_unreadable", release=release.release_id, error=error)
            return None
        return Figures(*await asyncio.to_thread(with_figures, frames, CATALOGUE, regions))

    async def figures_in(self, product: str, built: Built) -> Figures:
        """The same, of tables that were just made."""
        catalogue = catalogue_of(product)
        return Figures(*await asyncio.to_thread(with_figures, built.tables, catalogue, built.regions))


def catalogue_of(product: str) -> Sequence[Indicator]:
    """The indicators of a product."""
    return tuple(indicator for indicator in CATALOGUE if indicator.product == product)
