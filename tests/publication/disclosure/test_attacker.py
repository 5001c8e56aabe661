"""The attacker itself: what it must find on tables whose answer is known, and that it claims nothing untrue."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.publication.disclosure.attacked import LAYOUTS, Layout, populations
from tests.publication.disclosure.attacker.membership import own_ranges
from tests.publication.disclosure.attacker.paper import ENDLESS, Impossible, Paper, endless, joined
from tests.publication.disclosure.attacker.propagation import tightened
from tests.publication.disclosure.attacker.rules import (
    HIDDEN,
    controlled,
    exact,
    marked_small,
    nearest,
    sticky,
)
from tests.publication.disclosure.attacker.search import possible, truths
from tests.publication.disclosure.attacker.solver import ranges
from tests.publication.disclosure.attacker.verdict import EXACT, NARROW, SMALL, Finding, findings, unhidden


def column(shown: list[int], total: int, window: object = controlled) -> Paper:
    """Parts a, b, … and their total, each read by one rule."""
    paper = Paper()
    parts = [paper.cell("abcdefgh"[i], figure, window(figure)) for i, figure in enumerate(shown)]  # type: ignore[operator]
    paper.total(paper.cell("total", total, window(total)), parts)  # type: ignore[operator]
    return paper


def by_name(paper: Paper) -> dict[str, tuple[int, int]]:
    return dict(zip(paper.names, ranges(paper), strict=True))


def test_a_hidden_part_is_recovered_from_its_margin() -> None:
    paper = Paper()
    parts = [paper.cell("a", 12, exact(12)), paper.cell("b", None, HIDDEN), paper.cell("c", 7, exact(7))]
    paper.total(paper.cell("total", 22, exact(22)), parts)
    assert possible(paper)[1] == {3}
    assert unhidden(paper, ranges(paper)) == [Finding("b", EXACT, 3, 3)]


def test_two_hidden_parts_keep_their_secret_unless_their_sum_is_small() -> None:
    for rest, low, high in ((10, 0, 10), (3, 0, 3)):
        paper = Paper()
        parts = [paper.cell("a", 12, exact(12)), paper.cell("b", None, HIDDEN), paper.cell("c", None, HIDDEN)]
        paper.total(paper.cell("total", 12 + rest, exact(12 + rest)), parts)
        assert by_name(paper)["b"] == (low, high)
        assert [f.cell for f in unhidden(paper, ranges(paper))] == ([] if rest == 10 else ["b", "c"])


def test_a_mark_of_its_own_for_small_counts_gives_them_away() -> None:
    paper = Paper()
    parts = [paper.cell("a", None, marked_small()), paper.cell("b", None, HIDDEN)]
    paper.total(paper.cell("total", 22, exact(22)), parts)
    assert unhidden(paper, ranges(paper)) == [Finding("a", SMALL, 1, 4)]


def test_nearest_five_proves_a_small_count_by_its_margin() -> None:
    """5 + 0 + 0 in a total of 10: the total is 8 or more, a at most 7, b and c at most 2: b + c at least 1."""
    paper = column([5, 0, 0], 10, nearest)
    found = by_name(paper)
    assert found == {"a": (4, 7), "b": (0, 2), "c": (0, 2), "total": (8, 11)}
    paper.complements()
    broken = {f.cell: (f.broken, f.low, f.high) for f in findings(paper, ranges(paper))}
    assert broken["total without a"] == (SMALL, 1, 4)
    assert broken["b"] == (NARROW, 0, 2)


def test_nearest_five_can_be_solved_exactly() -> None:
    """Four parts printed 5 in a total of 30: each 7 and the total 28."""
    paper = column([5, 5, 5, 5], 30, nearest)
    assert possible(paper) == [{7}, {7}, {7}, {7}, {28}]
    assert {f.broken for f in findings(paper, ranges(paper))} == {EXACT}


def test_a_difference_between_releases_is_found() -> None:
    """True figures with a part that did not change: what did change follows, and with it what was hidden."""
    papers = []
    for b, total in ((20, None), (20, 24)):
        paper = Paper()
        parts = [paper.cell("a", None, HIDDEN), paper.cell("b", b, exact(b))]
        paper.total(paper.cell("total", total, HIDDEN if total is None else exact(total)), parts)
        papers.append(paper)
    apart, together = joined(papers, [[]]), joined(papers, [["a"]])
    assert by_name(apart)["1:a"] == (0, ENDLESS)
    assert by_name(together)["1:a"] == (4, 4)
    assert unhidden(together, ranges(together))[0] == Finding("1:a", EXACT, 4, 4)


def test_a_count_that_stays_while_its_figure_moves_is_proved_small() -> None:
    """Rounded anew with another random number each time, 0 and then 5 leave 1 to 4."""
    papers = [column([0, 10], 10), column([5, 10], 15)]
    both = joined(papers, [["a"]])
    assert Finding("1:a", SMALL, 1, 4) in findings(both, ranges(both))
    apart = joined(papers, [[]])
    assert findings(apart, ranges(apart)) == []


def test_a_sticky_figure_that_drops_to_0_is_a_true_zero() -> None:
    """Kept as long as the truth is in its window: 5 stays for 1 to 9, so 0 after 5 is 0."""
    assert sticky(5, 0) == (0, 0)
    assert sticky(0, 5) == (5, 9)
    assert sticky(5, 5) == controlled(5)
    paper = Paper()
    paper.cell("a", 0, sticky(5, 0))
    assert findings(paper, ranges(paper)) == [Finding("a", EXACT, 0, 0)]


def test_controlled_rounding_that_does_not_add_up_gives_itself_away() -> None:
    paper = column([0, 0], 10)
    assert by_name(paper) == {"a": (2, 4), "b": (2, 4), "total": (6, 8)}
    assert {f.broken for f in findings(paper, ranges(paper)) if f.cell != "total"} == {SMALL}


def test_what_was_public_beforehand_is_no_finding() -> None:
    paper = Paper()
    never = paper.cell("never", 0, controlled(0), (0, 0))
    other = paper.cell("other", 5, controlled(5))
    paper.total(paper.cell("total", 5, controlled(5)), [never, other])
    assert by_name(paper)["never"] == (0, 0)
    assert findings(paper, ranges(paper)) == []


def test_present_together() -> None:
    paper = Paper()
    paper.together.append((paper.cell("persons", 0, controlled(0)), paper.cell("held", 5, controlled(5))))
    paper.rest("further", ((1, 1), (0, -1)))
    assert by_name(paper)["persons"] == (1, 4)
    assert possible(paper)[0] == {1, 2, 3, 4}


def test_own_membership_lifts_a_zero_and_narrows_its_neighbours_by_as_much() -> None:
    paper = column([0, 5], 5)
    found, mine = own_ranges(paper, {"a": 2, "total": 2})
    assert found == [(2, 4), (1, 7), (3, 9)]
    assert findings(paper, found, spared=2, own=mine) == []
    assert [f.cell for f in findings(paper, found)] == ["a", "b", "total"]


def test_nothing_fits_what_is_false() -> None:
    with pytest.raises(Impossible):
        ranges(column([0, 0], 15))
    with pytest.raises(Impossible):
        possible(column([0, 0], 15))


def near(of: Layout, people: list[int]) -> tuple[Paper, list[int]]:
    """Each cell rounded alone, and the truth of every cell, complements included."""
    truth, paper = of.truth(people).tolist(), Paper()
    for name, value in zip(of.names(), truth, strict=True):
        paper.cell(name, (value + 2) // 5 * 5, nearest((value + 2) // 5 * 5))
    for total, parts in of.sums:
        paper.total(total, parts)
    paper.complements()
    for row in paper.derived.values():
        truth.append(sum(sign * truth[cell] for cell, sign in row))
    return paper, truth


@settings(max_examples=30)
@given(populations())
def test_what_it_claims_of_nearest_five_is_true(population: tuple[Layout, list[int]]) -> None:
    paper, truth = near(*population)
    by_hand = tightened(paper, paper.window)
    assert by_hand is not None
    for (low, high), (rough_low, rough_high), value in zip(ranges(paper), by_hand, truth, strict=True):
        assert rough_low <= low <= value <= high <= rough_high


@settings(max_examples=25)
@given(populations().filter(lambda p: len(p[0].cells) <= 12))
def test_trying_every_truth_and_integer_programming_agree(population: tuple[Layout, list[int]]) -> None:
    paper, truth = near(*population)
    tried = possible(paper)
    assert ranges(paper) == [(min(values), max(values)) for values in tried]
    assert all(value in values for value, values in zip(truth, tried, strict=True))


@given(st.lists(st.integers(0, 6), min_size=2, max_size=4))
def test_every_truth_is_listed_once(parts: list[int]) -> None:
    paper = column([0] * len(parts), 0, lambda _: (0, 6))
    listed = list(truths(paper))
    brute = [(*p, sum(p)) for p in _tuples(7, len(parts)) if sum(p) <= 6]
    assert sorted(listed) == sorted(brute)


def _tuples(values: int, length: int) -> list[tuple[int, ...]]:
    if not length:
        return [()]
    return [(v, *rest) for v in range(values) for rest in _tuples(values, length - 1)]


def test_it_finds_disclosures_in_nearest_five() -> None:
    """Not only on tables made for it; and each is true (above)."""
    of = LAYOUTS["two way"]
    worst = {EXACT: 0, SMALL: 0, NARROW: 0}
    for seed in range(12):
        people = [(seed * 7 + i * i * 5 + i * seed) % 8 for i in range(len(of.kinds))]
        paper, _ = near(of, people)
        for finding in findings(paper, ranges(paper)):
            worst[finding.broken] += 1
    assert worst[SMALL] > 0, worst


def test_an_endless_window_stays_endless() -> None:
    paper = Paper()
    parts = [paper.cell("a", None, HIDDEN), paper.cell("b", None, HIDDEN)]
    paper.total(paper.cell("total", None, HIDDEN), parts)
    assert all(endless(high) for _, high in ranges(paper))
    bounded = replace(paper, window=[HIDDEN, HIDDEN, (0, 30)])
    assert ranges(bounded) == [(0, 30)] * 3
