"""Three releases with corrections in between, and what they leave a reader who knows which cells did not change (goal G5)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gmsd_publication.disclosure.errors import Infeasible, WorkLimit
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.proof.private import check_inside
from gmsd_publication.disclosure.proof.stack import stack
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole
from gmsd_publication.disclosure.rounding.program import Work
from gmsd_publication.disclosure.rounding.targets import numbers, targets
from gmsd_publication.disclosure.series import previous, round_again, stars
from gmsd_publication.disclosure.tables import Tabulated


@dataclass(frozen=True)
class Trial:
    """One series. `held`: the release that could not go out (1, 2, 3), 0 when all did; the rest is about those that went out.

    `moved`: unchanged finest cells whose figure moved. `uncertified`: cells and remainders of any release that are not certified
    as 5.4 (i)–(iii) ask for a reader of all releases who knows what did not change. `proved`: cells that such a reader proves
    to be 1 to 4 by their windows alone. `finest_error`, `margin_error`: the largest.
    """

    held: int
    moved: int
    uncertified: int
    proved: int
    finest_error: int
    margin_error: int


def corrected(
    tabulated: Tabulated, truth: Ints, share: float, clustered: bool, rng: np.random.Generator
) -> Ints:
    """Other counts in a share of finest cells, anywhere or side by side: one to three people more or fewer."""
    model = tabulated.model
    assert model.units is not None
    finest = truth[model.finest]
    many = max(1, round(share * len(finest)))
    first = int(rng.integers(0, len(finest) - many + 1))
    where = np.arange(first, first + many) if clustered else rng.choice(len(finest), many, replace=False)
    finest[where] = np.maximum(0, finest[where] + rng.integers(1, 4, many) * rng.choice([-1, 1], many))
    again: Ints = model.units @ finest
    return again


def three_releases(
    tabulated: Tabulated,
    seed: int,
    clustered: bool,
    share: float = 0.01,
    work: Work | None = None,
    margin_steps: Sequence[int] = (1,),
) -> Trial:
    """A first release with K = 0 and two later ones, each after corrections; key and corrections follow from the seed.

    Margins within 9 of their counts, or held; with `margin_steps` (1, 2) within 14.
    """
    model, rng = tabulated.model, np.random.default_rng(seed)
    number = numbers(seed.to_bytes(32, "big"), model.names)
    truths = [tabulated.truth]
    for _ in range(2):
        truths.append(corrected(tabulated, truths[-1], share, clustered, rng))
    out: list[tuple[Model, Ints]] = []
    moved = 0
    held = 0
    for release, truth in enumerate(truths):
        asked = targets(truth, model.base, number)
        before = previous(model, *out[-1], truths[release - 1]) if release else None
        try:
            if before is None:
                none = np.zeros(model.size, dtype=bool)
                out.append((model, round_whole(model, Asked(truth, asked, none, truth), work)))
            else:
                again = round_again(model, truth, asked, before, work, margin_steps=margin_steps)
                out.append((again.model, again.publication))
        except (Infeasible, WorkLimit):
            held = release + 1
            break
        assert not check_inside(*_first(out[-1], truth), before)
        if before is not None:
            same = (truth == truths[release - 1]) & model.finest
            moved += int((out[-1][1] != out[-2][1])[same].sum())
    links = [stars(one[0], other[0]) for one, other in zip(out, out[1:], strict=False)]
    verdict = stack(out, links).verify() if out else None
    errors = [abs(publication - truth) for (_, publication), truth in zip(out, truths, strict=False)]
    return Trial(
        held=held,
        moved=moved,
        uncertified=int((~verdict.reached).sum()) if verdict else 0,
        proved=_proved(model, truths[: len(out)], out),
        finest_error=max((int(error[model.finest].max()) for error in errors), default=0),
        margin_error=max((int(error[~model.finest].max()) for error in errors), default=0),
    )


def _first(release: tuple[Model, Ints], truth: Ints) -> tuple[Model, Ints, Ints]:
    return release[0], truth, release[1]


def _proved(model: Model, truths: list[Ints], out: list[tuple[Model, Ints]]) -> int:
    """Cells that did not change, whose windows in all releases together lie inside 1 to 4: what simple comparing shows."""
    found = 0
    units = model.units
    assert units is not None
    for release in range(len(out)):
        low, high = np.zeros(model.size, dtype=np.int64), np.full(model.size, np.iinfo(np.int64).max)
        for other, (steps, publication) in enumerate(out):
            changed = (truths[release] != truths[other])[model.finest].astype(np.int64)
            same: Flags = (units @ changed) == 0
            reach = model.base * (steps.steps + 1) - 1
            low[same] = np.maximum(low, publication - reach)[same]
            high[same] = np.minimum(high, publication + reach)[same]
        found += int(((low >= 1) & (high <= 4)).sum())
    return found
