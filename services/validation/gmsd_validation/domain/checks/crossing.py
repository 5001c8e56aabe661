"""Rules over all rows with the same key, with memory that does not grow with the file."""

import polars as pl

from gmsd_validation.domain.findings import Findings, first_rows
from gmsd_validation.domain.rules.rule import ROW_NUMBER
from gmsd_validation.domain.rules.specification import Keyed, Specification

ROWS_PER_PARTITION = 1_500_000
"""28 bytes a row, and three times that while it is judged: about 150 MB. The register of the largest gemeente (about a
million rows) is judged from one reading."""


def partitions_for(lines: int) -> int:
    """How many times a file of so many lines is read again; 1: what the first reading kept is enough."""
    return max(1, -(-lines // ROWS_PER_PARTITION))


class Crossing:
    """Collects the keyed rows of one partition at a time and keeps, over all, the count and the first findings."""

    def __init__(self, specification: Specification, keyed: Keyed) -> None:
        self._specification = specification
        self._keyed = keyed
        self._frames: list[pl.DataFrame] = []
        self._found: dict[str, pl.DataFrame] = {}
        self._counts: dict[str, int] = {}
        self.persons = 0

    def add(self, typed: pl.DataFrame, text: pl.DataFrame, partition: int, partitions: int) -> None:
        """The rows of a batch that belong to a partition."""
        small = self._keyed.prepare(typed, text)
        if partitions > 1:
            small = small.filter(pl.col("_key").hash(7) % partitions == partition)
        self._frames.append(small)

    def judge(self, findings: Findings) -> None:
        """Judge the partition that was collected, and forget its rows."""
        if not self._frames:
            return
        frame = pl.concat(self._frames)
        self._frames.clear()
        if self._keyed.persons is not None:
            self.persons += frame.get_column(self._keyed.persons).drop_nulls().n_unique()
        for rule in self._keyed.rules:
            found = rule.fires(frame)
            if len(found):
                self._counts[rule.id] = self._counts.get(rule.id, 0) + len(found)
                before = self._found.get(rule.id)
                both = found if before is None else pl.concat([before, found])
                self._found[rule.id] = first_rows(both, findings.room(rule))

    def wanted(self) -> set[int]:
        """Rows whose values are needed to show the findings."""
        return {row for frame in self._found.values() for row in frame.get_column(ROW_NUMBER)}

    def report(self, findings: Findings, text: pl.DataFrame) -> None:
        """Add everything found. `text`: `_row` and the delivered text of the wanted rows."""
        shown = {row[0]: row for row in text.iter_rows()}
        places = {name: place for place, name in enumerate(text.columns)}
        key = self._specification.key
        for rule in self._keyed.rules:
            if rule.id in self._found:
                examples = [
                    (
                        row,
                        rule.column,
                        _at(shown, places, row, rule.column),
                        expected,
                        _at(shown, places, row, key),
                    )
                    for row, expected in self._found[rule.id].select(ROW_NUMBER, "expected").iter_rows()
                ]
                findings.add(rule, self._counts[rule.id], examples)


def _at(
    shown: dict[int, tuple[object, ...]], places: dict[str, int], row: int, column: str | None
) -> str | None:
    if column is None or column not in places or row not in shown:
        return None
    value = shown[row][places[column]]
    return value if isinstance(value, str) else None
