"""Content in Kafka: a contiguous run of messages in one partition of a content topic."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.structs import RecordMetadata

from gmsd_chassis.bus.cluster import describe
from gmsd_chassis.content.partitions import PartitionLocks
from gmsd_chassis.content.readers import Readers
from gmsd_chassis.content.reading import (
    Unsealer,
    gather,
    key_for_reading,
    key_for_writing,
    require_content_topic,
)
from gmsd_chassis.content.writer import ChunkWriter
from gmsd_chassis.errors import ContentDamaged, ContentExpired, TryLater
from gmsd_chassis.keyring.keyring import KeyRing
from gmsd_contracts.content import ContentRef, LogRange
from gmsd_contracts.topics import TOPICS, Topic

# 16 chunks are 12 MiB: enough to keep the line to the broker full, little enough to hold for every open writer.
_UNACKNOWLEDGED = 16
# One fetch: five chunks. The consumer holds at most two fetches, so a reader holds 8 MiB whatever the content's size.
_FETCH_BYTES = 4 * 1024 * 1024
_RETRY_AFTER = 5.0  # seconds: a broker recovers from kill -9 in 5-12


class LogContentStore:
    """A ContentStore on Kafka.

    `producer`: gives the caller's producer of this moment (idempotent, acks=all); asked anew for every writer, because a
    publisher replaces its producer after a fatal error, so `lambda: publisher.producer`. `bootstrap`: where readers connect,
    each with a consumer of its own that has no group. `topics`: the registry, by name.
    `patience`: how long a writer waits for a partition of its own. `silence`: how long a reader waits for the broker
    before TryLater.
    """

    def __init__(
        self,
        producer: Callable[[], AIOKafkaProducer],
        bootstrap: str,
        keyring: KeyRing,
        *,
        topics: Mapping[str, Topic] = TOPICS,
        patience: timedelta = timedelta(seconds=10),
        silence: timedelta = timedelta(seconds=30),
    ) -> None:
        self._producer = producer
        self._bootstrap = bootstrap
        self._keyring = keyring
        self._topics = topics
        self._patience = patience
        self._silence = silence
        self._locks: dict[str, PartitionLocks] = {}
        self._partitions: set[tuple[str, int]] = set()
        self._readers = Readers(
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",  # offsets that are gone must be an error, never another place to start
            max_partition_fetch_bytes=_FETCH_BYTES,
            request_timeout_ms=int(silence.total_seconds() * 1000),
        )

    async def open(self, topic: Topic, *, delivery: UUID, schema: str) -> "LogContentWriter":
        """See ContentStore.open."""
        require_content_topic(topic)
        try:
            locks = await self._locks_of(topic.name)
        except KafkaError as error:
            raise _later("content_open") from error
        content_id = uuid4()
        key = await key_for_writing(self._keyring, topic, delivery, content_id)
        return LogContentWriter(
            content_id, delivery, schema, key, self._keyring, self._producer(), topic.name, locks
        )

    async def read(self, ref: ContentRef) -> AsyncGenerator[bytes, None]:
        """See ContentStore.read."""
        place = ref.location
        topic = self._topics.get(place.topic) if isinstance(place, LogRange) else None
        if not isinstance(place, LogRange) or topic is None or topic.kind != "content":
            raise ContentDamaged("its reference names no content topic of the log")
        unsealer = Unsealer(ref, await key_for_reading(self._keyring, topic, ref.content_id))
        async with aclosing(self._frames(place, ref.content_id)) as frames:
            async for frame in frames:
                data = await unsealer.open(frame)
                if data:
                    yield data
        unsealer.require_end()

    async def read_all(self, ref: ContentRef, limit: int) -> bytes:
        """See ContentStore.read_all."""
        return await gather(self.read(ref), ref, limit)

    async def stop(self) -> None:
        """Close the connections that readers left for the next."""
        await self._readers.stop()

    async def _locks_of(self, topic: str) -> PartitionLocks:
        if topic not in self._locks:
            partitions = await self._producer().partitions_for(topic)
            self._locks.setdefault(topic, PartitionLocks(partitions, self._patience))
        return self._locks[topic]

    async def _frames(self, place: LogRange, content_id: UUID) -> AsyncGenerator[bytes, None]:
        """The values of the run's messages with this content_id, in order."""
        consumer: AIOKafkaConsumer | None = None
        sound = False
        try:
            await self._require_partition(place)
            consumer = await self._readers.borrow()
            async with aclosing(self._messages(consumer, place)) as messages:
                async for key, value in messages:
                    if key == _message_key(content_id):
                        yield value
            sound = True
        except GeneratorExit:
            sound = True  # the reader had enough: an Arrow stream says itself where it ends
            raise
        except OffsetOutOfRangeError:
            raise ContentExpired(f"offsets {place.first}-{place.last} of {place.topic} are gone") from None
        except KafkaError as error:
            raise _later("content_read") from error
        finally:
            if consumer is not None:
                await (self._readers.give_back(consumer) if sound else consumer.stop())

    async def _require_partition(self, place: LogRange) -> None:
        """ContentDamaged for a partition that is not there: asking for its offsets would wait for it, each time anew."""
        if (place.topic, place.partition) not in self._partitions:
            found = await describe(self._bootstrap, [place.topic])
            self._partitions.update(found.partitions)
        if (place.topic, place.partition) not in self._partitions:
            raise ContentDamaged(f"{place.topic} has no partition {place.partition}")

    async def _messages(
        self, consumer: AIOKafkaConsumer, place: LogRange
    ) -> AsyncGenerator[tuple[bytes | None, bytes], None]:
        tp = TopicPartition(place.topic, place.partition)
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        if end <= place.last:
            raise ContentDamaged(
                f"{place.topic}/{place.partition} ends at {end}, the content at {place.last}"
            )
        consumer.seek(tp, place.first)
        while True:
            # One message at a time: getmany would hand over a whole fetch beside the one being prefetched.
            try:
                async with asyncio.timeout(self._silence.total_seconds()):
                    message = await consumer.getone(tp)
            except TimeoutError:
                raise TryLater("content_read_silent", _RETRY_AFTER) from None
            if message.offset > place.last:
                return
            yield message.key, message.value or b""
            if message.offset == place.last:
                return


class LogContentWriter(ChunkWriter):
    """Writes one run. A partition is lent from the first full chunk (or `close`) on, so small contents hold it briefly."""

    def __init__(
        self,
        content_id: UUID,
        delivery: UUID,
        schema: str,
        key: bytes | None,
        keyring: KeyRing,
        producer: AIOKafkaProducer,
        topic: str,
        locks: PartitionLocks,
    ) -> None:
        super().__init__(content_id, delivery, schema, key, keyring)
        self._producer = producer
        self._topic = topic
        self._locks = locks
        self._partition: int | None = None
        self._waiting: deque[asyncio.Future[RecordMetadata]] = deque()
        self._offsets: list[int] = []  # the first and the newest acknowledged

    async def _put(self, frame: bytes) -> None:
        if self._partition is None:
            self._partition = await self._locks.acquire()
        if len(self._waiting) == _UNACKNOWLEDGED:
            await self._acknowledge()
        try:
            sent = await self._producer.send(
                self._topic, frame, key=_message_key(self._content_id), partition=self._partition
            )
        except KafkaError as error:
            raise _later("content_write") from error
        self._waiting.append(sent)

    async def _finish(self) -> LogRange:
        while self._waiting:
            await self._acknowledge()
        partition, offsets = self._partition, self._offsets
        if partition is None or not offsets:
            raise RuntimeError("a content has at least one chunk")
        await self._let_go()
        return LogRange(topic=self._topic, partition=partition, first=offsets[0], last=offsets[-1])

    async def _discard(self) -> None:
        # Whether these arrive no longer matters: their key is gone.
        await asyncio.gather(*self._waiting, return_exceptions=True)
        self._waiting.clear()
        await self._let_go()

    async def _acknowledge(self) -> None:
        try:
            offset = (await self._waiting.popleft()).offset
        except KafkaError as error:
            raise _later("content_write") from error
        if self._offsets and offset <= self._offsets[-1]:
            raise RuntimeError(f"{self._topic}: chunks came out of order; the producer must be idempotent")
        self._offsets[1:] = [offset]

    async def _let_go(self) -> None:
        partition, self._partition = self._partition, None
        if partition is not None:
            await self._locks.release(partition)


def _message_key(content_id: UUID) -> bytes:
    return str(content_id).encode("ascii")


def _later(reason: str) -> TryLater:
    return TryLater(reason, _RETRY_AFTER)
