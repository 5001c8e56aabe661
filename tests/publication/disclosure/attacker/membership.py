"""A4: who is counted itself takes itself off the tables first."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from tests.publication.disclosure.attacker.paper import Paper, Window, endless
from tests.publication.disclosure.attacker.solver import ranges


def own_ranges(paper: Paper, own: Mapping[str, int]) -> tuple[list[Window], Collection[int]]:
    """Least and largest truths given how often the attacker itself is counted in each cell; and the cells it is in.

    What is left without the attacker is a table too, so its rows hold there and its counts are not negative.
    """
    mine = [own.get(name, 0) for name in paper.names]
    for cell, row in paper.derived.items():
        mine[cell] = sum(sign * mine[other] for other, sign in row)
    for row in paper.sums:
        assert sum(sign * mine[cell] for cell, sign in row) == 0, "nobody is counted like that"
    left = [
        (max(0, low - m), high if endless(high) else high - m)
        for (low, high), m in zip(paper.window, mine, strict=True)
    ]
    rest = ranges(replace(paper, window=left))
    found = [(low + m, high + m) for (low, high), m in zip(rest, mine, strict=True)]
    return found, [cell for cell, m in enumerate(mine) if m]
