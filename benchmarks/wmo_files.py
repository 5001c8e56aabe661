"""Wmo files of a chosen number of rows, some of them faulty: what a deliverer uploads in the first benchmark."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from gmsd_cli.client import Sending
from gmsd_contracts.columns import version_for
from gmsd_contracts.columns.codes import WMO020
from gmsd_contracts.period import bounds

PERIOD = "2024HJ02"
"""Another year than the nation's: these files enter none of its figures."""
_FAULTY_SHARE = {1: 0.01, 3: 0.05}
"""Share of faulty rows by the file's place among five: findings by the dozen, by the hundred, and mostly none."""
FIRST_GEMEENTE = 8001
_TEST_BSNS = range(999_900_006, 999_990_001)
"""The range set apart for tests; some 8,200 of them pass the elfproef."""


@dataclass(frozen=True, slots=True)
class WmoFile:
    """A file on disk with what its sender states."""

    sending: Sending
    data: bytes
    faulty_rows: int


def wmo_files(folder: Path, count: int, rows: int, seed: int) -> list[WmoFile]:
    """`count` files of `rows` rows, each for a slot of its own; the same arguments give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    persons = list(_persons())
    return [_file(folder, index, rows, persons, random.Random(f"{seed}/{index}")) for index in range(count)]


def _file(folder: Path, index: int, rows: int, persons: list[str], chance: random.Random) -> WmoFile:
    gemeente = f"GM{FIRST_GEMEENTE + index}"
    lines = [_row(gemeente, number, chance.choice(persons), chance) for number in range(rows)]
    share = _FAULTY_SHARE.get(index % 5, 0.0)
    faulty = chance.sample(range(rows), max(1, int(rows * share))) if share else []
    for at in faulty:
        chance.choice(_FAULTS)(lines[at])
    names = [column.name for column in version_for("wmo", PERIOD).columns]
    text = "\r\n".join([";".join(names), *(";".join(line[name] for name in names) for line in lines), ""])
    path = folder / f"wmo_{gemeente}_{PERIOD}.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return WmoFile(Sending("wmo", gemeente, PERIOD, path=path), path.read_bytes(), len(faulty))


def _persons() -> Iterator[str]:
    for number in _TEST_BSNS:
        digits = [int(digit) for digit in str(number)]
        if sum(w * d for w, d in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True)) % 11 == 0:
            yield str(number)


def _row(gemeente: str, number: int, person: str, chance: random.Random) -> dict[str, str]:
    first, last = bounds(PERIOD)
    begin = first + timedelta(days=chance.randint(-700, 150))
    # Four of five go on; what ended did so in the period.
    end = None if chance.random() < 0.8 else max(begin, first) + timedelta(days=chance.randint(0, 30))
    category = chance.choice(list(WMO020))
    return {
        "gemeentecode": gemeente,
        "aanmaakdatum_bestand": f"{last + timedelta(days=20):%Y%m%d}",
        "bsn": person,
        "toewijzingsnummer": str(100_000 + number),
        "type_maatwerkarrangement_toewijzing": category,
        "type_maatwerkarrangement_declaratie": category,
        "type_aanbieder": "06",
        "datum_toewijzing": _text(begin - timedelta(days=7)),
        "datum_start_rechtsgeldigheid": _text(begin),
        "datum_einde_rechtsgeldigheid": _text(end),
        "leveringsvorm": chance.choice("123"),
        "datum_start_daadwerkelijk": _text(begin),
        "datum_einde_daadwerkelijk": _text(end),
        "intensiteit_volume": str(chance.randint(1, 40)),
        "intensiteit_eenheid": "04",
        "intensiteit_frequentie": "2",
        "reden_beeindiging": "19" if end else "",
        "ambulantisering": "1" if category == "15" else "",
    }


def _text(day: date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""


def _wrong_digit(row: dict[str, str]) -> None:
    row["bsn"] = row["bsn"][:-1] + str((int(row["bsn"][-1]) + 1) % 10)


def _unknown_code(row: dict[str, str]) -> None:
    row["leveringsvorm"] = "7"


def _impossible_date(row: dict[str, str]) -> None:
    row["datum_start_rechtsgeldigheid"] = "20240230"


def _end_before_start(row: dict[str, str]) -> None:
    row["datum_einde_daadwerkelijk"] = "20100101"


def _no_frequency(row: dict[str, str]) -> None:
    row["intensiteit_frequentie"] = ""


_FAULTS = (_wrong_digit, _unknown_code, _impossible_date, _end_before_start, _no_frequency)
