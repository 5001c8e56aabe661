"""How a deliverer writes a CSV: the official form and the deviations that are accepted with a remark."""

from dataclasses import dataclass, replace
from typing import Literal

import polars as pl


@dataclass(frozen=True, slots=True)
class Dialect:
    """Separator, line end, byte order mark, quotes, encoding, and whether dates, names and order of columns deviate."""

    separator: str = ";"
    line_end: Literal["\r\n", "\n"] = "\r\n"
    bom: bool = False
    quoted: bool = False
    encoding: Literal["utf-8", "cp1252"] = "utf-8"
    dashed_dates: bool = False
    capitals: bool = False
    reversed_columns: bool = False


DEVIATIONS: dict[str, dict[str, object]] = {
    "separator-comma": {"separator": ","},
    "separator-tab": {"separator": "\t"},
    "dates-dashed": {"dashed_dates": True},
    "header-case": {"capitals": True},
    "column-order": {"reversed_columns": True},
}
"""Slug of each deviation that must be accepted, with what it changes."""


def with_deviation(dialect: Dialect, slug: str) -> Dialect:
    """The dialect with one deviation. KeyError: no such deviation."""
    return replace(dialect, **DEVIATIONS[slug])  # type: ignore[arg-type]  # keys are fields of Dialect


def write(rows: pl.DataFrame, dialect: Dialect) -> bytes:
    """The bytes of a file in a dialect. `rows` holds text only, dates as `JJJJMMDD` in columns named datum, *datum*."""
    if dialect.dashed_dates:
        dates = [name for name in rows.columns if "datum" in name]
        rows = rows.with_columns(pl.col(dates).str.replace(r"^(\d{4})(\d{2})(\d{2})$", "${1}-${2}-${3}"))
    if dialect.reversed_columns:
        rows = rows.select(reversed(rows.columns))
    if dialect.capitals:
        # Both deviations of a header that must be tolerated: case, and space around a name.
        rows = rows.rename({name: f" {name.upper()}" for name in rows.columns})
    # Polars writes an empty text as "" and only a null as nothing.
    rows = rows.with_columns(pl.when(pl.all() != "").then(pl.all()))
    text = rows.write_csv(
        separator=dialect.separator,
        line_terminator=dialect.line_end,
        quote_style="always" if dialect.quoted else "necessary",
        null_value="",
        include_bom=dialect.bom and dialect.encoding == "utf-8",
    )
    return text.encode("utf-8") if dialect.encoding == "utf-8" else text.encode("cp1252")
