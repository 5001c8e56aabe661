"""Against one mark: who knows that all small counts are well hidden takes what is not well hidden for a large count."""

from tests.publication.disclosure.attacker.paper import ENDLESS, Paper, Window
from tests.publication.disclosure.attacker.solver import ranges


def after_suspicion(paper: Paper, threshold: int = 5) -> list[Window]:
    """Least and largest truths to a reader who knows the promise: a small count can be ≤ 1 and ≥ the threshold.

    So a hidden count that must be 2 or more is no small one, which excludes tables, and so on until nothing changes.
    """
    while True:
        found = ranges(paper)
        large = [
            cell
            for cell, (low, high) in enumerate(found)
            if paper.shown[cell] is None and 1 < low < threshold <= high and cell not in paper.helpers
        ]
        if not large:
            return found
        for cell in large:
            paper = paper.narrowed(cell, (threshold, ENDLESS))
