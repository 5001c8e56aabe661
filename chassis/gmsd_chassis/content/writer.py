"""What every writer of content does, whatever it writes to: cut, hash, seal, count, and refuse after the end."""

import asyncio
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from uuid import UUID

from gmsd_chassis.content.seal import seal
from gmsd_chassis.keyring.keyring import KeyDestroyed, KeyRing
from gmsd_contracts.content import CHUNK_BYTES, ContentRef, LogRange, Object


class ChunkWriter(ABC):
    """A ContentWriter; a store's own writer says where a frame goes (`_put`, `_finish`, `_discard`)."""

    def __init__(
        self, content_id: UUID, delivery: UUID, schema: str, key: bytes | None, keyring: KeyRing
    ) -> None:
        self._content_id = content_id
        self._delivery = delivery
        self._schema = schema
        self._key = key
        self._keyring = keyring
        self._buffer = bytearray()
        self._sha = hashlib.sha256()
        self._bytes = 0
        self._chunks = 0
        self._ended = False
        self._broken = False

    @property
    def content_id(self) -> UUID:
        return self._content_id

    async def write(self, data: bytes) -> None:
        self._refuse_after_end()
        rest = memoryview(data)
        while rest:
            # A full buffer waits for the next byte: only then is it certain that it is not the last chunk.
            if len(self._buffer) == CHUNK_BYTES:
                await self._emit(is_last=False)
            piece = rest[: CHUNK_BYTES - len(self._buffer)]
            self._buffer += piece
            rest = rest[len(piece) :]

    async def close(self, rows: int | None = None) -> ContentRef:
        self._refuse_after_end()
        await self._emit(is_last=True)
        with self._whole_or_broken():
            location = await self._finish()
        self._ended = True
        if self._key is not None and not await asyncio.to_thread(self._keyring.exists, self._content_id):
            raise KeyDestroyed(self._delivery)
        return ContentRef(
            location=location,
            content_id=self._content_id,
            content_schema=self._schema,
            sha256=self._sha.hexdigest(),
            rows=rows,
            bytes=self._bytes,
        )

    async def abort(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._buffer.clear()
        # The key first: whatever happens to the bytes after this, nobody can read them.
        if self._key is not None:
            await asyncio.to_thread(self._keyring.destroy_content, self._content_id)
        await self._discard()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.abort()

    async def _emit(self, *, is_last: bool) -> None:
        with self._whole_or_broken():
            chunk, self._buffer = self._buffer, bytearray()
            frame = await asyncio.to_thread(self._seal, bytes(chunk), is_last)
            self._bytes += len(chunk)
            self._chunks += 1
            await self._put(frame)

    @contextmanager
    def _whole_or_broken(self) -> Iterator[None]:
        """After an interrupted step a chunk may be missing: no reference may come of such a content."""
        self._broken = True
        yield
        self._broken = False

    def _seal(self, chunk: bytes, is_last: bool) -> bytes:
        self._sha.update(chunk)
        return seal(chunk, self._key, self._content_id, self._chunks, is_last)

    def _refuse_after_end(self) -> None:
        if self._ended:
            raise RuntimeError("this content was closed or aborted; open another")
        if self._broken:
            raise RuntimeError("writing this content failed before; abort it and open another")

    @abstractmethod
    async def _put(self, frame: bytes) -> None:
        """Take the next frame; may return before it is durable, and waits when too much is not."""

    @abstractmethod
    async def _finish(self) -> LogRange | Object:
        """Return when every frame is durable, with the place of the run."""

    @abstractmethod
    async def _discard(self) -> None:
        """Let go of whatever is held; the frames already put are noise from now on."""
