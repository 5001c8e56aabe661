"""One small nation for all tests of the generator; reading back is done here with the standard library alone."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gmsd_nation import Nation, generate

SEED, SCALE, GEMEENTEN = 7, 0.003, 22


@dataclass(frozen=True)
class Delivered:
    """One line of the plan with its bytes."""

    plan: dict[str, Any]
    data: bytes

    def rows(self) -> list[dict[str, str]]:
        """The rows, read without any help of the generator: names in lower case, dates without dashes."""
        try:
            text = self.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = self.data.decode("cp1252")
        first = text.split("\n", 1)[0]
        separator = max(";,\t", key=first.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        names = [name.strip().lower() for name in next(reader)]
        found = [dict(zip(names, map(str.strip, row), strict=True)) for row in reader if row]
        if "dates-dashed" in self.plan["faults"]:
            found = [{k: v.replace("-", "") if "datum" in k else v for k, v in row.items()} for row in found]
        return found


@dataclass(frozen=True)
class Written:
    """A nation on disk."""

    folder: Path
    nation: Nation

    def plan(self) -> list[dict[str, Any]]:
        """The delivery plan, in order."""
        text = (self.folder / "deliveries.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def deliveries(self, dataset: str, period: str | None = None) -> Iterator[Delivered]:
        """Deliveries of a dataset, in order."""
        for line in self.plan():
            if line["dataset"] == dataset and period in (None, line["period"]):
                yield Delivered(line, (self.folder / line["path"]).read_bytes())

    def in_force(self, dataset: str, period: str) -> dict[tuple[str, str], Delivered]:
        """Per deliverer and part the last delivery that is to be accepted."""
        return {
            (d.plan["deliverer"], d.plan["part"]): d
            for d in self.deliveries(dataset, period)
            if d.plan["expected"] == "accept"
        }


def to_date(text: str) -> date:
    """`JJJJMMDD` as a date; raises ValueError when it is none."""
    if len(text) != 8 or not text.isdigit():
        raise ValueError(f"not a date of eight digits: length {len(text)}")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def elfproef(text: str) -> bool:
    """The elfproef on one number, digit by digit."""
    if len(text) != 9 or not text.isdigit():
        return False
    total = sum(weight * int(digit) for weight, digit in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), text, strict=True))
    return total % 11 == 0 and int(text) > 0


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A nation of 22 gemeenten with every class of fault."""
    folder = tmp_path_factory.mktemp("nation") / "a"
    return Written(folder, generate(folder, SEED, SCALE, gemeenten=GEMEENTEN))
