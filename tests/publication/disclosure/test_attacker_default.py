"""Keyed rounding, the default, before the attacker: A1 to A4 find nothing on random small linked tables."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import Infeasible
from tests.publication.disclosure.attacked import (
    COUNTS,
    LAYOUTS,
    Layout,
    model,
    populations,
    printed,
    rounded,
)
from tests.publication.disclosure.attacker.membership import own_ranges
from tests.publication.disclosure.attacker.paper import Paper, joined
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


@settings(max_examples=25)
@given(populations(), SEEDS, st.data())
def test_a3_finds_nothing_in_three_releases(
    population: tuple[Layout, list[int]], seed: int, data: st.DataObject
) -> None:
    """The attacker is told of every finest cell whether its truth stayed: more than who redelivered."""
    of, people = population
    finest = np.flatnonzero(model(of).finest).tolist()
    truths, releases, stayed = [of.truth(people)], [rounded(of, of.truth(people), seed, 1)], []
    for _ in range(2):
        people = list(people)
        for kind in data.draw(st.sets(st.integers(0, len(people) - 1), max_size=3)):
            people[kind] = data.draw(COUNTS)
        truth = of.truth(people)
        same = [cell for cell in finest if truth[cell] == truths[-1][cell]]
        held = {cell: int(releases[-1][cell]) for cell in same}
        stayed.append([of.names()[cell] for cell in same])
        try:
            releases.append(rounded(of, truth, seed, 1, held))
        except Infeasible:
            # A release that cannot be made is held back: nothing is printed, and nothing learned from it.
            stayed.pop()
            break
        truths.append(truth)
    papers = [printed(of, release, 1, complements=False) for release in releases]
    both = joined(papers, stayed)
    found = ranges(both)
    holds(both, [value for truth in truths for value in truth.tolist()], found)
    assert findings(both, found) == []


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
