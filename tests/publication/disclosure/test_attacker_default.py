"""Keyed rounding, the default, before the attacker: A1 to A4 find nothing on random small linked tables."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.publication.disclosure.attacked import (
    LAYOUTS,
    Layout,
    populations,
    printed,
    rounded,
)
from tests.publication.disclosure.attacker.membership import own_ranges
from tests.publication.disclosure.attacker.paper import Paper
from tests.publication.disclosure.attacker.search import possible
from tests.publication.disclosure.attacker.simulation import Rounder, likelihoods
from tests.publication.disclosure.attacker.solver import ranges
from tests.publication.disclosure.attacker.verdict import findings

SEEDS = st.integers(0, 10**6)


def steps_for(of: Layout) -> int:
    """Tables of three ways may have no additive rounding between the neighbours of the truth (disclosure.md 5.2)."""
    return 1 if len(of.cells[0]) > 2 else 0


def holds(paper: Paper, truth: Sequence[int], found: Sequence[tuple[int, int]]) -> None:
    """That the truth is among what the attacker thinks possible: an attacker who is fooled proves nothing."""
    values = list(truth)
    for row in list(paper.derived.values()):
        values.append(sum(sign * values[cell] for cell, sign in row))
    assert all(low <= value <= high for value, (low, high) in zip(values, found, strict=True))


@settings(max_examples=40)
@given(populations(), SEEDS)
def test_a1_finds_nothing_in_one_release(population: tuple[Layout, list[int]], seed: int) -> None:
    of, people = population
    truth, steps = of.truth(people), steps_for(of)
    paper = printed(of, rounded(of, truth, seed, steps), steps)
    found = ranges(paper)
    holds(paper, truth.tolist(), found)
    assert findings(paper, found) == []


@settings(max_examples=30)
@given(populations().filter(lambda p: len(p[0].cells) <= 12), SEEDS)
def test_a1_tries_every_truth_and_finds_nothing(population: tuple[Layout, list[int]], seed: int) -> None:
    """Without a solver, so that both would have to err alike."""
    of, people = population
    paper = printed(of, rounded(of, of.truth(people), seed))
    assert findings(paper, [(min(values), max(values)) for values in possible(paper)]) == []


@settings(max_examples=25)
@given(populations(), SEEDS, st.data())
def test_a4_learns_of_its_own_cells_only_that_it_is_in_them(
    population: tuple[Layout, list[int]], seed: int, data: st.DataObject
) -> None:
    of, people = population
    members = data.draw(st.lists(st.integers(0, len(people) - 1), min_size=1, max_size=2))
    for kind in members:
        people[kind] = max(people[kind], members.count(kind))
    truth, steps = of.truth(people), steps_for(of)
    paper = printed(of, rounded(of, truth, seed, steps), steps)
    own: dict[str, int] = {}
    for kind in members:
        for cell in of.kinds[kind]:
            own[of.names()[cell]] = own.get(of.names()[cell], 0) + 1
    found, mine = own_ranges(paper, own)
    holds(paper, truth.tolist(), found)
    assert findings(paper, found, spared=len(members), own=mine) == []


def release(of: Layout, people: Sequence[int]) -> Paper:
    return printed(of, 5 * of.truth(people), complements=False)


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("one way", [0, 0, 0]),
        ("one way", [1, 0, 2]),
        ("two way", [0, 0, 0, 0, 0, 0]),
        ("two way", [1, 0, 0, 0, 0, 0]),
    ],
)
def test_a2_finds_no_truth_less_possible_by_knowing_the_algorithm(name: str, people: list[int]) -> None:
    """Whatever fits the rule, some key explains: simulating the algorithm takes no value away (i to iii)."""
    of = LAYOUTS[name]
    paper = release(of, people)
    assert likelihoods(paper, [0] * len(of.cells)).possible() == possible(paper)


@pytest.mark.parametrize("people", [[4, 0, 0, 0, 0, 0], [1, 3, 2, 0, 0, 0], [2, 2, 2, 2, 2, 2]])
def test_the_simulated_algorithm_is_the_librarys(people: list[int]) -> None:
    """How often something is printed over 200 keys is what the simulation says, within four standard errors."""
    of = LAYOUTS["two way"]
    truth = of.truth(people)
    releases = [tuple(rounded(of, truth, seed).tolist()) for seed in range(200)]
    rounder = Rounder(printed(of, truth, complements=False).sums, [0] * len(of.cells))
    for shown in set(releases[:5]):
        expected = rounder.chance([tuple(truth.tolist())], [shown])
        seen = releases.count(shown) / len(releases)
        assert abs(seen - expected) <= 4 * (expected * (1 - expected) / len(releases)) ** 0.5 + 0.01


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("alone", [0]),
        ("alone", [1]),
        ("one way", [0, 0, 0]),
        ("two by two", [0] * 4),
        ("two by two", [1, 0, 0, 1]),
    ],
)
def test_a2_thinks_no_value_of_a_cell_six_times_likelier_than_another(name: str, people: list[int]) -> None:
    """(iv), the rest of the table being any that fits."""
    of = LAYOUTS[name]
    chances = likelihoods(release(of, people), [0] * len(of.cells))
    assert max(chances.ratio(cell) for cell in range(len(of.cells))) <= 6


def test_numbers_of_their_own_for_cells_that_are_one_would_betray_the_count() -> None:
    """Why cells that round together share a number: three that are always equal vote, 10 to 1."""
    of = LAYOUTS["alone"]
    assert likelihoods(release(of, [0]), [0] * 3, apart=True).ratio(0) > 9


@pytest.mark.parametrize("name", ["alone", "two way", "three way"])
def test_a_lone_count_is_hidden_by_no_more_than_its_own_number(name: str) -> None:
    """(iv) for a reader who knows all the rest, on the library itself over 300 keys: 4 printed as 0 with chance 1/5, in
    however many totals it stands. Three standard errors."""
    of = LAYOUTS[name]
    truth = of.truth([4] + [0] * (len(of.kinds) - 1))
    zeros = sum(not rounded(of, truth, seed).any() for seed in range(300))
    assert zeros / 300 >= 1 / 5 - 3 * (0.2 * 0.8 / 300) ** 0.5
