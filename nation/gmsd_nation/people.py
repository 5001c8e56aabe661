"""Households and the persons in them, drawn as arrays: composition, birth dates, sex and death.

Composition and ages are realistic in shape, not estimates of anything: mean household size about 2.1, a fifth of the
population 65 or older, mortality after Gompertz.
"""

from dataclasses import dataclass

import numpy as np

from gmsd_nation.calendar import OPEN
from gmsd_nation.kinds import BoolArray, FloatArray, Int64Array

_SEXES = np.array(["V", "M", "O"])
_KIND_SHARES = (0.388, 0.288, 0.236, 0.072, 0.016)
"""Shares of household kinds 1 to 5 (StatLine 2024, rounded); kind 6 (institutional) is drawn apart."""

_INSTITUTIONAL = 0.011
"""Share of persons living in an institution."""

_BORN_THIS_YEAR = 0.045
"""Share of the children who are born in the course of the year: 0.9 % of the population."""

_DEATH_AT_0, _DEATH_SLOPE = -10.6, 0.096
"""Log of the yearly chance to die at age 0 and its slope per year of age: 0.3 % at 50, 5 % at 80, 22 % at 95."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Persons as parallel arrays. `household` counts from 0 within the crowd; `kind` is type_huishouden 1 to 6;
    `born` and `died` are days (`OPEN`: alive at the end of the year); `child` marks who lives with a parent."""

    household: Int64Array
    households: int
    kind: Int64Array
    born: Int64Array
    died: Int64Array
    sex: Int64Array
    child: BoolArray

    def __len__(self) -> int:
        return len(self.household)

    def sex_codes(self) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
        """Sex as delivered: V, M or O."""
        codes: np.ndarray[tuple[int], np.dtype[np.str_]] = _SEXES[self.sex]
        return codes


def _mixture(
    rng: np.random.Generator, n: int, share: float, young: tuple[float, float], old: tuple[float, float]
) -> FloatArray:
    first = rng.random(n) < share
    return np.where(first, rng.normal(*young, n), rng.normal(*old, n))


def _reference_ages(rng: np.random.Generator, kind: Int64Array) -> FloatArray:
    """Age of the first adult of each household, in years, by kind."""
    n = len(kind)
    by_kind = (
        _mixture(rng, n, 0.36, (31, 8), (68, 13)),
        _mixture(rng, n, 0.18, (31, 5), (66, 10)),
        rng.normal(43, 7, n),
        rng.normal(44, 8, n),
        rng.normal(42, 15, n),
        _mixture(rng, n, 0.3, (42, 14), (84, 8)),
    )
    ages = np.select([kind == code for code in range(1, 7)], by_kind)
    clipped: FloatArray = np.clip(ages, 18.5, 102.0)
    return clipped


def _compositions(rng: np.random.Generator, persons: int) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Kind, number of adults and size per household, together at most `persons` persons (and at least one household)."""
    h = int(persons / 1.9) + 12
    kind = rng.choice(np.arange(1, 6), size=h, p=_KIND_SHARES)
    institution = rng.random(h) < _INSTITUTIONAL * 2.1 / 9
    kind = np.where(institution, 6, kind)
    adults = np.select(
        [kind == 1, kind == 4, kind == 5, kind == 6],
        [1, 1, 2 + (rng.random(h) < 0.4), rng.integers(6, 13, h)],
        default=2,
    )
    children = np.where((kind == 3) | (kind == 4), 1 + np.minimum(rng.poisson(0.85, h), 5), 0)
    size = adults + children
    keep = max(1, int(np.searchsorted(np.cumsum(size), persons, side="right")))
    return kind[:keep], adults[:keep], size[:keep]


def crowd(rng: np.random.Generator, persons: int, year_start: int) -> Crowd:
    """About `persons` persons in whole households; `year_start` is the first day of the year in which they live."""
    kind_h, adults_h, size_h = _compositions(rng, persons)
    household = np.repeat(np.arange(len(size_h), dtype=np.int64), size_h)
    n = len(household)
    position = np.arange(n) - np.repeat(np.cumsum(size_h) - size_h, size_h)
    kind = kind_h[household].astype(np.int64)
    child = (position >= adults_h[household]) & (kind != 6)

    reference = _reference_ages(rng, kind_h)[household]
    partner = np.clip(reference + rng.normal(-1.5, 4.0, n), 18.5, 102.0)
    housemate = np.clip(_reference_ages(rng, kind), 18.5, 102.0)
    offspring = reference - rng.uniform(23, 37, n)
    # Who would be older than 24 has left home; who would not be born yet is a small child.
    offspring = np.where(offspring > 24, rng.uniform(15, 24, n), offspring)
    offspring = np.where(offspring < 0, rng.uniform(0.0, 4.0, n), offspring)
    offspring = np.where(rng.random(n) < _BORN_THIS_YEAR, rng.uniform(-0.99, 0.0, n), offspring)
    age = np.select([child, position == 0, kind >= 5], [offspring, reference, housemate], default=partner)
    born = np.round(year_start - age * 365.2425).astype(np.int64)
    born = np.minimum(born, year_start + 363)

    sex = (rng.random(n) < 0.5).astype(np.int64)
    alone_and_old = ((kind == 1) | (kind == 6)) & (age > 68)
    sex = np.where(alone_and_old, (rng.random(n) < 0.34).astype(np.int64), sex)
    first_sex = np.repeat(sex[position == 0], size_h)
    couple = (position == 1) & ((kind == 2) | (kind == 3)) & (rng.random(n) < 0.97)
    sex = np.where(couple, 1 - first_sex, sex)
    sex = np.where(rng.random(n) < 0.001, 2, sex)

    hazard = np.minimum(np.exp(_DEATH_AT_0 + _DEATH_SLOPE * np.maximum(age, 0)), 0.5)
    day = year_start + rng.integers(0, 365, n)
    died = np.where((rng.random(n) < hazard) & (day > born), day, OPEN)
    return Crowd(household, len(size_h), kind, born, died, sex, child)
