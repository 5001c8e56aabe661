"""The rounding with the least error: against exhaustive enumeration, and on the releases of Statistics Norway where present."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import WorkLimit
from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole, satisfied
from gmsd_publication.disclosure.rounding.optimum import optimum
from gmsd_publication.disclosure.rounding.program import Work
from gmsd_publication.disclosure.rounding.targets import aimed_at, numbers, targets
from tests.publication.disclosure import instances
from tests.publication.disclosure.small_tables import BASE, SHAPES, table

present = pytest.mark.skipif(
    not instances.available(), reason="SDC_TABLES names no folder with the SSB instances"
)


@given(st.sampled_from(SHAPES), st.data())
@settings(max_examples=60, deadline=None)
def test_no_rounding_has_less_error(
    shaped: tuple[tuple[int, ...], list[list[list[int]]]], data: st.DataObject
) -> None:
    model, sums, finest = table(*shaped)
    inner = np.array(data.draw(st.lists(st.integers(0, 12), min_size=len(finest), max_size=len(finest))))
    truth = sums @ inner
    errors = []
    for ups in product((0, 1), repeat=len(finest)):
        values = sums @ (inner // BASE * BASE + BASE * np.array(ups))
        if (np.abs(values - truth) < BASE).all():
            errors.append(int(np.abs(values - truth).sum()))
    found = optimum(model, truth)
    assert satisfied(model, found.values) and (np.abs(found.values - truth) < BASE).all()
    assert found.proved and found.bound == np.abs(found.values - truth).sum() == min(errors)


def _release(name: str) -> tuple[Model, Ints]:
    made = instances.z3() if name == "z3" else instances.sosial_fiktiv()
    return made.model, made.truth


@present
def test_the_reference_release_has_its_known_optimum() -> None:
    model, truth = _release("z3")
    found = optimum(model, truth)
    assert found.proved and np.abs(found.values - truth).sum() == 1888
    assert satisfied(model, found.values)


@present
def test_the_large_release_is_rounded_to_its_neighbours_by_search() -> None:
    model, truth = _release("sosialFiktiv")
    found = optimum(model, truth, Work(rounds=60))
    assert satisfied(model, found.values) and (np.abs(found.values - truth) < BASE).all()
    assert found.bound == 18_933 and np.abs(found.values - truth).sum() <= 19_650


@present
def test_a_search_without_rounds_is_no_release() -> None:
    model, truth = _release("sosialFiktiv")
    aims = targets(truth, model.base, numbers(bytes(32), model.names))
    with pytest.raises(WorkLimit):
        round_whole(model, Asked(truth, aims, np.zeros(model.size, dtype=bool), truth), Work(rounds=0))


@present
def test_a_hundred_truths_in_the_window_of_a_publication_all_yield_it() -> None:
    model, truth = _release("z3")
    nobody = np.zeros(model.size, dtype=bool)
    aims = targets(truth, model.base, numbers(bytes(32), model.names))
    publication = round_whole(model, Asked(truth, aims, nobody, truth))
    generator = np.random.default_rng(1)
    assert model.units is not None
    for _ in range(100):
        other = publication.copy()
        # One contributor more or less at a time, as long as every cell stays inside the window.
        for unit in generator.permutation(model.units.shape[1])[:60]:
            moved = other + int(generator.choice((-1, 1))) * model.units[:, [unit]].toarray().ravel()
            if (moved >= 0).all() and (np.abs(moved - publication) < BASE).all():
                other = moved
        assert (other != publication).any()
        again = round_whole(model, Asked(other, aimed_at(publication, other, model.base), nobody, other))
        assert (again == publication).all()
