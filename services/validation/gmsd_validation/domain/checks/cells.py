"""What one column of a batch holds: typed values, and which fields are at fault."""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from gmsd_contracts.columns import Column, ColumnType
from gmsd_validation.domain.checks import bsn
from gmsd_validation.domain.checks.dates import calendar, undashed
from gmsd_validation.domain.rules import general
from gmsd_validation.domain.rules.rule import Rule

# Everything below a space, DEL, the C1 block that a wrong code page leaves, and the sign for "could not be read".
_CONTROL = r"[\x00-\x1f\x7f-\x9f\x{fffd}]"
_IDENTIFIER = r"^[A-Za-z0-9._/\-]*$"


@dataclass(frozen=True)
class Fault:
    """`where` marks the rows; `expected` is in words."""

    rule: Rule
    where: pl.Series
    expected: str


@dataclass
class Cells:
    """`typed` has the column's checked type and is null where the field is empty or at fault."""

    typed: pl.Series
    filled: int
    faults: list[Fault] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)


def read_cells(column: Column, text: pl.Series) -> Cells:
    """Type and check one column. `text`: as delivered, stripped, null when empty."""
    filled = len(text) - text.null_count()
    if filled == 0:
        return Cells(pl.Series(text.name, [None], dtype=_polars_type(column)).new_from_index(0, len(text)), 0)
    cells = _READERS[column.type](column, text)
    cells.filled = filled
    return cells


def _polars_type(column: Column) -> pl.DataType:
    match column.type:
        case ColumnType.DATE:
            return pl.Date()
        case ColumnType.NUMBER:
            return pl.Int64()
        case _:
            return pl.String()


def _keep(values: pl.Series, *faults: Fault) -> Cells:
    """The values without those at fault; faults that mark nothing are dropped."""
    found = [fault for fault in faults if fault.where.any()]
    for fault in found:
        values = values.set(fault.where, None)
    return Cells(values, 0, found)


def _wrong(good: pl.Series, text: pl.Series) -> pl.Series:
    return text.is_not_null() & ~good.fill_null(False)


def _date(column: Column, text: pl.Series) -> Cells:
    joined, dashed = undashed(text)
    dates = calendar(joined)
    wrong = _wrong(dates.is_not_null(), text)
    faults = [
        Fault(general.DATE, wrong, "een bestaande datum JJJJMMDD"),
        Fault(general.DATE_FORM, dashed & ~wrong, "JJJJMMDD"),
    ]
    return Cells(dates.alias(text.name), 0, [fault for fault in faults if fault.where.any()])


def _bsn(column: Column, text: pl.Series) -> Cells:
    formed = bsn.nine_digits(text)
    refused = text.is_in(bsn.REFUSED).fill_null(False)
    failing = formed & ~refused & ~bsn.passes(text)
    return _keep(
        text,
        Fault(general.BSN_FORM, _wrong(formed, text), "negen cijfers"),
        Fault(general.BSN_REFUSED, refused, "het BSN van een persoon"),
        Fault(general.BSN_CHECK, failing, "een nummer dat aan de elfproef voldoet"),
    )


def _code(column: Column, text: pl.Series) -> Cells:
    counts = text.value_counts(name="n")
    numbers = {
        str(value): int(n)
        for value, n in counts.iter_rows()
        if value is not None and value in (column.codes or {})
    }
    cells = Cells(text, 0)
    if sum(numbers.values()) < len(text) - text.null_count():
        wrong = _wrong(text.is_in(list(numbers)), text)
        cells = _keep(text, Fault(general.CODE, wrong, _listed(column)))
    cells.codes = numbers
    return cells


def _listed(column: Column) -> str:
    return "een van " + ", ".join(column.codes or {})


def _number(column: Column, text: pl.Series) -> Cells:
    long = _too_long(column, text)
    signed = text.str.starts_with("+") | text.str.starts_with("-")
    numbers = text.cast(pl.Int64, strict=False)
    wrong = _wrong(numbers.is_not_null() & ~signed, text) & ~long
    return _keep(
        numbers,
        Fault(general.LENGTH, long, f"ten hoogste {column.length} tekens"),
        Fault(general.NUMBER, wrong, "een geheel getal"),
    )


def _too_long(column: Column, text: pl.Series) -> pl.Series:
    return (text.str.len_chars() > column.length).fill_null(False)


def _text(column: Column, text: pl.Series) -> Cells:
    long = _too_long(column, text)
    odd = text.str.contains(_CONTROL).fill_null(False) & ~long
    return _keep(
        text,
        Fault(general.LENGTH, long, f"ten hoogste {column.length} tekens"),
        Fault(general.CHARACTERS, odd, "leesbare tekst"),
    )


def _identifier(column: Column, text: pl.Series) -> Cells:
    long = _too_long(column, text)
    odd = _wrong(text.str.contains(_IDENTIFIER), text) & ~long
    return _keep(
        text,
        Fault(general.LENGTH, long, f"ten hoogste {column.length} tekens"),
        Fault(general.CHARACTERS, odd, "letters, cijfers en . _ / -"),
    )


def _gemeente(column: Column, text: pl.Series) -> Cells:
    whole = text.str.contains("^GM[0-9]{4}$").fill_null(False)
    short = text.str.contains("^[0-9]{4}$").fill_null(False)
    if short.any():
        text = ("GM" + text).zip_with(short, text)
    return _keep(text, Fault(general.GEMEENTE, _wrong(whole | short, text), "GM en vier cijfers"))


def _formed(rule: Rule, form: str, expected: str) -> Callable[[Column, pl.Series], Cells]:
    return lambda column, text: _keep(text, Fault(rule, _wrong(text.str.contains(form), text), expected))


_READERS: dict[ColumnType, Callable[[Column, pl.Series], Cells]] = {
    ColumnType.DATE: _date,
    ColumnType.BSN: _bsn,
    ColumnType.CODE: _code,
    ColumnType.NUMBER: _number,
    ColumnType.TEXT: _text,
    ColumnType.IDENTIFIER: _identifier,
    ColumnType.GEMEENTE: _gemeente,
    ColumnType.POSTCODE: _formed(
        general.POSTCODE, "^[1-9][0-9]{3}[A-Z]{2}$", "vier cijfers en twee hoofdletters"
    ),
    ColumnType.REGION: _formed(
        general.REGION,
        "^[A-Z]{2}[0-9A-Z]{2,8}$",
        "twee hoofdletters en twee tot acht hoofdletters of cijfers",
    ),
}
