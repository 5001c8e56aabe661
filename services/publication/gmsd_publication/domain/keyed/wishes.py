"""The models that a keyed release is rounded by, one after the other."""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from gmsd_contracts.catalogue import Level
from gmsd_publication.disclosure.model import UNBOUNDED
from gmsd_publication.disclosure.model import Model as Rules
from gmsd_publication.domain.places import LATER_STEPS
from gmsd_publication.domain.release_model import Release

FEW = 2
"""In bases: double counts under this are rounded to none when that adds up. So few people are often not to be found behind figures
that are rounded themselves; totals have room for it in their step."""
MOST = (0, 1, 2)
"""Bases that such a double count may be, one after the other."""
DOUBLE_STEPS = 8
"""How far a double count should be off at most: more than kept figures of ten gemeenten ever made necessary."""


def declared(release: Release, later: bool) -> Rules:
    """The model with the steps of a later release: sums make room for figures that may not move, sums of categories too."""
    if not later:
        return release.model
    steps = np.zeros(release.model.size, dtype=np.int64)
    for family in release.families:
        steps[family.cells] = np.array([[LATER_STEPS[place.level]] for place in family.places])
    sums = release.model.published & ~release.model.finest
    within = np.minimum(steps, LATER_STEPS[Level.BUURT])
    return replace(release.model, steps=np.where(release.model.steps > 0, steps, np.where(sums, within, 0)))


def wishing(release: Release) -> list[Rules]:
    """The model with what makes a proof easy to find, and then with less and less of it: simple double counts, and none where
    hardly anybody is counted twice; there one base, then two; only simple ones; no wish.

    In all of them a double count costs a step where it leaves its neighbours, as a total does: else it would take whatever makes
    the rest cheap, and no people are to be found behind it in this release or in those that have to follow it.
    """
    model = replace(release.model, steps=np.where(release.doubles, DOUBLE_STEPS, release.model.steps))
    hardly = release.doubles & (release.truth < FEW * model.base)
    implied = sp.csr_array(sp.vstack([model.implied, release.wishes]))
    simple = replace(model, implied=implied, implied_names=())
    few = [
        replace(simple, upper=np.minimum(model.upper, np.where(hardly, most * model.base, UNBOUNDED)))
        for most in MOST
    ]
    return [*few, simple, model]
