"""Rounding: the default mode, and what is told of a publication."""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.rounding.alike import alike
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole
from gmsd_publication.disclosure.rounding.optimum import Optimum, optimum
from gmsd_publication.disclosure.rounding.program import Work
from gmsd_publication.disclosure.rounding.targets import Targets, numbers, targets


def key(number: int) -> bytes:
    """A secret for a measurement: the same in every run, so every run gives the same release."""
    return blake2b(f"bench-disclosure {number}".encode(), digest_size=32).digest()


def wanted(model: Model, truth: Ints, number: int) -> Targets:
    """What key `number` asks for."""
    return targets(truth, model.base, numbers(key(number), model.names)[alike(model, truth)])


def keyed(model: Model, truth: Ints, number: int, rounds: int | None = None) -> Ints:
    """The default mode: published counts [n] under key `number`; `rounds` of search where the table is too large for a proof."""
    asked = Asked(truth, wanted(model, truth, number), np.zeros(model.size, dtype=bool), truth)
    return round_whole(model, asked, work(rounds))


def least(model: Model, truth: Ints, rounds: int | None) -> Optimum:
    """The rounding of least error: proved for small tables, the best of so many neighbourhoods for large ones."""
    return optimum(model, truth, work(rounds))


def work(rounds: int | None) -> Work | None:
    """The library's own amount, or so many rounds of search."""
    return None if rounds is None else Work(rounds=rounds)


def error(truth: Ints, publication: Ints) -> int:
    """Σ|err| over all cells."""
    return int(np.abs(publication - truth).sum())


def violated(model: Model, publication: Ints) -> int:
    """How many equations and remainders a publication breaks, and how many figures are no multiple of their base."""
    equations = np.count_nonzero(model.equations @ publication)
    return int(
        equations
        + np.count_nonzero(model.implied @ publication < 0)
        + np.count_nonzero(publication % model.base)
    )


def keyed_errors(model: Model, truth: Ints, keys: int) -> list[int]:
    """Σ|err| of the default mode, key by key."""
    return [error(truth, keyed(model, truth, number)) for number in range(keys)]


@dataclass(frozen=True)
class Sampled:
    """Over `keys` releases: `violated` rows in all, per cell [n] how often it went `up` and the sum of its `error`s."""

    keys: int
    violated: int
    up: Ints
    error: Ints


def sample(model: Model, truth: Ints, keys: int) -> Sampled:
    """The default mode under many keys."""
    broken, up, away = 0, np.zeros(model.size, dtype=np.int64), np.zeros(model.size, dtype=np.int64)
    for number in range(keys):
        publication = keyed(model, truth, number)
        broken += violated(model, publication)
        up += publication > truth
        away += publication - truth
    return Sampled(keys, broken, up, away)
