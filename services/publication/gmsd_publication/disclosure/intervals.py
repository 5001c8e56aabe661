"""What a printed figure says of the count behind it."""

from collections.abc import Sequence

import numpy as np

from gmsd_publication.disclosure.convention import Convention
from gmsd_publication.disclosure.model import UNBOUNDED, Ints

REACH = {
    Convention.EXACT: 0,
    Convention.NEAREST_5: 2,
    Convention.NEAREST_10: 5,
    Convention.THRESHOLD_NEAREST_5: 2,
    Convention.ROUNDED_5: 4,
    Convention.ROUNDED_10: 9,
}
NO_FIGURE = -1


def intervals(
    convention: Convention,
    figures: Ints,
    marks: Sequence[str] | None = None,
    threshold: int = 5,
    hidden_from: int = 0,
) -> tuple[Ints, Ints]:
    """(low, high) of the counts behind figures [n]; NO_FIGURE where a mark stands in its place, or nothing.

    A mark `<k` says hidden_from to k−1 (1 where zeros are never hidden); every other mark, and nothing, says any count.
    """
    reach = REACH[convention]
    low, high = np.maximum(figures - reach, 0), figures + reach
    if convention is Convention.THRESHOLD_NEAREST_5:
        low = np.where(figures > 0, np.maximum(low, threshold), 0)
        high = np.where(figures > 0, high, 0)
    none = figures == NO_FIGURE
    low, high = np.where(none, 0, low), np.where(none, UNBOUNDED, high)
    for place, mark in enumerate(marks or ()):
        if figures[place] == NO_FIGURE and mark.startswith("<"):
            low[place], high[place] = hidden_from, int(mark[1:]) - 1
    return low, high
