"""A2 and A3 on tiny tables: what would the published algorithm have printed, over all keys, had the truth been this?

The algorithm, from its public description: each cell has a permanent number, the same in every release; its target is the
upper multiple when number < remainder / base; printed is the additive rounding with the least turned targets, where leaving
the two neighbours of the truth costs as much as twenty turns a step. Equal roundings are told apart by the key too, so
they share the chance. What did not change keeps what was printed of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from tests.publication.disclosure.attacker.paper import Paper, Row
from tests.publication.disclosure.attacker.search import truths

STEP = 20
"""Turned targets that one step outside the neighbours counts for."""

Figures = tuple[int, ...]


@dataclass
class Rounder:
    """The algorithm for tables of one shape. `steps`: K of each cell. `apart`: cells that round together have numbers of
    their own all the same, as the algorithm must not."""

    sums: Sequence[Row]
    steps: Sequence[int]
    base: int = 5
    apart: bool = False
    _seen: dict[tuple[Figures, Figures, Figures], list[Figures]] = field(default_factory=dict)

    def chance(
        self,
        truth: Sequence[Figures],
        shown: Sequence[Figures],
        kept: Sequence[Mapping[int, int]] | None = None,
    ) -> float:
        """Over keys, that releases with these truths are printed as shown. `kept[r]`: cells that must keep a printed figure."""
        remainders = [[value % self.base for value in release] for release in truth]
        source = [self._lender(release) for release in remainders]
        cuts = [{0, self.base} for _ in truth[0]]
        for of_release, lenders in zip(remainders, source, strict=True):
            for remainder, lender in zip(of_release, lenders, strict=True):
                cuts[lender].add(remainder)
        spans = [list(pairwise(sorted(cut))) for cut in cuts]
        weight = np.ones(1)
        for of_number in spans:
            weight = np.multiply.outer(weight, [(b - a) / self.base for a, b in of_number]).ravel()
        lows = np.array(list(product(*([a for a, _ in of_number] for of_number in spans))))
        for release, printed in enumerate(shown):
            fixed = kept[release] if kept else {}
            up = lows[:, source[release]] < np.array(remainders[release])
            weight = weight * self._share(truth[release], printed, up, fixed)
        return float(weight.sum())

    def _lender(self, remainders: Sequence[int]) -> list[int]:
        """Of each cell the one whose number it uses."""
        lender = list(range(len(remainders)))
        totals = {row[0][0] for row in self.sums}
        for row in () if self.apart else (*self.sums, *self.sums):
            between = [(cell, sign) for cell, sign in row if remainders[cell]]
            if len(between) == 2 and sum(sign * remainders[cell] for cell, sign in between) == 0:
                one, other = sorted(
                    (lender[cell] for cell, _ in between), key=lambda cell: (cell in totals, cell)
                )
                lender = [one if cell == other else cell for cell in lender]
        return lender

    def _share(
        self, truth: Figures, printed: Figures, up: NDArray[np.bool_], fixed: Mapping[int, int]
    ) -> NDArray[np.float64]:
        """Per pattern of targets [patterns], the chance that this is what is printed."""
        floor = [value // self.base for value in truth]
        wanted = tuple(figure // self.base - f for figure, f in zip(printed, floor, strict=True))
        roundings = self._roundings(truth, fixed)
        if wanted not in roundings:
            return np.zeros(len(up))
        whole = np.array([value % self.base == 0 for value in truth])
        z = np.array(roundings)
        top = np.where(whole, 0, 1)
        outside = STEP * (np.maximum(-z, 0) + np.maximum(z - top, 0))
        inside = np.clip(z, 0, top)
        free = np.array([cell not in fixed for cell in range(len(truth))])
        if_down = (outside + (inside == 1)) * free
        if_up = (outside + (inside == 0) * ~whole) * free
        cost = if_down.sum(axis=1) + up @ (if_up - if_down).T
        best = np.isclose(cost, cost.min(axis=1, keepdims=True), rtol=0, atol=1e-9)
        share: NDArray[np.float64] = best[:, roundings.index(wanted)] / best.sum(axis=1)
        return share

    def _roundings(self, truth: Figures, fixed: Mapping[int, int]) -> list[Figures]:
        """All additive roundings within the steps, in multiples above the floor of the truth."""
        paper, floor = Paper(), []
        for cell, (value, steps) in enumerate(zip(truth, self.steps, strict=True)):
            least, rest = divmod(value, self.base)
            floor.append(least)
            window = (max(0, least - steps), least + (rest > 0) + steps)
            if cell in fixed:
                window = (fixed[cell] // self.base,) * 2
            paper.cell(str(cell), None, window)
        paper.sums = list(self.sums)
        key = (
            tuple(low - f for (low, _), f in zip(paper.window, floor, strict=True)),
            tuple(high - f for (_, high), f in zip(paper.window, floor, strict=True)),
            tuple(sum(sign * floor[cell] for cell, sign in row) for row in self.sums),
        )
        if key not in self._seen:
            self._seen[key] = [
                tuple(v - f for v, f in zip(found, floor, strict=True)) for found in truths(paper)
            ]
        return self._seen[key]


@dataclass(frozen=True)
class Likelihoods:
    """Of each candidate truth the chance, over keys, of what was printed."""

    chance: Mapping[Figures, float]

    def possible(self) -> list[set[int]]:
        """Of each cell the values that some key explains."""
        return [set(values) for values in zip(*(t for t, c in self.chance.items() if c > 0), strict=True)]

    def ratio(self, cell: int) -> float:
        """§5.4 (iv): how much likelier what was printed is under one value of the cell than under another, the rest of the
        table being any that fits, all alike."""
        by_value: dict[int, list[float]] = {}
        for truth, chance in self.chance.items():
            by_value.setdefault(truth[cell], []).append(chance)
        means = [float(np.mean(chances)) for chances in by_value.values() if max(chances) > 0]
        return max(means) / min(means)

    def informed_ratio(self, unit: Sequence[int]) -> float:
        """The same for a reader who knows everything but one finest cell: `unit` is what one there adds to each cell."""
        lines: dict[Figures, list[float]] = {}
        at = next(cell for cell, adds in enumerate(unit) if adds)
        for truth, chance in self.chance.items():
            if chance > 0:
                rest = tuple(v - truth[at] * adds for v, adds in zip(truth, unit, strict=True))
                lines.setdefault(rest, []).append(chance)
        return max(max(chances) / min(chances) for chances in lines.values())


def likelihoods(paper: Paper, steps: Sequence[int], base: int = 5, apart: bool = False) -> Likelihoods:
    """Of every truth that fits one printed release."""
    rounder = Rounder(paper.sums, steps, base, apart)
    shown = tuple(figure for figure in paper.shown if figure is not None)
    assert len(shown) == len(paper.shown), "the algorithm prints every cell"
    return Likelihoods({truth: rounder.chance([truth], [shown]) for truth in truths(paper)})
