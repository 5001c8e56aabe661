"""JJ files, the tables of tau-ARGUS's solvers, to a model and back.

A file holds: a line that solvers ignore; the number of cells; per cell `id response cost status lower upper lpl upl spl`, ids 0 … n − 1;
the number of equations; per equation `rhs count : id (coefficient) …`. Status: u needs protection, m is hidden for others' sake,
s may be hidden, z may not. Bounds are what the public knows beforehand; lpl, upl and spl how much less, more, and wide a cell of
status u must be able to be. Source: the files themselves, and what pytauargus 0.6 accepts (its audit counts u and m as hidden).
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gmsd_publication.disclosure.jj_parser import UNLIMITED, Lines, parse
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints, Model
from gmsd_publication.disclosure.suppression.protection import Protection, interval

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JJ:
    """A file's `cells` cells come first in `model` and `truth` [n]. Then a cell per right-hand side that is not 0, which holds it: known to
    everybody, not published.

    Responses, bounds and right-hand sides are whole numbers of 10^−`decimals`. `status` [cells] letters; `cost` [cells] and
    `levels` [cells, 3] (lpl, upl, spl) as in the file.
    """

    model: Model
    truth: Ints
    cells: int
    decimals: int
    status: NDArray[np.str_]
    cost: Floats
    levels: Floats

    def protection(self) -> Protection:
        """What the file itself asks for: intervals for cells of status u by their lpl and upl, cells of status z kept.

        What spl asks beyond lpl and upl is asked above; a level of less than a unit (0.01, "not exactly") by a whole one.
        """
        levels = np.zeros((self.model.size, 3), dtype=np.int64)
        levels[: self.cells] = np.ceil(np.round(self.levels * 10.0**self.decimals, 6))
        below, above, sliding = levels.T
        short = np.maximum(sliding - below - above, 0)
        letters = np.concatenate([self.status, np.full(self.model.size - self.cells, "s")])
        return interval(self.model, self.truth, letters == "u", below, above + short, letters == "z")

    def suppressed(self, hidden: Flags, low: Ints, high: Ints) -> "JJ":
        """The file of a suppression. Hidden cells [n] are u where a value ≤ `low` or one ≥ `high` [n] has to be possible and
        is not the truth itself, else m; what is printed is s."""
        truth, unit = self.truth[: self.cells], 10.0**-self.decimals
        below = np.maximum(truth - low[: self.cells], 0) * unit
        above = np.maximum(high[: self.cells] - truth, 0) * unit
        primary = hidden[: self.cells] & ((below > 0) | (above > 0))
        status = np.where(primary, "u", np.where(hidden[: self.cells], "m", "s"))
        levels = np.where(primary[:, None], np.stack([below, above, 0 * below], axis=1), 0.0)
        return replace(self, status=status, levels=levels)

    def rounded(self, values: Ints) -> "JJ":
        """The table with published `values` [n] for responses: nothing in it needs protection, and zeros are not for hiding.

        Bounds widen where the published value lies outside them.
        """
        status = np.where(values[: self.cells] == 0, "z", "s")
        model = replace(
            self.model,
            lower=np.minimum(self.model.lower, values),
            upper=np.maximum(self.model.upper, values),
        )
        return replace(self, model=model, truth=values, status=status, levels=np.zeros_like(self.levels))


def read_jj(source: Path | TextIO, base: int = 5) -> JJ:
    """A JJ file as a model with one `base`. Raises InputInvalid with the line's number for anything that is not as it should be."""
    if isinstance(source, Path):
        with source.open(encoding="ascii", errors="replace") as file:
            return _assemble(parse(file), base)
    return _assemble(parse(source), base)


def write_jj(jj: JJ, target: Path | TextIO) -> None:
    """The file of a table, as solvers read it."""
    if isinstance(target, Path):
        with target.open("w", encoding="ascii", newline="\n") as file:
            _write(jj, file)
    else:
        _write(jj, target)


def _write(jj: JJ, file: TextIO) -> None:
    model, cells, decimals = jj.model, jj.cells, jj.decimals
    file.write(f"0\n{cells}\n")
    for i in range(cells):
        upper = str(UNLIMITED) if model.upper[i] == UNBOUNDED else _decimal(model.upper[i], decimals)
        file.write(
            f"{i} {_decimal(jj.truth[i], decimals)} {_short(jj.cost[i])} {jj.status[i]} "
            f"{_decimal(model.lower[i], decimals)} {upper} {' '.join(map(_short, jj.levels[i]))}\n"
        )
    rows = model.equations
    file.write(f"{rows.shape[0]}\n")
    for start, stop in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
        ids, coefficients = rows.indices[start:stop], rows.data[start:stop]
        own = ids < cells
        right = -int(coefficients[~own] @ jj.truth[ids[~own]])
        terms = " ".join(f"{at} ({by})" for at, by in zip(ids[own], coefficients[own], strict=True))
        file.write(f"{_decimal(right, decimals)} {own.sum()} : {terms}\n")


def _decimal(value: int | np.int64, decimals: int) -> str:
    return f"{Decimal(int(value)).scaleb(-decimals):f}" if decimals else str(value)


def _short(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _assemble(lines: Lines, base: int) -> JJ:
    cells = len(lines.responses)
    rights = _whole(lines.rights, lines.decimals)
    constants = np.unique(rights[rights != 0])
    truth = np.concatenate([_whole(lines.responses, lines.decimals), np.abs(constants)])
    size = len(truth)
    model = Model(
        names=[f"cel {i}" for i in range(cells)] + [f"rechterlid {i}" for i in range(len(constants))],
        base=np.full(size, base, dtype=np.int64),
        published=np.arange(size) < cells,
        steps=np.zeros(size, dtype=np.int64),
        lower=np.concatenate([_whole(lines.lowers, lines.decimals), np.abs(constants)]),
        upper=np.concatenate([_whole(lines.uppers, lines.decimals), np.abs(constants)]),
        equations=_equations(lines, rights, constants, cells),
        equation_names=[f"vergelijking {i}" for i in range(len(rights))],
        implied=sp.csr_array((0, size), dtype=np.int64),
        implied_names=[],
        presence=np.zeros((0, 2), dtype=np.int64),
        block=np.zeros(size, dtype=np.int64),
        parents=np.array([-1]),
    )
    others = np.frombuffer(lines.others, dtype=np.float64).reshape(cells, 4)
    return JJ(
        model=model,
        truth=truth,
        cells=cells,
        decimals=lines.decimals,
        status=np.array(lines.statuses, dtype=np.str_),
        cost=others[:, 0],
        levels=others[:, 1:],
    )


def _whole(numbers: list[Decimal], decimals: int) -> Ints:
    """In units of 10^−decimals; UNBOUNDED from UNLIMITED on."""
    return np.array(
        [UNBOUNDED if n >= UNLIMITED else int(n.scaleb(decimals)) for n in numbers], dtype=np.int64
    )


def _equations(lines: Lines, rights: Ints, constants: Ints, cells: int) -> sp.csr_array:
    """Rows whose sum is 0: a right-hand side moves to the left, as the cell that holds it."""
    moved = np.flatnonzero(rights)
    place = cells + np.searchsorted(constants, rights[moved])
    rows = np.concatenate([np.frombuffer(lines.rows, dtype=np.int64), moved])
    columns = np.concatenate([np.frombuffer(lines.ids, dtype=np.int64), place])
    values = np.concatenate([np.frombuffer(lines.coefficients, dtype=np.int64), -np.sign(rights[moved])])
    shape = (len(rights), cells + len(constants))
    return sp.csr_array((values, (rows, columns)), shape=shape, dtype=np.int64)
