"""Released tables in memory, for readers."""

import asyncio
from collections import OrderedDict
from uuid import UUID

import polars as pl

from gmsd_chassis.content.store import ContentStore
from gmsd_contracts.cells import AUDIT, PROOF_NAME, RELEASE
from gmsd_contracts.content import ContentRef
from gmsd_publication.adapters.arrow import MAX_CONTENT_BYTES, read_table
from gmsd_publication.domain.keyed.proof import SCHEMA
from gmsd_publication.domain.regions import REGIONS, Regions

PROOF = pl.DataFrame(schema=SCHEMA).to_arrow().schema.with_metadata({"schema": PROOF_NAME})

KEPT_TABLES = 12
"""Three indicators of four releases: the newest, the one before, and two that somebody compares. A national table takes
about 25 MB in this form, so the shelf stays under 300 MB."""

_REPEATED = ("indicator", "moment", "region", "level", "category", "attribute")


class Library:
    """Reads each content once while it is in demand, and forgets what was not asked for longest."""

    def __init__(self, content: ContentStore) -> None:
        self._content = content
        self._tables: OrderedDict[UUID, pl.DataFrame] = OrderedDict()
        self._regions: OrderedDict[UUID, Regions] = OrderedDict()
        self._audits: OrderedDict[UUID, pl.DataFrame] = OrderedDict()
        self._reading = asyncio.Lock()

    async def table(self, ref: ContentRef) -> pl.DataFrame:
        """A released table, repeated texts as categories. Raises ContentExpired, ContentDamaged, TryLater."""
        async with self._reading:
            found = self._tables.get(ref.content_id)
            if found is None:
                plain = await read_table(self._content, ref, RELEASE)
                found = await asyncio.to_thread(plain.with_columns, pl.col(_REPEATED).cast(pl.Categorical))
                self._tables[ref.content_id] = found
            self._tables.move_to_end(ref.content_id)
            while len(self._tables) > KEPT_TABLES:
                self._tables.popitem(last=False)
            return found

    async def regions(self, ref: ContentRef) -> Regions:
        """The regions of a release. Raises as `table`."""
        async with self._reading:
            found = self._regions.get(ref.content_id)
            if found is None:
                found = Regions(await read_table(self._content, ref, REGIONS))
                self._regions[ref.content_id] = found
            self._regions.move_to_end(ref.content_id)
            while len(self._regions) > KEPT_TABLES:
                self._regions.popitem(last=False)
            return found

    async def audit(self, ref: ContentRef) -> pl.DataFrame:
        """The disclosure test of a release. Raises as `table`."""
        async with self._reading:
            found = self._audits.get(ref.content_id)
            if found is None:
                found = self._audits[ref.content_id] = await read_table(self._content, ref, AUDIT)
            self._audits.move_to_end(ref.content_id)
            while len(self._audits) > KEPT_TABLES:
                self._audits.popitem(last=False)
            return found

    async def proof(self, ref: ContentRef) -> bytes:
        """The evidence of a release as its Arrow stream; few ask for it, so it is not kept. Raises as `table`."""
        return await self._content.read_all(ref, MAX_CONTENT_BYTES)

    async def proof_table(self, ref: ContentRef) -> pl.DataFrame:
        """The same as a table. Raises as `table`."""
        return await read_table(self._content, ref, PROOF)

    def forget(self, refs: tuple[ContentRef, ...]) -> None:
        """A release was retracted: its tables leave memory at once."""
        for ref in refs:
            self._tables.pop(ref.content_id, None)
            self._regions.pop(ref.content_id, None)
            self._audits.pop(ref.content_id, None)
