"""What the bus promises, on every backend: the embedded broker always, a container where a Docker engine answers."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from gmsd_chassis.bus.codec import decode
from gmsd_chassis.bus.fold import Fold, FoldStore, Migration
from gmsd_chassis.bus.inbox import Received
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.bus.topics import ensure_topics
from gmsd_chassis.keyring.scan import scan
from gmsd_contracts.envelope import Event
from gmsd_contracts.examples import examples
from gmsd_contracts.topics import TOPICS, topic_of
from tests.conformance.test_content_log import KAFKA_IMAGE
from tests.support.corner import Corner, answer, consent, corner_on
from tests.support.until import until

pytestmark = pytest.mark.broker


class BusSuite:
    """A subclass says where the broker is by its fixture `bootstrap`."""

    @pytest.fixture
    async def corner(self, bootstrap: str, tmp_path: Path) -> AsyncIterator[Corner]:
        async with corner_on(bootstrap, tmp_path) as found:
            yield found

    async def test_every_declared_topic_can_be_made_and_every_example_comes_back_as_it_was(
        self, bootstrap: str
    ) -> None:
        await ensure_topics(bootstrap, TOPICS.values())
        assert (await ensure_topics(bootstrap, TOPICS.values())).created == ()
        publisher = Publisher(bootstrap)
        await publisher.start()
        try:
            positions = await publisher.publish(examples())
        finally:
            await publisher.stop()
        assert [position.topic for position in positions] == [topic_of(e.type).name for e in examples()]
        found: dict[Any, Event[Any]] = {}
        async with aclosing(scan(bootstrap, sorted({p.topic for p in positions}))) as records:
            async for record in records:
                place = (record.topic, record.partition, record.offset)
                found[place] = decode(record)
        for event, position in zip(examples(), positions, strict=True):
            assert found[position.topic, position.partition, position.offset] == event

    async def test_events_of_one_key_stand_in_one_partition_in_their_order(self, corner: Corner) -> None:
        sent = [consent(number, f"GM{number % 5:04d}") for number in range(1, 200)]
        positions = await corner.publisher.publish(sent)
        per_key: dict[str, list[Any]] = {}
        for event, position in zip(sent, positions, strict=True):
            per_key.setdefault(event.data.key(), []).append(position)
        for places in per_key.values():
            assert len({place.partition for place in places}) == 1
            assert [place.offset for place in places] == sorted(place.offset for place in places)

    async def test_a_group_goes_on_where_it_committed_and_puts_the_unreadable_aside(
        self, corner: Corner
    ) -> None:
        seen: list[int] = []

        async def handle(received: Received) -> Sequence[Event[Any]]:
            seen.append(received.event.data.version)
            return [answer(received.event.id)]

        await corner.publisher.publish([consent(1), consent(2)])
        await corner.publisher.send(corner.source.name, b"k", b"not JSON", [("x", b"\xff")])
        member = await corner.join(handle)
        await until(lambda: len(seen) == 2)
        await member.kill()
        await corner.publisher.publish([consent(3)])
        await corner.join(handle)
        await until(lambda: len(seen) == 3)
        assert seen == [1, 2, 3]

        async def put_aside() -> bool:
            return len(await corner.read(corner.aside)) == 1

        await until(put_aside)
        aside = await corner.read(corner.aside)
        assert [record.value for record in aside] == [b"not JSON"]
        assert len(await corner.read(corner.out)) == 3

    async def test_a_fold_reads_all_of_it_once_and_again_from_nothing(
        self, corner: Corner, tmp_path: Path
    ) -> None:
        await corner.publisher.publish([consent(number, f"GM{number:04d}") for number in range(1, 51)])
        for attempt in ("one", "another"):
            store = FoldStore(
                tmp_path / f"{attempt}.sqlite", [Migration(1, "seen", "CREATE TABLE seen (v INTEGER);")]
            )
            fold = Fold(
                name=attempt, topics=[corner.source], store=store, apply=_remember, bootstrap=corner.bootstrap
            )
            running = asyncio.create_task(fold.run())
            await fold.wait_caught_up()
            with store.read() as connection:
                rows = [row["v"] for row in connection.execute("SELECT v FROM seen ORDER BY v")]
            assert rows == list(range(1, 51))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            store.close()


def _remember(connection: sqlite3.Connection, received: Received) -> None:
    connection.execute("INSERT INTO seen VALUES (?)", (received.event.data.version,))


class TestEmbedded(BusSuite):
    """Apache Kafka from its jars."""

    @pytest.fixture
    def bootstrap(self, kafka: str) -> str:
        return kafka


class TestContainer(BusSuite):
    """Apache Kafka in a container."""

    @pytest.fixture
    def bootstrap(self) -> Iterator[str]:
        docker = pytest.importorskip("docker")
        try:
            docker.from_env().ping()
        except docker.errors.DockerException as error:
            pytest.skip(
                f"no Docker engine answers ({type(error).__name__}): the container half of this suite did not run"
            )
        from testcontainers.kafka import KafkaContainer

        with KafkaContainer(KAFKA_IMAGE) as container:
            yield container.get_bootstrap_server()
