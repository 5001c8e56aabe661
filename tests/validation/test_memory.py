"""The worker process stays small, however large the file."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import psutil

from gmsd_chassis.isolation import Workshop
from gmsd_contracts.content import ContentRef, Object
from gmsd_validation.domain.checks.crossing import partitions_for
from gmsd_validation.jobs import FINDINGS_SINK, OUTCOME, RECORDS_SINK, arguments
from tests.validation.support import header, order, row

ROWS_PER_PIECE = 5_000
PIECES = 290
MIB = 1024 * 1024


class Sink:
    """A content writer that counts and forgets."""

    def __init__(self) -> None:
        self.bytes = 0
        self.content_id = uuid4()

    async def write(self, data: bytes) -> None:
        self.bytes += len(data)

    async def close(self, rows: int | None = None) -> ContentRef:
        return ContentRef(
            location=Object(url="none"), content_id=self.content_id, content_schema="none", sha256="0" * 64,
            rows=rows, bytes=self.bytes,
        )  # fmt: skip

    async def abort(self) -> None:
        self.bytes = 0

    async def __aenter__(self) -> "Sink":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.abort()


def _bsns(count: int) -> list[str]:
    found = []
    for number in range(70_000_000, 70_000_000 + 2 * count):
        check = sum((9 - i) * int(digit) for i, digit in enumerate(str(number))) % 11
        if check < 10:
            found.append(f"{number}{check}")
    return found[:count]


def _piece(number: int, people: list[str]) -> bytes:
    values = row("wmo", bsn="{bsn}", toewijzingsnummer="{nr}")
    line = ";".join(values[name] for name in header("wmo")) + "\n"
    first = number * ROWS_PER_PIECE
    return "".join(
        line.format(bsn=people[(first + i) % len(people)], nr=first + i) for i in range(ROWS_PER_PIECE)
    ).encode()


async def test_a_large_file_takes_little_memory() -> None:
    """1.45 million rows, 140 MB: the most that is kept in one partition, so a larger file takes no more."""
    people = _bsns(90_000)
    pieces = [_piece(number, people) for number in range(PIECES)]
    size = 0

    async def content() -> AsyncIterator[bytes]:
        nonlocal size
        yield (";".join(header("wmo")) + "\n").encode()
        for piece in pieces:
            size += len(piece)
            yield piece

    records, findings = Sink(), Sink()
    most = 0
    async with Workshop(
        jobs={"assess": "gmsd_validation.jobs:assess"}, memory_bytes=500 * MIB, seconds=300
    ) as shop:
        running = asyncio.create_task(
            shop.run(
                "assess",
                arguments(order("wmo")),
                read=content,
                sinks={RECORDS_SINK: records, FINDINGS_SINK: findings},
            )
        )
        while not running.done():
            children = psutil.Process().children()
            most = max([most, *(child.memory_info().rss for child in children)])
            await asyncio.sleep(0.1)
        outcome = OUTCOME.validate_python(await running)
    assert size == 2 * sum(map(len, pieces))  # survey and rows
    assert partitions_for(PIECES * ROWS_PER_PIECE) == 1 < partitions_for(PIECES * ROWS_PER_PIECE * 11 // 10)
    assert outcome.rows == outcome.records == PIECES * ROWS_PER_PIECE
    assert outcome.counts == ()
    assert outcome.profile is not None and outcome.profile.persons == 90_000
    assert findings.bytes == 0 < records.bytes
    assert 100 * MIB < most < 500 * MIB
