"""Rows of text, numbered as in the file, a bounded block at a time."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import polars as pl
import pyarrow as pa
from pyarrow import csv

from gmsd_validation.domain.form.body import MARK
from gmsd_validation.domain.rules.rule import ROW_NUMBER

BLOCK_BYTES = 2 * 1024 * 1024
"""About 20,000 rows of wmo: enough to make vectors pay, and a block of empty fields stays under 100 MB in memory."""
MOST_MALFORMED = 100_000
"""Rows with a wrong number of fields after which reading stops: each costs a call into Python, and a file with more of
them is no file of this form."""


@dataclass
class Shape:
    """What the reader found beside the rows; complete when the iterator has ended.

    `malformed`: (row, number of fields), the first of `malformed_count`. `open_at`: the row from which on the file
    cannot be read, because a quotation mark is never closed or a row does not fit a block.
    """

    fields: int
    malformed: list[tuple[int, int]] = field(default_factory=list)
    malformed_count: int = 0
    too_many: bool = False
    open_at: int | None = None


def read_rows(
    source: io.BufferedReader,
    separator: str,
    names: Sequence[str | None],
    shape: Shape,
    wanted: Sequence[str],
    keep: int,
) -> Iterator[pl.DataFrame]:
    """Frames with `_row` (uint32) and the `wanted` columns as delivered text, in order of the file.

    `names`: the column of each field, None for fields that are not read. `keep`: how many malformed rows are
    remembered with their number.
    """
    labels = [name if name is not None else f"?{place}" for place, name in enumerate(names)]
    columns = [name for name in wanted if name in labels]
    skipped: list[int] = []

    def malformed(row: csv.InvalidRow) -> str:
        shape.malformed_count += 1
        if len(shape.malformed) < keep:
            shape.malformed.append((row.number, row.actual_columns))
        skipped.append(row.number)
        return "skip"

    reader = csv.open_csv(
        source,
        read_options=csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=labels),
        parse_options=csv.ParseOptions(
            delimiter=separator,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=malformed,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(labels, pa.string()),
            include_columns=labels,
            strings_can_be_null=False,
            # `body` hands over valid UTF-8: as surveyed, or transcoded.
            check_utf8=False,
        ),
    )
    number, marked = 1, False
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            break
        except pa.ArrowInvalid:
            # The one thing that is left to go wrong: a row that does not end within a block.
            shape.open_at = _next_number(number, skipped)
            return
        frame = pl.DataFrame(pl.from_arrow(batch))
        rows = _numbers(number, len(frame), skipped)
        number = (int(rows[-1]) if len(rows) else number - 1) + 1
        skipped[:] = [row for row in skipped if row >= number]
        marked = len(frame) > 0 and frame.row(-1) == (MARK,) * len(labels)
        frame = frame.select(rows, *columns)
        yield frame.head(-1) if marked else frame
        if shape.malformed_count > MOST_MALFORMED:
            shape.too_many = True
            return
    if not marked:
        # The row of marks was swallowed: the row before it never ended.
        shape.open_at = max([number - 1, *skipped])
        shape.malformed = [row for row in shape.malformed if row[0] != shape.open_at]


def _numbers(first: int, count: int, skipped: list[int]) -> pl.Series:
    """`count` row numbers from `first` on, leaving out the skipped ones."""
    if not skipped:
        return pl.int_range(first, first + count, dtype=pl.UInt32, eager=True).alias(ROW_NUMBER)
    gone = set(skipped)
    free = (row for row in range(first, first + count + len(gone)) if row not in gone)
    return pl.Series(ROW_NUMBER, list(islice(free, count)), dtype=pl.UInt32)


def _next_number(number: int, skipped: list[int]) -> int:
    gone = set(skipped)
    while number in gone:
        number += 1
    return number
