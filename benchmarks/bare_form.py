"""The form of a delivered file, for the baseline `bare_polars`: encoding, header, rows of text."""

from collections.abc import Iterator

import polars as pl
import pyarrow as pa
from pyarrow import csv

from gmsd_contracts.columns.dataset import DatasetVersion


class Unreadable(Exception):
    """The form of the file is refused; the argument names the rule."""


def text_of(raw: bytes, version: DatasetVersion) -> pl.DataFrame:
    """Every column of the version as stripped text, null when empty; lines without any value left out. Raises Unreadable."""
    if not raw or raw.startswith((b"PK\x03\x04", b"\x89PNG", b"%PDF")) or b"\0" in raw:
        raise Unreadable("ALG-001..004")
    try:
        body = raw.removeprefix(b"\xef\xbb\xbf")
        body.decode()
    except UnicodeDecodeError:
        body = raw.decode("cp1252", "replace").encode()
    if body.count(b'"') % 2:
        raise Unreadable("ALG-014")
    first, _, rest = body.partition(b"\n")
    known = {column.name: column for column in version.columns}
    separator, names = max(_headers(first.decode()), key=lambda found: len(known.keys() & set(found[1])))
    present = set(names)
    filled_groups = {known[name].one_of for name in present & known.keys()}
    absent = [
        c
        for c in version.columns
        if c.name not in present and (c.required or (c.one_of or "") and c.one_of not in filled_groups)
    ]
    if absent or len(present) < len(names) or not present <= known.keys():
        raise Unreadable("ALG-005..008")
    if not rest.strip():
        return pl.DataFrame(schema=dict.fromkeys(known, pl.String))
    try:
        table = csv.read_csv(
            pa.BufferReader(rest),
            csv.ReadOptions(column_names=names),
            csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        raise Unreadable("ALG-017") from None
    stripped = pl.DataFrame(table).select(pl.all().str.strip_chars())
    return (
        stripped.select(pl.when(pl.all() != "").then(pl.all()))
        .filter(~pl.all_horizontal(pl.all().is_null()))
        .with_columns(pl.lit(None, pl.String).alias(name) for name in known if name not in present)
        .select(list(known))
    )


def _headers(line: str) -> Iterator[tuple[str, list[str]]]:
    for separator in ";,\t":
        yield separator, [name.strip().strip('"').strip().lower() for name in line.split(separator)]
