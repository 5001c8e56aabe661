"""State as a fold over whole topics: what a service knows is a function of the log, rebuilt by replay.

aiokafka directly, not FastStream: a fold has no consumer group. Every replica reads every partition by manual assignment
and keeps its own offsets, in the same SQLite transaction as the state they belong to; that is what makes kill -9 at any
moment apply each record exactly once. FastStream offers neither batches per transaction nor a start from offsets of ours.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from gmsd_chassis.bus.backoff import DEFAULT, Backoff
from gmsd_chassis.bus.cluster import describe
from gmsd_chassis.bus.codec import decode
from gmsd_chassis.bus.fold_store import FoldStore, Migration
from gmsd_chassis.bus.position import Position, Received
from gmsd_chassis.clock import Clock
from gmsd_chassis.errors import ConfigError, TryLater, Unprocessable
from gmsd_chassis.logs import log
from gmsd_chassis.metrics import FOLD_APPLIED, FOLD_LAG, FOLD_POLL_AGE, FOLD_SKIPPED
from gmsd_contracts.topics import Topic

__all__ = ["Apply", "Fold", "FoldStore", "Migration"]

Apply = Callable[[sqlite3.Connection, Received], None]
"""Writes one event into the owner's tables. Raises Unprocessable to have it recorded in fold_skipped."""

# One transaction of 500 events takes some 10 ms; more would make a waiting request wait for its neighbours.
BATCH = 500
POLL_LIMIT_SECONDS = 15.0


class Fold:
    """Applies every event of `topics`, in order per partition, to the tables in `store`.

    `apply` is called for every event type; it ignores what it does not need. It runs in a thread, one call at a time.
    Partitions added to a topic are read after the next start.
    """

    def __init__(
        self,
        *,
        name: str,
        topics: Sequence[Topic],
        store: FoldStore,
        apply: Apply,
        bootstrap: str,
        clock: Clock | None = None,
        backoff: Backoff = DEFAULT,
    ) -> None:
        self.name = name
        self.topics = tuple(topics)
        self.store = store
        self._apply = apply
        self._bootstrap = bootstrap
        self._clock = clock or Clock()
        self._backoff = backoff
        self._next: dict[tuple[str, int], int] = store.offsets(name)
        for reason, records in store.skipped(name).items():
            # The state lacks them until somebody decides: a restart may not silence the alert.
            FOLD_SKIPPED.inc(records, fold=name, reason=reason)
        self._ends: dict[tuple[str, int], int] = {}
        self._moved = asyncio.Event()
        self._consumer: AIOKafkaConsumer | None = None
        self.caught_up = False
        """Whether everything that stood in the log when this process began is applied."""

    async def run(self) -> None:
        """Fold until cancelled. Kafka away: back off and go on. Raises ConfigError, and what `apply` raises."""
        attempt = 0
        while True:
            started = time.monotonic()
            try:
                await self._read()
            except OffsetOutOfRangeError:
                raise ConfigError(
                    f"fold {self.name}: the log no longer holds, or does not yet hold, the offsets in {self.store.path}: "
                    "the topics were recreated or records were lost; move the file away and let it be rebuilt by replay"
                ) from None
            except (KafkaError, OSError) as error:
                # It worked for longer than any back-off: this is a new failure, not the next one.
                attempt = 1 if time.monotonic() - started > 2 * self._backoff.cap else attempt + 1
                log.warning("fold_interrupted", fold=self.name, error=error)
                await asyncio.sleep(self._backoff.delay(attempt))

    async def applied(self, position: Position, timeout: float) -> None:  # noqa: ASYNC109 - turns into a named error
        """Return when the record at `position` is applied. TryLater('fold_behind') after `timeout` seconds."""
        place = (position.topic, position.partition)
        try:
            async with asyncio.timeout(timeout):
                while self._next.get(place, 0) <= position.offset:
                    await self._moved.wait()
        except TimeoutError:
            raise TryLater("fold_behind") from None

    async def wait_caught_up(self) -> None:
        """Return when `caught_up` is true."""
        while not self.caught_up:
            await self._moved.wait()

    @property
    def lag(self) -> int:
        """Records known to stand in the topics that are not applied."""
        return sum(max(0, end - self._next.get(place, 0)) for place, end in self._ends.items())

    @property
    def poll_age(self) -> float:
        """Seconds since a broker answered; infinite while not connected."""
        consumer = self._consumer
        if consumer is None:
            return float("inf")
        polled = [consumer.last_poll_timestamp(partition) for partition in consumer.assignment()]
        newest = max((moment for moment in polled if moment is not None), default=None)
        return float("inf") if newest is None else max(0.0, time.time() - newest / 1000)

    async def problem(self) -> str | None:
        """Why this fold is not ready, or None."""
        if not self.caught_up:
            return f"{self.lag} records behind"
        return "no answer from a broker" if self.poll_age > POLL_LIMIT_SECONDS else None

    async def observe(self) -> None:
        """Measure lag and poll age."""
        FOLD_LAG.set(self.lag, fold=self.name)
        FOLD_POLL_AGE.set(-1 if self.poll_age == float("inf") else self.poll_age, fold=self.name)

    async def _read(self) -> None:
        cluster = await describe(self._bootstrap, [topic.name for topic in self.topics])
        await asyncio.to_thread(self.store.adopt, cluster.id)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            client_id=f"fold-{self.name}",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
        )
        try:
            await consumer.start()
            partitions = [TopicPartition(topic, number) for topic, number in cluster.partitions]
            consumer.assign(partitions)
            begins = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
            self._ends = {(place.topic, place.partition): end for place, end in ends.items()}
            for place in partitions:
                consumer.seek(place, self._start_of(place, begins[place], ends[place]))
            self._consumer = consumer
            self._mark()
            while True:
                await self._read_batch(consumer, partitions)
        finally:
            self._consumer = None
            await consumer.stop()

    def _start_of(self, place: TopicPartition, begin: int, end: int) -> int:
        start = self._next.setdefault((place.topic, place.partition), begin)
        if start > end or begin > start:
            raise OffsetOutOfRangeError({place: start})
        return start

    async def _read_batch(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        batch = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
        records = [record for records in batch.values() for record in records]
        if records:
            moved = await asyncio.to_thread(self._apply_batch, records)
            self._next.update(moved)
        for place in partitions:
            high = consumer.highwater(place)
            if high is not None:
                self._ends[place.topic, place.partition] = high
        if records:
            self._mark()

    def _apply_batch(self, records: "Sequence[ConsumerRecord[Any, Any]]") -> dict[tuple[str, int], int]:
        moved: dict[tuple[str, int], int] = {}
        with self.store.write() as connection:
            for record in records:
                self._apply_one(connection, record)
                moved[record.topic, record.partition] = record.offset + 1
            self.store.save_offsets(connection, self.name, moved)
        return moved

    def _apply_one(self, connection: sqlite3.Connection, record: "ConsumerRecord[Any, Any]") -> None:
        connection.execute("SAVEPOINT record")
        try:
            event = decode(record, self.topics)
            self._apply(connection, Received(event, Position(record.topic, record.partition, record.offset)))
        except Unprocessable as error:
            # Quarantine belongs to consumer groups; a fold has many readers of the same record, so it notes the place.
            connection.execute("ROLLBACK TO record")
            connection.execute(
                "INSERT OR IGNORE INTO fold_skipped VALUES (?, ?, ?, ?, ?)",
                (self.name, record.topic, record.partition, record.offset, error.reason),
            )
            FOLD_SKIPPED.inc(fold=self.name, reason=error.reason)
            log.warning(
                "fold_skipped", fold=self.name, reason=error.reason, topic=record.topic,
                partition=record.partition, offset=str(record.offset),
            )  # fmt: skip
        else:
            FOLD_APPLIED.inc(fold=self.name)
        connection.execute("RELEASE record")

    def _mark(self) -> None:
        if not self.caught_up and all(self._next.get(place, 0) >= end for place, end in self._ends.items()):
            self.caught_up = True
            log.info("fold_caught_up", fold=self.name)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
