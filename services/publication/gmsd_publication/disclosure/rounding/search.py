"""Large releases: a large-neighbourhood search from the linear relaxation (disclosure.md 5.2).

The relaxation is integral almost everywhere. Each group of cells (a region's own table, say) is rounded by itself at the
relaxation's prices for what joins it to others; sums are computed from the parts, so everything adds up at once and the only
thing wrong is that some sums lie beyond their two neighbours. Neighbourhoods around those, each one integer program, mend
them; then neighbourhoods anywhere lower the cost until the work is used up.

Every step is counted, no clock is read, and random choices come from a fixed stream: the same solver build ends alike.
"""

from dataclasses import dataclass

import numpy as np

from gmsd_publication.disclosure.errors import Infeasible, WorkLimit
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.rounding.choices import Choices
from gmsd_publication.disclosure.rounding.groups import System, group_rows, priced, rows, system
from gmsd_publication.disclosure.rounding.layout import Rows, lay_out
from gmsd_publication.disclosure.rounding.program import Floats, Relaxation, Work, relax, solve

LARGE = 4_000
"""Cells above which one program is hopeless: 1,350 take 2 s, 14,160 had no answer after 60 s in the root of the tree."""
SMALLEST, FIRST, LARGEST = 300, 1_800, 2_700
"""Cells of the groups in a neighbourhood. To LARGEST a program takes 0.1 s, one of 3,500 sometimes 10 s."""
SHRINK, GROW = 0.8, 1.02
NEARNESS = 0.01
STUCK = 5
"""Rounds without mending after which what is wrong may also move to another sum, where it may be easier to mend."""
PENALTY = 5.0
"""Times the highest price, on top of a step: what one base beyond the neighbours costs while searching."""


@dataclass(frozen=True)
class Found:
    """`z` [n] in bases from the floor. `bound`: no rounding costs less."""

    z: Ints
    bound: float


def search(model: Model, choices: Choices, work: Work) -> Found | None:
    """Cheapest found within `work.rounds` neighbourhoods; None when the model has no free cells to search over.

    Raises Infeasible (proved by the relaxation), WorkLimit (no rounding within the declared steps was found).
    """
    made = system(model, choices)
    if made is None:
        return None
    run = _Search(made, work)
    z = run.mended_and_improved()
    if ((z < made.choices.least) | (z > made.choices.most)).any():
        raise WorkLimit("the search found no rounding within the declared steps")
    return Found(z[: model.size], run.bound)


class _Search:
    def __init__(self, made: System, work: Work) -> None:
        self.made, self.work = made, work
        step = made.choices.step + PENALTY * float(np.abs(made.choices.price).max(initial=1.0))
        self.choices = priced(made.choices, made.choices.price, step)
        self.rows: Rows = rows(made)
        self.groups = made.reach.shape[1]
        self.cells_of = np.bincount(made.label[made.label >= 0], minlength=self.groups)
        self.spread = np.diff(made.reach.indptr)
        # The legacy generator: its stream is frozen for good, that of the newer ones may change with numpy.
        self.random = np.random.RandomState(0)
        relaxed, duals = self._relaxed()
        self.bound = relaxed.cost
        self.z = made.complete(self._rounded(relaxed.x, duals))

    def mended_and_improved(self) -> Ints:
        size, stuck = float(FIRST), 0
        for _ in range(self.work.rounds):
            before, wrong = self._cost(self.z), int(self._beyond().sum())
            optimal = self._improve(self._neighbourhood(size), roam=stuck >= STUCK)
            stuck = stuck + 1 if 0 < wrong <= int(self._beyond().sum()) else 0
            if not optimal:
                size = max(size * SHRINK, SMALLEST)
            elif self._cost(self.z) >= before:
                size = min(size * GROW, LARGEST)
        return self.z

    def _relaxed(self) -> tuple[Relaxation, Floats]:
        """The relaxation, at the true price of steps, and the worth of every equation."""
        everything = np.arange(len(self.made.label))
        layout = lay_out(self.rows, self.made.choices, everything, np.zeros_like(everything))
        found = relax(layout.program, self.work)
        duals = np.zeros(self.made.equations.shape[0])
        duals[layout.rows] = found.duals[: len(layout.rows)]
        return found, duals

    def _rounded(self, x: Floats, duals: Floats) -> Ints:
        """Groups the relaxation left fractional, each on its own at the relaxation's prices."""
        made = self.made
        x = x[: len(made.label)]
        z: Ints = np.clip(np.round(x).astype(np.int64), made.choices.least, made.choices.most)
        of_row = group_rows(made)
        joining, within = np.flatnonzero(of_row < 0), np.flatnonzero(of_row >= 0)
        price = made.choices.price - made.equations[joining].T @ duals[joining]
        # At those prices many roundings cost the same; the one nearest to the relaxation leaves fewest sums wrong.
        price += NEARNESS * float(np.abs(made.choices.price).max(initial=0.0)) * (1 - 2 * np.clip(x, 0, 1))
        local = priced(self.choices, price, self.choices.step + float(np.abs(price).max(initial=0.0)))
        own = Rows(made.equations[within], self.rows.low[within], self.rows.high[within])
        fractional = np.abs(x - np.round(x)) > 1e-6
        order = np.argsort(made.label, kind="stable")
        edges = np.searchsorted(made.label[order], np.arange(self.groups + 1))
        for group in np.unique(made.label[fractional & (made.label >= 0)]):
            cells = order[edges[group] : edges[group + 1]]
            layout = lay_out(own, local, cells, z)
            try:
                z[cells] = layout.read(solve(layout.program, self.work).x)
            except Infeasible:
                continue  # By itself the group has no rounding; the neighbourhoods may step beyond neighbours to find one.
        return z

    def _cost(self, z: Ints) -> float:
        at = np.clip(z, self.choices.low, self.choices.high)
        return float(self.choices.price @ at + self.choices.step * np.abs(z - at).sum())

    def _beyond(self) -> Flags:
        return (self.z < self.choices.low) | (self.z > self.choices.high)

    def _neighbourhood(self, size: float) -> Flags:
        """[groups] those under a sum that is beyond its neighbours, or under any sum when none is; then the most entangled."""
        made = self.made
        wrong = np.flatnonzero(self._beyond()[made.across])
        small = np.flatnonzero(self.spread <= max(size * self.groups / self.cells_of.sum(), 2))
        seeds = wrong if wrong.size else small if small.size else np.arange(len(made.across))
        score = self.random.random_sample(self.groups) * 0.3
        if seeds.size:
            seed = seeds[int(self.random.random_sample() * len(seeds))]
            under = np.zeros(self.groups)
            under[made.reach.indices[made.reach.indptr[seed] : made.reach.indptr[seed + 1]]] = 1
            # Those under the same small sums as these can take over what these give up.
            related = made.reach.T @ ((made.reach @ under) / self.spread**2)
            score += 10 * under + self.random.random_sample(self.groups) * related / related.max()
        if wrong.size:
            score += made.reach[wrong].T @ (1 / self.spread[wrong])
        order = np.argsort(-score, kind="stable")
        chosen = np.zeros(self.groups, dtype=bool)
        chosen[order[np.cumsum(self.cells_of[order]) <= max(size, self.cells_of[order[0]])]] = True
        return chosen

    def _improve(self, chosen: Flags, roam: bool = False) -> bool:
        """The cheapest z when the cells of the chosen groups, and what sums over them, may change. Whether it is proved.

        A cell beyond its neighbours may stay there or come nearer, at a penalty; no other may go there, unless what is wrong
        may roam: then any sum over groups may, by one base. So z stays possible.
        """
        made, choices = self.made, self.choices
        free = np.append(chosen, False)[made.label]
        free[made.across[made.reach @ chosen.astype(np.int64) > 0]] = True
        cells = np.flatnonzero(free)
        z = self.z[cells]
        slack = np.isin(cells, made.across).astype(np.int64) * roam
        bounds = np.minimum(choices.low[cells] - slack, z), np.maximum(choices.high[cells] + slack, z)
        layout = lay_out(self.rows, choices, cells, self.z, bounds)
        found = solve(layout.program, Work(nodes=1, iterations=self.work.iterations), layout.start(z))
        self.z = self.z.copy()
        self.z[cells] = layout.read(found.x)
        return found.optimal
