"""Every truth that fits, by trying: for small tables only, and exact."""

from collections.abc import Iterator

from tests.publication.disclosure.attacker.paper import Impossible, Paper, Window
from tests.publication.disclosure.attacker.propagation import tightened


def truths(paper: Paper, windows: list[Window] | None = None) -> Iterator[tuple[int, ...]]:
    """All of them."""
    narrowed = tightened(paper, paper.window if windows is None else windows)
    if narrowed is None:
        return
    undecided = [(high - low, cell) for cell, (low, high) in enumerate(narrowed) if high > low]
    if not undecided:
        values = tuple(low for low, _ in narrowed)
        # Pencil and paper may have stopped before every row was looked at again.
        if _fits(paper, values):
            yield values
        return
    _, cell = min(undecided)
    low, high = narrowed[cell]
    for value in range(low, high + 1):
        trial = list(narrowed)
        trial[cell] = (value, value)
        yield from truths(paper, trial)


def possible(paper: Paper) -> list[set[int]]:
    """Of each cell the values that some truth gives it. Raises Impossible."""
    windows = tightened(paper, paper.window)
    if windows is None:
        raise Impossible("no truth fits")
    found: list[set[int]] = [set() for _ in windows]
    for cell, (low, high) in enumerate(windows):
        for value in range(low, high + 1):
            if value in found[cell]:
                continue
            trial = list(windows)
            trial[cell] = (value, value)
            witness = next(truths(paper, trial), None)
            if witness is not None:
                for other, its in enumerate(witness):
                    found[other].add(its)
        if not found[cell]:
            raise Impossible("no truth fits")
    return found


def _fits(paper: Paper, values: tuple[int, ...]) -> bool:
    return all(sum(sign * values[cell] for cell, sign in row) == 0 for row in paper.sums) and all(
        (values[part] > 0) == (values[whole] > 0) for part, whole in paper.together
    )
