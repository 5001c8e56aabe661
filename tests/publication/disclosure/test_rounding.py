"""Keyed rounding: against exhaustive enumeration on small linked tables, and on the reference release where it is present."""

from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import Infeasible, KeyMissing, WorkLimit
from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.rounding import nearest, search
from gmsd_publication.disclosure.rounding.choices import STEP_COST, by_targets
from gmsd_publication.disclosure.rounding.groups import system
from gmsd_publication.disclosure.rounding.nearest import Asked, aim, round_part, round_whole, satisfied
from gmsd_publication.disclosure.rounding.program import Program, Work, solve
from gmsd_publication.disclosure.rounding.targets import Targets, aimed_at, numbers, targets
from tests.publication.disclosure.small_tables import BASE, Question, questions, table

KEY = bytes(range(32))


def _windows(question: Question) -> list[list[int]]:
    """Everything each finest cell may become; sums follow."""
    model, asked = question.model, question.asked
    return [_window(model, asked, cell) for cell in range(model.size)]


def _window(model: Model, asked: Asked, cell: int) -> list[int]:
    if asked.fixed[cell]:
        return [int(asked.given[cell])]
    truth, k = int(asked.truth[cell]), int(model.steps[cell])
    low, high = truth // BASE * BASE, -(-truth // BASE) * BASE
    allowed = range(max(0, low - k * BASE), high + k * BASE + 1, BASE)
    # A published 0 counts fewer than its mark says: base · max(K, 1).
    naught = truth < BASE * max(k, 1)
    return [v for v in allowed if model.lower[cell] <= v <= model.upper[cell] and (v > 0 or naught)]


def _cost(model: Model, asked: Asked, values: Ints) -> int:
    """Of the definition: a flip its cost; beyond the neighbours a step each, on top of the nearer neighbour's cost."""
    total = 0
    for cell in np.flatnonzero(~asked.fixed):
        truth, value, up = int(asked.truth[cell]), int(values[cell]), bool(asked.targets.up[cell])
        low, high = truth // BASE * BASE, -(-truth // BASE) * BASE
        at = min(max(value, low), high)
        if low != high and (at == high) != up:
            total += int(asked.targets.cost[cell])
        total += abs(value - at) // BASE * int(STEP_COST)
    return total


def _best(question: Question) -> int | None:
    """The least cost of all roundings, by trying them all."""
    windows, sums = _windows(question), question.sums
    best: int | None = None
    for finest in product(*(windows[cell] for cell in question.finest)):
        values = sums @ np.array(finest)
        if all(v in windows[c] for c, v in enumerate(values)) and satisfied(question.model, values):
            cost = _cost(question.model, question.asked, values)
            best = cost if best is None else min(best, cost)
    return best


@given(questions())
@settings(max_examples=120, deadline=None)
def test_the_answer_is_the_best_of_all_roundings_and_there_is_none_when_there_is_none(
    question: Question,
) -> None:
    best = _best(question)
    if best is None:
        with pytest.raises(Infeasible):
            round_whole(question.model, question.asked)
        return
    values = round_whole(question.model, question.asked)
    assert satisfied(question.model, values)
    assert all(v in window for v, window in zip(values, _windows(question), strict=True))
    assert _cost(question.model, question.asked, values) == best


@given(questions(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_every_truth_in_the_window_of_a_publication_can_yield_it(question: Question, random: Random) -> None:
    model = replace(question.model, presence=np.zeros((0, 2), dtype=np.int64))
    publication = question.sums @ (question.asked.truth[question.finest] // BASE * BASE)
    finest = publication[question.finest] + np.array([random.randint(-4, 4) for _ in question.finest])
    truth = question.sums @ np.maximum(finest, 0)
    if (np.abs(truth - publication) >= BASE).any():
        return
    free = replace(model, lower=np.zeros_like(model.lower), upper=np.full_like(model.upper, 2**62))
    asked = Asked(truth, aimed_at(publication, truth, model.base), np.zeros(model.size, dtype=bool), truth)
    assert (round_whole(free, asked) == publication).all()


def _keyed(model: Model, truth: Ints, key: bytes = KEY) -> Asked:
    aims = targets(truth, model.base, numbers(key, [f"cell {i}" for i in range(model.size)]))
    return Asked(truth, aims, np.zeros(model.size, dtype=bool), truth)


def _wide(regions: int, seed: int = 3) -> tuple[Model, Ints]:
    shape = (regions, 3, 2)
    model, sums, _ = table(shape, extra=[[list(range(0, regions, 2)), list(range(1, regions, 2))]])
    return model, sums @ np.random.default_rng(seed).integers(0, 30, size=int(np.prod(shape)))


def test_the_same_question_has_the_same_answer_to_the_byte() -> None:
    model, truth = _wide(12)
    asked = _keyed(model, truth)
    assert round_whole(model, asked).tobytes() == round_whole(model, asked).tobytes()


def test_the_search_finds_a_rounding_that_adds_up_in_the_windows_and_twice_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, truth = _wide(60)
    asked = _keyed(model, truth)
    proved = round_whole(model, asked)
    monkeypatch.setattr(nearest, "LARGE", 10)
    searched = round_whole(model, asked, Work(rounds=40))
    assert satisfied(model, searched) and (np.abs(searched - truth) < BASE).all()
    assert searched.tobytes() == round_whole(model, asked, Work(rounds=40)).tobytes()
    flips = [int(asked.targets.cost[(v != aim(model, asked))].sum()) for v in (proved, searched)]
    assert flips[0] <= flips[1] <= 1.1 * flips[0]


@given(questions())
@settings(max_examples=60, deadline=None)
def test_the_search_keeps_to_the_model_and_never_says_infeasible_wrongly(question: Question) -> None:
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nearest, "LARGE", 0)
            values = round_whole(question.model, question.asked, Work(rounds=10))
    except Infeasible:
        assert _best(question) is None
    except WorkLimit:
        pass
    else:
        assert satisfied(question.model, values)
        assert all(v in window for v, window in zip(values, _windows(question), strict=True))


def test_a_search_without_work_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    model, truth = _wide(60)
    monkeypatch.setattr(nearest, "LARGE", 10)
    found = system(model, by_targets(model, _keyed(model, truth)))
    assert found is not None and len(found.across) > 0
    monkeypatch.setattr(search._Search, "mended_and_improved", lambda self: self.z + 100)
    with pytest.raises(WorkLimit):
        round_whole(model, _keyed(model, truth), Work(rounds=0))


def test_a_program_that_runs_out_of_work_is_never_an_answer() -> None:
    generator = np.random.default_rng(0)
    size = 60
    weights = sp.csr_array(generator.integers(10_000, 20_000, size=(2, size)))
    half = np.asarray(weights.sum(axis=1)) // 2 + 1.0
    program = Program(
        np.zeros(size), np.zeros(size), np.ones(size), np.ones(size, dtype=bool), weights, half, half, True
    )  # two subset sums nobody finds by luck
    with pytest.raises(WorkLimit):
        solve(program, Work(nodes=1))


def test_part_of_a_release_is_decided_with_the_rest_as_it_is() -> None:
    model, truth = _wide(12)
    asked = _keyed(model, truth)
    whole = round_whole(model, asked)
    free = np.arange(model.size) % 2 == 0
    again = round_part(model, free, asked, whole)
    assert satisfied(model, again) and (again[~free] == whole[~free]).all()


def test_presence_holds_against_a_fixed_cell_both_ways() -> None:
    model, _, _ = table((1,))
    empty = sp.csr_array((0, 2), dtype=np.int64)
    model = replace(
        model, names=("persons", "arrangements"), base=np.full(2, BASE), published=np.ones(2, bool),
        steps=np.zeros(2, np.int64), lower=np.zeros(2, np.int64), upper=np.full(2, 2**62), equations=empty, implied=empty,
        presence=np.array([[0, 1]]), block=np.zeros(2, np.int64),
    )  # fmt: skip
    truth = np.array([2, 3])
    for fixed, value, up in product((0, 1), (0, 5), (False, True)):
        asked = Asked(
            truth,
            Targets(np.full(2, up), np.full(2, 1000)),
            np.arange(2) == fixed,
            np.full(2, value, dtype=np.int64),
        )
        assert round_whole(model, asked).tolist() == [value, value]


def test_a_short_key_is_refused() -> None:
    with pytest.raises(KeyMissing):
        numbers(b"short", ["a"])
