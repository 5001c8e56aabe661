"""Tables as somebody published them, read back as a release model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from gmsd_publication.disclosure.errors import InputInvalid
from gmsd_publication.disclosure.figures import Figure, sheet
from gmsd_publication.disclosure.grid import Grid, check_size
from gmsd_publication.disclosure.hierarchy import Hierarchy
from gmsd_publication.disclosure.intervals import NO_FIGURE
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.tables import as_model

LARGEST = 300_000
"""Cells of one audit, those that nobody printed included. More is refused."""


HIDDEN = (".", "x", "*", "")
"""Marks of statistical offices for a figure that is secret or not known."""


@dataclass(frozen=True)
class Published:
    """A model of published tables, the codes of each cell, and what was printed there.

    `figures` [n]: the number, intervals.NO_FIGURE where none stands. `marks` [n]: what stands instead ("" nothing).
    `model.published` is False for cells that no file has: they lie between or under those it has.
    """

    model: Model
    keys: pl.DataFrame
    figures: Ints
    marks: list[str]


def published(
    files: Sequence[Path],
    hierarchies: Mapping[str, Hierarchy],
    count: str = "aantal",
    mark: str | None = None,
    hidden: Sequence[str] = HIDDEN,
    absent_is_zero: bool = False,
    base: int = 5,
) -> Published:
    """Linked tables of long-format CSV files as one model.

    A file has a column per dimension, named as in the hierarchies, and figures in column `count`; a dimension it has
    no column for stands at its one top. Marks stand in place of a figure or in column `mark`: `<k`, or one of `hidden`.
    `absent_is_zero`: a combination that a file leaves out, of codes that it does have, is a count of 0.
    Raises InputInvalid with file and line: unknown code or mark, no count, a cell twice in a file or
    differently in two files, too much.
    """
    dimensions = list(hierarchies.values())
    check_size(dimensions)
    sheets = [sheet(path, hierarchies, count, mark, hidden) for path in files]
    if not any(sheets):
        raise InputInvalid("er is geen enkel cijfer in deze bestanden")
    printed = _merged(sheets)
    codes = np.array(list(printed), dtype=np.int64).reshape(len(printed), len(dimensions))
    radix = np.array(Grid(dimensions, np.zeros(0, dtype=np.int64)).radix, dtype=np.int64)
    everywhere = [{key[i] for key in printed} for i in range(len(dimensions))]
    cells, zeros = [codes @ radix], list[Ints]()
    for each in sheets:
        own = [{figure.codes[i] for figure in each} for i in range(len(dimensions))]
        needed = [between(h, own[i], everywhere[i]) for i, h in enumerate(dimensions)]
        cells.append(_cross(needed, radix))
        if absent_is_zero:
            zeros.append(_cross([sorted(codes) for codes in own], radix))
    grid = Grid(dimensions, np.unique(np.concatenate(cells)))
    size = len(grid.keys)
    if size > LARGEST:
        raise InputInvalid(f"dit zijn {size} cellen; de audit kan er {LARGEST} aan: splits de bestanden")
    figures, marks = np.full(size, NO_FIGURE), [""] * size
    at = np.searchsorted(grid.keys, codes @ radix)
    figures[at] = [figure.number for figure in printed.values()]
    for place, figure in zip(at.tolist(), printed.values(), strict=True):
        marks[place] = figure.mark
    seen: Flags = np.zeros(size, dtype=bool)
    seen[at] = True
    if zeros:
        absent = np.searchsorted(grid.keys, np.unique(np.concatenate(zeros)))
        absent = absent[~seen[absent]]
        upper = np.full(size, np.iinfo(np.int64).max)
        upper[absent] = 0
    model = as_model(grid, base, np.zeros(size, dtype=np.int64), absent_is_zero=False)
    model = replace(model, published=seen, upper=upper if zeros else model.upper)
    return Published(model, grid.frame(), figures, marks)


def between(hierarchy: Hierarchy, own: set[int], everywhere: set[int]) -> list[int]:
    """The codes a reader must reckon with: `own` printed ones, codes between these and printed ones above them, the
    other parts of every code that is added up, and where printed codes overlap all that lies below them.
    """
    covering = [code for code in range(len(hierarchy.codes)) if hierarchy.above[code] & everywhere]
    over = {above for code in own for above in hierarchy.above[code]}
    needed = own | (over & set(covering))
    for division in hierarchy.divisions:
        if division.whole in needed and any(part in needed for part in division.parts):
            needed |= set(division.parts)
    lowest = [code for code in needed if not needed & set(_below(hierarchy, code))]
    if _overlap(hierarchy, lowest):
        needed |= {code for code in range(len(hierarchy.codes)) if hierarchy.above[code] & needed}
    return sorted(needed)


def _below(hierarchy: Hierarchy, code: int) -> Iterator[int]:
    waiting = list(hierarchy.children[code])
    while waiting:
        at = waiting.pop()
        yield at
        waiting.extend(hierarchy.children[at])


def _overlap(hierarchy: Hierarchy, codes: Sequence[int]) -> bool:
    union = 0
    for code in codes:
        if union & hierarchy.reach[code]:
            return True
        union |= hierarchy.reach[code]
    return False


def _cross(codes: Sequence[Sequence[int]], radix: Ints) -> Ints:
    """The keys of all combinations. Raises InputInvalid when they are too many."""
    size = int(np.prod([len(each) for each in codes], dtype=object))
    if size > LARGEST:
        raise InputInvalid(
            f"met alle codes die tussen de gepubliceerde liggen zijn dit {size} cellen; de audit kan er {LARGEST} aan: "
            "splits de bestanden, of laat codes die nergens gepubliceerd zijn uit de hiërarchie weg"
        )
    keys = np.zeros(1, dtype=np.int64)
    for each, step in zip(codes, radix.tolist(), strict=True):
        keys = (keys[:, None] + np.array(each, dtype=np.int64)[None, :] * step).ravel()
    return keys


def _merged(sheets: Sequence[Sequence[Figure]]) -> dict[tuple[int, ...], Figure]:
    """One figure per cell. Raises InputInvalid when a file has a cell twice, or two files print different things for one."""
    found: dict[tuple[int, ...], Figure] = {}
    for each in sheets:
        own: dict[tuple[int, ...], Figure] = {}
        for figure in each:
            if (twice := own.setdefault(figure.codes, figure)) is not figure:
                raise InputInvalid(
                    f"{figure.at}: deze cel staat ook op {twice.at}; "
                    "is een kolom een dimensie die niet in de hiërarchie staat?"
                )
            first = found.setdefault(figure.codes, figure)
            if (first.number, first.mark) != (figure.number, figure.mark):
                raise InputInvalid(
                    f"{figure.at}: hier staat iets anders dan op {first.at}, voor dezelfde cel"
                )
    return found
