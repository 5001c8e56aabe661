"""Disclosure.md 5.4 (iv): no truth in the interval leads to the published figure more than six times as often as another."""

import numpy as np
import pytest

from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.proof.likelihood import Chances, chances, likelihood_ratio
from gmsd_publication.disclosure.rounding.alike import alike
from gmsd_publication.disclosure.rounding.targets import NUMBER_BITS
from tests.publication.disclosure.test_proof import small

DRAWS = 250
LIMIT = 6.0


def drawn(model: Model, take: Ints, seed: int) -> list[Ints]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 1 << NUMBER_BITS, model.size)[take] for _ in range(DRAWS)]


def of_first_cell(model: Model, others: list[int], counts: list[int], shared: bool) -> list[Chances]:
    """The first unit counts each of `counts`, the other units what they are."""
    assert model.units is not None
    found = []
    for count in counts:
        truth = model.units @ np.array([count, *others])
        take = alike(model, truth) if shared else np.arange(model.size)
        found.append(chances(model, truth, 0, drawn(model, take, count)))
    return found


def test_a_cell_among_others_stays_within_the_limit() -> None:
    model = small([[0, 1], [2, 3], [0, 2], [1, 3], [0, 1, 2, 3]], [], 4)
    low = of_first_cell(model, [3, 7, 12], [0, 2, 4], shared=True)
    assert likelihood_ratio(low, 0) <= LIMIT
    high = of_first_cell(model, [3, 7, 12], [1, 5, 9], shared=True)
    assert likelihood_ratio(high, 5) <= LIMIT


@pytest.mark.parametrize("other", [0, 10])
def test_one_who_is_alone_in_many_totals_needs_a_number_shared_with_them(other: int) -> None:
    """Six totals that are the cell itself, or the cell beside a multiple: with numbers of their own they outvote the chance."""
    model = small([[0, 1]] * 6, [], 2)
    assert likelihood_ratio(of_first_cell(model, [other], [1, 5, 9], shared=True), 5) <= LIMIT
    assert likelihood_ratio(of_first_cell(model, [other], [1, 5, 9], shared=False), 5) > LIMIT


def test_cells_are_alike_when_no_other_in_their_equation_lies_between_multiples() -> None:
    model = small([[0, 1], [1, 2], [0, 1, 2]], [], 3)
    assert model.units is not None
    assert alike(model, model.units @ np.array([3, 5, 0])).tolist() == [0, 1, 2, 0, 4, 0]
    assert alike(model, model.units @ np.array([3, 2, 0])).tolist() == [0, 1, 2, 3, 1, 3]
    assert alike(model, model.units @ np.array([0, 0, 0])).tolist() == [0, 1, 2, 3, 4, 5]
    twice = small([[0, 1], [0, 1, 2]], [], 3)
    assert twice.units is not None
    assert alike(twice, twice.units @ np.array([3, 4, 10])).tolist() == [0, 1, 2, 3, 3]


def test_a_figure_that_one_truth_never_gives_excludes_it() -> None:
    assert likelihood_ratio([{0: 0.8, 5: 0.2}, {5: 1.0}], 5) == 5
    assert likelihood_ratio([{0: 0.8, 5: 0.2}, {5: 1.0}], 0) == float("inf")
