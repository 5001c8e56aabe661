"""Reads delivered files as a person would: csv module, one row at a time."""

import csv
import io
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a delivered CSV with lower-case column names, whatever its separator and encoding."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252")
    first = text.splitlines()[0] if text else ""
    separator = max(";,\t", key=first.count)
    table = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    names = [name.strip().lower() for name in table[0]] if table else []
    return [dict(zip(names, (value.strip() for value in row), strict=True)) for row in table[1:] if row]


def day(text: str) -> date | None:
    """`JJJJMMDD` or `JJJJ-MM-DD`; empty is None."""
    digits = text.replace("-", "")
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if digits else None


class Row(NamedTuple):
    """One wmo row: who, what, and from when to when."""

    gemeente: str
    half_year: int
    person: str
    number: str
    type: str
    form: str
    reason: str
    begin: date
    end: date | None


def wmo_rows(path: Path, gemeente: str, half_year: int) -> list[Row]:
    """The rows of one accepted wmo file."""
    found = []
    for row in rows_of(path):
        actual = bool(row["datum_start_daadwerkelijk"])
        kind = "daadwerkelijk" if actual else "rechtsgeldigheid"
        begin = day(row[f"datum_start_{kind}"])
        assert begin is not None
        found.append(
            Row(
                gemeente,
                half_year,
                row["bsn"],
                row["toewijzingsnummer"],
                row["type_maatwerkarrangement_declaratie"] or row["type_maatwerkarrangement_toewijzing"],
                row["leveringsvorm"],
                row["reden_beeindiging"],
                begin,
                day(row[f"datum_einde_{kind}"]),
            )
        )
    return found


def spells(paths: list[Path]) -> pl.DataFrame:
    """All register spells: person, birth, gemeente, wijk, buurt, begin, end (the earlier of moving out and death)."""
    found = []
    for path in paths:
        for row in rows_of(path):
            ends = [end for end in (day(row["datum_tot"]), day(row["datum_overlijden"])) if end is not None]
            found.append(
                (
                    row["bsn"],
                    day(row["geboortedatum"]),
                    _gm(row["gemeentecode"]),
                    row["wijkcode"],
                    row["buurtcode"],
                    day(row["datum_vanaf"]),
                    min(ends) if ends else date.max,
                )
            )
    schema = {
        "person": pl.String,
        "birth": pl.Date,
        "gemeente": pl.String,
        "wijk": pl.String,
        "buurt": pl.String,
    }
    return pl.DataFrame(found, schema={**schema, "begin": pl.Date, "end": pl.Date}, orient="row")


def _gm(code: str) -> str:
    return code if code.startswith("GM") else f"GM{code}"


class Region(NamedTuple):
    """One region of the classification in a period."""

    code: str
    level: str
    parents: tuple[str, ...]
    exists: bool  # on the peildatum


def regions(path: Path, first: date, last: date) -> dict[str, Region]:
    """Regions of the five levels whose validity overlaps the period; of several rows of a code, the latest begun."""
    newest: dict[str, tuple[date, Region]] = {}
    for row in rows_of(path):
        begin, end = day(row["geldig_vanaf"]), day(row["geldig_tot"]) or date.max
        assert begin is not None
        if row["soort"] not in ("BU", "WK", "GM", "PV", "LD") or begin > last or end < first:
            continue
        region = Region(
            row["code"], row["soort"], tuple(filter(None, row["deel_van"].split("|"))), end >= last >= begin
        )
        if row["code"] not in newest or begin > newest[row["code"]][0]:
            newest[row["code"]] = (begin, region)
    return {code: region for code, (_, region) in newest.items()}
