"""A part of a model on its own: some cells, some rows, and what those rows look at."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.model import TOP, Flags, Ints, Model
from gmsd_publication.disclosure.rounding.choices import Asked
from gmsd_publication.disclosure.rounding.targets import Targets


@dataclass(frozen=True)
class RowNumbers:
    """Numbers of equations, of implied counts and of presence pairs of one model."""

    equations: Ints
    implied: Ints
    presence: Ints


def narrowed(model: Model, own: Ints, rows: RowNumbers) -> tuple[Model, Ints]:
    """The model of some rows, in one block: its own cells first, then the others these rows look at; and which cells those are."""
    equations, implied = model.equations[rows.equations], model.implied[rows.implied]
    presence = model.presence[rows.presence]
    seen = np.concatenate([equations.indices, implied.indices, presence.ravel()]).astype(np.int64)
    number = np.full(model.size, -1, dtype=np.int32)
    number[own] = np.arange(len(own))
    others = np.unique(seen[number[seen] < 0])
    number[others] = len(own) + np.arange(len(others))
    cells = np.concatenate([own, others])

    def local(part: sp.csr_array) -> sp.csr_array:
        return sp.csr_array((part.data, number[part.indices], part.indptr), shape=(part.shape[0], len(cells)))

    return Model(
        names=(), base=model.base[cells], published=model.published[cells], steps=model.steps[cells],
        lower=model.lower[cells], upper=model.upper[cells],
        equations=local(equations), equation_names=(), implied=local(implied), implied_names=(),
        presence=number[presence].astype(np.int64), block=np.zeros(len(cells), dtype=np.int64), parents=np.array([TOP]),
        place=None if model.place is None else model.place[cells],
    ), cells  # fmt: skip


def picked(asked: Asked, cells: Ints) -> Asked:
    """The part of what is asked that concerns some cells."""
    aims = Targets(asked.targets.up[cells], asked.targets.cost[cells])
    return Asked(asked.truth[cells], aims, asked.fixed[cells], asked.given[cells])


def touching_rows(model: Model, rows: RowNumbers, cells: Flags) -> RowNumbers:
    """Those of some rows that hold any of the cells [n]."""
    equations, implied = model.equations[rows.equations], model.implied[rows.implied]
    return RowNumbers(
        rows.equations[_touching(equations, cells)],
        rows.implied[_touching(implied, cells)],
        rows.presence[cells[model.presence[rows.presence]].any(axis=1)],
    )


def grouped(label: Ints, count: int) -> list[Ints]:
    """Per label 0 … count − 1 the positions that have it, ascending."""
    order = np.argsort(label, kind="stable")
    order = order[np.searchsorted(label[order], 0) :]
    return np.split(order, np.searchsorted(label[order], np.arange(1, count)))


def row_of(rows: sp.csr_array) -> Ints:
    """[entries] the row of each entry."""
    return np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))


def _touching(rows: sp.csr_array, cells: Flags) -> Flags:
    found: Flags = np.bincount(row_of(rows), weights=cells[rows.indices], minlength=rows.shape[0]) > 0
    return found
