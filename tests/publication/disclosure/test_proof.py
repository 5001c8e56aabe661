"""The verifier certifies only what exhaustive enumeration finds, and finds what is wrong with a certificate."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import Infeasible, InputInvalid, NotProved
from gmsd_publication.disclosure.model import UNBOUNDED, Ints, Model
from gmsd_publication.disclosure.proof.certificate import Certificate, certify, prove, released
from gmsd_publication.disclosure.proof.verifier import Verdict, verify
from gmsd_publication.disclosure.rounding.blocks import round_blocks
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole
from gmsd_publication.disclosure.rounding.targets import COST_UNITS, Targets, aimed_at
from gmsd_publication.disclosure.tables import Tabulated
from tests.publication.disclosure.instances import available, gemeente, sosial_fiktiv, z3

BASE = 5


def small(sums: list[list[int]], remainders: list[tuple[int, int]], units: int, base: int = BASE) -> Model:
    """`units` finest cells, then sums of some of them; `remainders`: (a sum, one of its parts) that anybody subtracts."""
    incidence = np.zeros((units + len(sums), units), dtype=np.int64)
    incidence[:units] = np.eye(units)
    for row, parts in enumerate(sums):
        incidence[units + row, parts] = 1
    size = len(incidence)
    equations = np.hstack([-incidence[units:], np.eye(len(sums), dtype=np.int64)])
    implied = np.zeros((len(remainders), size), dtype=np.int64)
    for row, (whole, part) in enumerate(remainders):
        implied[row, [units + whole, part]] = 1, -1
    return Model(
        names=[f"cell {i}" for i in range(size)],
        base=np.full(size, base),
        published=np.ones(size, dtype=bool),
        steps=np.zeros(size, dtype=np.int64),
        lower=np.zeros(size, dtype=np.int64),
        upper=np.full(size, UNBOUNDED),
        equations=sp.csr_array(equations),
        equation_names=[f"sum {i}" for i in range(len(sums))],
        implied=sp.csr_array(implied),
        implied_names=[f"remainder {i}" for i in range(len(remainders))],
        presence=np.zeros((0, 2), dtype=np.int64),
        block=np.zeros(size, dtype=np.int64),
        parents=np.array([-1]),
        units=sp.csc_array(incidence),
    )


def bounded(model: Model, cell: int, lower: int = 0, upper: int = UNBOUNDED) -> Model:
    least, most = model.lower.copy(), model.upper.copy()
    least[cell], most[cell] = lower, upper
    return replace(model, lower=least, upper=most)


def tables(model: Model, publication: Ints) -> Iterator[Ints]:
    """Every integer table that obeys the model and lies less than a base from the publication in every cell, unit by unit."""
    assert model.units is not None
    count = model.units.shape[1]
    ranges = [range(max(0, y - BASE + 1), y + BASE) for y in publication[:count].tolist()]
    for finest in product(*ranges):
        table = model.units @ np.array(finest)
        inside = (abs(table - publication) < model.base).all()
        if (
            inside
            and ((table >= model.lower) & (table <= model.upper)).all()
            and (model.implied @ table >= 0).all()
        ):
            yield table


def explains(model: Model, table: Ints, publication: Ints) -> bool:
    """Whether any targets at all that some key may give make the algorithm publish this from that table."""
    broken = np.flatnonzero(table % model.base)
    for chosen in product([False, True], repeat=len(broken)):
        up = np.zeros(model.size, dtype=bool)
        up[broken] = chosen
        asked = Asked(table, Targets(up, np.full(model.size, COST_UNITS)), np.zeros(model.size, bool), table)
        try:
            if (round_whole(model, asked) == publication).all():
                return True
        except Infeasible:
            return False
    return False


@st.composite
def releases(draw: st.DrawFn) -> tuple[Model, Ints]:
    units = draw(st.integers(1, 3))
    subsets = st.lists(st.integers(0, units - 1), min_size=1, max_size=units, unique=True)
    sums = draw(st.lists(subsets, max_size=3))
    pairs = [(row, part) for row, parts in enumerate(sums) if len(parts) > 1 for part in parts]
    remainders = draw(st.lists(st.sampled_from(pairs), max_size=2)) if pairs else []
    model = small(sums, remainders, units)
    assert model.units is not None
    publication = model.units @ (
        BASE * np.array(draw(st.lists(st.integers(0, 2), min_size=units, max_size=units)))
    )
    if draw(st.booleans()):
        cell = draw(st.integers(0, model.size - 1))
        value = int(publication[cell])
        model = bounded(model, cell, max(0, value - draw(st.integers(0, 6))), value + draw(st.integers(0, 6)))
    return model, publication


@settings(max_examples=60, deadline=None)
@given(releases())
def test_every_certified_value_is_reached_by_a_table_that_the_algorithm_publishes_so(
    case: tuple[Model, Ints],
) -> None:
    model, publication = case
    verdict = prove(model, publication)
    possible = list(tables(model, publication))
    rows = np.vstack([np.eye(model.size, dtype=np.int64), model.implied.toarray()])
    explained: dict[bytes, bool] = {}
    for row, low, high in zip(rows, verdict.low, verdict.high, strict=True):
        for value in {int(low), int(row @ publication), int(high)}:
            candidates = sorted(
                (t for t in possible if row @ t == value), key=lambda t: abs(t - publication).sum()
            )
            assert any(
                explained.setdefault(t.tobytes(), explains(model, t, publication)) for t in candidates
            ), (row, value)


@settings(max_examples=40, deadline=None)
@given(releases())
def test_an_unbounded_release_is_certified_as_widely_as_its_window(case: tuple[Model, Ints]) -> None:
    model, publication = case
    model = replace(model, lower=np.zeros_like(model.lower), upper=np.full_like(model.upper, UNBOUNDED))
    verdict = prove(model, publication)
    assert verdict.reached.all() and not verdict.limited.any()
    assert (verdict.low[: model.size] == np.maximum(0, publication - 4)).all()
    assert (verdict.high[: model.size] == publication + 4).all()


def linked() -> tuple[Model, Ints]:
    """Two units and their sum, and what the sum leaves beside the first."""
    return small([[0, 1]], [(0, 0)], 2), np.array([5, 0, 5])


def judged(model: Model, publication: Ints, columns: list[list[int]], counts: list[int]) -> Verdict:
    return verify(released(model, publication), sp.csc_array(np.array(columns).T), np.array(counts))


def test_a_sound_release_is_proved_for_every_cell_and_remainder() -> None:
    model, publication = linked()
    verdict = prove(model, publication)
    assert list(zip(verdict.low.tolist(), verdict.high.tolist(), strict=True)) == [
        (1, 9),
        (0, 4),
        (1, 9),
        (0, 4),
    ]
    assert verdict.reached.all() and not verdict.findings


@pytest.mark.parametrize(
    ("publication", "columns", "counts", "what", "first"),
    [
        ([5, 3, 8], [[1, 0, 1], [0, 1, 1]], [1, 0], "no multiple", 1),
        ([5, -5, 0], [[1, 0, 1], [0, 1, 1]], [1, -1], "negative figure", 1),
        ([5, 5, 5], [[1, 0, 1], [0, 1, 1]], [1, 1], "equation that does not hold", 0),
        ([5, 0, 5], [[1, 0, 1], [0, 1, 0]], [1, 0], "column that breaks an equation", 1),
        ([5, 0, 5], [[1, 0, 1], [0, 2, 2]], [1, 0], "another entry than 0 and 1", 1),
        ([5, 0, 5], [[1, 0, 1], [1, -1, 0]], [1, 0], "another entry than 0 and 1", 1),
        ([5, 0, 5], [[1, 0, 1], [1, -1, 0]], [1, 0], "remainder below 0", 1),
        ([5, 0, 5], [[1, 0, 1], [1, 0, 1]], [2, -1], "count that is negative", 1),
        ([5, 0, 5], [[1, 0, 1], [0, 1, 1]], [1, 1], "does not yield", 1),
        ([5, 0, 5], [[1, 0, 1]], [1], "no kind of contributor certifies", 1),
    ],
)
def test_the_verifier_names_what_is_wrong_and_where(
    publication: list[int], columns: list[list[int]], counts: list[int], what: str, first: int
) -> None:
    verdict = judged(linked()[0], np.array(publication), columns, counts)
    assert [each.first for each in verdict.findings if what in each.what] == [first], verdict.findings


def test_a_wrong_release_is_not_proved_and_claims_no_interval() -> None:
    model, publication = linked()
    verdict = judged(model, publication, [[1, 0, 1], [0, 1, 1]], [1, 1])
    assert (verdict.low == verdict.high).all() and not verdict.reached.any()
    with pytest.raises(NotProved, match="no multiple"):
        prove(model, np.array([4, 0, 4]))
    with pytest.raises(InputInvalid, match="units"):
        certify(replace(model, units=None), publication)


def test_a_base_of_its_own_per_indicator_is_kept_apart() -> None:
    model, publication = linked()
    mixed = replace(model, base=np.array([5, 10, 10]))
    assert "equation over two bases" in " ".join(
        each.what for each in judged(mixed, publication, [[1, 0, 1]], [1]).findings
    )
    tens = small([[0, 1]], [(0, 0)], 2, base=10)
    verdict = prove(tens, np.array([10, 0, 10]))
    assert verdict.low.tolist() == [1, 0, 1, 0] and verdict.high.tolist() == [19, 9, 19, 9]


@pytest.mark.parametrize(
    ("cell", "lower", "upper", "low", "high", "limited"),
    [
        (1, 0, 0, [1, 0, 1, 0], [9, 0, 9, 0], [1, 3]),  # a definitional zero, and so its remainder
        (1, 0, 3, [1, 0, 1, 0], [9, 3, 9, 3], [1, 3]),
        (2, 3, 7, [3, 0, 3, 0], [7, 2, 7, 2], [0, 1, 2, 3]),  # the bound of a sum binds its parts
        (0, 1, UNBOUNDED, [1, 0, 1, 0], [9, 4, 9, 4], []),
    ],
)
def test_a_public_bound_shortens_what_is_certified_and_is_named_as_the_reason(
    cell: int, lower: int, upper: int, low: list[int], high: list[int], limited: list[int]
) -> None:
    model, publication = linked()
    verdict = prove(bounded(model, cell, lower, upper), publication)
    assert (verdict.low.tolist(), verdict.high.tolist()) == (low, high)
    assert np.flatnonzero(verdict.limited).tolist() == limited


def test_nobody_appears_in_a_part_without_its_whole() -> None:
    """Cells: arrangements, persons. One column brings both; a second arrangement of the same person comes only to persons."""
    model = replace(
        small([], [], 2),
        presence=np.array([[0, 1]]),
        implied=sp.csr_array(np.array([[1, -1]])),
        implied_names=["second"],
    )
    both, second = [1, 1], [1, 0]
    nobody = judged(model, np.array([0, 0]), [both, second], [0, 0])
    assert nobody.high.tolist() == [4, 4, 0] and [each.first for each in nobody.findings] == [2]
    somebody = judged(model, np.array([5, 5]), [both, second], [1, 0])
    assert (
        somebody.high.tolist() == [9, 9, 4] and somebody.low.tolist() == [1, 1, 0] and not somebody.findings
    )


def test_an_unpublished_cell_is_held_by_its_own_entry() -> None:
    """A kind that adds 2 where nobody looks moves by 2 only, so that its target there is met as well."""
    model = replace(small([], [], 2), published=np.array([True, False]))
    verdict = judged(model, np.array([5, 10]), [[1, 2], [0, 1]], [1, 0])
    assert verdict.high.tolist() == [7, 14] and verdict.low.tolist() == [3, 6]


BUURTEN, WIJKEN = 8, 2


def in_blocks(tabulated: Tabulated) -> Model:
    """The gemeente and its wijken first, then the buurten of each wijk."""
    places = tabulated.keys["regio"].to_list()
    block = [1 + int(place[2:]) * WIJKEN // BUURTEN if place.startswith("BU") else 0 for place in places]
    return replace(tabulated.model, block=np.array(block), parents=np.array([-1] + [0] * WIJKEN))


@pytest.mark.parametrize("rounding", [round_whole, round_blocks])
@pytest.mark.parametrize("steps", [0, 1])
def test_any_table_of_the_window_is_published_alike_when_the_targets_ask_it(
    steps: int, rounding: Callable[[Model, Asked], Ints]
) -> None:
    """What the proof assumes of the algorithm, for every way in which a release is rounded."""
    model = in_blocks(gemeente(BUURTEN, WIJKEN, kinds=2, ages=2, margin_steps=steps))
    assert model.units is not None
    rng = np.random.default_rng(4)
    publication = model.units @ (5 * rng.integers(0, 3, model.units.shape[1]))
    assert prove(model, publication).reached.all()
    for _ in range(25):
        table = moved_within(model, publication, rng)
        asked = Asked(
            table, aimed_at(publication, table, model.base), np.zeros(model.size, dtype=bool), table
        )
        assert (rounding(model, asked) == publication).all()


@pytest.mark.skipif(not available(), reason="SDC_TABLES names no folder with the tables of Statistics Norway")
@pytest.mark.parametrize("load", [z3, sosial_fiktiv])
def test_a_hundred_tables_of_the_window_of_a_reference_release_are_published_alike(
    load: Callable[[], Tabulated],
) -> None:
    model = load().model
    assert model.units is not None
    rng = np.random.default_rng(5)
    publication = model.units @ (5 * rng.integers(0, 3, model.units.shape[1]))
    assert prove(model, publication).reached.all()
    for _ in range(100):
        table = moved_within(model, publication, rng)
        asked = Asked(
            table, aimed_at(publication, table, model.base), np.zeros(model.size, dtype=bool), table
        )
        assert (round_whole(model, asked) == publication).all()


def moved_within(model: Model, publication: Ints, rng: np.random.Generator) -> Ints:
    """A table less than a base away in every cell: units one by one, at random, a few people more or fewer while that fits."""
    assert model.units is not None
    table = publication.copy()
    for unit in rng.permutation(model.units.shape[1])[:400].tolist():
        cells = model.units.indices[model.units.indptr[unit] : model.units.indptr[unit + 1]]
        moved = table[cells] + rng.integers(-4, 5)
        if (moved >= 0).all() and (abs(moved - publication[cells]) < model.base[cells]).all():
            table[cells] = moved
    return table


def test_a_certificate_holds_nothing_but_the_publication() -> None:
    model, publication = linked()
    certificate = certify(model, publication)
    assert isinstance(certificate, Certificate) and certificate.counts.tolist() == [1, 0]
