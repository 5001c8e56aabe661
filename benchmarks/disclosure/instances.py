"""The tables on which everything is measured: two that others published, and one of our own so that there always is one."""

import csv
import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from gmsd_publication.disclosure.hierarchy import Hierarchy, Line
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.tables import build

FOLDER = "SDC_TABLES"
BASE = 5
COUNT = "ant"
Row = Mapping[str, str]


@dataclass(frozen=True)
class Dimension:
    """A column of finest codes, and columns that each group all of them: groupings may overlap one another."""

    leaf: str
    groupings: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Finest first."""
        return (self.leaf, *self.groupings)

    def hierarchy(self, rows: Iterable[Row]) -> Hierarchy:
        """The codes of these rows below one total; groups are marked by their column, which may use one another's codes."""
        total = f"{self.leaf}=*"
        lines = {(total, "")}
        for leaf, *groups in {tuple(row[column] for column in self.columns) for row in rows}:
            marked = [f"{column}={group}" for column, group in zip(self.groupings, groups, strict=True)]
            lines |= {(group, total) for group in marked} | {(leaf, group) for group in marked or [total]}
        return Hierarchy(self.leaf, [Line(*line) for line in sorted(lines)])


SSB = (Dimension("region", ("fylke", "kostragr")), Dimension("hovedint"), Dimension("mnd", ("mnd2",)))


@dataclass(frozen=True)
class Instance:
    """Linked tables: `rows` are the innermost counts (COUNT), `truth` [n] every published count, `model` what links them."""

    name: str
    dimensions: Sequence[Dimension]
    rows: Sequence[Row]
    model: Model
    truth: Ints

    @property
    def columns(self) -> list[str]:
        """Every column of codes."""
        return [column for one in self.dimensions for column in one.columns]

    @property
    def margins(self) -> list[list[str]]:
        """By which columns each published table is counted, the innermost included."""
        levels = [[(column,) for column in one.columns] + [()] for one in self.dimensions]
        return [list(itertools.chain(*choice)) for choice in itertools.product(*levels)]

    @property
    def small(self) -> Flags:
        """[n] counts of 1 to 4."""
        return (self.truth > 0) & (self.truth < BASE)


def shared(name: str) -> Instance | None:
    """`z3` or `sosialFiktiv` (SSB, MIT) from the folder that SDC_TABLES names; None where there is none."""
    path = Path(os.environ.get(FOLDER, "")) / f"{name}.csv"
    if not os.environ.get(FOLDER) or not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        return instance(name, SSB, list(csv.DictReader(file)))


def own(wijken: int = 8, buurten: int = 4, kinds: int = 3, months: int = 2, seed: int = 7) -> Instance:
    """A gemeente whose buurten lie in wijken and, otherwise cut, in teams: counts of a few, one wijk nearly empty."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for buurt in range(wijken * buurten):
        wijk, team = buurt // buurten, buurt % (buurten + 1)
        busy = random.gamma(0.8, 4.0) * (0.1 if wijk == wijken - 1 else 1.0)
        for kind, month in itertools.product(range(kinds), range(months)):
            place = {"buurt": f"B{buurt:03}", "wijk": f"W{wijk:02}", "team": f"T{team}"}
            about = {"soort": f"S{kind}", "maand": f"M{month}"}
            rows.append({**place, **about, COUNT: str(random.poisson(busy / (1 + kind)))})
    shape = (Dimension("buurt", ("wijk", "team")), Dimension("soort"), Dimension("maand"))
    return instance(f"own, {wijken} wijken", shape, rows)


def instance(name: str, dimensions: Sequence[Dimension], rows: Sequence[Row]) -> Instance:
    """Every combination of codes with a row in it as a published cell, without steps (K = 0)."""
    inner = pl.DataFrame(rows).with_columns(pl.col(COUNT).cast(pl.Int64))
    made = build(inner, [one.hierarchy(rows) for one in dimensions], count=COUNT, base=BASE)
    return Instance(name, dimensions, rows, made.model, made.truth)


def published_by(of: Instance, innermost: Sequence[int]) -> Ints:
    """[n] every published count when the innermost ones are these, in the order of `rows`."""
    rows = [{**row, COUNT: str(count)} for row, count in zip(of.rows, innermost, strict=True)]
    return instance(of.name, of.dimensions, rows).truth
