"""A page of findings costs what stands before its end, and no more."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from gmsd_chassis.clock import Clock
from gmsd_chassis.content import DirectoryContentStore
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_contracts.content import ContentRef
from gmsd_contracts.topics import CONTENT_CHECKED
from gmsd_contracts.zones import Zone
from gmsd_intake.adapters.findings import batches, page
from tests.intake.play import FINDINGS

ROWS, BATCH = 4_000, 100


class Counting(DirectoryContentStore):
    """Counts the pieces that were opened, and the readers that are still open."""

    pieces = 0
    open_readers = 0

    async def read(self, ref: ContentRef) -> AsyncGenerator[bytes, None]:
        self.open_readers += 1
        try:
            async for piece in super().read(ref):
                self.pieces += 1
                yield piece
        finally:
            self.open_readers -= 1


async def written(root: Path) -> tuple[Counting, ContentRef]:
    store = Counting(
        root / "content", DirectoryKeyRing(root / "keys", {Zone.IDENTIFYING: bytes(32)}, Clock(), owner="validation")
    )  # fmt: skip
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, FINDINGS) as writer:
        for start in range(0, ROWS, BATCH):
            rows: list[dict[str, Any]] = [
                {"rule": "WMO-1", "severity": "info", "row": start + n, "value": os.urandom(500).hex()}
                for n in range(BATCH)
            ]
            writer.write_batch(pa.RecordBatch.from_pylist(rows, FINDINGS))
    async with await store.open(CONTENT_CHECKED, delivery=uuid4(), schema="findings/1") as into:
        await into.write(sink.getvalue().to_pybytes())
        return store, await into.close(rows=ROWS)


@pytest.mark.parametrize(
    ("start", "count"), [(0, 1), (0, 100), (95, 10), (3_990, 100), (1_234, 1_000), (4_000, 5)]
)
async def test_a_page_is_those_rows(tmp_path: Path, start: int, count: int) -> None:
    store, ref = await written(tmp_path)
    rows = await page(batches(store, ref), start, count)
    assert [row["row"] for row in rows] == list(range(ROWS))[start : start + count]
    assert store.open_readers == 0


async def test_the_first_page_opens_the_first_piece_and_not_the_rest(tmp_path: Path) -> None:
    store, ref = await written(tmp_path)
    await page(batches(store, ref), 0, 100)
    first, store.pieces = store.pieces, 0
    await page(batches(store, ref), 0, ROWS)
    assert store.pieces >= 5
    assert first == 1
