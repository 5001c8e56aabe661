"""Content in a directory: the same frames, one file per content. For tests, one machine, or a shared volume."""

import asyncio
import os
import struct
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from gmsd_chassis.content.reading import (
    Unsealer,
    gather,
    key_for_reading,
    key_for_writing,
    require_content_topic,
)
from gmsd_chassis.content.seal import MAX_FRAME_BYTES
from gmsd_chassis.content.writer import ChunkWriter
from gmsd_chassis.errors import ContentDamaged, ContentExpired
from gmsd_chassis.keyring.files import publish_file
from gmsd_chassis.keyring.keyring import KeyRing
from gmsd_contracts.content import ContentRef, Object
from gmsd_contracts.topics import TOPICS, Topic

SCHEME = "gmsd-directory"
_LENGTH = struct.Struct(">I")


class DirectoryContentStore:
    """A ContentStore in files `path/<topic>/<first two digits>/<content_id>`; the url in a ref does not hold `path`.

    A file appears under its name when it is whole. `.part` files are attempts, running or dead.
    """

    def __init__(self, path: Path, keyring: KeyRing, *, topics: Mapping[str, Topic] = TOPICS) -> None:
        self._path = path
        self._topics = topics
        self._keyring = keyring

    async def open(self, topic: Topic, *, delivery: UUID, schema: str) -> "DirectoryContentWriter":
        """See ContentStore.open."""
        require_content_topic(topic)
        content_id = uuid4()
        key = await key_for_writing(self._keyring, topic, delivery, content_id)
        path = self.file_of(topic, content_id)
        return DirectoryContentWriter(
            content_id, delivery, schema, key, self._keyring, path, f"{SCHEME}:{topic.name}/{content_id}"
        )

    async def read(self, ref: ContentRef) -> AsyncGenerator[bytes, None]:
        """See ContentStore.read."""
        topic = self._topic_of(ref)
        unsealer = Unsealer(ref, await key_for_reading(self._keyring, topic, ref.content_id))
        try:
            file = await asyncio.to_thread(self.file_of(topic, ref.content_id).open, "rb")
        except FileNotFoundError:
            raise ContentExpired("its file is gone") from None
        with file:
            while (frame := await asyncio.to_thread(_next_frame, file)) is not None:
                data = await unsealer.open(frame)
                if data:
                    yield data
        unsealer.require_end()

    async def read_all(self, ref: ContentRef, limit: int) -> bytes:
        """See ContentStore.read_all."""
        return await gather(self.read(ref), ref, limit)

    def file_of(self, topic: Topic, content_id: UUID) -> Path:
        """Where the content stands once it is whole."""
        return self._path / topic.name / content_id.hex[:2] / str(content_id)

    def _topic_of(self, ref: ContentRef) -> Topic:
        if not isinstance(ref.location, Object):
            raise ContentDamaged("its reference names no object of this store")
        url = urlsplit(ref.location.url)
        name, _, content_id = url.path.partition("/")
        # The path is built from the registry and the content_id, never from the url: no url leads out of the directory.
        if url.scheme != SCHEME or name not in self._topics or content_id != str(ref.content_id):
            raise ContentDamaged("its reference names no object of this store")
        return self._topics[name]


class DirectoryContentWriter(ChunkWriter):
    """Writes frames to a `.part` file and gives it its name at the end."""

    def __init__(
        self,
        content_id: UUID,
        delivery: UUID,
        schema: str,
        key: bytes | None,
        keyring: KeyRing,
        path: Path,
        url: str,
    ) -> None:
        super().__init__(content_id, delivery, schema, key, keyring)
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._url = url
        self._file: BinaryIO | None = None

    async def _put(self, frame: bytes) -> None:
        await asyncio.to_thread(self._append, frame)

    def _append(self, frame: bytes) -> None:
        if self._file is None:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("xb")
        self._file.write(_LENGTH.pack(len(frame)) + frame)

    async def _finish(self) -> Object:
        await asyncio.to_thread(self._publish)
        return Object(url=self._url)

    def _publish(self) -> None:
        if self._file is None:
            raise RuntimeError("a content has at least one chunk")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        publish_file(self._part, self._path)

    async def _discard(self) -> None:
        await asyncio.to_thread(self._remove)

    def _remove(self) -> None:
        if self._file is not None:
            self._file.close()
        self._part.unlink(missing_ok=True)


def _next_frame(file: BinaryIO) -> bytes | None:
    """The next frame; None at the end of the file."""
    head = file.read(_LENGTH.size)
    if not head:
        return None
    if len(head) < _LENGTH.size:
        raise ContentDamaged("truncated inside a frame's length")
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME_BYTES:
        raise ContentDamaged("a frame states more bytes than a frame can have")
    frame = file.read(length)
    if len(frame) < length:
        raise ContentDamaged("truncated inside a frame")
    return frame
