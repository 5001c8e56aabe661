"""Linked content into the warehouse: whole or not at all."""

import asyncio
import time
from contextlib import aclosing
from uuid import UUID, uuid4

from gmsd_aggregation.adapters import facts, rows
from gmsd_aggregation.adapters.arrow_feed import ArrowFeed, NotArrow, SchemaDiffers
from gmsd_aggregation.adapters.coverage import coverage
from gmsd_aggregation.adapters.facts import Announced
from gmsd_aggregation.adapters.warehouse import Session, Warehouse
from gmsd_aggregation.domain.announcement import INITIAL_STAGE
from gmsd_aggregation.domain.history import History
from gmsd_aggregation.errors import LoadReason, LoadRefused
from gmsd_aggregation.metrics import LOAD_SECONDS, ROWS_LOADED
from gmsd_chassis.clock import Clock
from gmsd_chassis.content.store import ContentStore
from gmsd_chassis.errors import ContentDamaged, ContentExpired
from gmsd_contracts.columns import DatasetVersion, version_by_id
from gmsd_contracts.content import ContentRef
from gmsd_contracts.slot import Slot

BATCH_ROWS = 200_000
"""Rows per insert: about 30 MB in memory; a part per insert, and parts of one delivery merge in the background."""


class Loader:
    """Loads one delivery at a time; safe to repeat at any moment, also after a crash anywhere."""

    def __init__(self, warehouse: Warehouse, content: ContentStore, clock: Clock) -> None:
        self._warehouse = warehouse
        self._content = content
        self._clock = clock

    async def load(
        self, *, slot: Slot, delivery_id: UUID, specification: str, key_version: int | None, records: ContentRef | None,
        cause: UUID,
    ) -> Announced | None:  # fmt: skip
        """Load unless it is there, and say what to announce; None when the delivery was withdrawn.

        `key_version` None: the newest that an earlier attempt named. What was announced before is returned again as it
        was, so that a repeated cause repeats its event. Raises LoadRefused, TryLater.
        """
        version = _version(specification, slot)
        new = uuid4()

        def prepare(session: Session) -> rows.Attempt | None:
            """The attempt to make; None when there is nothing to load."""
            known = facts.history(session, slot, delivery_id)
            if known.withdrawn:
                rows.drop_delivery(session, slot.dataset, delivery_id, "withdrawn", self._clock.now())
                return None
            wanted = known.newest_key if key_version is None else key_version
            if known.live is not None and known.live.key_version >= wanted:
                return None
            attempt = rows.Attempt(delivery_id, new, slot, version, wanted)
            rows.begin(session, attempt, known.unfinished, self._clock.now())
            return attempt

        attempt = await self._warehouse.run(prepare)
        if attempt is not None:
            return await self._fill(attempt, records, cause)
        return await self._warehouse.run(
            lambda session: announce(
                session, slot, delivery_id, cause, facts.history(session, slot, delivery_id)
            )
        )

    async def _fill(self, attempt: rows.Attempt, records: ContentRef | None, cause: UUID) -> Announced | None:
        started, dataset = time.monotonic(), attempt.slot.dataset
        expected = 0 if records is None else records.rows or 0
        try:
            if records is not None:
                await self._stream(attempt, records)
            said = await self._warehouse.run(lambda session: self._end(session, attempt, expected, cause))
        except LoadRefused:
            await self._warehouse.run(lambda session: rows.abandon(session, attempt, self._clock.now()))
            raise
        if said is not None:
            ROWS_LOADED.inc(expected, dataset=dataset)
            LOAD_SECONDS.observe(time.monotonic() - started, dataset=dataset)
        return said

    def _end(self, session: Session, attempt: rows.Attempt, expected: int, cause: UUID) -> Announced | None:
        known = rows.finish(session, attempt, expected, self._clock.now())
        return announce(session, attempt.slot, attempt.delivery_id, cause, known)

    async def _stream(self, attempt: rows.Attempt, records: ContentRef) -> None:
        async with aclosing(self._content.read(records)) as pieces:
            feed = ArrowFeed(pieces, asyncio.get_running_loop())
            try:
                await asyncio.to_thread(self._insert_all, attempt, feed)
            except (ContentExpired, ContentDamaged, NotArrow, SchemaDiffers) as error:
                raise _refusal(error) from error

    def _insert_all(self, attempt: rows.Attempt, feed: ArrowFeed) -> None:
        for batch in feed.batches(attempt.specification.linked_schema, BATCH_ROWS):
            # Not one session for all of it: decisions and snapshots go on while a large delivery streams in.
            with self._warehouse.use() as session:
                rows.insert(session, attempt, batch)


def _version(specification: str, slot: Slot) -> DatasetVersion:
    try:
        version = version_by_id(specification)
    except KeyError:
        raise LoadRefused(LoadReason.UNKNOWN_SPECIFICATION, "the contracts here do not know it") from None
    if version.name != slot.dataset:
        raise LoadRefused(
            LoadReason.CONTENT_SCHEMA, f"{specification} is not a version of the slot's dataset"
        )
    rows.table_of(version)
    return version


def _refusal(error: ContentExpired | ContentDamaged | NotArrow | SchemaDiffers) -> LoadRefused:
    """The named outcome of an error of the content."""
    match error:
        case ContentExpired():
            return LoadRefused(LoadReason.CONTENT_EXPIRED, "its key or its chunks are gone")
        case ContentDamaged():
            return LoadRefused(LoadReason.CONTENT_DAMAGED, "it is not what its reference promises")
        case SchemaDiffers():
            return LoadRefused(LoadReason.CONTENT_SCHEMA, str(error))
        case NotArrow():
            return LoadRefused(LoadReason.CONTENT_DAMAGED, "it is no whole Arrow stream")


def announce(
    session: Session, slot: Slot, delivery_id: UUID, cause: UUID, known: History
) -> Announced | None:
    """What to say of a loaded delivery: what was said last, or for the first time, with the register as it is now.

    None when it was withdrawn.
    """
    live = known.live
    if live is None:
        return None
    said = facts.announced(session, [delivery_id]).get(delivery_id)
    if said is not None:
        return said
    covered = None
    if slot.dataset == "wmo":
        register = facts.register(session, slot.period)
        parts = len({(other.deliverer, other.part) for _, other in register})
        covered = coverage(session, [live.attempt], [attempt for attempt, _ in register], parts)[live.attempt]
    announcement = Announced(delivery_id, 1, cause, INITIAL_STAGE, live.rows, covered)
    facts.record_announcements(session, [announcement])
    return announcement
