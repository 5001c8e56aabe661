"""A file specification: the columns of the contracts with the rules of validation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from gmsd_contracts.columns import DatasetVersion
from gmsd_validation.domain.rules.rule import Facts, KeyedRule, RowRule, Rule, TallyRule


@dataclass(frozen=True)
class Keyed:
    """How rows are brought together.

    `columns`: what `prepare` needs of the file. `prepare(typed, text)` gives a small frame with `_row`, `_key` (uint64,
    what partitions are made by) and what the rules need. The two frames have the same rows: typed values, and the text
    as delivered. `persons` names the column of the small frame whose distinct values are persons; all rows of a person
    have one key.
    """

    columns: tuple[str, ...]
    prepare: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
    rules: tuple[KeyedRule, ...]
    persons: str | None = None


@dataclass(frozen=True)
class Specification:
    """Version and rules of a dataset.

    `key`: the column by which the deliverer finds a row back. `same`: columns whose first value rules compare with.
    `tallies`: boolean expressions whose true rows are counted for the tally rules.
    """

    version: DatasetVersion
    rows: tuple[RowRule, ...]
    tally: tuple[TallyRule, ...] = ()
    keyed: Keyed | None = None
    key: str | None = None
    same: tuple[str, ...] = ()
    tallies: Mapping[str, Callable[[Facts], pl.Expr]] = field(default_factory=dict)

    @property
    def own_rules(self) -> tuple[Rule, ...]:
        """The rules of this dataset, in order of their ids; the general ones stand in `general`."""
        keyed = self.keyed.rules if self.keyed is not None else ()
        return tuple(sorted((*self.rows, *self.tally, *keyed), key=lambda rule: rule.id))
