"""Every cell of U1, U2 and P1, exact."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl

from tests.oracle.arrangements import Arrangement, arrangements
from tests.oracle.files import Region, Row, regions, spells, wmo_rows

GROUPS = {
    "hulp_huishouden": {"01"},
    "ondersteuning_thuis": {"02", "03", "04", "06", "07", "09", "10"},
    "hulpmiddelen_diensten": {"05", "08", "11", "12", "13", "14"},
    "verblijf_opvang": {"15", "16", "17", "18"},
}
AGES = (("0-17", 17), ("18-23", 23), ("24-49", 49), ("50-67", 67), ("68-80", 80), ("81+", 999))

Cell = tuple[str, str, str, str]
"""indicator, moment, region, category"""


class Accepted(NamedTuple):
    """The effective deliveries that a period's figures rest on. wmo: (gemeente, half-year) → file of that year."""

    wmo: dict[tuple[str, int], Path]
    brp: list[Path]
    regio: Path


class Figures(NamedTuple):
    """`counts`: the non-zero cells. `regions`: the frame."""

    counts: dict[Cell, int]
    regions: dict[str, Region]


def figures(accepted: Accepted, year: int, half_year: int, objectors: Iterable[str] = ()) -> Figures:
    """The figures of a half-year. `objectors`: gemeenten whose Wmo records enter no figure."""
    first, last = (
        (date(year, 1, 1), date(year, 6, 30)) if half_year == 1 else (date(year, 7, 1), date(year, 12, 31))
    )
    frame = regions(accepted.regio, first, last)
    register = spells(accepted.brp)
    home = _residences(register, first, last)
    cells: dict[Cell, set[object]] = defaultdict(set)

    left_out = set(objectors)
    for gemeente in sorted({gemeente for gemeente, _ in accepted.wmo} - left_out):
        if gemeente not in frame or not frame[gemeente].exists:
            continue
        rows: list[Row] = []
        for number in (1, 2):
            if (gemeente, number) in accepted.wmo:
                rows += wmo_rows(accepted.wmo[gemeente, number], gemeente, number)
        for index, arrangement in enumerate(arrangements(rows, year)):
            for moment in _moments(arrangement, half_year, first, last):
                for region in _client_regions(arrangement, home, frame):
                    for category in _categories(arrangement.type):
                        cells["U1", moment, region, category].add(arrangement.person)
                        cells["U2", moment, region, category].add((gemeente, index))

    for person, (birth, gemeente, buurt, begin, end) in home.items():
        if not begin <= last <= end or gemeente not in frame or not frame[gemeente].exists:
            continue
        age = ((last.year - birth.year) * 12 + last.month - birth.month) // 12
        code = next(code for code, oldest in AGES if age <= oldest)
        for region in upwards(_finest(buurt, gemeente, frame), frame):
            for category in (code, "totaal"):
                cells["P1", "peildatum", region, category].add(person)
    return Figures({cell: len(counted) for cell, counted in cells.items()}, frame)


Home = tuple[date, str, str, date, date]
"""birth, gemeente, buurt, begin and end of the spell"""


def _residences(register: pl.DataFrame, first: date, last: date) -> dict[str, Home]:
    """Where each person lives on the peildatum, else lived last in the period."""
    overlapping = register.filter(pl.col("begin") <= last, pl.col("end") >= first)
    chosen = (
        overlapping.with_columns(
            on_day=(pl.col("end") >= last),
            last_day=pl.when(pl.col("end") >= last).then(pl.lit(last)).otherwise(pl.col("end")),
        )
        .sort(
            ["on_day", "last_day", "begin", "gemeente", "wijk", "buurt"],
            descending=[True, True, True, False, False, False],
        )
        .unique("person", keep="first", maintain_order=True)
    )
    return {
        row["person"]: (row["birth"], row["gemeente"], row["buurt"], row["begin"], row["end"])
        for row in chosen.iter_rows(named=True)
    }


def _moments(arrangement: Arrangement, half_year: int, first: date, last: date) -> list[str]:
    end = arrangement.end or date.max
    if half_year not in arrangement.delivered_for or arrangement.begin > last or end < first:
        return []
    return ["periode", "peildatum"] if end >= last else ["periode"]


def _categories(kind: str) -> list[str]:
    return [kind, *(group for group, members in GROUPS.items() if kind in members), "totaal"]


def _client_regions(arrangement: Arrangement, home: dict[str, Home], frame: dict[str, Region]) -> list[str]:
    finest = arrangement.gemeente
    if arrangement.person in home:
        _, gemeente, buurt, _, _ = home[arrangement.person]
        if gemeente == arrangement.gemeente:
            finest = _finest(buurt, gemeente, frame)
    return upwards(finest, frame)


def _finest(buurt: str, gemeente: str, frame: dict[str, Region]) -> str:
    """The buurt when it exists on the peildatum inside that gemeente, else the gemeente ("wijk onbekend")."""
    known = buurt in frame and frame[buurt].level == "BU" and frame[buurt].exists
    return buurt if known and gemeente in upwards(buurt, frame) else gemeente


def upwards(code: str, frame: dict[str, Region]) -> list[str]:
    """A region and all that it lies in, up to the country."""
    found, waiting = [], [code]
    order = ["BU", "WK", "GM", "PV", "LD"]
    while waiting:
        region = frame[waiting.pop()]
        found.append(region.code)
        above = order[order.index(region.level) + 1 :][:1]
        waiting += [parent for parent in region.parents if parent in frame and [frame[parent].level] == above]
    country = [region.code for region in frame.values() if region.level == "LD"]
    return list(dict.fromkeys([*found, *country]))


def nearest_five(count: int) -> int | None:
    """Nearest-5: None is `<5` (truth 0 to 4)."""
    return None if count < 5 else (count + 2) // 5 * 5
