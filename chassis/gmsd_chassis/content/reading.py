"""What every reader of content does: open frame after frame, count, hash, and compare with the reference."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from gmsd_chassis.content.seal import unseal
from gmsd_chassis.errors import ConfigError, ContentDamaged, Unprocessable
from gmsd_chassis.keyring.keyring import KeyRing
from gmsd_contracts.content import ContentRef
from gmsd_contracts.topics import Topic
from gmsd_contracts.zones import Zone


class Unsealer:
    """Turns the frames of one content, in order, into plaintext, and says whether it is whole."""

    def __init__(self, ref: ContentRef, key: bytes | None) -> None:
        self._ref = ref
        self._key = key
        self._sha = hashlib.sha256()
        self._bytes = 0
        self._chunks = 0
        self.ended = False

    async def open(self, frame: bytes) -> bytes:
        """The plaintext of the next frame. Raises ContentDamaged."""
        return await asyncio.to_thread(self._open, frame)

    def _open(self, frame: bytes) -> bytes:
        if self.ended:
            raise ContentDamaged(f"a chunk follows the last, chunk {self._chunks - 1}")
        chunk = unseal(frame, self._key, self._ref.content_id, self._chunks)
        self._sha.update(chunk.data)
        self._bytes += len(chunk.data)
        self._chunks += 1
        self.ended = chunk.is_last
        # Judged on every chunk: a reader that counts on `ref.bytes` is never given more than that.
        if self._bytes > self._ref.bytes:
            raise ContentDamaged(f"holds more than the {self._ref.bytes} bytes of its reference")
        if self.ended:
            self._judge_whole()
        return chunk.data

    def require_end(self) -> None:
        """Raises ContentDamaged unless the last chunk was seen."""
        if not self.ended:
            raise ContentDamaged(f"truncated after {self._chunks} chunks")

    def _judge_whole(self) -> None:
        if self._bytes != self._ref.bytes:
            raise ContentDamaged(f"holds {self._bytes} bytes, its reference says {self._ref.bytes}")
        if self._sha.hexdigest() != self._ref.sha256:
            raise ContentDamaged("its sha256 is not that of its reference")


def require_content_topic(topic: Topic) -> None:
    """ValueError for a topic of events: sealed chunks there would stop every reader."""
    if topic.kind != "content":
        raise ValueError(f"{topic.name} is not a content topic")


async def key_for_writing(keyring: KeyRing, topic: Topic, delivery: UUID, content_id: UUID) -> bytes | None:
    """A new data key in the zone of the topic; None where content is public."""
    if topic.zone is Zone.PUBLIC:
        return None
    return await asyncio.to_thread(keyring.create, topic.zone, delivery, content_id)


async def key_for_reading(keyring: KeyRing, topic: Topic, content_id: UUID) -> bytes | None:
    """The data key of a content; None where content is public. Raises ContentExpired, ContentDamaged."""
    if topic.zone is Zone.PUBLIC:
        return None
    try:
        return await asyncio.to_thread(keyring.open, topic.zone, content_id)
    except ConfigError:
        # A service starts with the keys of exactly its zones, so it is the reference that is wrong, and every attempt.
        raise ContentDamaged(
            f"its reference names {topic.name}, in a zone that this service has no key of"
        ) from None


async def gather(pieces: AsyncGenerator[bytes, None], ref: ContentRef, limit: int) -> bytes:
    """All pieces as one; Unprocessable, before a byte is read, for content above `limit` bytes."""
    if ref.bytes > limit:
        raise Unprocessable("content_too_large", f"{ref.bytes} bytes where at most {limit} are read at once")
    whole = bytearray()
    async with aclosing(pieces) as stream:
        async for piece in stream:
            whole += piece
    return bytes(whole)
