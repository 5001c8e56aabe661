"""Content as Arrow IPC streams, in and out of the content store. Reading and writing block: in a thread."""

import asyncio
import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import polars as pl
import pyarrow as pa

from gmsd_chassis.content.store import ContentStore
from gmsd_chassis.errors import ContentDamaged
from gmsd_contracts.content import ContentRef
from gmsd_contracts.topics import CONTENT_RELEASES

MAX_CONTENT_BYTES = 512 * 1024 * 1024
"""Of one content in memory. A national table (17,000 regions, 23 categories, 2 moments) is 100 MB, cells of it 50 MB."""
# A batch of 64 Ki rows is about 8 MB: the writer waits for the log in between, so a table is never sealed all at once.
BATCH_ROWS = 65_536


async def read_table(store: ContentStore, ref: ContentRef, schema: pa.Schema) -> pl.DataFrame:
    """The whole content as a data frame. Raises what the store raises, and ContentDamaged when it is not of `schema`."""
    data = await store.read_all(ref, MAX_CONTENT_BYTES)
    return await asyncio.to_thread(_parse, data, schema)


def _parse(data: bytes, schema: pa.Schema) -> pl.DataFrame:
    try:
        with pa.ipc.open_stream(data) as reader:
            table = reader.read_all()
    except pa.ArrowInvalid:
        raise ContentDamaged("the content is no Arrow stream") from None
    if not set(schema.names) <= set(table.schema.names):
        raise ContentDamaged(f"the content lacks columns of {(schema.metadata or {})[b'schema'].decode()}")
    frame = pl.from_arrow(table.select(schema.names))
    if not isinstance(frame, pl.DataFrame):
        raise ContentDamaged("the content is no table")
    return frame


async def write_table(store: ContentStore, owner: UUID, name: str, table: pa.Table) -> ContentRef:
    """A public content of schema `name`; `owner` (the release) takes the place of a delivery."""
    async with await store.open(CONTENT_RELEASES, delivery=owner, schema=name) as writer:
        pieces = _pieces(table)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            await writer.write(piece)
        return await writer.close(rows=table.num_rows)


def _pieces(table: pa.Table) -> Iterator[bytes]:
    sink = _Sink()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema) as writer:
        for batch in table.to_batches(max_chunksize=BATCH_ROWS):
            writer.write_batch(batch)
            yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """Collects what Arrow writes until it is taken; tells the position as if nothing ever was."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def take(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole
