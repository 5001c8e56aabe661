"""The port to content: sealed bytes that an event refers to."""

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from gmsd_contracts.content import ContentRef
from gmsd_contracts.topics import Topic


class ContentWriter(Protocol):
    """One content being written, by one task. Nothing is readable before `close`.

    `async with await store.open(…) as writer:` aborts when the block is left by an exception or without `close`.
    """

    @property
    def content_id(self) -> UUID:
        """Random per attempt."""

    async def write(self, data: bytes) -> None:
        """Append bytes, any number; buffered to chunks of `CHUNK_BYTES`. Waits when the store is behind."""

    async def close(self, rows: int | None = None) -> ContentRef:
        """Write the rest, wait until all of it is acknowledged, and return the reference for the event.

        `rows`: how many records are inside; None for raw files. Raises KeyDestroyed when the delivery was erased
        in the meantime: then there must be no event.
        """

    async def abort(self) -> None:
        """Give up: the key is destroyed, so what was written is noise. Harmless after `close` or a second time."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ContentStore(Protocol):
    """Where content is written and read; `LogContentStore` and `DirectoryContentStore` implement it."""

    async def open(self, topic: Topic, *, delivery: UUID, schema: str) -> ContentWriter:
        """Start a content of this schema; its data key belongs to `delivery` (or what takes its place: a snapshot).

        Content of a topic in zone public is framed alike and not encrypted. Raises KeyDestroyed for a delivery whose
        keys were destroyed, ConfigError when this service holds no key for the topic's zone.
        """

    def read(self, ref: ContentRef) -> AsyncGenerator[bytes, None]:
        """The plaintext in order, in pieces of at most `CHUNK_BYTES`; every piece is authenticated before it is given.

        The content is whole only when the iterator ends by itself: bring out no result before.
        Raises ContentExpired (key destroyed, or the log no longer has it), ContentDamaged (what, where), TryLater.
        Close it with `contextlib.aclosing` when you may stop early.
        """

    async def read_all(self, ref: ContentRef, limit: int) -> bytes:
        """The whole plaintext, if `ref.bytes` is at most `limit` bytes; else Unprocessable."""
