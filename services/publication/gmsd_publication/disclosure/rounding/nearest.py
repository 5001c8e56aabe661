"""The additive rounding nearest to the targets."""

from contextlib import suppress
from dataclasses import replace

import numpy as np

from gmsd_publication.disclosure.errors import Infeasible
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.rounding.choices import STEP_COST, Asked, Choices, by_targets, held
from gmsd_publication.disclosure.rounding.layout import Layout, lay_out, rows_of
from gmsd_publication.disclosure.rounding.program import Solution, Work, relax, solve
from gmsd_publication.disclosure.rounding.search import LARGE, search

__all__ = ["STEP_COST", "Asked", "aim", "round_part", "round_whole", "satisfied"]

USELESS = 0.5
"""Of the cost of a step: what the relaxation would lose by one more of them before a program with few steps does without. Of 13
programs of a gemeente that took 0.5 to 4 s with steps everywhere 10 had the same optimum so, in a tenth to a third of the time, and
the other 3 were refused in 0.06 s."""


def round_whole(model: Model, asked: Asked, work: Work | None = None) -> Ints:
    """Published values [n] of every cell at once. Raises Infeasible, WorkLimit.

    Same counts, targets, work and solver build: same values. Up to LARGE cells the answer is proved nearest; costs carry a
    part of the secret number to make ties rare, not impossible, and only a tie can depend on the machine. A larger release is
    searched (`search`), and a proof that outlasts its work ends with the best found: both obey every row, repeat with the
    same solver build, and are not proved nearest.
    """
    wanted = aim(model, asked)
    if satisfied(model, wanted):
        return wanted
    rounded = round_part(model, np.ones(model.size, dtype=bool), asked, wanted, work)
    if not satisfied(model, rounded):
        raise Infeasible("what is given contradicts itself")
    return rounded


def round_part(model: Model, free: Flags, asked: Asked, current: Ints, work: Work | None = None) -> Ints:
    """The same with only the cells of `free` [n] decided anew; the others stay at `current` [n].

    Rows that hold no free cell are not looked at. Raises Infeasible, WorkLimit.
    """
    cells = np.flatnonzero(free & ~asked.fixed)
    if not cells.size:
        return current
    return decided(model, by_targets(model, asked), cells, current, work)


def decided(model: Model, choices: Choices, cells: Ints, current: Ints, work: Work | None = None) -> Ints:
    """Values [n]: `cells` as cheap as can be, the others at `current`. One integer program, or the search when too large."""
    frozen = np.ones(model.size, dtype=bool)
    frozen[cells] = False
    choices = held(choices, frozen, current, model.base)
    found = search(model, choices, work or Work()) if len(cells) > LARGE else None
    if found is None:
        z = (current // model.base) - choices.floor
        layout = lay_out(rows_of(model, choices), choices, cells, z)
        z[cells] = layout.read(_solved(layout, choices.step, work or Work()).x)
    else:
        z = found.z
    result = current.copy()
    result[cells] = ((choices.floor + z) * model.base)[cells]
    return result


def _solved(layout: Layout, step: float, work: Work) -> Solution:
    """With steps where the relaxation has a use for them, and if nothing fits then with steps everywhere."""
    program = layout.program
    if work.sparing and layout.steps.any():
        relaxed = relax(program, work)
        useless = layout.steps & (relaxed.x < 1e-6) & (relaxed.worth > step * USELESS)
        with suppress(Infeasible):
            return solve(replace(program, upper=np.where(useless, 0.0, program.upper)), work)
    return solve(program, work)


def aim(model: Model, asked: Asked) -> Ints:
    """The targets themselves, with what is given: they add up only by luck."""
    floor = asked.truth // model.base * model.base
    wanted: Ints = np.where(asked.fixed, asked.given, floor + model.base * asked.targets.up)
    return wanted


def satisfied(model: Model, values: Ints) -> bool:
    """Whether values obey every row of the model and its bounds."""
    part, whole = values[model.presence[:, 0]], values[model.presence[:, 1]]
    return bool(
        not (model.equations @ values).any()
        and ((model.implied @ values) >= 0).all()
        and ((whole > 0) == (part > 0)).all()
        and ((values >= model.lower) & (values <= model.upper)).all()
    )
