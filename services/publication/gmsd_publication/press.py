"""Makes the tables of a release: reads a snapshot, has it protected, writes public content."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import polars as pl

from gmsd_chassis.content.store import ContentStore
from gmsd_chassis.errors import ContentDamaged, ContentExpired, TryLater, Unprocessable
from gmsd_chassis.logs import log
from gmsd_chassis.memory import give_back
from gmsd_contracts.catalogue import CATALOGUE, CATALOGUE_VERSION, Indicator
from gmsd_contracts.cells import AUDIT_NAME, CELLS, FRAME, PROOF_NAME, RELEASE_NAME
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.publication import PublicationReleased, ReleasedTable
from gmsd_publication import metrics
from gmsd_publication.adapters.arrow import read_table, write_table
from gmsd_publication.adapters.library import Library
from gmsd_publication.disclosure.errors import DisclosureError, WorkersLost
from gmsd_publication.domain.audit import to_audit
from gmsd_publication.domain.consent import Policy
from gmsd_publication.domain.faults import SnapshotBroken
from gmsd_publication.domain.protection import Protection
from gmsd_publication.domain.regions import REGIONS_NAME
from gmsd_publication.domain.schedule import Figures
from gmsd_publication.domain.tables import Built, build, to_release, with_figures
from gmsd_publication.past import Issue, Past

REGIONS_TABLE, AUDIT_TABLE, PROOF_TABLE = "regio", "toets", "bewijs"
LOG_SECONDS = 5.0
"""Between two lines about how far the protection of one release is; a national one takes minutes."""

MAX_LOSSES = 3
"""Times that the processes of one snapshot's release are lost before it is held: one may be chance, three are this release."""


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
        self._past = Past(content, library)
        self.protection = protection
        self._losses: Counter[str] = Counter()

    async def build(self, snapshot: CellsComputed, policy: Policy, issues: Sequence[Issue] = ()) -> Built:
        """The protected tables, given the releases that came out before. Raises Refused, TryLater."""
        if snapshot.catalogue_version != CATALOGUE_VERSION:
            raise Refused("other_catalogue", snapshot.catalogue_version)
        catalogue = catalogue_of(snapshot.product)
        if not catalogue:
            raise Refused("unknown_product", snapshot.product)
        refusal: Refused | TryLater | None = None
        try:
            built = await self._built(snapshot, policy, issues, catalogue)
        except ContentExpired:
            refusal = Refused("snapshot_expired")
        except ContentDamaged:
            refusal = Refused("snapshot_damaged")
        except Unprocessable as refused:
            refusal = Refused("snapshot_too_large", refused.reason)
        except SnapshotBroken as broken:
            refusal = Refused(broken.reason, broken.detail)
        except WorkersLost as lost:
            refusal = self._lost(snapshot.snapshot_id, lost)
        except DisclosureError as refused:
            refusal = Refused(refused.reason, refused.detail)
        finally:
            metrics.PROTECTION_PROGRESS.set(1.0, product=snapshot.product)
        await asyncio.to_thread(give_back)
        if refusal is not None:
            # Raised out of the handlers: who keeps it would keep what it was raised in, all that was computed.
            raise refusal
        return built

    async def _built(
        self, snapshot: CellsComputed, policy: Policy, issues: Sequence[Issue], catalogue: Sequence[Indicator]
    ) -> Built:
        cells = await read_table(self._content, snapshot.cells, CELLS)
        frame = await read_table(self._content, snapshot.frame, FRAME)
        # Figures of another method do not add up with these, so they cannot be kept; readers are told which were tested with.
        same = [issue for issue in issues if issue.release.protection == self.protection.name]
        return await asyncio.to_thread(
            build,
            cells,
            frame,
            product=snapshot.product,
            period=snapshot.period,
            catalogue=catalogue,
            policy=policy,
            protection=self.protection,
            issued=await self._past.load(same),
            progress=Watch(snapshot.product, snapshot.period),
        )

    def _lost(self, snapshot_id: str, lost: WorkersLost) -> Refused | TryLater:
        self._losses[snapshot_id] += 1
        log.warning("workers_lost", snapshot=snapshot_id, detail=lost.detail, times=self._losses[snapshot_id])
        again = self._losses[snapshot_id] < MAX_LOSSES
        return TryLater(lost.reason) if again else Refused(lost.reason, lost.detail)

    async def write(self, release: UUID, built: Built) -> tuple[ReleasedTable, ...]:
        """The tables as public content; after them regions, audit and proof."""
        titles = {indicator.id: indicator.title for indicator in CATALOGUE}
        written = []
        for name, frame in built.tables.items():
            table = await asyncio.to_thread(to_release, frame)
            ref = await write_table(self._content, release, RELEASE_NAME, table)
            written.append(ReleasedTable(table=name, title=titles[name], rows=table.num_rows, content=ref))
        companions = [
            (REGIONS_TABLE, "Regio's", REGIONS_NAME, built.regions.public()),
            (AUDIT_TABLE, "Onthullingstoets", AUDIT_NAME, to_audit(built.audit)),
        ]
        if built.proof is not None:
            proof = built.proof.to_arrow(compat_level=pl.CompatLevel.oldest()).replace_schema_metadata(
                {"schema": PROOF_NAME}
            )
            companions.append((PROOF_TABLE, "Bewijs bij de onthullingstoets", PROOF_NAME, proof))
        for name, title, schema, table in companions:
            ref = await write_table(self._content, release, schema, table)
            written.append(ReleasedTable(table=name, title=title, rows=table.num_rows, content=ref))
        return tuple(written)

    async def figures_of(self, release: PublicationReleased) -> Figures | None:
        """Whose records stand in a release, from its tables; None when they can no longer be read. Raises TryLater."""
        refs = {table.table: table.content for table in release.tables}
        try:
            regions = await self._library.regions(refs[REGIONS_TABLE])
            frames = {
                table.table: await self._library.table(table.content) for table in release.indicator_tables()
            }
        except (ContentExpired, ContentDamaged, SnapshotBroken, KeyError) as error:
            log.error("release_unreadable", release=release.release_id, error=error)
            return None
        return Figures(*await asyncio.to_thread(with_figures, frames, CATALOGUE, regions))

    async def figures_in(self, product: str, built: Built) -> Figures:
        """The same, of tables that were just made."""
        catalogue = catalogue_of(product)
        return Figures(*await asyncio.to_thread(with_figures, built.tables, catalogue, built.regions))


class Watch:
    """How far the protection of a release is, in the log and in a metric. Called from the thread that computes."""

    def __init__(self, product: str, period: str) -> None:
        self._product, self._period = product, period
        self._told = time.monotonic()

    def __call__(self, done: int, parts: int) -> None:
        """So many parts of so many are done."""
        metrics.PROTECTION_PROGRESS.set(done / parts if parts else 1.0, product=self._product)
        now = time.monotonic()
        if now - self._told >= LOG_SECONDS:
            self._told = now
            log.info("protecting", product=self._product, period=self._period, done=done, parts=parts)


def catalogue_of(product: str) -> Sequence[Indicator]:
    """The indicators of a product."""
    return tuple(indicator for indicator in CATALOGUE if indicator.product == product)
