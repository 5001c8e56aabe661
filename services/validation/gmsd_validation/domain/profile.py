"""Counters over the batches of a file: for the rules about the whole, and for the op-orde profile."""

from collections import Counter
from collections.abc import Mapping

from gmsd_contracts.columns import DatasetVersion
from gmsd_contracts.events.delivery_assessed_v1 import ColumnProfile, Profile
from gmsd_validation.domain.rules.rule import Tally


class Counters:
    """Grows with the number of columns and codes, not with the number of rows."""

    def __init__(self, version: DatasetVersion) -> None:
        self._version = version
        self.rows = 0
        self._filled: Counter[str] = Counter({column.name: 0 for column in version.columns})
        self._codes: dict[str, Counter[str]] = {
            column.name: Counter() for column in version.columns if column.codes is not None
        }
        self._named: Counter[str] = Counter()

    def add_rows(self, count: int) -> None:
        """Rows that hold something."""
        self.rows += count

    def add_column(self, name: str, filled: int, codes: Mapping[str, int]) -> None:
        """One column of a batch."""
        self._filled[name] += filled
        if name in self._codes:
            self._codes[name].update(codes)

    def add_named(self, name: str, count: int) -> None:
        """Rows for which an expression of the specification is true."""
        self._named[name] += count

    def tally(self) -> Tally:
        """For the rules about the whole."""
        return Tally(self.rows, dict(self._filled), Counter(self._named))

    def profile(self, persons: int) -> Profile:
        """For the op-orde-rapport: counts only, and no value that is not in a code list."""
        return Profile(
            rows=self.rows,
            persons=persons,
            columns=tuple(
                ColumnProfile(
                    column=column.name,
                    filled=self._filled[column.name],
                    unknown=self.rows - self._filled[column.name],
                    codes=dict(sorted(self._codes.get(column.name, Counter()).items())),
                )
                for column in self._version.columns
            ),
        )
