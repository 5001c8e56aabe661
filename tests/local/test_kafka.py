"""The broker: what it acknowledged survives kill -9, its state moves with it, and what is not its own it leaves alone."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from gmsd_chassis.bus.topics import ensure_topics
from gmsd_cli.local import kafka as kafka_module
from gmsd_cli.local.errors import DiskFull, ForeignState, JavaMissing, PortInUse, StateUnwritable
from gmsd_cli.local.kafka import LocalKafka, new_cluster_id
from gmsd_cli.local.ports import free_block
from gmsd_cli.settings import Settings
from gmsd_contracts.topics import LINKS

pytestmark = pytest.mark.broker


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 - what is awaited happens in another process
            await asyncio.sleep(0.01)


async def read_all(bootstrap: str, topic: str) -> list[int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        values: list[int] = []
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                values += [int(record.value[:8]) for record in records]
        return values
    finally:
        await consumer.stop()


async def test_acknowledged_records_survive_kill_9_in_order(tmp_path: Path) -> None:
    base = free_block(4)
    broker = LocalKafka(tmp_path, base, base + 1)
    first = await broker.start()
    await ensure_topics(broker.bootstrap, [replace(LINKS, name="load", partitions=1)])
    acknowledged: list[int] = []
    stop = asyncio.Event()

    async def produce() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all", enable_idempotence=True)
        await producer.start()
        try:
            n = 0
            while not stop.is_set():
                futures = [
                    await producer.send("load", b"%08d" % (n + i) + b"x" * 1000, partition=0)
                    for i in range(50)
                ]
                await asyncio.gather(*futures)
                acknowledged.extend(range(n, n + 50))
                n += 50
        finally:
            await producer.stop()

    load = asyncio.create_task(produce())
    try:
        await until(lambda: len(acknowledged) >= 1000)
        killed_at = len(acknowledged)
        broker.kill()
        assert broker.process is not None
        assert await broker.process.exited() == -9
        assert await broker.start() == first
        await until(lambda: len(acknowledged) >= killed_at + 1000)
        stop.set()
        await load
        found = await read_all(broker.bootstrap, "load")
        assert found == acknowledged
    finally:
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)

    # whoever takes over the state of a supervisor that is gone ends its broker first; on other ports it is the same cluster
    moved = LocalKafka(tmp_path, base + 2, base + 3)
    try:
        assert await moved.start() == first
        assert broker.pid is None
        assert await read_all(moved.bootstrap, "load") == acknowledged
    finally:
        await broker.stop()
        await moved.stop()
    assert moved.pid is None


async def test_a_port_in_use_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    base = free_block(2)
    with socket.socket() as s:
        s.bind(("127.0.0.1", base + 1))
        s.listen()
        with pytest.raises(PortInUse, match=f"Poort {base + 1} "):
            await LocalKafka(tmp_path / "state", base, base + 1).start()
    assert not (tmp_path / "state").exists()


async def test_too_little_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_module, "FREE_BYTES", 2**60)
    base = free_block(2)
    with pytest.raises(DiskFull, match="MiB vrij"):
        await LocalKafka(tmp_path, base, base + 1).start()
    assert not (tmp_path / "data" / "meta.properties").exists()


async def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    base = free_block(2)
    with pytest.raises(StateUnwritable, match="niet te schrijven"):
        await LocalKafka(tmp_path / "file" / "kafka", base, base + 1).start()


@pytest.mark.parametrize(
    ("meta", "sentence"),
    [
        ("version=1\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\nnode.id=7\n", "ander Kafka-cluster"),
        ("rubbish\n", "ander Kafka-cluster"),
        (None, "bevat topics"),
    ],
)
async def test_state_of_something_else_is_left_as_it_was(
    tmp_path: Path, meta: str | None, sentence: str
) -> None:
    data = tmp_path / "data"
    (data / "links-0").mkdir(parents=True)
    (data / "links-0" / "00000000000000000000.log").write_bytes(b"records")
    if meta is not None:
        (data / "meta.properties").write_text(meta)
    before = {p: p.read_bytes() for p in data.rglob("*") if p.is_file()}
    base = free_block(2)
    with pytest.raises(ForeignState, match=sentence):
        await LocalKafka(tmp_path, base, base + 1).start()
    assert {p: p.read_bytes() for p in data.rglob("*") if p.is_file()} == before


async def test_absent_java_and_old_java_are_named(tmp_path: Path) -> None:
    base = free_block(2)
    with pytest.raises(JavaMissing, match="GMSD_JAVA"):
        await LocalKafka(tmp_path, base, base + 1, Settings(java=str(tmp_path / "java"))).start()
    old = tmp_path / "old-java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n")
    old.chmod(0o755)
    with pytest.raises(JavaMissing, match="Java 8;"):
        await LocalKafka(tmp_path, base, base + 1, Settings(java=str(old))).start()


def test_a_cluster_id_never_reads_as_an_option() -> None:
    ids = {new_cluster_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert all(len(i) == 22 and not i.startswith("-") for i in ids)
