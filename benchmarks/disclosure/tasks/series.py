"""Releases over time: the same tables three times, corrected in between, for a reader who knows what did not change."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.disclosure.tasks.rounding import keyed, wanted
from gmsd_publication.disclosure.errors import Infeasible, WorkLimit
from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.proof.stack import stack
from gmsd_publication.disclosure.series import previous, round_again, stars

RELEASES = 3
SHARE = 0.01
"""Of innermost counts that a correction changes."""
LARGEST = 3
"""People more or fewer in a corrected count."""

HOLD = (1,)
"""K of margins in a later release: a release that needs more is held, which the goal allows and an error of 14 it does not."""

Published = list[tuple[Model, Ints]]


@dataclass(frozen=True)
class Trial:
    """`held`: the release that could not go out, 0 when all did. `moved`: unchanged finest cells whose figure moved.

    `uncertified`: figures and remainders of any release that are not certified for a reader of all of them. `proved`: unchanged
    cells whose windows of all releases together lie within 1 to 4. `finest`, `margins`: the largest errors.
    """

    held: int
    moved: int
    uncertified: int
    proved: int
    finest: int
    margins: int


def trials(model: Model, truth: Ints, seeds: int, clustered: bool) -> list[Trial]:
    """So many series, each with its own key and corrections."""
    return [_trial(model, corrected(model, truth, seed, clustered), seed) for seed in range(seeds)]


def corrected(model: Model, truth: Ints, seed: int, clustered: bool) -> list[Ints]:
    """The exact counts [n] of each release: corrections anywhere, or side by side."""
    random, exact = np.random.default_rng(seed), [truth]
    assert model.units is not None
    for _ in range(RELEASES - 1):
        finest = exact[-1][model.finest]
        many = max(1, round(SHARE * len(finest)))
        first = int(random.integers(0, len(finest) - many, endpoint=True))
        where = (
            np.arange(first, first + many) if clustered else random.choice(len(finest), many, replace=False)
        )
        change = random.integers(1, LARGEST, many, endpoint=True) * random.choice([-1, 1], many)
        # A count that cannot go down goes up: every correction is one.
        finest[where] += np.where(finest[where] + change < 0, -change, change)
        exact.append(model.units @ finest)
    return exact


def _trial(model: Model, exact: Sequence[Ints], seed: int) -> Trial:
    out, held = Published(), 0
    for release, truth in enumerate(exact):
        try:
            if not out:
                out.append((model, keyed(model, truth, seed)))
                continue
            before = previous(model, *out[-1], exact[release - 1])
            again = round_again(model, truth, wanted(model, truth, seed), before, margin_steps=HOLD)
            out.append((again.model, again.publication))
        except (Infeasible, WorkLimit):
            held = release + 1
            break
    links = [stars(one, other) for (one, _), (other, _) in zip(out, out[1:], strict=False)]
    verdict = stack(out, links).verify()
    return told(exact, out, held, int((~verdict.reached).sum()))


def alone(model: Model, exact: Sequence[Ints], publications: Sequence[Ints]) -> Trial:
    """The same of releases that were made without looking at one another."""
    return told(exact, [(model, publication) for publication in publications], 0, 0)


def told(exact: Sequence[Ints], out: Published, held: int, uncertified: int) -> Trial:
    """What truth and publications show side by side."""
    finest = out[0][0].finest
    pairs = list(zip(exact, (publication for _, publication in out), strict=False))
    moved = sum(
        int(((truth == was) & (now != then) & finest).sum())
        for (was, then), (truth, now) in zip(pairs, pairs[1:], strict=False)
    )
    errors = np.max([np.abs(publication - truth) for truth, publication in pairs], axis=0)
    return Trial(
        held, moved, uncertified, _proved(exact, out), int(errors[finest].max()), int(errors[~finest].max())
    )


def _proved(exact: Sequence[Ints], out: Published) -> int:
    """By the plainest reading of several figures for one count: their windows cut one another."""
    same = np.all([truth == exact[0] for truth in exact[: len(out)]], axis=0)
    reach = [model.base * (model.steps + 1) - 1 for model, _ in out]
    low = np.max([publication - far for (_, publication), far in zip(out, reach, strict=True)], axis=0)
    high = np.min([publication + far for (_, publication), far in zip(out, reach, strict=True)], axis=0)
    return int((same & (low >= 1) & (high <= 4)).sum())
