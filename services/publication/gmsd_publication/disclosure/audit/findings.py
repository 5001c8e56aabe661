"""The audit: what anybody can know of each cell, proved from above and shown from below."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gmsd_publication.disclosure.audit.blocks import Block, blocks
from gmsd_publication.disclosure.audit.bounds import BlockProgram, Sum, feasible
from gmsd_publication.disclosure.audit.moves import Neighbours
from gmsd_publication.disclosure.audit.propagation import Steps, propagate
from gmsd_publication.disclosure.audit.start import first_table
from gmsd_publication.disclosure.audit.system import System, system
from gmsd_publication.disclosure.audit.verdicts import Known, Verdict, Wish, final, verdicts
from gmsd_publication.disclosure.audit.witnesses import Around, Witnesses, search
from gmsd_publication.disclosure.errors import Contradictory, WorkLimit
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints, Model

Log = list[Steps | Sum]


@dataclass(frozen=True)
class Effort:
    """How much an audit may do: counts of work, never seconds, so that a repeated audit ends alike.

    What is not finished is UNDECIDED. `rounds` of propagation; `linear` programs, over blocks of `block_cells` and later,
    for what is left, of `wide_cells`; `repairs` of the first table; `moves` to other tables, `around` saying how far each
    may reach, in turn (three companions decide nearly everything and take milliseconds), of `nodes` branches.
    `moves` 0, or more unknown cells than `witness_cells`, leaves out witnesses, so that nothing is SAFE: bounds alone,
    where only what is given away is looked for.
    """

    rounds: int = 200
    block_cells: int = 128
    wide_cells: tuple[int, ...] = (512, 4096)
    linear: int = 40_000
    iterations: int = 20_000
    witness_cells: int = 50_000
    repairs: int = 120
    moves: int = 6_000
    around: tuple[Around, ...] = (Around(3), Around(8), Around(16), Around(24, True, True))
    nodes: int = 20


BOUNDS_ONLY = Effort(moves=0)


@dataclass(frozen=True, eq=False)
class Findings:
    """Of each cell (a model's cells, then its implied rows): proved bounds, witnesses, verdict.

    `printed`       the system as printed, before anything was derived.
    `known`         proved low and high, witnessed least and most.
    `log`           every proved bound in the order found; `explanations` reads it.
    `witnesses`     the tables; None when none was looked for or found.
    """

    printed: System
    known: Known
    threshold: int
    log: Log
    witnesses: Witnesses | None

    @cached_property
    def verdict(self) -> Ints:
        """[cells] a Verdict each."""
        return verdicts(self.printed, self.known, self.threshold)

    @cached_property
    def final(self) -> Flags:
        """[cells] whether nothing worse than the verdict can be true."""
        return final(self.printed, self.known, self.threshold)

    @cached_property
    def narrowed(self) -> Flags:
        """[cells] whether less is left open than the print of the cell alone leaves."""
        return (self.known.low > self.printed.low) | (self.known.high < self.printed.high)

    @property
    def disclosed(self) -> Flags:
        """[cells] exact or small, or known to two units where the cell's own print left more."""
        narrow = (self.verdict == Verdict.WIDTH_1) | (self.verdict == Verdict.WIDTH_2)
        known = (self.verdict == Verdict.EXACT) | (self.verdict == Verdict.SMALL)
        return np.asarray(known | (narrow & self.narrowed))

    def counts(self) -> dict[Verdict, int]:
        """How many cells have each verdict."""
        return {each: int((self.verdict == each).sum()) for each in Verdict}


def audit(model: Model, low: Ints, high: Ints, work: Effort | None = None, threshold: int = 5) -> Findings:
    """What follows from intervals low ≤ x ≤ high (UNBOUNDED: no end) of every cell [n], for a reader who has the model.

    Never sees the truth. A count from 1 to under `threshold` is small. Raises Contradictory, which names rows that
    cannot hold together; InputInvalid.
    """
    return _Audit(system(model, low, high), work or Effort(), threshold).run()


class _Audit:
    """The state of one audit: `now` narrows, `log` grows."""

    def __init__(self, printed: System, effort: Effort, threshold: int) -> None:
        self.printed, self.effort, self.threshold = printed, effort, threshold
        self.now, self.log = printed, list[Steps | Sum]()
        self.linear, self.moves = effort.linear, effort.moves
        self.found: Witnesses | None = None

    def run(self) -> Findings:
        self._propagate()
        small = (self.now.low < self.threshold) & (self.now.high > 0)
        self._push_blocks(self.effort.block_cells, small)
        if self.moves and int((self.now.low < self.now.high).sum()) <= self.effort.witness_cells:
            self._witness()
        return Findings(self.printed, self._known(), self.threshold, self.log, self.found)

    def _known(self) -> Known:
        nothing = np.full(self.now.size, UNBOUNDED), np.full(self.now.size, -1)
        least, most = (self.found.least, self.found.most) if self.found else nothing
        return Known(self.now.low, self.now.high, least, most)

    def _propagate(self) -> None:
        try:
            self.now, log = propagate(self.now, self.effort.rounds)
        except Contradictory:
            # One row met the contradiction; which rows make it, a linear program over everything tells best.
            whole = Block(np.arange(self.now.size), np.arange(self.now.rows.shape[0]))
            feasible(self.printed, whole, self.effort.iterations)
            raise
        self.log += log

    def _push_blocks(self, limit: int, asked: Flags) -> None:
        """Prove what blocks of this size prove of the cells asked, and what follows from that elsewhere."""
        low, high, found = self.now.low.copy(), self.now.high.copy(), list[Sum]()
        for block in blocks(self.now, limit):
            places = np.flatnonzero(asked[block.cells] & (low[block.cells] < high[block.cells]))
            if not places.size or len(block.rows) < 2 or not self.linear:
                continue
            program = BlockProgram(self.now, block, self.effort.iterations)
            for place, upper in ((int(p), side) for side in (False, True) for p in places):
                if program.shown(place, upper):
                    continue
                if not self.linear:
                    break
                self.linear -= 1
                try:
                    proof = program.push(place, upper)
                except WorkLimit:
                    break
                if proof:
                    found.append(proof)
        for proof in found:
            side = high if proof.upper else low
            side[proof.cell] = proof.value
            if low[proof.cell] > high[proof.cell]:
                rows = "; ".join(self.printed.row_names[row] for row in proof.rows.tolist())
                raise Contradictory(f"{rows}: geen geheel aantal past bij {self.printed.names[proof.cell]}")
        if found:
            self.log += found
            self.now = self.now.within(low, high)
            self._propagate()

    def _witness(self) -> None:
        near = Neighbours(self.now, blocks(self.now, self.effort.block_cells))
        nodes = self.effort.nodes
        first = first_table(self.now, near, nodes, self.effort.repairs)
        if first is None:
            return
        self.found = Witnesses(self.now, first)
        # Cells that may be small first, through every attempt: there the question is who, elsewhere only how many exactly.
        small = self.now.low < self.threshold
        for asked in (small, ~small):
            for attempt, around in enumerate(self.effort.around):
                order = np.flatnonzero(asked & self._open())
                wish = Wish(self.now.low, self.now.high, self.threshold)
                self.moves -= search(self.found, near, wish, order, around, nodes, self.moves)
                if attempt < len(self.effort.wide_cells):
                    self._push_blocks(self.effort.wide_cells[attempt], asked & self._open())

    def _open(self) -> Flags:
        """Cells of which the witnesses do not show all that the bounds leave."""
        assert self.found is not None
        wish = Wish(self.now.low, self.now.high, self.threshold)
        return np.logical_or(*wish.open(self.found.least, self.found.most))
