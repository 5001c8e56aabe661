"""Suppression against exhaustive enumeration: every table that fits the print, read by somebody who knows what is guaranteed."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gmsd_publication.disclosure.errors import Contradictory, Infeasible, InputInvalid, NotProved
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints, Model
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
"""Small, so that all tables can be counted out. Nothing in the package knows 5."""
QUICK = Effort(moves=60)
Rows = list[list[tuple[int, int]]]


def table(rows: int, columns: int, base: int = BASE, implied: Rows | None = None) -> Model:
    """rows × columns with totals; cells row by row, the totals last."""
    cell = {at: i for i, at in enumerate(product(range(rows + 1), range(columns + 1)))}
    sums = [[(cell[r, columns], 1)] + [(cell[r, c], -1) for c in range(columns)] for r in range(rows + 1)] + [
        [(cell[rows, c], 1)] + [(cell[r, c], -1) for r in range(rows)] for c in range(columns + 1)
    ]
    return model_of(len(cell), sums, implied or [], base)


def model_of(size: int, equations: Rows, implied: Rows, base: int = BASE) -> Model:
    def matrix(rows: Rows) -> sp.csr_array:
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


def worlds(rows: int, columns: int, printed: Ints, hidden: Flags, most: int) -> Ints:
    """Every table with inner counts ≤ most that agrees with the print: row by row, then the column totals."""
    shown = np.where(hidden, -1, printed).reshape(rows + 1, columns + 1)

    def fits(counts: tuple[int, ...], row: Ints) -> bool:
        return row[-1] in (-1, sum(counts))

    options: list[list[tuple[int, ...]]] = []
    for row in shown[:-1]:
        cells = [range(most + 1) if v < 0 else [int(v)] for v in row[:-1]]
        options.append([counts for counts in product(*cells) if fits(counts, row)])
    assume(np.prod([float(len(o)) for o in options]) <= 150_000)

    def complete() -> Iterator[list[int]]:
        for body in product(*options):
            totals = [sum(column) for column in zip(*body, strict=True)]
            last = shown[-1]
            if all(v in (-1, t) for v, t in zip(last[:-1], totals, strict=True)) and last[-1] in (
                -1,
                sum(totals),
            ):
                yield [count for row in (*body, totals) for count in (*row, sum(row))]

    return np.array(list(complete()), dtype=np.int64).reshape(-1, (rows + 1) * (columns + 1))


def with_implied(model: Model, tables: Ints) -> Ints:
    every = np.hstack([tables, (model.implied @ tables.T).T])
    return every[(every >= 0).all(axis=1)]


def suspected(every: Ints, hidden: Flags, base: int) -> tuple[Flags, Flags]:
    """What a reader of all tables can suspect to be ≤ 1 or ≥ base, who knows that what they cannot suspect to be ≤ 1 is ≥ base.

    And what is then left without a large value: small, for certain.
    """
    firm = np.zeros(len(hidden), dtype=bool)
    while True:
        left = every[(every[:, firm] >= base).all(axis=1)]
        low, high = left.min(axis=0) <= 1, left.max(axis=0) >= base
        fresh = hidden & ~firm & ~low & high
        if not fresh.any():
            return hidden & ~firm & low & high, hidden & ~firm & ~high
        firm |= fresh


shapes = st.sampled_from([(2, 2), (2, 3), (3, 2)])


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, Model, Ints]:
    """A table, sometimes with a remainder that anybody can compute: a column total less one of its cells."""
    rows, columns = draw(shapes)
    counts = draw(st.lists(st.integers(0, 6), min_size=rows * columns, max_size=rows * columns))
    implied: Rows = []
    if draw(st.booleans()):
        column, row = draw(st.integers(0, columns - 1)), draw(st.integers(0, rows - 1))
        implied.append([(rows * (columns + 1) + column, 1), (row * (columns + 1) + column, -1)])
    return rows, columns, table(rows, columns, implied=implied), filled(rows, columns, counts)


slow = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


@slow
@given(tables())
def test_nobody_who_tries_all_tables_can_tell_a_small_count(drawn: tuple[int, int, Model, Ints]) -> None:
    rows, columns, model, truth = drawn
    result = suppress(model, truth, effort=QUICK)
    proof = result.certificate
    assert proof is not None and result.hidden[truth < BASE].all()
    assert result.value == truth[result.hidden & (truth >= BASE)].sum()
    verify(model, np.where(result.hidden, -99, truth), result.hidden, proof)
    every = with_implied(model, worlds(rows, columns, truth, result.hidden, _most(proof, rows, columns)))
    assert {tuple(t) for t in proof.tables.tolist()} <= {tuple(t[: model.size]) for t in every.tolist()}
    remainders = np.ones(len(model.implied_names), dtype=bool)
    can, exposed = suspected(every, np.concatenate([result.hidden, remainders]), BASE)
    assert not exposed.any() and (can == proof.covered).all()
    own = with_implied(model, truth[None, :])[0]
    assert can[own < BASE].all()


@slow
@given(tables(), st.data())
def test_any_print_is_judged_as_by_trying_all_tables(
    drawn: tuple[int, int, Model, Ints], data: st.DataObject
) -> None:
    rows, columns, model, truth = drawn
    model = replace(model, implied=model.implied[:0], implied_names=[])
    size = model.size
    hidden = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    every = worlds(rows, columns, truth, hidden, int(truth.max()) + BASE)
    can, exposed = suspected(every, hidden, BASE)
    try:
        proof = certify(model, np.where(hidden, -99, truth), hidden)
    except NotProved:
        assert exposed.any()
        return
    verify(model, truth, hidden, proof)
    # Enumeration stops at a largest count, so it may miss what only larger tables show; never the reverse.
    assert not (can & ~proof.covered).any()
    if (proof.tables <= int(truth.max()) + BASE).all():
        assert not exposed.any() and (can == proof.covered).all()


def _most(proof: Certificate, rows: int, columns: int) -> int:
    inner = proof.tables.reshape(-1, rows + 1, columns + 1)[:, :-1, :-1]
    return max(int(inner.max(initial=0)), 6)


TRUTH = filled(3, 3, [1, 20, 9, 12, 0, 30, 14, 11, 8])


def test_the_choice_and_the_proof_are_deterministic_and_the_proof_reads_only_the_print() -> None:
    model = table(3, 3, base=5)
    one, two = (suppress(model, TRUTH, effort=Effort(moves=200)) for _ in range(2))
    assert (one.hidden == two.hidden).all() and one.certificate and two.certificate
    garbage = np.where(one.hidden, np.arange(16) * 7 - 50, TRUTH)
    again = certify(model, garbage, one.hidden)
    assert (again.tables == one.certificate.tables).all()
    assert (again.covered == one.certificate.covered).all()


def test_more_effort_never_hides_more() -> None:
    truth = filled(7, 7, np.random.default_rng(4).geometric(0.08, 49).tolist())
    model = table(7, 7, base=5)
    values = [suppress(model, truth, effort=Effort(moves=m)).value for m in (1, 100, 400)]
    assert values == sorted(values, reverse=True) and values[0] > values[-1]


def test_one_primary_cell_takes_a_rectangle_with_it() -> None:
    truth = filled(2, 2, [3, 20, 8, 7])
    result = suppress(table(2, 2, base=5), truth)
    assert result.hidden[0] and 2 * result.hidden.sum() >= 4
    alone = np.zeros(9, dtype=bool)
    alone[0] = True
    with pytest.raises(NotProved, match="cell 0"):
        certify(table(2, 2, base=5), truth, alone)


def test_zeros_carry_the_mark_and_may_be_more() -> None:
    truth = filled(3, 3, [0, 20, 9, 12, 30, 17, 14, 11, 0])
    result = suppress(table(3, 3, base=5), truth)
    assert result.hidden[truth == 0].all() and result.certificate is not None
    assert (result.certificate.tables[:, truth == 0].max(axis=0) >= 5).all()


def test_a_definitional_zero_is_printed() -> None:
    model = table(2, 3, base=5)
    upper = model.upper.copy()
    upper[0] = 0
    model = replace(model, upper=upper)
    truth = filled(2, 3, [0, 3, 20, 9, 12, 16])
    result = suppress(model, truth)
    assert not result.hidden[0] and result.hidden[1]
    assert result.certificate and (result.certificate.tables[:, 0] == 0).all()


def test_a_remainder_that_anybody_can_compute_is_protected() -> None:
    """20 users of 22 residents: both printed, they say that 2 do not use it."""
    model = model_of(4, [[(0, 1), (1, -1), (2, -1)]], [[(3, 1), (0, -1)]], base=5)
    truth = np.array([20, 9, 11, 22])
    result = suppress(model, truth)
    assert result.hidden[0] or result.hidden[3]
    assert result.certificate and result.certificate.covered[4]


def test_pairs_that_are_present_together_bind_the_tables() -> None:
    model = table(2, 2, base=5)
    model = replace(model, presence=np.array([[0, 1]]))
    truth = filled(2, 2, [3, 8, 9, 7])
    result = suppress(model, truth)
    assert result.certificate is not None
    tables_shown = result.certificate.tables
    assert ((tables_shown[:, 0] > 0) == (tables_shown[:, 1] > 0)).all()


def test_what_nothing_can_protect_is_named() -> None:
    model = table(2, 2, base=5)
    upper = model.upper.copy()
    upper[3] = 4
    with pytest.raises(Infeasible, match="cell 3"):
        suppress(replace(model, upper=upper), filled(2, 2, [9, 9, 2, 9]))


def test_prints_that_nothing_fits_are_named() -> None:
    model = table(2, 2)
    printed = filled(2, 2, [9, 9, 9, 9])
    printed[8] += 1
    hidden = np.zeros(9, dtype=bool)
    with pytest.raises(Contradictory):
        certify(model, printed, hidden)
    bounded = replace(model, upper=np.full(9, 5, dtype=np.int64))
    with pytest.raises(Contradictory):
        certify(bounded, filled(2, 2, [9, 9, 9, 9]), hidden)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("print", "printed"),
        ("equation", "equation"),
        ("negative", "negative"),
        ("bounds", "bounds"),
        ("pair", "pair"),
        ("cover", "covered"),
        ("firm", "under its base"),
        ("shape", "another model"),
    ],
)
def test_a_false_proof_is_refused(what: str, said: str) -> None:
    model = table(2, 3, base=5)
    upper = model.upper.copy()
    upper[1] = 40
    model = replace(model, upper=upper, presence=np.array([[1, 2]]))
    truth = filled(2, 3, [3, 20, 9, 8, 17, 16])
    result = suppress(model, truth)
    proof = result.certificate
    assert proof is not None
    printed = np.where(result.hidden, 0, truth)
    verify(model, printed, result.hidden, proof)
    tables_shown, covered = proof.tables.copy(), proof.covered.copy()
    swing = np.zeros((3, 4), dtype=np.int64)
    swing[:2, 0:3:2] = [[1, -1], [-1, 1]]
    if what == "print":
        tables_shown = tables_shown + filled(2, 3, [0, 0, 0, 0, 0, 1])
    elif what == "equation":
        tables_shown[0, np.flatnonzero(result.hidden)[0]] += 1
    elif what == "negative":
        tables_shown[0] += 1000 * swing.ravel()
    elif what == "bounds":
        model = replace(model, upper=np.where(np.arange(12) == 0, 1, model.upper))
    elif what == "pair":
        model = replace(model, presence=np.array([[0, 11]]))
        at = int(np.argmax(tables_shown[:, 6] - tables_shown[:, 0]))
        tables_shown[at] -= tables_shown[at, 0] * swing.ravel()
    elif what == "cover":
        covered = result.hidden | True
    elif what == "firm":
        covered = np.zeros_like(covered)
    else:
        tables_shown = tables_shown[:, :-1]
    with pytest.raises(NotProved, match=said):
        verify(model, printed, result.hidden, Certificate(covered, tables_shown))


def test_the_private_check_finds_what_a_print_leaves_open() -> None:
    model, truth = table(2, 2, base=5), filled(2, 2, [30, 20, 80, 70])
    low = replace(small_counts(model, truth), cells=np.arange(9) == 0)
    proof = certify(model, truth, np.arange(9) < 0)
    assert uncovered(proof, low).tolist() == [0]
    assert uncovered(proof, small_counts(model, truth)).size == 0


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=9, max_size=9), st.data())
def test_magnitudes_keep_their_intervals(inner: list[int], data: st.DataObject) -> None:
    model, truth = table(3, 3), filled(3, 3, inner)
    cells = data.draw(st.lists(st.integers(0, 8), min_size=1, max_size=3, unique=True))
    primary = np.isin(np.arange(16), [(c // 3) * 4 + c % 3 for c in cells])
    below = np.where(primary, np.minimum(truth, data.draw(st.integers(0, 5_000))), 0)
    above = np.where(primary, data.draw(st.integers(1, 5_000)), 0)
    try:
        hidden = suppress(model, truth, interval(model, truth, primary, below, above), QUICK).hidden
    except Infeasible:
        return
    assert hidden[primary].all()
    bounds = [(0, None) if h else (t, t) for h, t in zip(hidden, truth, strict=True)]
    for cell in np.flatnonzero(primary):
        for sign, least in ((1, below[cell]), (-1, above[cell])):
            answer = linprog(
                sign * np.eye(16)[cell],
                A_eq=model.equations.toarray(),
                b_eq=np.zeros(model.equations.shape[0]),
                bounds=bounds,
            )
            reach = np.inf if answer.status == 3 else abs(answer.fun - sign * truth[cell])
            assert reach >= least - 1e-3


def test_intervals_that_mean_nothing_are_refused() -> None:
    model, truth = table(2, 2), filled(2, 2, [9, 9, 9, 9])
    primary, levels = np.arange(9) == 0, np.ones(9, dtype=np.int64)
    with pytest.raises(InputInvalid, match="cell 0"):
        interval(model, truth, primary, -levels, levels)
    with pytest.raises(InputInvalid, match="cell 0"):
        interval(model, truth, primary, levels, levels, kept=primary)


def test_cells_that_must_be_printed_are() -> None:
    model, truth = table(3, 3), filled(3, 3, [50, 60, 70, 80, 0, 90, 20, 30, 40])
    primary, zeros = np.arange(16) == 0, truth == 0
    levels = np.full(16, 5, dtype=np.int64)
    hidden = suppress(model, truth, interval(model, truth, primary, levels, levels, zeros)).hidden
    assert hidden[0] and hidden.sum() >= 4 and not hidden[zeros].any()
