"""Which cells fail §5.4 (i) to (iii)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tests.publication.disclosure.attacker.paper import ENDLESS, Paper, Window, endless
from tests.publication.disclosure.attacker.propagation import tightened

EXACT, SMALL, NARROW = "(i) one value", "(ii) proved 1 to base − 1", "(iii) too narrow"


@dataclass(frozen=True)
class Finding:
    """What the attacker now claims of a cell, and which promise that breaks."""

    cell: str
    broken: str
    low: int
    high: int


def findings(
    paper: Paper, ranges: Sequence[Window], base: int = 5, spared: int = 0, own: Collection[int] = ()
) -> list[Finding]:
    """Cells of a rounded publication that fail, the worst promise of each.

    What was public beforehand is no finding. `spared`: how much narrower is allowed, the attacker's own memberships (A4),
    which lie in the cells `own`: of those it is stated that a published 0 becomes 1 to base − 1.
    """
    known = _known(paper)
    failed = []
    for cell, (low, high) in enumerate(ranges):
        was_low, was_high = known[cell]
        if was_low == was_high or cell in paper.helpers:
            continue
        needed = (base - 1 if paper.shown[cell] == 0 else 2 * (base - 1)) - spared
        broken = None
        if low == high:
            broken = EXACT
        elif _inside(low, high, base) and not _inside(was_low, was_high, base) and cell not in own:
            broken = SMALL
        elif high - low < min(needed, was_high - was_low) and cell not in paper.surplus:
            broken = NARROW
        if broken:
            failed.append(Finding(paper.names[cell], broken, low, high))
    return failed


def unhidden(paper: Paper, ranges: Sequence[Window], threshold: int = 5) -> list[Finding]:
    """Hidden cells of a suppressed publication that are not hidden: an attacker sees no difference between primaries and
    the rest, so each that may be below the threshold must keep a value of at most 1 and one of at least the threshold."""
    known = _known(paper)
    failed = []
    for cell, (low, high) in enumerate(ranges):
        if (
            cell in paper.helpers
            or paper.shown[cell] is not None
            or known[cell][0] == known[cell][1]
            or low >= threshold
        ):
            continue
        if low == high:
            failed.append(Finding(paper.names[cell], EXACT, low, high))
        elif _inside(low, high, threshold):
            failed.append(Finding(paper.names[cell], SMALL, low, high))
        elif low > 1 or high < threshold:
            failed.append(Finding(paper.names[cell], NARROW, low, high))
    return failed


def _inside(low: int, high: int, base: int) -> bool:
    return low >= 1 and high < base


def _known(paper: Paper) -> list[Window]:
    before = tightened(paper.before(), paper.public)
    assert before is not None, "public facts exclude one another"
    return [(low, ENDLESS if endless(high) else high) for low, high in before]
