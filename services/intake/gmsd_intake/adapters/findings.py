"""Findings: an Arrow IPC stream in sealed content, opened on request and read batch by batch."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import pyarrow as pa

from gmsd_chassis.content.store import ContentStore
from gmsd_contracts.content import ContentRef

COLUMNS = ("rule", "severity", "row", "column", "value", "expected", "key")
"""Of schema `findings/1`."""
_CSV_HEADER = ("regel", "ernst", "rij", "kolom", "waarde", "verwacht", "sleutel")
# A spreadsheet takes a cell that begins like this for a formula, and its text came out of somebody's file.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = dict[str, Any]


class _Pulled(io.RawIOBase):
    """An asynchronous stream of bytes as a file, for a reader in another thread."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], loop: asyncio.AbstractEventLoop) -> None:
        self._pieces = pieces
        self._loop = loop
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    async def _next(self) -> bytes:
        return await anext(self._pieces, b"")


async def batches(content: ContentStore, ref: ContentRef) -> AsyncIterator[list[Row]]:
    """Rows, a batch at a time. Raises ContentExpired, ContentDamaged, TryLater, pa.ArrowInvalid."""
    loop = asyncio.get_running_loop()
    async with aclosing(content.read(ref)) as pieces:
        file = io.BufferedReader(_Pulled(pieces, loop), 256 * 1024)
        reader = await asyncio.to_thread(pa.ipc.open_stream, file)
        while (rows := await asyncio.to_thread(_next_rows, reader)) is not None:
            yield rows


def _next_rows(reader: Any) -> list[Row] | None:
    try:
        batch = reader.read_next_batch()
    except StopIteration:
        return None
    rows: list[Row] = batch.to_pylist()
    return rows


async def as_csv(stream: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """All rows as CSV with semicolons and a byte order mark: what a Dutch spreadsheet opens without questions."""
    yield b"\xef\xbb\xbf" + _lines([_CSV_HEADER])
    async for rows in stream:
        if rows:
            yield _lines([tuple(_cell(row.get(column)) for column in COLUMNS) for row in rows])


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    return "'" + text if isinstance(value, str) and text.startswith(_FORMULA) else text
