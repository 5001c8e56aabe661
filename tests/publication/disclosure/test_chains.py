"""A total divided part by part allows exactly what it allows divided at once."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.model import TOP, UNBOUNDED, Model
from gmsd_publication.disclosure.rounding import chains
from gmsd_publication.disclosure.rounding.chains import chained
from gmsd_publication.disclosure.rounding.nearest import Asked
from gmsd_publication.disclosure.rounding.targets import aimed_at

WIJKEN, BUURTEN = 7, 5
FIGURES = 3
"""Of every region: all, and two groups in which anybody may be, so all ≤ the sum of both and each ≤ all."""


@pytest.fixture(autouse=True, scope="module")
def short_links() -> Iterator[None]:
    """Real links hold hundreds of cells, more than these regions have together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains, "LINK_CELLS", 6)
        patch.setattr(chains, "LAST_CELLS", 40)
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


def negative(rows: sp.csr_array, values: np.ndarray) -> bool:
    return bool((rows @ values < 0).any())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), crowded=st.booleans(), wrong=st.integers(0, 3))
def test_it_refuses_what_the_model_refuses_and_nothing_else(seed: int, crowded: bool, wrong: int) -> None:
    model, parts_of = gemeente(crowded)
    random = np.random.default_rng(seed)
    values = counts(model, parts_of, random)
    values[random.integers(0, model.size, wrong)] += random.integers(-3, 4, wrong)
    wide, asked = chained(model, asked_of(model, values))
    assert wide.size > model.size, "a chain"
    # What is left over is counted as the truth of its cells.
    extended = asked.truth
    assert (extended[: model.size] == values).all()
    assert (model.equations @ values).any() == (wide.equations @ extended).any()
    if not (model.equations @ values).any() and not negative(model.implied, values):
        assert not negative(wide.implied, extended)
    assert negative(model.implied, values) <= negative(wide.implied, extended)


def test_every_row_of_a_chain_looks_at_one_line_of_blocks() -> None:
    model, parts_of = gemeente(True)
    values = counts(model, parts_of, np.random.default_rng(1))
    wide, _ = chained(model, asked_of(model, values))
    assert wide.parents.tolist()[0] == TOP
    assert (wide.parents[1:] < np.arange(1, len(wide.parents))).all(), (
        "a block comes after the one it lies in"
    )
    for rows in (wide.equations, wide.implied):
        for row in range(rows.shape[0]):
            blocks = sorted(set(wide.block[rows.indices[rows.indptr[row] : rows.indptr[row + 1]]].tolist()))
            above = {blocks[-1]}
            while (at := wide.parents[min(above)]) != TOP:
                above.add(int(at))
            assert set(blocks) <= above


def test_what_is_left_over_is_possible_itself() -> None:
    model, parts_of = gemeente(True)
    values = counts(model, parts_of, np.random.default_rng(2))
    wide, asked = chained(model, asked_of(model, values))
    part, whole = asked.truth[wide.presence[:, 0]], asked.truth[wide.presence[:, 1]]
    assert len(wide.presence) > len(model.presence)
    assert not ((part == 0) & (whole > 0)).any()
    # One more in a group than there are people left breaks a row of the chain, and of nothing else.
    more = asked.truth.copy()
    more[model.size + 1] = more[model.size] + 1
    assert negative(wide.implied, more) and not negative(model.implied, more[: model.size])


def test_a_model_without_places_stays_as_it_is() -> None:
    model, parts_of = gemeente(False)
    values = counts(model, parts_of, np.random.default_rng(3))
    plain = Model(**{**vars(model), "place": None})
    assert chained(plain, asked_of(plain, values))[0] is plain
