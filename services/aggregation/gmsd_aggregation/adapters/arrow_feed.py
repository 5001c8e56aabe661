"""Sealed content, which arrives piece by piece on the event loop, as a file that Arrow reads in a thread."""

import asyncio
import io
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import pyarrow as pa


class ArrowFeed(io.RawIOBase):
    """A file over an asynchronous stream of bytes. The thread that reads asks the loop for the next piece, so nothing is
    read ahead and at most one piece and one record batch are in memory.

    What the stream raises is kept in `failure`, because Arrow may hide it behind an error of its own.
    """

    def __init__(self, pieces: AsyncGenerator[bytes, None], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._pieces = pieces
        self._loop = loop
        self._held = b""
        self._ended = False
        self.failure: BaseException | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Exactly `size` bytes unless the stream ends; Arrow takes a short answer for the end."""
        parts, wanted = [], size if size >= 0 else 2**63
        while wanted and (self._held or self._next()):
            part, self._held = self._held[:wanted], self._held[wanted:]
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def drain(self) -> None:
        """Read to the end: only a content that ended by itself is whole."""
        while self._next():
            continue

    def batches(self, schema: pa.Schema, rows: int) -> Iterator[pa.Table]:
        """The stream as tables of about `rows` rows.

        Raises SchemaDiffers unless its fields are those of `schema`, NotArrow, or what the stream of bytes raised.
        """
        reader = self._read(lambda: pa.ipc.open_stream(self))
        if not reader.schema.equals(schema, check_metadata=False):
            raise SchemaDiffers(reader.schema, schema)
        held: list[pa.RecordBatch] = []
        while (batch := self._read(lambda: next(reader, None))) is not None:
            held.append(batch)
            if sum(one.num_rows for one in held) >= rows:
                yield pa.Table.from_batches(held, schema)
                held = []
        if held:
            yield pa.Table.from_batches(held, schema)
        self.drain()

    def _read(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except (
            pa.ArrowException,
            OSError,
            ValueError,
        ) as error:  # a truncated message is an OSError to Arrow
            if self.failure is not None:
                raise self.failure from None
            raise NotArrow from error

    def _next(self) -> bool:
        if self._ended:
            return False
        try:
            self._held = asyncio.run_coroutine_threadsafe(_advance(self._pieces), self._loop).result()
        except StopAsyncIteration:
            self._ended = True
            return False
        except BaseException as error:
            self._ended, self.failure = True, error
            raise
        return True


class NotArrow(Exception):
    """The content is no Arrow stream, or only the beginning of one."""


class SchemaDiffers(Exception):
    """The content has other columns than its specification: names and types only."""

    def __init__(self, found: pa.Schema, wanted: pa.Schema) -> None:
        differing = sorted(set(map(str, found)) ^ set(map(str, wanted)))
        super().__init__(f"differs in {', '.join(differing) or 'the order of columns'}")


async def _advance(pieces: AsyncGenerator[bytes, None]) -> bytes:
    return await anext(pieces)
