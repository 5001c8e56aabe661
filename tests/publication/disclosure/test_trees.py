"""Blocks in one another, decided in turn: what does not fit is decided again with little else, and what can be added up is."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import Infeasible
from gmsd_publication.disclosure.model import TOP, UNBOUNDED, Model
from gmsd_publication.disclosure.rounding import trees
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole, satisfied
from gmsd_publication.disclosure.rounding.targets import aimed_at
from gmsd_publication.disclosure.rounding.trees import forest

WIJKEN, BUURTEN = 7, 5
FIGURES = 3
"""Of every region: all, and two groups in which anybody may be, so all ≤ the sum of both and each ≤ all."""


@pytest.fixture(autouse=True, scope="module")
def block_by_block() -> Iterator[None]:
    """What is as small as these regions would be decided at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees, "SMALL", 0)
        yield


@cache
def gemeente(crowded: bool) -> tuple[Model, tuple[int, ...]]:
    """A gemeente of wijken of buurten in blocks, one inside the other; and, region by region, where its parts are."""
    regions, parents = 1 + WIJKEN * (1 + BUURTEN), np.array([TOP, 0, *[1] * WIJKEN])
    wijken = 1 + np.arange(WIJKEN) * (1 + BUURTEN)
    block = np.zeros(regions, dtype=np.int64)
    sums, parts_of = [], np.full(regions, TOP)
    for number, wijk in enumerate(wijken.tolist()):
        block[wijk], parts_of[wijk] = 1, 0
        block[wijk + 1 : wijk + 1 + BUURTEN] = 2 + number
        parts_of[wijk + 1 : wijk + 1 + BUURTEN] = wijk
    for total in (0, *wijken.tolist()):
        for figure in range(FIGURES):
            row = np.zeros(regions * FIGURES, dtype=np.int64)
            row[total * FIGURES + figure] = 1
            row[np.flatnonzero(parts_of == total) * FIGURES + figure] = -1
            sums.append(row)
    everywhere = np.arange(regions)
    local = np.zeros((regions * 3, regions * FIGURES), dtype=np.int64)
    for at, (signs) in enumerate(([1, -1, 0], [1, 0, -1], [-1, 1, 1])):
        for figure, sign in enumerate(signs):
            local[everywhere * 3 + at, everywhere * FIGURES + figure] = sign
    ones = np.ones(regions * FIGURES, dtype=np.int64)
    model = Model(
        names=(), base=5 * ones, published=ones.astype(bool), steps=ones, lower=0 * ones, upper=UNBOUNDED * ones,
        equations=sp.csr_array(np.array(sums)), equation_names=(), implied=sp.csr_array(local), implied_names=(),
        presence=np.stack([everywhere * FIGURES, everywhere * FIGURES + 1], axis=1) if crowded else np.zeros((0, 2), dtype=np.int64),
        block=np.repeat(block, FIGURES), parents=parents, place=np.repeat(everywhere, FIGURES),
    )  # fmt: skip
    return model, tuple(parts_of.tolist())


def counts(model: Model, parts_of: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Of people in either group or both, added up."""
    values = np.zeros((len(parts_of), FIGURES), dtype=np.int64)
    for region in reversed(range(len(parts_of))):
        if not any(parent == region for parent in parts_of):
            one, other, both = random.integers(0, 9, 3)
            values[region] = one + other + both, one + both, other + both
        if parts_of[region] != TOP:
            values[parts_of[region]] += values[region]
    return values.ravel()


def asked_of(model: Model, values: np.ndarray) -> Asked:
    return Asked(values, aimed_at(values, values, model.base), np.zeros(model.size, dtype=bool), values)


def tree_of(model: Model, asked: Asked) -> trees.Tree:
    return forest(model, asked, np.zeros(len(model.parents), dtype=np.int64))[0]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), crowded=st.booleans(), steps=st.integers(0, 1))
def test_what_adds_up_at_once_adds_up_block_by_block(seed: int, crowded: bool, steps: int) -> None:
    model, parts_of = gemeente(crowded)
    totals = np.repeat([region in parts_of for region in range(len(parts_of))], FIGURES)
    model = replace(model, steps=steps * totals)
    truth = counts(model, parts_of, np.random.default_rng(seed))
    asked = asked_of(model, truth)
    try:
        round_whole(model, asked)
    except Infeasible:
        return
    assert satisfied(model, tree_of(model, asked).decide(truth, None))


def test_few_sisters_give_way_before_all_of_them_do() -> None:
    model, parts_of = gemeente(False)
    walk = trees._Walk(10_000, model, asked_of(model, counts(model, parts_of, np.random.default_rng(1))))
    second = 3
    """The block of the buurten of the second wijk."""
    wijken = [region for region in range(len(parts_of)) if parts_of[region] == 0]
    buurten = [region for region in range(len(parts_of)) if parts_of[region] == wijken[1]]
    opened = [set((np.flatnonzero(free) // FIGURES).tolist()) for free, _ in walk._attempts(second)]
    assert opened[0] == set(buurten)
    assert opened[1] == {*buurten, *wijken[1:4]}, "the wijk itself, and the next two"
    assert opened[2] == {*buurten, *wijken[1:]}, "all of which nothing was decided"
    assert wijken[0] in opened[-1], "and at last the one before, with its buurten"


def test_regions_that_are_not_named_all_give_way() -> None:
    model, parts_of = gemeente(False)
    asked = asked_of(model, counts(model, parts_of, np.random.default_rng(1)))
    named, unnamed = (trees._Walk(10_000, one, asked) for one in (model, replace(model, place=None)))
    assert len(list(named._attempts(3))) == len(list(unnamed._attempts(3))) + 1
