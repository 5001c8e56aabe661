"""Releases over time: unchanged figures stay, nothing is proved by comparing, and permanent numbers tell less than stickiness."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import Infeasible, InputInvalid
from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.proof.certificate import certify
from gmsd_publication.disclosure.proof.private import check_inside
from gmsd_publication.disclosure.proof.stack import stack
from gmsd_publication.disclosure.rounding.blocks import round_blocks
from gmsd_publication.disclosure.rounding.nearest import Asked, aim, round_whole
from gmsd_publication.disclosure.rounding.targets import NUMBER_BITS, numbers, targets
from gmsd_publication.disclosure.series import Previous, kept, lowest, previous, round_again, stars
from gmsd_publication.disclosure.tables import Tabulated
from tests.publication.disclosure.corrections import three_releases
from tests.publication.disclosure.instances import available, overlapping, two_way, z3
from tests.publication.disclosure.test_proof import small

KEY = b"a secret of publication, 32 byte"
CELL = small([], [], 1)


def first(model: Model, truth: Ints, key: bytes = KEY) -> Ints:
    asked = targets(truth, model.base, numbers(key, model.names))
    return round_whole(model, Asked(truth, asked, np.zeros(model.size, dtype=bool), truth))


def published_by_permanent_number(truth: int, earlier: tuple[int, int] | None, number: int) -> int:
    """One cell through the library: `earlier` is (truth, figure)."""
    now = np.array([truth])
    asked = targets(now, CELL.base, np.array([number]))
    if earlier is None:
        return int(aim(CELL, Asked(now, asked, np.array([False]), now))[0])
    before = previous(CELL, CELL, np.array([earlier[1]]), np.array([earlier[0]]))
    return int(round_again(CELL, now, asked, before).publication[0])


def published_while_inside(truth: int, earlier: tuple[int, int] | None, number: int) -> int:
    """One cell through the library as if the earlier truth had expired: the rule that disclosure.md 5.7 proposed for all."""
    now = np.array([truth])
    asked = targets(now, CELL.base, np.array([number]))
    if earlier is None:
        return published_by_permanent_number(truth, None, number)
    before = previous(CELL, CELL, np.array([earlier[1]]), None)
    return int(round_again(CELL, now, asked, before).publication[0])


@pytest.mark.parametrize(
    ("publish", "down", "up"),
    [
        (published_by_permanent_number, set(range(5)), set(range(1, 10))),
        (published_while_inside, {0}, set(range(5, 10))),
    ],
)
def test_a_moved_figure_tells_less_with_permanent_numbers_than_with_stickiness(
    publish: object, down: set[int], up: set[int]
) -> None:
    """Every pair of truths and a number of each fifth (all that a remainder distinguishes): which second truths are possible after 5 → 0 and 0 → 5, to one who knows the rule."""
    assert callable(publish)
    after: dict[tuple[int, int], set[int]] = {}
    for tenths in (1, 3, 5, 7, 9):
        number = (tenths << NUMBER_BITS) // 10
        for one in range(12):
            figure = published_by_permanent_number(one, None, number)
            for other in range(12):
                if other != one:
                    again = publish(other, (one, figure), number)
                    after.setdefault((figure, again), set()).add(other)
    assert after[5, 0] == down
    assert after[0, 5] == up


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("table", [two_way(rows=12, columns=6), overlapping(regions=16)])
def test_three_releases_move_no_unchanged_cell_and_prove_nothing(table: Tabulated, clustered: bool) -> None:
    trials = [three_releases(table, seed, clustered, share=0.04) for seed in range(20)]
    assert all(trial.moved == trial.uncertified == trial.proved == 0 for trial in trials), trials
    assert all(trial.finest_error <= 4 and trial.margin_error <= 9 for trial in trials), trials
    assert sum(trial.held > 0 for trial in trials) <= 2, trials


@pytest.mark.skipif(not available(), reason="SDC_TABLES names no folder with the tables of Statistics Norway")
@pytest.mark.parametrize("clustered", [False, True])
def test_three_releases_of_z3(clustered: bool) -> None:
    trial = three_releases(z3(), 2, clustered)
    assert (trial.held, trial.moved, trial.uncertified, trial.proved) == (0, 0, 0, 0)
    assert trial.finest_error <= 4 and trial.margin_error <= 9


def test_without_the_earlier_figures_the_same_corrections_move_unchanged_cells() -> None:
    """The check can fail: rounding every release alone moves cells that did not change."""
    table, moved = two_way(rows=12, columns=6), 0
    model = table.model
    assert model.units is not None
    for seed in range(5):
        key = seed.to_bytes(32, "big")
        finest = table.truth[model.finest]
        finest[seed] += 3
        again = model.units @ finest
        one, other = first(model, table.truth, key), first(model, again, key)
        before = previous(model, model, one, table.truth)
        moved += any("its figure did" in each for each in check_inside(model, again, other, before))
    assert moved > 0


def merged() -> tuple[Model, Model, list[tuple[str, str]]]:
    """Three regions and their sum; then the first two are one."""
    earlier, later = small([[0, 1, 2]], [], 3), small([[0, 1]], [], 2)
    return (
        replace(earlier, names=["A", "B", "C", "all"]),
        replace(later, names=["AB", "C", "all"]),
        [("A", "AB"), ("B", "AB")],
    )


def test_a_merged_region_keeps_the_sum_of_what_its_parts_were_published_as() -> None:
    earlier, later, became = merged()
    truth, figures = np.array([1, 1, 7, 9]), np.array([5, 5, 5, 15])
    before = previous(later, earlier, figures, truth, became)
    now = np.array([2, 7, 9])
    again = round_again(later, now, targets(now, later.base, numbers(KEY, later.names)), before)
    assert again.publication.tolist() == [10, 5, 15]
    assert again.model.steps.tolist() == [1, 0, 2] and not check_inside(
        again.model, now, again.publication, before
    )
    verdict = stack(
        [
            (replace(earlier, steps=again.model.steps[[0, 0, 1, 2]]), figures),
            (again.model, again.publication),
        ],
        [stars(earlier, later, became)],
    ).verify()
    assert not verdict.findings and verdict.reached.all()


def test_the_parts_of_a_split_region_add_up_to_what_it_was_published_as() -> None:
    later, earlier, became = merged()
    parts = [(new, old) for old, new in became]
    for key in range(20):
        before = previous(later, earlier, np.array([5, 5, 10]), np.array([4, 6, 10]), parts)
        now = np.array([2, 2, 6, 10])
        again = round_again(
            later, now, targets(now, later.base, numbers(bytes([key]) * 32, later.names)), before
        )
        assert again.publication[:2].sum() == 5 and again.publication[2] == 5
        assert not check_inside(again.model, now, again.publication, before)
        links = [stars(earlier, later, parts)]
        verdict = stack([(earlier, np.array([5, 5, 10])), (again.model, again.publication)], links).verify()
        assert not verdict.findings and verdict.reached.all()


def test_regrouped_regions_and_unknown_names_are_refused() -> None:
    earlier, later, became = merged()
    with pytest.raises(InputInvalid, match="C was split"):
        stars(earlier, later, [*became, ("C", "AB")])
    with pytest.raises(InputInvalid, match="D became"):
        stars(earlier, later, [("D", "AB")])


def test_a_series_that_cannot_keep_its_figures_is_held() -> None:
    """Twelve kept cells of 5 that each count 1 do not fit a margin within its steps once it changes."""
    model = replace(small([list(range(13))], [], 13), names=[str(i) for i in range(14)])
    truth = np.array([1] * 12 + [0, 12])
    now = np.array([1] * 12 + [1, 13])
    figures = np.array([5] * 12 + [0, 60])
    before = previous(model, model, figures, truth)
    with pytest.raises(Infeasible):
        round_again(model, now, targets(now, model.base, numbers(KEY, model.names)), before)


def test_a_margin_steps_twice_when_that_is_declared_and_the_release_is_held_when_it_is_not() -> None:
    """Three kept cells of 1 shown as 5, and one that became 5: a margin of 8 shown as 20."""
    model = replace(small([[0, 1, 2, 3]], [], 4), names=["a", "b", "c", "d", "all"])
    before = previous(model, model, np.array([5, 5, 5, 0, 15]), np.array([1, 1, 1, 0, 3]))
    now = np.array([1, 1, 1, 5, 8])
    asked = targets(now, model.base, numbers(KEY, model.names))
    again = round_again(model, now, asked, before)
    assert again.publication.tolist() == [5, 5, 5, 5, 20] and again.model.steps.tolist() == [0, 0, 0, 0, 2]
    with pytest.raises(Infeasible):
        round_again(model, now, asked, before, margin_steps=(1,))


def test_what_is_declared_does_not_tell_which_step_was_needed() -> None:
    model = replace(small([[0, 1]], [], 2), names=["a", "b", "all"])
    before = previous(model, model, np.array([5, 0, 5]), np.array([4, 0, 4]))
    now = np.array([4, 5, 9])
    again = round_again(model, now, targets(now, model.base, numbers(KEY, model.names)), before)
    assert again.publication.tolist() == [5, 5, 10] and again.model.steps.tolist() == [0, 0, 2]


def test_an_expired_snapshot_keeps_figures_inside_their_window_and_says_what_that_costs() -> None:
    model = replace(small([[0, 1, 2]], [], 3), names=["a", "b", "c", "all"])
    figures = np.array([5, 0, 5, 10])
    before = previous(model, model, figures, None)
    now = np.array([9, 4, 0, 13])
    assert kept(model, now, before).tolist() == [True, True, False]
    again = round_again(model, now, targets(now, model.base, numbers(KEY, model.names)), before)
    assert again.publication.tolist() == [5, 0, 0, 5]
    verdict = stack([(model, figures), (again.model, again.publication)], [stars(model, model)], [1]).verify()
    assert not verdict.findings and np.flatnonzero(verdict.limited).tolist() == [6]
    assert (verdict.low[6], verdict.high[6]) == (0, 0)


def test_one_who_was_told_that_nothing_changed_still_finds_what_each_release_shows() -> None:
    """The stacked kind moves in both releases at once; a kind whose figure moved does so in one."""
    model = replace(small([[0, 1]], [], 2), names=["a", "b", "all"])
    releases = [(model, np.array([5, 0, 5])), (model, np.array([5, 5, 10]))]
    stacked = stack(releases, [stars(model, model)])
    assert stacked.certificate.columns.toarray().T.tolist() == [
        [0, 1, 1, 0, 0, 0],
        [1, 0, 1, 1, 0, 1],
        [0, 0, 0, 0, 1, 1],
    ] and stacked.certificate.counts.tolist() == [0, 1, 1]
    assert stacked.verify().reached.all()


def test_kinds_of_a_model_without_units_are_joined_as_they_are_said_to_be() -> None:
    """Two releases with certificates made elsewhere."""
    model = replace(small([[0, 1]], [], 2), names=["a", "b", "all"])
    figures = np.array([5, 5, 10])
    certificate = certify(model, figures)
    bare = replace(model, units=None)
    same = [[([0], [0]), ([1], [1])]]
    stacked = stack([(bare, figures)] * 2, [stars(bare, bare)], kinds=([certificate] * 2, same))
    assert stacked.certificate.columns.toarray().T.tolist() == [[1, 0, 1, 1, 0, 1], [0, 1, 1, 0, 1, 1]]
    crossed = stack([(bare, figures)] * 2, [stars(bare, bare)], kinds=([certificate] * 2, [[([0], [1])]]))
    assert [0, 1, 1, 1, 0, 1] not in crossed.certificate.columns.toarray().T.tolist()
    assert [1, 0, 1, 0, 1, 1] in crossed.certificate.columns.toarray().T.tolist()
    with pytest.raises(InputInvalid, match="links"):
        stack([(model, figures)] * 2, [])


def test_a_later_release_may_be_rounded_block_by_block() -> None:
    table = two_way(rows=6, columns=4)
    model = table.model
    figures = first(model, table.truth)
    before = previous(model, model, figures, table.truth)
    asked = targets(table.truth, model.base, numbers(KEY, model.names))
    again = round_again(model, table.truth, asked, before, rounding=round_blocks)
    assert (again.publication == figures).all()


def test_the_check_inside_names_cells_and_never_a_count() -> None:
    model = replace(small([[0, 1]], [], 2), names=["a", "b", "all"])
    truth, figures = np.array([4, 7, 11]), np.array([5, 10, 15])
    assert check_inside(model, truth, figures) == []
    before = previous(model, model, np.array([0, 10, 10]), truth)
    found = [
        *check_inside(model, truth, np.array([10, 5, 15])),
        *check_inside(model, np.array([4, 7, 12]), figures),
        *check_inside(model, np.array([5, 7, 12]), np.array([10, 5, 15])),
        *check_inside(model, truth, figures, before),
    ]
    assert found == [
        "a is published outside its window",
        "the exact counts do not obey the model (not_additive)",
        "a is published outside its window",
        "a did not change, and its figure did",
    ]
    assert not any(letter.isdigit() for each in found for letter in each)


def test_the_lowest_cells_of_free_patterns_are_the_published_counts_of_them() -> None:
    """Patterns 0 and 1 nobody publishes; cell 2 is their sum, cell 3 is 2 and the published finest cell 4."""
    equations = np.array([[-1, -1, 1, 0, 0], [0, 0, -1, 1, -1]])
    model = replace(
        small([], [], 5),
        equations=sp.csr_array(equations),
        published=np.array([False, False, True, True, True]),
    )
    assert lowest(model).tolist() == [False, False, True, False, True]


def test_an_unchanged_figure_is_known_by_its_name_in_another_order() -> None:
    one = replace(small([[0, 1]], [], 2), names=["a", "b", "all"])
    other = replace(one, names=["b", "a", "all"])
    before: Previous = previous(other, one, np.array([5, 0, 5]), np.array([4, 2, 6]))
    assert (before.parts @ np.array([0, 5, 5])).tolist() == before.publication.tolist()
    assert (kept(other, np.array([2, 4, 6]), before)).all()


@st.composite
def two_releases(draw: st.DrawFn) -> tuple[Model, Ints, Ints]:
    units = draw(st.integers(1, 2))
    model = small([list(range(units))] * (units - 1), [(0, 0)] * (units - 1), units)
    assert model.units is not None
    figures = st.lists(st.sampled_from([0, 5, 10]), min_size=units, max_size=units)
    return model, model.units @ np.array(draw(figures)), model.units @ np.array(draw(figures))


def near(model: Model, figures: Ints) -> Iterator[Ints]:
    """Every table less than a base from the figures, the nearest first."""
    assert model.units is not None
    ranges = [range(max(0, y - 4), y + 5) for y in figures[model.finest].tolist()]
    found = [model.units @ np.array(finest) for finest in product(*ranges)]
    yield from sorted(
        (x for x in found if (abs(x - figures) < 5).all()), key=lambda x: int(abs(x - figures).sum())
    )


def explained(model: Model, truths: list[Ints], figures: list[Ints]) -> bool:
    """Whether permanent numbers exist, the same in both releases, with which the library publishes these figures of these truths."""
    for fifths in product([1, 9, 5, 3, 7], repeat=model.size):
        number = (np.array(fifths) << NUMBER_BITS) // 10
        asked = targets(truths[0], model.base, number)
        none = np.zeros(model.size, dtype=bool)
        if (round_whole(model, Asked(truths[0], asked, none, truths[0])) != figures[0]).any():
            continue
        before = previous(model, model, figures[0], truths[0])
        again = round_again(model, truths[1], targets(truths[1], model.base, number), before)
        if (again.publication == figures[1]).all():
            return True
    return False


@settings(max_examples=25, deadline=None)
@given(two_releases())
def test_what_two_releases_certify_is_reached_by_truths_and_numbers_that_publish_both(
    case: tuple[Model, Ints, Ints],
) -> None:
    """Also for a reader who was told that every unit whose figure stayed did not change."""
    model, one, other = case
    verdict = stack([(model, one), (model, other)], [stars(model, model)]).verify()
    assert not verdict.findings and verdict.reached.all()
    stayed = (one == other) & model.finest
    pairs = [
        (x, again) for x in near(model, one) for again in near(model, other) if (x == again)[stayed].all()
    ]
    cells = [(s, np.eye(model.size, dtype=np.int64)[i]) for s in (0, 1) for i in range(model.size)]
    cells += [(s, row) for s in (0, 1) for row in model.implied.toarray()]
    for (release, row), low, high in zip(cells, verdict.low, verdict.high, strict=True):
        for value in (low, high):
            fitting = (pair for pair in pairs if row @ pair[release] == value)
            assert any(explained(model, list(pair), [one, other]) for pair in fitting), (release, row, value)
