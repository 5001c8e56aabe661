"""The content suite on files, and what only files can suffer."""

import struct
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from gmsd_chassis.content import DirectoryContentStore
from gmsd_chassis.errors import ContentDamaged
from gmsd_contracts.content import ContentRef, Object
from tests.conformance.content_suite import Bench, ContentSuite, Harm, harmed, keyring_at, own_topics, write

_LENGTH = struct.Struct(">I")


def _place(bench: Bench, ref: ContentRef) -> Path:
    assert isinstance(bench.store, DirectoryContentStore)
    return bench.store.file_of(bench.raw, ref.content_id)


def _frames(path: Path) -> list[bytes]:
    data, frames = path.read_bytes(), []
    while data:
        (length,) = _LENGTH.unpack_from(data)
        frames.append(data[_LENGTH.size : _LENGTH.size + length])
        data = data[_LENGTH.size + length :]
    return frames


class TestDirectoryContentStore(ContentSuite):
    """Files."""

    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[Bench]:
        keyring = keyring_at(tmp_path / "keys")
        topics = own_topics()
        raw, public = topics.values()
        yield Bench(DirectoryContentStore(tmp_path / "content", keyring, topics=topics), keyring, raw, public)

    async def harm(self, bench: Bench, ref: ContentRef, how: Harm, donor: ContentRef) -> ContentRef:
        path = _place(bench, ref)
        frames = harmed(_frames(path), how, _frames(_place(bench, donor)))
        path.write_bytes(b"".join(_LENGTH.pack(len(frame)) + frame for frame in frames))
        return ref

    async def expire(self, bench: Bench, ref: ContentRef) -> None:
        _place(bench, ref).unlink()

    @pytest.mark.parametrize("cut", [1, 2, 100])
    async def test_a_file_cut_inside_a_frame_is_damaged(self, bench: Bench, cut: int) -> None:
        ref = await write(bench, b"x" * 1000)
        path = _place(bench, ref)
        path.write_bytes(path.read_bytes()[:-cut])
        with pytest.raises(ContentDamaged):
            await bench.store.read_all(ref, ref.bytes)

    async def test_a_frame_cannot_claim_more_than_a_frame(self, bench: Bench) -> None:
        ref = await write(bench, b"x" * 1000)
        path = _place(bench, ref)
        path.write_bytes(_LENGTH.pack(2**32 - 1) + path.read_bytes()[4:])
        with pytest.raises(ContentDamaged):
            await bench.store.read_all(ref, ref.bytes)

    @pytest.mark.parametrize(
        "url", ["gmsd-directory:../../etc/passwd", "file:///etc/passwd", "gmsd-directory:content.raw/x", ""]
    )
    async def test_no_url_leads_out_of_the_directory(self, bench: Bench, url: str) -> None:
        ref = (await write(bench, b"x")).model_copy(update={"location": Object(url=url)})
        with pytest.raises(ContentDamaged):
            await bench.store.read_all(ref, 1)

    async def test_unfinished_files_have_another_name(self, bench: Bench) -> None:
        writer = await bench.store.open(bench.raw, delivery=uuid4(), schema="raw")
        await writer.write(bytes(2_000_000))
        assert isinstance(bench.store, DirectoryContentStore)
        place = bench.store.file_of(bench.raw, writer.content_id)
        assert not place.exists() and list(place.parent.iterdir())
        await writer.abort()
        assert not list(place.parent.iterdir())
