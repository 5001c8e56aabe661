"""Small linked tables, made at random: two or three dimensions, a second hierarchy across the first, a presence pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from gmsd_publication.disclosure.model import TOP, UNBOUNDED, Ints, Model
from gmsd_publication.disclosure.rounding.nearest import Asked
from gmsd_publication.disclosure.rounding.targets import Targets

BASE = 5
Node = tuple[int, ...]


@dataclass(frozen=True)
class Question:
    model: Model
    asked: Asked
    sums: Ints
    finest: list[int]


def table(
    shape: Sequence[int], extra: Sequence[Sequence[Sequence[int]]] = ()
) -> tuple[Model, Ints, list[int]]:
    """Every margin of a table, and for the first dimension further divisions of all its classes. Sums [n, finest], finest cells."""
    levels: list[list[Node]] = []
    parts: list[list[tuple[Node, list[Node]]]] = []
    for axis, size in enumerate(shape):
        classes: list[Node] = [(i,) for i in range(size)]
        everything: Node = tuple(range(size))
        nodes, sums = list(classes), []
        if size > 1:
            nodes.append(everything)
            sums.append((everything, classes))
        for division in extra if axis == 0 else ():
            groups = [tuple(group) for group in division]
            fresh = [group for group in groups if group not in nodes]
            nodes += fresh
            sums += [(group, [(i,) for i in group]) for group in fresh]
            sums.append((everything, groups))
        levels.append(nodes)
        parts.append(sums)
    cells = list(product(*levels))
    number = {cell: i for i, cell in enumerate(cells)}
    entries: list[dict[int, int]] = []
    for axis in range(len(shape)):
        for rest in product(*(levels[other] if other != axis else [()] for other in range(len(shape)))):
            for total, pieces in parts[axis]:
                at = [rest[:axis] + (node,) + rest[axis + 1 :] for node in (total, *pieces)]
                entries.append({number[cell]: 1 if i == 0 else -1 for i, cell in enumerate(at)})
    finest = [number[cell] for cell in product(*([(i,) for i in range(size)] for size in shape))]
    inner = {cells[i]: column for column, i in enumerate(finest)}
    sums_of = np.zeros((len(cells), prod(shape)), dtype=np.int64)
    for row, cell in enumerate(cells):
        for leaf in product(*cell):
            sums_of[row, inner[tuple((i,) for i in leaf)]] = 1
    return _model(len(cells), entries), sums_of, finest


def _model(size: int, entries: list[dict[int, int]]) -> Model:
    equations = sp.lil_array((len(entries), size), dtype=np.int64)
    for row, entry in enumerate(entries):
        for cell, sign in entry.items():
            equations[row, cell] = sign
    nothing = np.zeros(size, dtype=np.int64)
    return Model(
        names=[f"cell {i}" for i in range(size)], base=nothing + BASE, published=nothing == 0, steps=nothing, lower=nothing,
        upper=nothing + UNBOUNDED, equations=sp.csr_array(equations), equation_names=[f"row {i}" for i in range(len(entries))],
        implied=sp.csr_array((0, size), dtype=np.int64), implied_names=[], presence=np.zeros((0, 2), dtype=np.int64),
        block=nothing, parents=np.array([TOP]),
    )  # fmt: skip


SHAPES: list[tuple[tuple[int, ...], list[list[list[int]]]]] = [
    ((3, 2), []),
    ((4, 2), [[[0, 1], [2, 3]], [[0, 2], [1, 3]]]),
    ((3, 3), [[[0, 1], [2]]]),
    ((2, 2, 2), []),
    ((4,), [[[0, 1], [2, 3]], [[0, 3], [1, 2]]]),
]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A table with a truth, steps for sums, bounds, a presence pair, an implied count, fixed cells and targets, each perhaps."""
    shape, extra = draw(st.sampled_from(SHAPES))
    model, sums, finest = table(shape, extra)
    truth = sums @ np.array(draw(st.lists(st.integers(0, 12), min_size=len(finest), max_size=len(finest))))
    size, is_finest = model.size, np.isin(np.arange(model.size), finest)
    flags = st.lists(st.integers(0, 9), min_size=size, max_size=size).map(np.array)
    steps = np.where(is_finest, 0, draw(st.integers(0, 1)))
    fixed, bounded = draw(flags) == 0, draw(flags) == 0
    given_up = draw(flags) < 5
    values = truth // BASE * BASE + np.where(given_up & (truth % BASE > 0), BASE, 0)
    alike = [(a, b) for a in finest for b in finest if a < b and (truth[a] > 0) == (truth[b] > 0)]
    presence = np.array(
        draw(st.lists(st.sampled_from(alike), max_size=1)) if alike else [], dtype=np.int64
    ).reshape(-1, 2)
    implied = np.zeros((1, size), dtype=np.int64)
    above, below = sorted(draw(st.permutations(finest))[:2], key=lambda cell: -truth[cell])
    implied[0, above], implied[0, below] = 1, -1
    used = draw(st.booleans())
    made = Model(
        names=model.names, base=model.base, published=model.published, steps=steps,
        lower=np.where(bounded, truth - truth % 3, 0), upper=np.where(bounded, truth + 4, UNBOUNDED),
        equations=model.equations, equation_names=model.equation_names, implied=sp.csr_array(implied[:used]),
        implied_names=["difference"][:used], presence=presence, block=model.block, parents=model.parents,
    )  # fmt: skip
    cost = 1000 + np.array(draw(st.lists(st.integers(0, 99), min_size=size, max_size=size)))
    up = (draw(flags) < 5) & (truth % BASE > 0)
    return Question(made, Asked(truth, Targets(up, cost), fixed, values), sums, finest)
