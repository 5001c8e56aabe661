"""The sweep that keeps the retention promises: keys go when their time has come, or when nothing ever came of them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Never
from uuid import UUID

from gmsd_chassis.bus.codec import decode
from gmsd_chassis.clock import Clock
from gmsd_chassis.errors import TryLater, Unprocessable
from gmsd_chassis.keyring.keyring import KeyRecord, KeyRing
from gmsd_chassis.keyring.scan import scan
from gmsd_chassis.logs import log
from gmsd_chassis.metrics import registry
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event
from gmsd_contracts.topics import Topic
from gmsd_contracts.zones import Zone

Keep = Callable[[Event[Any], ContentRef], timedelta | None]
"""How long after its event a content is kept; None: for ever (or until `destroy`)."""

ORPHAN_AFTER = timedelta(hours=24)
"""Longer than any attempt lives, from the opening of its content to its event."""

DESTROYED = registry.counter(
    "gmsd_retention_keys_destroyed_total",
    "Data keys a sweep destroyed: expired, or orphaned (no event).",
    ("why",),
)
LEFT = registry.gauge("gmsd_retention_keys", "Data keys of this service that the last sweep left.")
LAST_SWEEP = registry.gauge(
    "gmsd_retention_last_sweep_timestamp_seconds",
    "Moment at which the last whole sweep began, seconds since 1970; 0 before the first.",
    ("owner",),  # so that a service without a sweep has no series, and no alert
)
UNREADABLE = registry.gauge(
    "gmsd_retention_unreadable_records",
    "Records the last sweep could not decode; while there are any, no orphan is destroyed.",
)


@dataclass(frozen=True, slots=True)
class SweepSummary:
    """What one sweep did. `keys`: own keys it began with; `unreadable`: records of the own topics it could not decode."""

    keys: int
    events: int
    unreadable: int
    expired: int
    orphaned: int


@dataclass(slots=True)
class _Promises:
    """What the events say of each content: the last moment that any of them asks for; None: for ever."""

    until: dict[UUID, datetime | None] = field(default_factory=dict)
    events: int = 0
    unreadable: int = 0

    def add(self, content_id: UUID, until: datetime | None) -> None:
        known = self.until.get(content_id, until)
        self.until[content_id] = None if known is None or until is None else max(known, until)


class RetentionSweep:
    """Destroys the keys of one service's own contents; what other services made is theirs to sweep.

    `topics`: the service's own event topics, which hold every event that its contents exist by. `zones`: where its keys
    are. `keep`: for each content of each event, how long after the event it is kept; of several events about one content
    the longest counts. `owner`: the service, as its keys name it.

    A key that no event refers to is destroyed `orphan_after` its making, unless a record in the topics cannot be decoded:
    then nobody knows what it refers to.
    """

    def __init__(
        self,
        keyring: KeyRing,
        bootstrap: str,
        topics: Sequence[Topic],
        zones: Collection[Zone],
        keep: Keep,
        owner: str,
        clock: Clock,
        orphan_after: timedelta = ORPHAN_AFTER,
    ) -> None:
        self._keyring = keyring
        self._bootstrap = bootstrap
        self._topics = tuple(topics)
        self._zones = frozenset(zones)
        self._keep = keep
        self._owner = owner
        self._clock = clock
        self._orphan_after = orphan_after
        LAST_SWEEP.set(0, owner=owner)

    async def run(self) -> SweepSummary:
        """One sweep. Raises TryLater when the log cannot be read whole; then no key is touched."""
        began = self._clock.now()
        # The keys first: an event that is written during the scan then belongs to a key that is not judged yet.
        keys = await asyncio.to_thread(self._own_keys)
        promises = await self._promises()
        expired = [key for key in keys if _is_past(promises.until.get(key.content_id), began)]
        orphaned = [] if promises.unreadable else self._orphans(keys, promises, began)
        for why, chosen in (("expired", expired), ("orphaned", orphaned)):
            DESTROYED.inc(await asyncio.to_thread(self._destroy, chosen), why=why)
        LEFT.set(len(keys) - len(expired) - len(orphaned))
        UNREADABLE.set(promises.unreadable)
        LAST_SWEEP.set(began.timestamp(), owner=self._owner)
        return SweepSummary(len(keys), promises.events, promises.unreadable, len(expired), len(orphaned))

    async def repeat(
        self, every: timedelta, *, prepare: Callable[[], Awaitable[None]] | None = None
    ) -> Never:
        """Sweep for ever, for a service's background; a log that is away postpones a sweep, any other error raises.

        `prepare` runs before each sweep, and may raise TryLater too.
        """
        while True:
            try:
                if prepare is not None:
                    await prepare()
                summary = await self.run()
            except TryLater as later:
                log.warning("sweep_postponed", reason=later.reason)
            else:
                log.info("sweep_done", **asdict(summary))
            await asyncio.sleep(every.total_seconds())

    def _own_keys(self) -> list[KeyRecord]:
        return [key for key in self._keyring.list() if key.owner == self._owner and key.zone in self._zones]

    async def _promises(self) -> _Promises:
        promises = _Promises()
        async with aclosing(scan(self._bootstrap, [topic.name for topic in self._topics])) as records:
            async for record in records:
                try:
                    event = decode(record, self._topics)
                except Unprocessable:
                    promises.unreadable += 1
                    continue
                promises.events += 1
                for ref in event.data.contents():
                    kept = self._keep(event, ref)
                    promises.add(ref.content_id, None if kept is None else event.time + kept)
        return promises

    def _orphans(self, keys: Sequence[KeyRecord], promises: _Promises, now: datetime) -> list[KeyRecord]:
        return [
            key
            for key in keys
            if key.content_id not in promises.until and key.created + self._orphan_after <= now
        ]

    def _destroy(self, keys: Sequence[KeyRecord]) -> int:
        return sum(self._keyring.destroy_content(key.content_id) for key in keys)


def _is_past(until: datetime | None, now: datetime) -> bool:
    return until is not None and until <= now
