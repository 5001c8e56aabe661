"""The content suite on Kafka: the embedded broker always, a container where a Docker engine answers."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from gmsd_chassis.content import LogContentStore
from gmsd_chassis.errors import ContentDamaged, TryLater
from gmsd_contracts.content import CHUNK_BYTES, ContentRef, LogRange, Object
from gmsd_contracts.topics import Topic
from gmsd_contracts.zones import Zone
from tests.conformance.content_suite import Bench, ContentSuite, Harm, harmed, keyring_at, own_topics, write

KAFKA_IMAGE = "confluentinc/cp-kafka:8.1.0"
"""The image testcontainers knows how to start; its Kafka is 4.1."""


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _create(bootstrap: str, topics: dict[str, Topic]) -> None:
    async with _admin(bootstrap) as admin:
        await admin.create_topics(
            [NewTopic(t.name, t.partitions, 1, topic_configs=t.settings) for t in topics.values()]
        )


def _range(ref: ContentRef) -> LogRange:
    assert isinstance(ref.location, LogRange)
    return ref.location


async def _frames(bootstrap: str, ref: ContentRef) -> list[bytes]:
    place = _range(ref)
    tp = TopicPartition(place.topic, place.partition)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None)
    await consumer.start()
    try:
        consumer.assign([tp])
        consumer.seek(tp, place.first)
        frames = []
        while True:
            message = await consumer.getone(tp)
            if message.key == str(ref.content_id).encode():
                frames.append(message.value)
            if message.offset >= place.last:
                return frames
    finally:
        await consumer.stop()


class LogSuite(ContentSuite):
    """Kafka, wherever it runs: a subclass says where by its fixture `bootstrap`."""

    producer: AIOKafkaProducer
    address: str

    @pytest.fixture
    async def bench(self, bootstrap: str, tmp_path: Path) -> AsyncIterator[Bench]:
        keyring = keyring_at(tmp_path / "keys")
        topics = own_topics()
        await _create(bootstrap, topics)
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
        await producer.start()
        self.address, self.producer = bootstrap, producer
        # No patience: with three partitions fifty writers share at once, which is the harder case for readers.
        store = LogContentStore(
            lambda: producer, bootstrap, keyring, topics=topics, patience=timedelta(milliseconds=20)
        )
        raw, public = topics.values()
        yield Bench(store, keyring, raw, public)
        await producer.stop()

    async def harm(self, bench: Bench, ref: ContentRef, how: Harm, donor: ContentRef) -> ContentRef:
        frames = harmed(await _frames(self.address, ref), how, await _frames(self.address, donor))
        sent = [
            await self.producer.send_and_wait(
                bench.raw.name, frame, key=str(ref.content_id).encode(), partition=0
            )
            for frame in frames
        ]
        place = LogRange(topic=bench.raw.name, partition=0, first=sent[0].offset, last=sent[-1].offset)
        return ref.model_copy(update={"location": place})

    async def expire(self, bench: Bench, ref: ContentRef) -> None:
        place = _range(ref)
        async with _admin(self.address) as admin:
            await admin.delete_records(
                {TopicPartition(place.topic, place.partition): RecordsToDelete(place.last + 1)}
            )

    async def test_a_content_alone_in_its_partition_is_one_run(self, bench: Bench) -> None:
        place = _range(await write(bench, bytes(range(256)) * 16_384))
        assert place.last - place.first + 1 == -(-256 * 16_384 // CHUNK_BYTES)

    async def test_writers_with_time_do_not_interleave(self, bench: Bench, tmp_path: Path) -> None:
        store = LogContentStore(
            lambda: self.producer,
            self.address,
            bench.keyring,
            topics={bench.raw.name: bench.raw},
            patience=timedelta(minutes=1),
        )
        patient = Bench(store, bench.keyring, bench.raw, bench.public)
        refs = await asyncio.gather(*(write(patient, bytes(3 * CHUNK_BYTES)) for _ in range(9)))
        assert all(_range(ref).last - _range(ref).first == 2 for ref in refs)

    async def test_what_a_dead_writer_left_in_the_log_is_not_content(self, bench: Bench) -> None:
        writer = await bench.store.open(bench.raw, delivery=uuid4(), schema="raw")
        await writer.write(bytes(2 * CHUNK_BYTES + 1))
        await self.producer.flush()
        ends = await self._ends(bench.raw)
        (tp,) = [tp for tp, end in ends.items() if end]
        # No event ever carries such a reference; this is the best one that could be made up.
        ref = ContentRef(
            location=LogRange(topic=tp.topic, partition=tp.partition, first=0, last=ends[tp] - 1),
            content_id=writer.content_id,
            content_schema="raw",
            sha256=hashlib.sha256(bytes(2 * CHUNK_BYTES)).hexdigest(),
            bytes=2 * CHUNK_BYTES,
        )
        with pytest.raises(ContentDamaged, match="truncated"):
            await bench.store.read_all(ref, ref.bytes)

    async def _ends(self, topic: Topic) -> dict[TopicPartition, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.address, group_id=None)
        await consumer.start()
        try:
            ends = await consumer.end_offsets(
                [TopicPartition(topic.name, p) for p in range(topic.partitions)]
            )
        finally:
            await consumer.stop()
        return dict(ends)

    async def test_a_reference_to_offsets_that_never_were_is_damaged(self, bench: Bench) -> None:
        ref = await write(bench, b"x")
        place = _range(ref).model_copy(update={"first": 10_000, "last": 10_001})
        with pytest.raises(ContentDamaged):
            await bench.store.read_all(ref.model_copy(update={"location": place}), 1)

    async def test_a_reference_to_a_partition_that_is_not_there_is_damaged(self, bench: Bench) -> None:
        """Not for later: the event that carries it would come again for ever."""
        ref = await write(bench, b"x")
        place = _range(ref).model_copy(update={"partition": 4711})
        with pytest.raises(ContentDamaged):
            await bench.store.read_all(ref.model_copy(update={"location": place}), 1)

    async def test_a_reference_into_events_or_another_zone_is_damaged(
        self, bench: Bench, bootstrap: str
    ) -> None:
        ref = await write(bench, b"x")
        for wrong in (replace(bench.raw, kind="events"), replace(bench.raw, zone=Zone.STATISTICAL)):
            store = LogContentStore(
                lambda: self.producer, bootstrap, bench.keyring, topics={bench.raw.name: wrong}
            )
            with pytest.raises(ContentDamaged):
                await store.read_all(ref, 1)

    async def test_without_a_broker_reading_is_for_later(self, bench: Bench) -> None:
        ref = await write(bench, b"x")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound and not listening: nothing answers here
            nowhere = f"127.0.0.1:{taken.getsockname()[1]}"
            store = LogContentStore(
                lambda: self.producer, nowhere, bench.keyring, topics={bench.raw.name: bench.raw}
            )
            with pytest.raises(TryLater):
                await store.read_all(ref, 1)

    async def test_a_reference_to_another_topic_is_damaged(self, bench: Bench) -> None:
        ref = await write(bench, b"x")
        elsewhere = (_range(ref).model_copy(update={"topic": "deliveries"}), Object(url="file:///etc/passwd"))
        for place in elsewhere:
            with pytest.raises(ContentDamaged):
                await bench.store.read_all(ref.model_copy(update={"location": place}), 1)

    async def test_a_chunk_forged_under_the_contents_id_is_damaged(self, bench: Bench) -> None:
        ref = await write(bench, b"x" * 10)
        forged = await self.producer.send_and_wait(
            bench.raw.name, b"GC" + bytes(60), key=str(ref.content_id).encode(), partition=0
        )
        place = LogRange(topic=bench.raw.name, partition=0, first=forged.offset, last=forged.offset)
        with pytest.raises(ContentDamaged):
            await bench.store.read_all(ref.model_copy(update={"location": place}), 10)


@pytest.mark.broker
class TestLogContentStoreEmbedded(LogSuite):
    """The broker that `gmsd up` starts."""

    @pytest.fixture
    def bootstrap(self, kafka: str) -> str:
        return kafka


@pytest.fixture(scope="module")
def container() -> Iterator[str]:
    """The bootstrap address of a broker in a container; a printed skip where there is no engine to run it."""
    docker = pytest.importorskip("docker")
    try:
        docker.from_env().ping()
    except docker.errors.DockerException as error:
        pytest.skip(f"no Docker engine answers ({type(error).__name__}): Kafka in a container is not tested")
    from testcontainers.community.kafka import KafkaContainer

    with KafkaContainer(KAFKA_IMAGE).with_kraft() as broker:
        yield broker.get_bootstrap_server()


class TestLogContentStoreContainer(LogSuite):
    """A broker in a container."""

    @pytest.fixture
    def bootstrap(self, container: str) -> str:
        return container
