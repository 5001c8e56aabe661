"""Suppression before the attacker: with one mark it finds nothing, with marks it can tell apart it finds what was hidden."""

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import Phase, given, settings

from gmsd_publication.disclosure.model import Flags, Ints
from gmsd_publication.disclosure.suppression import Effort, suppress
from tests.publication.disclosure.attacked import LAYOUTS, Layout, model, populations
from tests.publication.disclosure.attacker.paper import Paper, Window
from tests.publication.disclosure.attacker.rules import HIDDEN, exact, marked_small
from tests.publication.disclosure.attacker.solver import ranges
from tests.publication.disclosure.attacker.suspicion import after_suspicion
from tests.publication.disclosure.attacker.verdict import EXACT, SMALL, unhidden

Mark = Callable[[int], Window]
"""What the mark on a cell of this truth says by itself."""


def print_of(of: Layout, truth: Ints, hidden: Flags, mark: Mark = lambda _: HIDDEN) -> Paper:
    paper = Paper()
    for name, value, under in zip(of.names(), truth.tolist(), hidden.tolist(), strict=True):
        paper.cell(name, None if under else value, mark(value) if under else exact(value))
    for total, parts in of.sums:
        paper.total(total, parts)
    return paper


def telling(value: int) -> Window:
    """One mark for small counts and another for what is hidden to protect them."""
    return marked_small(zeros=True) if value < 5 else HIDDEN


def suppressed(of: Layout, people: Sequence[int]) -> tuple[Ints, Flags]:
    truth = of.truth(people)
    return truth, suppress(model(of), truth, effort=Effort(moves=300)).hidden


@settings(max_examples=20, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(populations())
def test_one_mark_hides_every_small_count(population: tuple[Layout, list[int]]) -> None:
    of, people = population
    truth, hidden = suppressed(of, people)
    assert hidden[truth < 5].all()
    paper = print_of(of, truth, hidden)
    for found in (ranges(paper), after_suspicion(paper)):
        for name, value, (low, high) in zip(paper.names, truth.tolist(), found, strict=True):
            assert low <= value <= high, name
            assert value >= 5 or (low <= 1 and high >= 5), (name, low, high)
    assert unhidden(paper, found) == []


TABLE = [12, 3, 9, 7, 8, 2]
"""Two by three, two small counts."""


def test_small_counts_hidden_alone_are_computed() -> None:
    of = LAYOUTS["two way"]
    truth = of.truth(TABLE)
    paper = print_of(of, truth, truth < 5)
    found = {finding.cell: (finding.broken, finding.low) for finding in unhidden(paper, ranges(paper))}
    assert found == {"x/q": (EXACT, 3), "y/r": (EXACT, 2)}


def test_marks_that_can_be_told_apart_give_the_small_counts_away() -> None:
    of = LAYOUTS["two way"]
    truth, hidden = suppressed(of, TABLE)
    one, two = print_of(of, truth, hidden), print_of(of, truth, hidden, telling)
    assert unhidden(one, after_suspicion(one)) == []
    found = unhidden(two, ranges(two))
    assert [finding.cell for finding in found] == ["x/q", "y/r"]
    for finding in found:
        assert finding.low <= truth[two.names.index(finding.cell)] <= finding.high < 5


def test_a_printed_zero_beside_hidden_counts_proves_them_small() -> None:
    """Zeros printed: whatever is hidden is 1 or more, and two hidden in a total of 5 are 1 to 4."""
    of = LAYOUTS["one way"]
    truth = of.truth([0, 3, 2])
    hidden = np.array([name in ("q", "r") for name in of.names()])
    paper = print_of(of, truth, hidden, lambda _: (1, 10**12))
    assert {finding.broken for finding in unhidden(paper, ranges(paper))} == {SMALL}
