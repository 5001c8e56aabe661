"""Least and largest possible truth of each cell by integer programming, for what is too large to try out."""

from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.publication.disclosure.attacker.paper import ENDLESS, Impossible, Paper, Window, endless
from tests.publication.disclosure.attacker.propagation import tightened

OPTIMAL, INFEASIBLE = 0, 2
"""Of scipy.optimize.milp."""
MUCH = 10**6
"""Put in place of "no largest value": solvers do not tell unbounded from infeasible, and lose digits above it. What comes
back near it has no largest value; the counts in these tests are far below."""


class Programs:
    """The integer programs of one paper: the same rows and windows under ever another objective."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        windows = tightened(paper, paper.window)
        if windows is None:
            raise Impossible("no truth fits")
        self.windows = windows

    def ranges(self) -> list[Window]:
        """Of every cell but the helpers, which keep what pencil and paper found.

        A truth found for one cell spares the question for others whose end it reaches.
        """
        asked = set(range(len(self.windows))) - self.paper.helpers
        unsettled = {(cell, side) for cell in asked for side in (0, 1)}
        ends = [list(window) for window in self.windows]
        for cell in range(len(ends)):
            for side in (0, 1):
                if (cell, side) not in unsettled:
                    continue
                truth = self._extreme(cell, side)
                ends[cell][side] = ENDLESS if truth[cell] > MUCH // 4 else truth[cell]
                unsettled -= {(i, s) for i, s in unsettled if truth[i] == self.windows[i][s]}
        return [(low, high) for low, high in ends]

    def _extreme(self, cell: int, side: int) -> list[int]:
        """A truth in which the cell is as small (side 0) or large (1) as can be."""
        objective = np.zeros(len(self.windows))
        objective[cell] = -1 if side else 1
        answer = milp(
            objective,
            integrality=np.ones(len(self.windows)),
            bounds=self._bounds,
            constraints=self._rows,
            options={"mip_rel_gap": 0.0},
        )
        if answer.status == INFEASIBLE:
            raise Impossible("no truth fits")
        if answer.status != OPTIMAL:
            raise RuntimeError(f"no answer for {self.paper.names[cell]}: {answer.message}")
        truth = [round(value) for value in answer.x]
        for row in self.paper.sums:
            assert sum(sign * truth[i] for i, sign in row) == 0, "the solver's truth does not add up"
        return truth

    @cached_property
    def _bounds(self) -> Bounds:
        high = [MUCH if endless(high) else high for _, high in self.windows]
        return Bounds([low for low, _ in self.windows], high)

    @cached_property
    def _rows(self) -> list[LinearConstraint]:
        sums = LinearConstraint(self._matrix([dict(row) for row in self.paper.sums]), 0, 0)
        most = {cell: high for cell, (_, high) in enumerate(self.windows)}
        presence = []
        for pair in self.paper.together:
            for one, other in (pair, pair[::-1]):
                if endless(most[one]):
                    raise ValueError(
                        f"{self.paper.names[one]} needs a largest value to be present with another"
                    )
                presence.append({one: -1, other: max(1, most[one])})
        return [sums, LinearConstraint(self._matrix(presence), 0, np.inf)]

    def _matrix(self, rows: list[dict[int, int]]) -> sp.csr_array:
        entries: NDArray[np.int64] = np.array(
            [(i, cell, sign) for i, row in enumerate(rows) for cell, sign in row.items()], dtype=np.int64
        ).reshape(-1, 3)
        shape = (len(rows), len(self.windows))
        return sp.csr_array((entries[:, 2].astype(float), (entries[:, 0], entries[:, 1])), shape=shape)


def ranges(paper: Paper) -> list[Window]:
    """Least and largest possible truth of each cell. Raises Impossible."""
    return Programs(paper).ranges()
