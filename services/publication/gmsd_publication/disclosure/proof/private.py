"""The check that stays inside: whether a publication is what the rules promise of the truth. The verifier cannot see that."""

import numpy as np

from gmsd_publication.disclosure.errors import DisclosureError
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.series import Previous


def check_inside(model: Model, truth: Ints, publication: Ints, before: Previous | None = None) -> list[str]:
    """What is wrong, in words for the platform team; nothing when it may go out.

    Every published cell lies less than base·(K+1) from its exact count (a multiple is published as itself when K = 0), the exact
    counts obey the model, and an unchanged lowest cell is published as before. A message names a cell, never a count or how
    many there are: it goes to logs. `model` has the steps declared for this release (`Again.model` for a later one).
    """
    found: list[str] = []
    try:
        model.check_truth(truth)
    except DisclosureError as wrong:
        found.append(f"the exact counts do not obey the model ({wrong.reason})")
    far = abs(publication - truth) >= model.base * (model.steps + 1)
    found += _named("is published outside its window", far & model.published, model)
    hidden = (publication == 0) & (truth >= model.naught) & model.published
    found += _named("is published as 0 and counts more than its mark says", hidden, model)
    if before is not None and before.truth is not None:
        same = before.parts @ truth == before.truth
        moved = np.flatnonzero(same & (before.parts @ publication != before.publication))
        cells = np.zeros(model.size, dtype=bool)
        cells[before.parts[moved].indices] = True
        found += _named("did not change, and its figure did", cells, model)
    return found


def _named(what: str, wrong: Flags, model: Model) -> list[str]:
    where = np.flatnonzero(wrong)
    return [f"{model.names[int(where[0])]} {what}"] if len(where) else []
