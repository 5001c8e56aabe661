"""What every content store promises. A test module subclasses `ContentSuite` and says how to make and how to harm a store."""

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

import pytest

from gmsd_chassis.clock import Clock
from gmsd_chassis.content import ContentStore
from gmsd_chassis.errors import ConfigError, ContentDamaged, ContentExpired, TryLater, Unprocessable
from gmsd_chassis.keyring import DirectoryKeyRing, KeyDestroyed
from gmsd_contracts.content import CHUNK_BYTES, ContentRef
from gmsd_contracts.topics import CONTENT_CHECKED, CONTENT_RAW, CONTENT_RELEASES, Topic
from gmsd_contracts.zones import Zone

Harm = Literal["truncate", "swap", "flip", "graft"]

SIZES = (
    0,
    1,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES,
    5 * CHUNK_BYTES + 12_345,
)
"""Both sides of every edge of a chunk: with 2 * CHUNK_BYTES the last chunk is full."""


@dataclass
class Bench:
    """A store and what belongs to it."""

    store: ContentStore
    keyring: DirectoryKeyRing
    raw: Topic
    public: Topic


def own_topics() -> dict[str, Topic]:
    """A registry of topics that no other test has, so that a shared broker does not matter."""
    mark = uuid4().hex[:8]
    topics = (
        replace(topic, name=f"{topic.name}.{mark}", partitions=3) for topic in (CONTENT_RAW, CONTENT_RELEASES)
    )
    return {topic.name: topic for topic in topics}


def keyring_at(path: Path) -> DirectoryKeyRing:
    """A key ring of a service in the identifying zone."""
    return DirectoryKeyRing(path, {Zone.IDENTIFYING: bytes(range(32))}, Clock(), owner="intake")


async def write(
    bench: Bench, data: bytes, *, piece: int = 100_000, delivery: UUID | None = None
) -> ContentRef:
    """Write in pieces that do not fit chunks."""
    async with await bench.store.open(bench.raw, delivery=delivery or uuid4(), schema="raw") as writer:
        for start in range(0, len(data), piece):
            await writer.write(data[start : start + piece])
        return await writer.close()


class ContentSuite(ABC):
    """Run on every store."""

    @pytest.fixture
    @abstractmethod
    def bench(self) -> AsyncIterator[Bench]:
        """A store whose topics no other test uses."""

    @abstractmethod
    async def harm(self, bench: Bench, ref: ContentRef, how: Harm, donor: ContentRef) -> ContentRef:
        """Content with the bytes of `ref`, changed, and the reference under which it is now read.

        truncate: the last chunk is gone; swap: chunks 0 and 1 changed places; flip: one bit of the last byte of chunk 1;
        graft: chunk 1 is chunk 1 of `donor`.
        """

    @abstractmethod
    async def expire(self, bench: Bench, ref: ContentRef) -> None:
        """What the log's retention does."""

    @pytest.mark.parametrize("size", SIZES)
    async def test_reads_back_what_was_written(self, bench: Bench, size: int) -> None:
        data = os.urandom(size)
        ref = await write(bench, data)
        assert ref.bytes == size
        assert await bench.store.read_all(ref, size) == data

    async def test_pieces_of_any_size_give_the_same_content(self, bench: Bench) -> None:
        data = os.urandom(2 * CHUNK_BYTES + 77)
        refs = [await write(bench, data, piece=piece) for piece in (4_099, CHUNK_BYTES, len(data))]
        assert len({ref.sha256 for ref in refs}) == 1
        assert len({ref.content_id for ref in refs}) == 3
        for ref in refs:
            assert await bench.store.read_all(ref, len(data)) == data

    async def test_a_reader_is_given_no_piece_longer_than_a_chunk(self, bench: Bench) -> None:
        ref = await write(bench, bytes(4 * CHUNK_BYTES), piece=3 * CHUNK_BYTES)
        lengths = [len(piece) async for piece in bench.store.read(ref)]
        assert max(lengths) <= CHUNK_BYTES and sum(lengths) == 4 * CHUNK_BYTES

    async def test_rows_and_schema_are_in_the_reference(self, bench: Bench) -> None:
        async with await bench.store.open(bench.raw, delivery=uuid4(), schema="wmo.checked/1") as writer:
            ref = await writer.close(rows=7)
        assert (ref.rows, ref.content_schema) == (7, "wmo.checked/1")
        assert ContentRef.model_validate_json(ref.model_dump_json(by_alias=True)) == ref

    async def test_fifty_interleaved_writers_read_back_right(self, bench: Bench) -> None:
        contents = [bytes([number]) * (CHUNK_BYTES + number * 40_000) for number in range(50)]
        refs = await asyncio.gather(*(write(bench, data) for data in contents))
        for data, ref in zip(contents, refs, strict=True):
            assert await bench.store.read_all(ref, len(data)) == data

    async def test_one_job_may_hold_more_writers_than_there_are_partitions(self, bench: Bench) -> None:
        writers = [await bench.store.open(bench.raw, delivery=uuid4(), schema="raw") for _ in range(7)]
        for turn in range(3):
            for number, writer in enumerate(writers):
                await writer.write(bytes([number, turn]) * CHUNK_BYTES)
        for number, writer in enumerate(writers):
            ref = await writer.close()
            expected = b"".join(bytes([number, turn]) * CHUNK_BYTES for turn in range(3))
            assert await bench.store.read_all(ref, len(expected)) == expected

    async def test_public_content_needs_no_key(self, bench: Bench, tmp_path: Path) -> None:
        data = os.urandom(CHUNK_BYTES + 5)
        async with await bench.store.open(bench.public, delivery=uuid4(), schema="release/1") as writer:
            await writer.write(data)
            ref = await writer.close()
        assert not bench.keyring.exists(ref.content_id)
        assert await bench.store.read_all(ref, len(data)) == data

    @pytest.mark.parametrize("how", ["truncate", "swap", "flip", "graft"])
    async def test_harm_is_seen(self, bench: Bench, how: Harm) -> None:
        ref, donor = [await write(bench, os.urandom(3 * CHUNK_BYTES)) for _ in range(2)]
        harmed = await self.harm(bench, ref, how, donor)
        with pytest.raises(ContentDamaged):
            await bench.store.read_all(harmed, ref.bytes)
        assert len(await bench.store.read_all(donor, donor.bytes)) == donor.bytes

    @pytest.mark.parametrize(
        "change", [{"sha256": "0" * 64}, {"bytes": CHUNK_BYTES}, {"bytes": 4 * CHUNK_BYTES}]
    )
    async def test_content_that_is_not_what_its_reference_says_is_damaged(
        self, bench: Bench, change: Mapping[str, object]
    ) -> None:
        ref = await write(bench, os.urandom(2 * CHUNK_BYTES))
        with pytest.raises(ContentDamaged):
            await bench.store.read_all(ref.model_copy(update=dict(change)), 8 * CHUNK_BYTES)

    async def test_a_destroyed_key_is_expiry(self, bench: Bench) -> None:
        delivery = uuid4()
        ref = await write(bench, b"x" * 100, delivery=delivery)
        other = await write(bench, b"y" * 100)
        bench.keyring.destroy(delivery)
        with pytest.raises(ContentExpired):
            await bench.store.read_all(ref, 100)
        assert await bench.store.read_all(other, 100) == b"y" * 100

    async def test_what_left_the_log_is_expiry(self, bench: Bench) -> None:
        ref = await write(bench, b"x" * 100)
        await self.expire(bench, ref)
        with pytest.raises(ContentExpired):
            await bench.store.read_all(ref, 100)

    async def test_a_destroyed_delivery_gets_no_new_content(self, bench: Bench) -> None:
        delivery = uuid4()
        bench.keyring.destroy(delivery)
        with pytest.raises(KeyDestroyed):
            await bench.store.open(bench.raw, delivery=delivery, schema="raw")

    async def test_erasure_during_the_writing_gives_no_reference(self, bench: Bench) -> None:
        delivery = uuid4()
        writer = await bench.store.open(bench.raw, delivery=delivery, schema="raw")
        await writer.write(b"x" * 100)
        bench.keyring.destroy(delivery)
        with pytest.raises(KeyDestroyed):
            await writer.close()

    async def test_a_writer_that_gives_up_leaves_nothing_to_open(self, bench: Bench) -> None:
        with pytest.raises(ZeroDivisionError):
            async with await bench.store.open(bench.raw, delivery=uuid4(), schema="raw") as writer:
                await writer.write(bytes(3 * CHUNK_BYTES))
                raise ZeroDivisionError
        assert not bench.keyring.exists(writer.content_id)
        with pytest.raises(RuntimeError):
            await writer.write(b"more")

    async def test_a_partition_of_a_writer_that_gave_up_is_free_again(self, bench: Bench) -> None:
        for _ in range(5):
            writer = await bench.store.open(bench.raw, delivery=uuid4(), schema="raw")
            await writer.write(bytes(2 * CHUNK_BYTES))
            await writer.abort()
            await writer.abort()
        assert await bench.store.read_all(await write(bench, b"after"), 5) == b"after"

    async def test_a_writer_that_failed_once_gives_no_reference(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writer = await bench.store.open(bench.raw, delivery=uuid4(), schema="raw")
        await writer.write(bytes(CHUNK_BYTES))

        async def fail(frame: bytes) -> None:
            raise TryLater("broker_away")

        with monkeypatch.context() as broken:
            broken.setattr(writer, "_put", fail)
            with pytest.raises(TryLater):
                await writer.write(b"x")
        for again in (writer.write(b"x"), writer.close()):
            with pytest.raises(RuntimeError):
                await again
        await writer.abort()
        assert not bench.keyring.exists(writer.content_id)

    async def test_reading_at_once_is_bounded(self, bench: Bench) -> None:
        ref = await write(bench, bytes(101))
        with pytest.raises(Unprocessable):
            await bench.store.read_all(ref, 100)

    async def test_a_service_without_the_zones_key_cannot_write(self, bench: Bench) -> None:
        foreign = replace(bench.raw, zone=Zone.STATISTICAL)
        with pytest.raises(ConfigError):
            await bench.store.open(foreign, delivery=uuid4(), schema="cells/1")

    async def test_content_goes_to_content_topics_only(self, bench: Bench) -> None:
        with pytest.raises(ValueError):
            await bench.store.open(replace(CONTENT_CHECKED, kind="events"), delivery=uuid4(), schema="raw")


def harmed(frames: list[bytes], how: Harm, donor: list[bytes]) -> list[bytes]:
    """The frames of a content after the harm; see `ContentSuite.harm`."""
    match how:
        case "truncate":
            return frames[:-1]
        case "swap":
            return [frames[1], frames[0], *frames[2:]]
        case "flip":
            return [frames[0], frames[1][:-1] + bytes([frames[1][-1] ^ 1]), *frames[2:]]
        case "graft":
            return [frames[0], donor[1], *frames[2:]]
