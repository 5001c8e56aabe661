"""Releases over time before the attacker: A3 has all of them and is told which finest cells did not change."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import Infeasible
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.disclosure.series import previous, round_again
from tests.publication.disclosure.attacked import (
    ALL,
    COUNTS,
    LAYOUTS,
    Layout,
    asked_of,
    layout,
    model,
    populations,
    printed,
    rounded,
)
from tests.publication.disclosure.attacker.paper import Paper, joined
from tests.publication.disclosure.attacker.rules import controlled
from tests.publication.disclosure.attacker.simulation import Rounder
from tests.publication.disclosure.attacker.solver import ranges
from tests.publication.disclosure.attacker.verdict import SMALL, findings

SEEDS = st.integers(0, 10**6)
LATER_STEPS = 2
"""K of margins that is declared for releases after the first."""


def holds(paper: Paper, truth: Sequence[int], found: Sequence[tuple[int, int]]) -> None:
    assert all(low <= value <= high for value, (low, high) in zip(truth, found, strict=True)), paper.names


@settings(max_examples=30)
@given(populations(), SEEDS, st.data())
def test_a3_finds_nothing_in_three_releases(
    population: tuple[Layout, list[int]], seed: int, data: st.DataObject
) -> None:
    of, people = population
    now = model(of, 1)
    finest = np.flatnonzero(now.finest).tolist()
    truths, stayed = [of.truth(people)], []
    releases = [rounded(of, truths[0], seed, 1)]
    papers = [printed(of, releases[0], 1, complements=False)]
    for _ in range(2):
        people = list(people)
        for kind in data.draw(st.sets(st.integers(0, len(people) - 1), max_size=3)):
            people[kind] = data.draw(COUNTS)
        truth = of.truth(people)
        before = previous(model(of, 1), now, releases[-1], truths[-1])
        try:
            again = round_again(model(of, 1), truth, asked_of(now, truth, seed), before)
        except Infeasible:
            # Held back: nothing is printed, and nothing learned from it.
            break
        now = again.model
        stayed.append([of.names()[cell] for cell in finest if truth[cell] == truths[-1][cell]])
        truths.append(truth)
        releases.append(again.publication)
        papers.append(printed(of, again.publication, LATER_STEPS, complements=False))
    together = joined(papers, stayed)
    found = ranges(together)
    holds(together, [value for truth in truths for value in truth.tolist()], found)
    assert findings(together, found) == []


def test_a_count_that_stayed_but_was_targeted_anew_would_be_found() -> None:
    """What keeping is for: the same counts under two keys, and a figure that moves proves 1 to 4."""
    of = LAYOUTS["two way"]
    truth = of.truth([2, 3, 1, 2, 4, 1])
    finest = [of.names()[cell] for cell in np.flatnonzero(model(of).finest)]
    papers = [printed(of, rounded(of, truth, seed), complements=False) for seed in (1, 2)]
    together = joined(papers, [finest])
    assert SMALL in {finding.broken for finding in findings(together, ranges(together))}


def _merged(first: Layout, then: Layout, seed: int, truths: tuple[Ints, Ints]) -> tuple[Paper, Paper]:
    earlier = rounded(first, truths[0], seed)
    became = [("p", "pq"), ("q", "pq")]
    before = previous(model(then), model(first), earlier, truths[0], became)
    again = round_again(model(then), truths[1], asked_of(model(then), truths[1], seed), before)
    old, new = printed(first, earlier, complements=False), Paper()
    for name, figure in zip(then.names(), again.publication.tolist(), strict=True):
        steps = {"pq": 1, "r": 0, ALL: LATER_STEPS}[name]
        new.cell(name, figure, controlled(figure, steps=steps))
    for total, parts in then.sums:
        new.total(total, parts)
    return old, new


@given(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), SEEDS)
def test_a_merger_of_regions_tells_nothing(counts: tuple[int, int, int, int], seed: int) -> None:
    """p and q become one region with the same people, while r may change."""
    first, then = LAYOUTS["one way"], layout([{ALL: ["pq", "r"]}], [{0}])
    p, q, r, later = counts
    old, new = _merged(first, then, seed, (first.truth([p, q, r]), then.truth([p + q, later])))
    together = joined([old, new], [["r"] if r == later else []])
    at = together.names.index
    together.total(at("2:pq"), [at("1:p"), at("1:q")])
    found = ranges(together)
    assert findings(together, found) == []


def test_all_keys_together_leave_every_value_of_a_kept_part_and_of_a_changed_one() -> None:
    """A2 and A3 at once, by trying: parts a and b and their total; a stayed and the reader knows, b was redelivered.

    All truths of both releases under the rule, each with the chance of both prints over permanent numbers.
    """
    sums = [((0, 1), (1, -1), (2, -1))]
    for first, second in (((0, 0, 0), (5, 0, 5)), ((5, 0, 5), (0, 0, 0)), ((5, 5, 0), (10, 5, 5))):
        rounder = Rounder(sums, [1, 0, 0])
        seen: dict[str, set[int]] = {"a": set(), "b": set(), "b again": set()}
        (a_low, a_high), (b_low, b_high) = controlled(first[1]), controlled(first[2])
        again_low, again_high = controlled(second[2])
        for a in range(a_low, a_high + 1):
            for b in range(b_low, b_high + 1):
                for then in range(again_low, again_high + 1):
                    truth = [(a + b, a, b), (a + then, a, then)]
                    kept = [{}, {1: first[1]} | ({2: first[2]} if then == b else {})]
                    if rounder.chance(truth, [first, second], kept) > 0:
                        seen["a"].add(a)
                        seen["b"].add(b)
                        seen["b again"].add(then)
        for (name, values), shown in zip(seen.items(), (first[1], first[2], second[2]), strict=True):
            assert max(values) - min(values) >= (8 if shown else 4), (first, second, name, values)


@pytest.mark.xfail(
    reason="a total is targeted anew when its parts changed, though it did not itself: certificate.py, Not said"
)
def test_a_total_that_stayed_while_its_parts_changed_tells_nothing() -> None:
    """One deliverer says how many, another where they live; only the second redelivered. The reader knows the total stayed."""
    of = layout([{ALL: ["p", "q"]}], [{0}])
    truths = of.truth([3, 1]), of.truth([1, 3])
    broken = []
    for seed in range(60):
        first = rounded(of, truths[0], seed, 1)
        before = previous(model(of, 1), model(of, 1), first, truths[0])
        again = round_again(model(of, 1), truths[1], asked_of(model(of, 1), truths[1], seed), before)
        papers = [printed(of, first, 1), printed(of, again.publication, LATER_STEPS)]
        together = joined(papers, [[ALL]])
        broken += [finding.broken for finding in findings(together, ranges(together))]
    assert broken == []
