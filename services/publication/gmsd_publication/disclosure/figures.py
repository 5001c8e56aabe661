"""Lines of a published table: codes, and a figure or a mark."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gmsd_publication.disclosure.description import decoded, delimiter
from gmsd_publication.disclosure.errors import InputInvalid
from gmsd_publication.disclosure.hierarchy import Hierarchy
from gmsd_publication.disclosure.intervals import NO_FIGURE

LARGEST_FILE = 200 * 2**20
"""Bytes of one file: some four million lines, far more than an audit takes."""
PLAIN = re.compile(r"\d+")
GROUPED = re.compile(r"\d{1,3}(?:([. \u00a0\u202f',])\d{3})(?:\1\d{3})*")
UNDER = re.compile(r"<\s*(\d+)")
DIGITS = 12


@dataclass(frozen=True)
class Figure:
    """One line: the code of every dimension (its place in the hierarchy), and the number or the mark that stands there."""

    codes: tuple[int, ...]
    number: int
    mark: str
    at: str


def sheet(
    path: Path, hierarchies: Mapping[str, Hierarchy], count: str, mark: str | None, hidden: Sequence[str]
) -> list[Figure]:
    """The figures of a CSV file: comma, semicolon or tab, UTF-8 with or without BOM. Raises InputInvalid."""
    if path.exists() and path.stat().st_size > LARGEST_FILE:
        raise InputInvalid(f"{path.name}: groter dan {LARGEST_FILE // 2**20} MB; splits het bestand")
    text = decoded(path)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text))
    header = [cell.strip() for cell in next(rows, [])]
    columns = _columns(path.name, header, hierarchies, [count, *([mark] if mark else [])])
    figures = []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        at = f"{path.name}, regel {rows.line_num}"
        if len(row) != len(header):
            raise InputInvalid(f"{at}: {len(row)} velden waar de kop er {len(header)} heeft")
        codes = tuple(_code(row, columns.get(name), each, at) for name, each in hierarchies.items())
        said = row[columns[mark]].strip() if mark else ""
        number, sign = read_figure(row[columns[count]].strip(), said, hidden, at)
        figures.append(Figure(codes, number, sign, at))
    return figures


def read_figure(text: str, mark: str, hidden: Sequence[str], at: str) -> tuple[int, str]:
    """(number, mark): a whole number, perhaps with thousands set apart, or a mark. Raises InputInvalid."""
    if mark:
        text = mark
    if (under := UNDER.fullmatch(text)) is not None:
        return NO_FIGURE, f"<{int(under[1])}"
    if text in hidden:
        return NO_FIGURE, text
    if not mark and (PLAIN.fullmatch(text) or GROUPED.fullmatch(text)):
        digits = re.sub(r"\D", "", text)
        if len(digits) <= DIGITS:
            return int(digits), ""
    raise InputInvalid(
        f"{at}: geen geheel aantal van 0 of meer en geen bekend teken voor geheim; "
        "noem zo'n teken met --geheim, en schrijf duizendtallen als 1234 of 1.234"
    )


def _columns(
    file: str, header: list[str], hierarchies: Mapping[str, Hierarchy], wanted: Sequence[str]
) -> dict[str, int]:
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise InputInvalid(f"{file}, regel 1: kolom {twice!r} staat er twee keer")
    columns = {name: place for place, name in enumerate(header)}
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise InputInvalid(f"{file}, regel 1: kolom {missing[0]} ontbreekt; er zijn {', '.join(header)}")
    if not any(name in columns for name in hierarchies):
        raise InputInvalid(f"{file}, regel 1: geen kolom heet naar een dimensie ({', '.join(hierarchies)})")
    for name, each in hierarchies.items():
        if name not in columns and each.top is None:
            raise InputInvalid(
                f"{file}, regel 1: kolom {name} ontbreekt, en {name} heeft niet één code waar alles in ligt"
            )
    return columns


def _code(row: list[str], column: int | None, hierarchy: Hierarchy, at: str) -> int:
    if column is None:
        assert hierarchy.top is not None
        return hierarchy.top
    code = row[column].strip()
    place = hierarchy.place.get(code)
    if place is None:
        raise InputInvalid(
            f"{at}: {hierarchy.dimension} heeft geen code {code!r}; voeg hem toe aan de hiërarchie"
        )
    return place
