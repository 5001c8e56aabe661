"""Gemeenten with their size, wijken and buurten: the map of the synthetic nation.

The gemeenten are the real ones of 2026 (code, name, provincie). Sizes are invented: a lognormal share by seed, with fixed
shares for the four big cities. Wijken and buurten are invented too, with a letter in some codes, as happens in reality.
"""

from dataclasses import dataclass
from importlib import resources

import numpy as np

from gmsd_nation.kinds import FloatArray, Int64Array

POPULATION = 18_000_000

PROVINCES = {
    "Groningen": "PV20",
    "Fryslân": "PV21",
    "Drenthe": "PV22",
    "Overijssel": "PV23",
    "Flevoland": "PV24",
    "Gelderland": "PV25",
    "Utrecht": "PV26",
    "Noord-Holland": "PV27",
    "Zuid-Holland": "PV28",
    "Zeeland": "PV29",
    "Noord-Brabant": "PV30",
    "Limburg": "PV31",
}

SPLIT_CODE, SPLIT_NAME = "GM9901", "Testhoven"
RECEIVERS = ("GM0037", "GM0047")
"""The invented gemeente that ceases to exist, and the two neighbours that take over its wijken: both stand among the first
four of the reference list, so that a nation restricted to a few gemeenten keeps them."""

SPLIT_POPULATION = 14_000
"""Inhabitants of the split gemeente at scale 1 (ours: a small rural gemeente)."""

LEAST_GEMEENTEN = 4
"""The receivers of the split gemeente stand among the first four."""

BIG_FOUR = {"GM0363": 0.052, "GM0599": 0.037, "GM0518": 0.031, "GM0344": 0.021}
_SIGMA = 0.72
"""Spread of the other gemeenten: puts the middle one near 40,000 and the largest near 300,000 inhabitants."""

_PERSONS_PER_WIJK = 5_500
_BUURTEN_PER_WIJK = 4.4
"""The country has about 3,300 wijken and 14,500 buurten."""

_LEAST_PERSONS_PER_WIJK = 60
"""At small scale there are fewer wijken, otherwise most of them would be empty."""

_LEAST_PERSONS = 26


@dataclass(frozen=True, slots=True)
class Area:
    """Buurten of one gemeente, as parallel arrays; `weight` is the chance that a household lives there (sums to 1)."""

    buurt: tuple[str, ...]
    wijk: tuple[str, ...]
    pc4: Int64Array
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class Place:
    """One gemeente: `number` is its position in the nation, `persons` its size at the chosen scale."""

    number: int
    code: str
    name: str
    province: str
    persons: int
    share: float
    area: Area


def _suffix(index: int, every: int) -> str:
    """Two characters, unique per index below 100; one in `every` with a letter (`A1`)."""
    if index % every == every - 1:
        return f"{chr(65 + index // 10)}{index % 10}"
    return f"{index:02d}"


def _area(rng: np.random.Generator, digits: str, number: int, real_persons: float, persons: int) -> Area:
    wijken = int(
        np.clip(
            round(real_persons / _PERSONS_PER_WIJK), 1, min(99, max(1, persons // _LEAST_PERSONS_PER_WIJK))
        )
    )
    counts = np.clip(rng.poisson(_BUURTEN_PER_WIJK - 1, wijken) + 1, 1, 60)
    buurt: list[str] = []
    wijk: list[str] = []
    pc4: list[int] = []
    for w in range(wijken):
        code = _suffix(w, 5)
        for b in range(int(counts[w])):
            wijk.append(f"WK{digits}{code}")
            buurt.append(f"BU{digits}{code}{_suffix(b, 3)}")
            # 26 four-digit postcodes per gemeente keep every gemeente's postcodes its own.
            pc4.append(1000 + number * 26 + w % 26)
    weight = rng.lognormal(0.0, 0.6, len(buurt))
    return Area(tuple(buurt), tuple(wijk), np.array(pc4, dtype=np.int64), weight / weight.sum())


def _reference() -> list[tuple[str, str, str]]:
    text = resources.files("gmsd_nation").joinpath("reference/gemeenten-2026.csv").read_text(encoding="utf-8")
    rows = [tuple(line.split(";")) for line in text.splitlines()[1:] if line]
    return [(code, name, PROVINCES[province]) for code, name, province in rows]


@dataclass(frozen=True, slots=True)
class Atlas:
    """All gemeenten in the nation, and the split gemeente (number after the last). `moved[r]` is the part of the split
    gemeente that receiver r takes over: the same buurten, in the same order, under new codes."""

    places: tuple[Place, ...]
    split: Place
    split_to: tuple[int, ...]
    moved: tuple[Area, ...]

    @property
    def receivers(self) -> tuple[Place, ...]:
        """The gemeenten that take over the split one's wijken."""
        return tuple(place for place in self.places if place.code in RECEIVERS)


def atlas(seed: int, scale: float, gemeenten: int | None = None) -> Atlas:
    """The map for a seed and scale, restricted to the first `gemeenten`. Raises `ValueError` when that is below
    `LEAST_GEMEENTEN` or the scale is not in (0, 1]."""
    if not 0 < scale <= 1:
        raise ValueError("scale is a share of the population: above 0, at most 1")
    reference = _reference()
    if gemeenten is not None and not LEAST_GEMEENTEN <= gemeenten <= len(reference):
        raise ValueError(f"gemeenten is a number from {LEAST_GEMEENTEN} to {len(reference)}")
    rng = np.random.default_rng([seed, 2])
    raw = rng.lognormal(0.0, _SIGMA, len(reference))
    big = np.array([BIG_FOUR.get(code, 0.0) for code, _, _ in reference])
    raw[big > 0] = 0.0
    shares = np.where(big > 0, big, raw / raw.sum() * (1 - big.sum()))
    places: list[Place] = []
    for number, (code, name, province) in enumerate(reference[:gemeenten]):
        real = float(shares[number]) * POPULATION
        persons = max(_LEAST_PERSONS, round(real * scale))
        area = _area(np.random.default_rng([seed, 3, number]), code[2:], number, real, persons)
        places.append(Place(number, code, name, province, persons, float(shares[number]), area))
    persons = max(_LEAST_PERSONS, round(SPLIT_POPULATION * scale))
    number = len(reference)
    area = _area(
        np.random.default_rng([seed, 3, number]), SPLIT_CODE[2:], number, SPLIT_POPULATION, max(persons, 120)
    )
    split = Place(number, SPLIT_CODE, SPLIT_NAME, "PV20", persons, SPLIT_POPULATION / POPULATION, area)
    wijken = list(dict.fromkeys(area.wijk))
    split_to = tuple(wijken.index(wijk) % 2 for wijk in area.wijk)
    moved = tuple(_taken_over(place, area) for place in places if place.code in RECEIVERS)
    return Atlas(tuple(places), split, split_to, moved)


def _taken_over(place: Place, area: Area) -> Area:
    """The split gemeente's buurten under a receiver's code; `Z0`, `Z1`… are free there (own letters end at J)."""
    wijken = list(dict.fromkeys(area.wijk))
    own = {wijk: f"Z{n}" for n, wijk in enumerate(wijken)}
    digits = place.code[2:]
    return Area(
        tuple(
            f"BU{digits}{own[wijk]}{buurt[-2:]}" for buurt, wijk in zip(area.buurt, area.wijk, strict=True)
        ),
        tuple(f"WK{digits}{own[wijk]}" for wijk in area.wijk),
        area.pc4,
        area.weight,
    )
