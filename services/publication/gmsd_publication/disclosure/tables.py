"""Plain tables with hierarchies as a release model: counts per code of each dimension, and every total above them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp

from gmsd_publication.disclosure.errors import InputInvalid
from gmsd_publication.disclosure.grid import Grid, Parts, Rows, check_size, expand, rows
from gmsd_publication.disclosure.hierarchy import Hierarchy
from gmsd_publication.disclosure.model import TOP, UNBOUNDED, Flags, Ints, Model


@dataclass(frozen=True)
class Tabulated:
    """A model, its exact counts [n], and the codes of each cell: one row per cell, one column per dimension."""

    model: Model
    truth: Ints
    keys: pl.DataFrame


def build(
    inner: pl.DataFrame,
    hierarchies: Mapping[str, Hierarchy] | Sequence[Hierarchy],
    count: str = "aantal",
    base: int = 5,
    margin_steps: int = 0,
    finest_steps: int = 0,
) -> Tabulated:
    """Every total of counts per finest code, all published, as one model.

    `inner`: one column per dimension with finest codes (text), and whole counts ≥ 0 in column `count`; lines with the
    same codes are added. A combination of codes is a cell when some line lies in it, so a combination that cannot
    occur should have no line and one that happens to be empty should have one with 0. Order of cells: by code,
    the first dimension the slowest, every code after those it lies in. Raises InputInvalid.
    """
    dimensions = list(hierarchies.values()) if isinstance(hierarchies, Mapping) else list(hierarchies)
    columns = [_places(inner, each) for each in dimensions]
    counts = _counts(inner, count)
    empty = Grid(dimensions, np.zeros(0, dtype=np.int64))
    check_size(dimensions)
    keys = np.zeros(len(counts), dtype=np.int64)
    for column, radix in zip(columns, empty.radix, strict=True):
        keys += column * radix
    finest, line = np.unique(keys, return_inverse=True)
    added = np.zeros(len(finest), dtype=np.int64)
    np.add.at(added, line, counts)
    unit, cell_keys = expand(Grid(dimensions, finest))
    grid = Grid(dimensions, np.unique(cell_keys))
    cells = np.searchsorted(grid.keys, cell_keys)
    units = sp.csc_array(
        (np.ones(len(cells), dtype=np.int64), (cells, unit)), shape=(len(grid.keys), len(finest))
    )
    steps = np.where(grid.finest, finest_steps, margin_steps).astype(np.int64)
    return Tabulated(as_model(grid, base, steps, units), units @ added, grid.frame())


def as_model(
    grid: Grid, base: int, steps: Ints, units: sp.csc_array | None = None, absent_is_zero: bool = True
) -> Model:
    """A grid whose every cell is published and of which the public knows nothing beforehand.

    Unless `absent_is_zero`, parts that are no cell of the grid are unknown counts: their total exceeds the others.
    """
    size = len(grid.keys)
    equations = rows(grid, complete=True, parts=Parts.ANY if absent_is_zero else Parts.ALL)
    implied = rows(grid, complete=False)
    if not absent_is_zero:
        more = rows(grid, complete=True, parts=Parts.SOME)
        implied = Rows(sp.vstack([implied.matrix, more.matrix], format="csr"), [*implied.names, *more.names])
    return Model(
        names=grid.names(),
        base=np.full(size, base, dtype=np.int64),
        published=np.ones(size, dtype=bool),
        steps=steps,
        lower=np.zeros(size, dtype=np.int64),
        upper=np.full(size, UNBOUNDED, dtype=np.int64),
        equations=equations.matrix,
        equation_names=equations.names,
        implied=implied.matrix,
        implied_names=implied.names,
        presence=np.zeros((0, 2), dtype=np.int64),
        block=np.zeros(size, dtype=np.int64),
        parents=np.array([TOP], dtype=np.int64),
        units=units,
    )


def _places(inner: pl.DataFrame, hierarchy: Hierarchy) -> Ints:
    """The place of each line's code. Raises InputInvalid: no such column, unknown code, a code that has parts."""
    if hierarchy.dimension not in inner.columns:
        raise InputInvalid(f"kolom {hierarchy.dimension} ontbreekt")
    column = inner[hierarchy.dimension].cast(pl.String)
    places = column.replace_strict(
        list(hierarchy.codes), list(range(len(hierarchy.codes))), default=-1, return_dtype=pl.Int64
    ).fill_null(-1)
    result = places.to_numpy()
    unknown = _first(result < 0)
    if unknown is not None:
        raise InputInvalid(f"onbekende code in {hierarchy.dimension}: {column[unknown]!r}")
    coarse = _first(~hierarchy.leaf[result])
    if coarse is not None:
        raise InputInvalid(
            f"{hierarchy.dimension}={column[coarse]} heeft delen en kan geen fijnste code zijn"
        )
    return np.asarray(result, dtype=np.int64)


def _counts(inner: pl.DataFrame, count: str) -> Ints:
    if count not in inner.columns:
        raise InputInvalid(f"kolom {count} ontbreekt")
    if not inner[count].dtype.is_integer() or inner[count].null_count() or (inner[count] < 0).any():
        raise InputInvalid(f"kolom {count} bevat niet louter gehele aantallen van 0 of meer")
    return inner[count].cast(pl.Int64).to_numpy()


def _first(flags: Flags) -> int | None:
    found: Iterator[int] = iter(np.flatnonzero(flags).tolist())
    return next(found, None)
