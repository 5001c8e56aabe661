"""The releases that came out before, as the protection step wants to know them."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from gmsd_chassis.content.store import ContentStore
from gmsd_chassis.errors import ContentDamaged, ContentExpired, Unprocessable
from gmsd_chassis.logs import log
from gmsd_contracts.catalogue import CATALOGUE_VERSION
from gmsd_contracts.cells import CELLS, FRAME, PROOF_NAME
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.publication import PublicationReleased
from gmsd_publication.adapters.arrow import read_table
from gmsd_publication.adapters.library import Library
from gmsd_publication.domain.earlier import Issued, Origin


@dataclass(frozen=True)
class Issue:
    """What came out, and the snapshot it was made of; None when nobody knows that any more."""

    release: PublicationReleased
    snapshot: CellsComputed | None


class Past:
    """Reads earlier releases: their tables through the library, their exact cells through the content store."""

    def __init__(self, content: ContentStore, library: Library) -> None:
        self._content, self._library = content, library

    async def load(self, issues: Sequence[Issue]) -> list[Issued]:
        """In the given order, without those whose tables cannot be read for ever. Raises TryLater.

        One that cannot be read is left out rather than a reason to hold: it will not come back, and readers are told with which
        releases the test was made.
        """
        found = []
        for issue in issues:
            release = issue.release
            try:
                tables = {
                    table.table: await self._library.table(table.content)
                    for table in release.indicator_tables()
                }
            except (ContentExpired, ContentDamaged, Unprocessable) as error:
                log.error("earlier_release_unreadable", release=release.release_id, error=error)
                continue
            origin = await self._origin(issue)
            found.append(Issued(release.number, tables, origin, await self._proof(issue)))
        return found

    async def _proof(self, issue: Issue) -> pl.DataFrame | None:
        """None when there is none, or none that can be read: then its figures are known, and nothing can follow them up."""
        proof = issue.release.companion(PROOF_NAME)
        if proof is None:
            return None
        try:
            return await self._library.proof_table(proof.content)
        except (ContentExpired, ContentDamaged, Unprocessable) as error:
            log.error("earlier_proof_unreadable", release=issue.release.release_id, error=error)
            return None

    async def _origin(self, issue: Issue) -> Origin | None:
        """None when the snapshot has expired, or was counted by another catalogue."""
        snapshot = issue.snapshot
        if snapshot is None or snapshot.catalogue_version != CATALOGUE_VERSION:
            return None
        try:
            cells = await read_table(self._content, snapshot.cells, CELLS)
            frame = await read_table(self._content, snapshot.frame, FRAME)
        except (ContentExpired, ContentDamaged, Unprocessable) as error:
            log.info("earlier_snapshot_gone", release=issue.release.release_id, error=error)
            return None
        return Origin(cells, frame, issue.release.excluded)
