"""The proof: random tables that a publication leaves possible, and small releases counted out."""

import itertools

import numpy as np
import scipy.sparse as sp

from benchmarks.disclosure.instances import BASE, COUNT, Dimension, Instance, instance
from benchmarks.disclosure.tasks.rounding import keyed
from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.proof.certificate import certify, released
from gmsd_publication.disclosure.proof.verifier import verify
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole
from gmsd_publication.disclosure.rounding.targets import aimed_at

LARGEST = 6
"""Counts in a small release: up to one base and one more."""


def returned(model: Model, publication: Ints, tables: int) -> int:
    """For how many of so many random tables in its window the algorithm, told to aim at the publication, publishes it."""
    random = np.random.default_rng(5)
    same = 0
    for _ in range(tables):
        table = within_window(model, publication, random)
        same += _gives(model, table, publication)
    return same


def within_window(model: Model, publication: Ints, random: np.random.Generator) -> Ints:
    """A table that obeys the model and lies less than a base from the publication everywhere: units moved in a random order."""
    assert model.units is not None
    units = sp.csc_array(model.units)
    table = publication.copy()
    low, high = np.maximum(publication - model.base + 1, 0), publication + model.base - 1
    for unit in random.permutation(units.shape[1]):
        cells = units.indices[units.indptr[unit] : units.indptr[unit + 1]]
        table[cells] += random.integers(
            (low - table)[cells].max(), (high - table)[cells].min(), endpoint=True
        )
    return table


def disagreements(releases: int) -> tuple[int, int]:
    """Over small releases: certified values that no table has, and tables of the window from which no key gives the publication.

    Every table of counts is tried: innermost counts less than a base away, their sums too; nothing of the proof is used for it.
    """
    unexplained = silent = 0
    for number in range(releases):
        of = _small(np.random.default_rng(number))
        publication = keyed(of.model, of.truth, number)
        proof = certify(of.model, publication)
        verdict = verify(released(of.model, publication), proof.columns, proof.counts)
        tables = _every_table(of.model, publication)
        for certified in (verdict.low, verdict.high):
            unexplained += int((~(tables == certified).any(axis=0)).sum())
        silent += sum(not _gives(of.model, table, publication) for table in tables)
    return unexplained, silent


def _gives(model: Model, table: Ints, publication: Ints) -> bool:
    """Whether some key publishes this from that table: numbers can be on either side of every remainder that is not 0."""
    asked = Asked(table, aimed_at(publication, table, model.base), np.zeros(model.size, dtype=bool), table)
    return bool(np.array_equal(round_whole(model, asked), publication))


def _every_table(model: Model, publication: Ints) -> Ints:
    """[tables, n]"""
    near = [range(max(0, figure - BASE + 1), figure + BASE) for figure in publication[model.finest].tolist()]
    tables: Ints = np.array(list(itertools.product(*near))) @ sp.csc_array(model.units).toarray().T
    inside: Ints = tables[(np.abs(tables - publication) < BASE).all(axis=1)]
    return inside


def _small(random: np.random.Generator) -> Instance:
    """Two regions by two kinds with all sums, counts of 0 to LARGEST."""
    rows = [
        {"regio": region, "soort": kind, COUNT: str(random.integers(0, LARGEST, endpoint=True))}
        for region in "AB"
        for kind in "XY"
    ]
    return instance("small", (Dimension("regio"), Dimension("soort")), rows)
