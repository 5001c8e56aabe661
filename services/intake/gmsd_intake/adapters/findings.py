"""Findings: an Arrow IPC stream in sealed content, opened on request and read batch by batch.

The stream brings the Dutch words of its rules along in its metadata, so nothing here knows a rule.
"""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from gmsd_chassis.content.store import ContentStore
from gmsd_contracts.content import ContentRef
from gmsd_contracts.findings import Words, words_of

MESSAGE, ACTION = "message", "action"
"""Added to each row, from the words of its rule; None for a rule without words."""
_CSV_COLUMNS = {
    "regel": "rule",
    "ernst": "severity",
    "rij": "row",
    "kolom": "column",
    "waarde": "value",
    "verwacht": "expected",
    "sleutel": "key",
    "melding": MESSAGE,
    "watTeDoen": ACTION,
}
_UNSHOWN = "(leeg of niet getoond)"
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


@dataclass(frozen=True)
class Batch:
    """Some findings as they are stored; only what is shown becomes rows."""

    records: pa.RecordBatch
    words: Words

    def __len__(self) -> int:
        return int(self.records.num_rows)

    def rows(self, start: int = 0, count: int | None = None) -> list[Row]:
        """At most `count` rows from `start` on, each with the words of its rule."""
        rows: list[Row] = self.records.slice(start, count).to_pylist()
        for row in rows:
            about = self.words.get(row["rule"], {})
            row[ACTION] = about.get("action")
            row[MESSAGE] = None if "message" not in about else _message(about["message"], row)
        return rows


async def batches(content: ContentStore, ref: ContentRef) -> AsyncGenerator[Batch, None]:
    """Findings, a batch at a time. Raises ContentExpired, ContentDamaged, TryLater, pa.ArrowInvalid."""
    loop = asyncio.get_running_loop()
    async with aclosing(content.read(ref)) as pieces:
        file = io.BufferedReader(_Pulled(pieces, loop), 256 * 1024)
        reader = await asyncio.to_thread(pa.ipc.open_stream, file)
        words = words_of(reader.schema)
        while (records := await asyncio.to_thread(_next, reader)) is not None:
            yield Batch(records, words)


def _next(reader: Any) -> pa.RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None


def _message(template: str, row: Row) -> str:
    """The template is the rule's own; what came out of a file is only ever an argument."""
    found, expected = row.get("value") or _UNSHOWN, row.get("expected") or ""
    return template.format(kolom=row.get("column") or "", gevonden=found, verwacht=expected)


async def page(stream: AsyncGenerator[Batch, None], start: int, count: int) -> list[Row]:
    """At most `count` rows from `start` on. Nothing behind the page is fetched or decrypted, and the stream is closed."""
    rows: list[Row] = []
    passed = 0
    async with aclosing(stream):
        async for batch in stream:
            if start < passed + len(batch):
                rows += batch.rows(max(0, start - passed), count - len(rows))
            passed += len(batch)
            if len(rows) >= count:
                break
    return rows


async def as_csv(stream: AsyncIterator[Batch]) -> AsyncIterator[bytes]:
    """All rows as CSV with semicolons and a byte order mark: what a Dutch spreadsheet opens without questions."""
    yield b"\xef\xbb\xbf" + _lines([tuple(_CSV_COLUMNS)])
    async for batch in stream:
        yield await asyncio.to_thread(_csv, batch)


def _csv(batch: Batch) -> bytes:
    return _lines([tuple(_cell(row.get(column)) for column in _CSV_COLUMNS.values()) for row in batch.rows()])


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    return "'" + text if isinstance(value, str) and text.startswith(_FORMULA) else text
