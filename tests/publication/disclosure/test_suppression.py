"""Suppression against exhaustive enumeration: every table that fits the print, and a reader who knows what is guaranteed."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import Contradictory, DisclosureError, Infeasible, NotProved
from gmsd_publication.disclosure.model import UNBOUNDED, Ints, Model
from gmsd_publication.disclosure.suppression import (
    Certificate,
    Effort,
    certify,
    interval,
    small_counts,
    suppress,
    uncovered,
    verify,
)

BASE = 3
"""Small, so that all tables of a small model can be counted out. Nothing in the package knows 5."""


def table(rows: int, columns: int, base: int = BASE, implied: list[list[tuple[int, int]]] | None = None) -> Model:
    """rows × columns with row totals, column totals and a grand total; `implied`: sums of (cell, coefficient)."""
    cell = {at: i for i, at in enumerate(product(range(rows + 1), range(columns + 1)))}
    size, equations = len(cell), []
    for r in range(rows + 1):
        equations.append([(cell[r, columns], 1)] + [(cell[r, c], -1) for c in range(columns)])
    for c in range(columns + 1):
        equations.append([(cell[rows, c], 1)] + [(cell[r, c], -1) for r in range(rows)])
    return model_of(size, equations, base, implied or [])


def model_of(
    size: int, equations: list[list[tuple[int, int]]], base: int, implied: list[list[tuple[int, int]]]
) -> Model:
    def matrix(rows: list[list[tuple[int, int]]]) -> sp.csr_array:
        dense = np.zeros((len(rows), size), dtype=np.int64)
        for at, row in enumerate(rows):
            for column, value in row:
                dense[at, column] += value
        return sp.csr_array(dense)

    def full(value: int) -> Ints:
        return np.full(size, value, dtype=np.int64)

    return Model(
        names=[f"cell {i}" for i in range(size)],
        base=full(base),
        published=np.ones(size, dtype=bool),
        steps=full(0),
        lower=full(0),
        upper=full(UNBOUNDED),
        equations=matrix(equations),
        equation_names=[f"sum {i}" for i in range(len(equations))],
        implied=matrix(implied),
        implied_names=[f"rest {i}" for i in range(len(implied))],
        presence=np.zeros((0, 2), dtype=np.int64),
        block=full(0),
        parents=np.array([-1]),
    )


def filled(rows: int, columns: int, inner: list[int]) -> Ints:
    body = np.array(inner, dtype=np.int64).reshape(rows, columns)
    body = np.vstack([body, body.sum(axis=0)])
    return np.hstack([body, body.sum(axis=1, keepdims=True)]).ravel()


def worlds(model: Model, truth: Ints, hidden: np.ndarray, rows: int, columns: int, most: int) -> Ints:
    """Every table with inner counts ≤ most that fits the print, by trying them all."""
    inner = [r * (columns + 1) + c for r in range(rows) for c in range(columns)]
    choices = [range(most + 1) if hidden[i] else [int(truth[i])] for i in inner]
    assume(np.prod([float(len(c)) for c in choices]) <= 60_000)
    bodies = np.array(list(product(*choices)), dtype=np.int64).reshape(-1, rows, columns)
    bodies = np.concatenate([bodies, bodies.sum(axis=1, keepdims=True)], axis=1)
    tables = np.concatenate([bodies, bodies.sum(axis=2, keepdims=True)], axis=2).reshape(len(bodies), -1)
    shown = ~hidden
    return tables[(tables[:, shown] == truth[shown]).all(axis=1) & ((model.implied @ tables.T) >= 0).all(axis=0)]


def suspected(tables: Ints, hidden: np.ndarray, base: int) -> np.ndarray:
    """What a reader who knows the guarantee can still suspect of being small, among all tables that are left to them."""
    covered = hidden.copy()
    while True:
        left = tables[(tables[:, hidden & ~covered] >= base).all(axis=1)]
        assert len(left)
        still = covered & (left.min(axis=0) <= 1) & (left.max(axis=0) >= base)
        if (still == covered).all():
            return covered
        covered = still


sizes = st.sampled_from([(2, 2), (2, 3), (3, 3)])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_reader_of_all_tables_that_fit_can_tell_a_small_count(data: st.DataObject) -> None:
    rows, columns = data.draw(sizes)
    inner = data.draw(st.lists(st.integers(0, 6), min_size=rows * columns, max_size=rows * columns))
    model, truth = table(rows, columns), filled(rows, columns, inner)
    try:
        result = suppress(model, truth, effort=Effort(moves=60))
    except Infeasible:
        return
    assert result.hidden[truth < BASE].all()
    assert result.value == truth[result.hidden & (truth >= BASE)].sum()
    assert result.certificate is not None
    tables = worlds(model, truth, result.hidden, rows, columns, 8)
    # Bounding the tables shrinks what is possible, so what enumeration covers is covered; the certificate must cover the small.
    assert result.certificate.covered[truth < BASE].all()
    if (result.certificate.tables.max(initial=0, axis=0)[: -(columns + 1)] <= 8).all():
        covered = suspected(tables, result.hidden, BASE)
        assert covered[truth < BASE].all()
        fitting = {tuple(t) for t in tables.tolist()}
        inside = result.certificate.tables[(result.certificate.tables[:, _inner(rows, columns)] <= 8).all(axis=1)]
        assert all(tuple(t) in fitting for t in inside.tolist())


def _inner(rows: int, columns: int) -> list[int]:
    return [r * (columns + 1) + c for r in range(rows) for c in range(columns)]
