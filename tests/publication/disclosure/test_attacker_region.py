"""Counts that overlap, before the attacker: one region of the catalogue's linked indicators.

The attacker reads the definitions for itself; the release is the library's, of the relations the service finds in them.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gmsd_contracts.catalogue import INDICATORS, TOTAL, Category, Group, Indicator
from gmsd_publication.disclosure.model import TOP, UNBOUNDED, Ints, Model
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole
from gmsd_publication.disclosure.rounding.targets import numbers, targets
from gmsd_publication.domain.relations import relations
from tests.publication.disclosure.attacked import key
from tests.publication.disclosure.attacker.paper import Paper
from tests.publication.disclosure.attacker.region import Region, figures, kinds, population
from tests.publication.disclosure.attacker.solver import ranges
from tests.publication.disclosure.attacker.verdict import SMALL, findings

MOMENTS = ("peildatum", "periode")
LEAVES = ("a", "b", "c", "d")
GROUPS = {"ab": ("a", "b"), "cc": ("c",)}
"""A group of two, a group of one and a category in no group: every shape the catalogue has."""


def indicator(name: str) -> Indicator:
    return INDICATORS[name].model_copy(
        update={
            "categories": tuple(Category(code=code, label=code) for code in LEAVES),
            "groups": tuple(Group(code=c, label=c, members=members) for c, members in GROUPS.items()),
        }
    )


def figure(name: str, moment: str, code: str) -> str:
    return f"{name} {moment} {code}"


@cache
def region() -> Region:
    """From the definitions in words: docs/counting.md and the catalogue's `definition`."""
    under = {TOTAL: (*GROUPS, "d"), **GROUPS}
    codes = (TOTAL, *GROUPS, *LEAVES)

    def sums(name: str) -> list[tuple[str, Sequence[str]]]:
        return [
            (figure(name, moment, total), [figure(name, moment, part) for part in parts])
            for moment in MOMENTS
            for total, parts in under.items()
        ]

    return Region(
        persons=sums("U1"),
        exact=sums("U2"),
        within=[(figure(n, MOMENTS[0], c), figure(n, MOMENTS[1], c)) for n in ("U1", "U2") for c in codes],
        held=[(figure("U1", moment, c), figure("U2", moment, c)) for moment in MOMENTS for c in codes],
    )


def model() -> tuple[Model, list[str]]:
    """One region as the library sees it, and the names of its cells."""
    found = relations([indicator("U1"), indicator("U2")])
    names = [figure(*slot) for slot in found.slots]
    size = len(names)
    equations, implied = found.matrix(found.equations), found.matrix(found.counts)
    return Model(
        names=names,
        base=np.full(size, 5, dtype=np.int64),
        published=np.ones(size, dtype=bool),
        steps=np.zeros(size, dtype=np.int64),
        lower=np.zeros(size, dtype=np.int64),
        upper=np.full(size, UNBOUNDED, dtype=np.int64),
        equations=equations,
        equation_names=[str(row) for row in found.equations],
        implied=implied,
        implied_names=[str(row) for row in found.counts],
        presence=np.array(found.presence, dtype=np.int64).reshape(-1, 2),
        block=np.zeros(size, dtype=np.int64),
        parents=np.array([TOP]),
    ), names


@st.composite
def people(draw: st.DrawFn) -> dict[str, int]:
    """A truth: persons of a few kinds, and what they hold beyond one in each category."""
    truth = dict.fromkeys(region().names(), 0)
    every = kinds(region())
    for kind in draw(st.lists(st.sampled_from(every), max_size=5)):
        number = draw(st.integers(1, 6))
        held = set(kind)
        for name in kind:
            truth[name] += number
        for leaf in LEAVES:
            then, ever = (f"U1 {moment} {leaf}" in held for moment in MOMENTS)
            if ever:
                more = draw(st.integers(0, 3))
                _hold(truth, leaf, "periode", number + more)
                _hold(truth, leaf, "peildatum", (number + draw(st.integers(0, more))) if then else 0)
    return truth


def _hold(truth: dict[str, int], leaf: str, moment: str, number: int) -> None:
    groups = [group for group, members in GROUPS.items() if leaf in members]
    for code in (leaf, *groups, TOTAL):
        truth[figure("U2", moment, code)] += number


def rounded(truth: dict[str, int], seed: int, without: str = "") -> dict[str, int]:
    """The library's release; `without`: kind of relation it is not told of."""
    release, names = model()
    if without == "presence":
        release = replace(release, presence=release.presence[:0])
    if without == "implied":
        release = replace(release, implied=release.implied[:0], implied_names=[])
    counts: Ints = np.array([truth[name] for name in names], dtype=np.int64)
    release.check_truth(counts)
    number = numbers(key(seed), names)
    nothing = np.zeros(len(names), dtype=bool)
    asked = Asked(counts, targets(counts, release.base, number), nothing, counts)
    return dict(zip(names, round_whole(release, asked).tolist(), strict=True))


def holds(paper: Paper, truth: dict[str, int], found: Sequence[tuple[int, int]]) -> None:
    values = [truth.get(name, 0) for name in paper.names]
    for cell, row in paper.derived.items():
        values[cell] = sum(sign * values[other] for other, sign in row)
    for cell, (low, high) in enumerate(found):
        assert cell in paper.helpers or low <= values[cell] <= high, paper.names[cell]


@settings(max_examples=6, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking takes minutes
@given(people(), st.integers(0, 10**6))
def test_it_finds_nothing_figure_by_figure(truth: dict[str, int], seed: int) -> None:
    paper = figures(region(), rounded(truth, seed))
    found = ranges(paper)
    holds(paper, truth, found)
    assert findings(paper, found) == []


@settings(max_examples=6, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking takes minutes
@given(people(), st.integers(0, 10**6))
def test_it_finds_nothing_by_writing_the_figures_as_persons(truth: dict[str, int], seed: int) -> None:
    paper = population(region(), rounded(truth, seed))
    found = ranges(paper)
    holds(paper, truth, found)
    assert findings(paper, found) == []


@pytest.mark.parametrize(("without", "persons", "arrangements"), [("presence", 1, 4), ("implied", 3, 3)])
def test_it_finds_a_release_that_forgot_a_definition(without: str, persons: int, arrangements: int) -> None:
    """The relations are there for a reason: one forgotten, some release proves a small count."""
    kind = frozenset({f"U1 periode {code}" for code in ("a", "ab", TOTAL)})
    truth = dict.fromkeys(region().names(), 0)
    for name in kind:
        truth[name] = persons
    _hold(truth, "a", "periode", arrangements)
    broken = []
    for seed in range(4):
        paper = figures(region(), rounded(truth, seed, without))
        broken += [finding.broken for finding in findings(paper, ranges(paper))]
    assert SMALL in broken


def test_a_part_above_its_whole_proves_a_small_count() -> None:
    own = Region(within=[("U1 peildatum a", "U1 periode a")])
    paper = figures(own, {"U1 peildatum a": 5, "U1 periode a": 0})
    assert {f.cell: (f.broken, f.low, f.high) for f in findings(paper, ranges(paper))}["U1 periode a"] == (
        SMALL,
        1,
        4,
    )


def test_persons_beside_nothing_held_are_proved_small() -> None:
    own = Region(held=[("persons", "arrangements")])
    paper = figures(own, {"persons": 0, "arrangements": 10})
    assert ("persons", SMALL) in {(f.cell, f.broken) for f in findings(paper, ranges(paper))}


def test_persons_find_what_figures_alone_do_not() -> None:
    """On the peildatum 10 persons with a, 10 with b and 10 in all, so they overlap; in the period the same parts and 20 in
    all, so nobody overlaps. Each figure allows its neighbour, but who overlaps on the peildatum does so in the period."""
    own = Region(
        persons=[("then", ("then a", "then b")), ("ever", ("ever a", "ever b"))],
        within=[("then", "ever"), ("then a", "ever a"), ("then b", "ever b")],
    )
    figures_shown = {"then": 10, "then a": 10, "then b": 10, "ever": 20, "ever a": 10, "ever b": 10}
    loose, strict = figures(own, figures_shown), population(own, figures_shown)
    width = [high - low for low, high in ranges(loose)]
    strict_width = [high - low for low, high in ranges(strict)][: len(width)]
    assert all(a <= b for a, b in zip(strict_width, width, strict=True)) and strict_width != width
