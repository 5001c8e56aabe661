"""What each cell may become, and what that costs: the meeting point of targets, errors, bounds and steps."""

from dataclasses import dataclass

import numpy as np

from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.rounding.program import Floats
from gmsd_publication.disclosure.rounding.targets import COST_UNITS, Targets

FAR = 2**40
"""More than anybody counts: a bound at or above it is none. Sums of it still fit 64 bits."""
STEP_COST = 20 * COST_UNITS
"""Leaving the two neighbours of the truth costs more than turning twenty cells round: a step is for what nothing else mends."""


@dataclass(frozen=True)
class Asked:
    """What is to be rounded. `fixed` [n]: cells whose published value is given, in `given` [n] (elsewhere unused)."""

    truth: Ints
    targets: Targets
    fixed: Flags
    given: Ints


@dataclass(frozen=True)
class Choices:
    """Everything in bases, counted from `floor` [n], the neighbour at or below the truth.

    `least`, `most` [n]  what the cell may be at all, its steps and bounds included (FAR: no bound).
    `low`, `high` [n]    the part of that which costs no step: the two neighbours; everything for an unpublished cell.
    `price` [n]          what each base above `floor` costs, up to the upper neighbour.
    `step`               what each base below `low` or above `high` costs, more than any price.
    """

    floor: Ints
    least: Ints
    most: Ints
    low: Ints
    high: Ints
    price: Floats
    step: float


def by_targets(model: Model, asked: Asked) -> Choices:
    """A cell on the other side of its target costs what the target says; all else is free."""
    cost = asked.targets.cost.astype(np.float64)
    # A neighbour that bounds exclude costs nothing: there was no choice.
    return _choices(model, asked.truth, np.where(asked.targets.up, -cost, cost), float(STEP_COST))


def by_error(model: Model, truth: Ints) -> Choices:
    """Every count by which a cell is off costs one."""
    price = (model.base - 2 * (truth % model.base)).astype(np.float64)
    return _choices(model, truth, price, float(model.base.max(initial=1)))


def held(choices: Choices, cells: Flags, values: Ints, base: Ints) -> Choices:
    """The same with some cells [n flags] at given values."""
    at = values // base - choices.floor
    narrowed = {
        name: np.where(cells, at, getattr(choices, name)) for name in ("least", "most", "low", "high")
    }
    price = np.where(cells, 0.0, choices.price)
    return Choices(floor=choices.floor, price=price, step=choices.step, **narrowed)


def _choices(model: Model, truth: Ints, price: Floats, step: float) -> Choices:
    floor, inexact = truth // model.base, (truth % model.base > 0).astype(np.int64)
    steps = model.steps.astype(np.int64)
    # What nobody publishes is free, unless it has steps: then it should stay near its truth all the same.
    shown = model.published | (steps > 0)
    # The mark of a published 0 says how little it is, so it has to be true. With K = 1 no count of the base or more becomes 0.
    naught = truth < model.naught
    least = np.where(shown, np.maximum(-steps, np.where(naught, -floor, np.minimum(1 - floor, 0))), -floor)
    least = np.maximum(least, -(-model.lower // model.base) - floor)
    most = np.where(shown, inexact + steps, FAR)
    bounded = model.upper < FAR
    most = np.where(bounded, np.minimum(most, np.minimum(model.upper, FAR) // model.base - floor), most)
    low = np.where(shown, np.clip(0, least, most), least)
    high = np.where(shown, np.clip(inexact, least, most), most)
    return Choices(floor, least, most, low, high, np.where(shown & (inexact > 0), price, 0.0), step)
