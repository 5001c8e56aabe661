"""Where persons live and from when until when: spells of residence with address and household.

Three populations share this module: those who stay in one gemeente (with moves inside it, departures abroad and
arrivals), movers between two gemeenten, and the inhabitants of the split gemeente, who stay where they are while the
gemeente around them changes.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from gmsd_nation.calendar import OPEN
from gmsd_nation.kinds import BoolArray, Int64Array
from gmsd_nation.people import Crowd
from gmsd_nation.places import Area

_MOVES_WITHIN = 0.06
_EMIGRATE, _IMMIGRATE = 0.006, 0.008
_LEAVE_HOME = 0.06
"""Yearly shares of households that move inside their gemeente, leave the country or arrive; and of grown children who
leave a household with another child."""

LETTERS = 26 * 26


@dataclass(frozen=True, slots=True)
class Stay:
    """Per person of a crowd the days in one gemeente, both inclusive (`OPEN`: still there); `until < since` is nobody."""

    since: Int64Array
    until: Int64Array


@dataclass(frozen=True, slots=True)
class Spells:
    """Spells as parallel arrays: index of the person in its crowd, first and last day, index of the buurt in its
    gemeente, postcode letters (0 to 675), household within the crowd and its kind."""

    who: Int64Array
    since: Int64Array
    until: Int64Array
    buurt: Int64Array
    letters: Int64Array
    household: Int64Array
    kind: Int64Array

    def frame(
        self, crowd: Crowd, area: Area, gemeente: str, bsn: Int64Array, person: Int64Array, household: int
    ) -> pl.DataFrame:
        """Spells with everything the register holds. `household` is the first free household number.

        Columns: person, bsn, born, died, sex, postcode, household, kind, gemeente, wijk, buurt, since, until; days as
        integers, `OPEN` for none.
        """
        who = self.who
        first, second = np.divmod(self.letters, 26)
        pc = pl.select(
            pl.concat_str(
                pl.Series(area.pc4[self.buurt]).cast(pl.String),
                pl.Series(np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))[first]),
                pl.Series(np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))[second]),
            ).alias("pc")
        )["pc"]
        return pl.DataFrame(
            {
                "person": person[who],
                "bsn": bsn[who],
                "born": crowd.born[who],
                "died": crowd.died[who],
                "sex": crowd.sex_codes()[who],
                "postcode": pc,
                "household": household + self.household,
                "kind": self.kind,
                "gemeente": pl.Series([gemeente]).new_from_index(0, len(who)),
                "wijk": pl.Series(area.wijk, dtype=pl.String).gather(self.buurt),
                "buurt": pl.Series(area.buurt, dtype=pl.String).gather(self.buurt),
                "since": self.since,
                "until": self.until,
            }
        )


def _stack(parts: list[tuple[BoolArray, Spells]]) -> Spells:
    names = ("who", "since", "until", "buurt", "letters", "household", "kind")
    arrays = (np.concatenate([getattr(spells, name)[keep] for keep, spells in parts]) for name in names)
    return Spells(*arrays)


def _addresses(rng: np.random.Generator, households: int, area: Area) -> tuple[Int64Array, Int64Array]:
    buurt = rng.choice(len(area.buurt), size=households, p=area.weight)
    return buurt.astype(np.int64), rng.integers(0, LETTERS, households)


def settle(rng: np.random.Generator, crowd: Crowd, area: Area, year_start: int) -> tuple[Stay, Spells, int]:
    """Residence of a crowd that has one gemeente this year: their stay, their spells, and how many households these use
    (grown children who leave home found new ones)."""
    h = crowd.households
    last = year_start + 364
    draw = rng.random(h)
    arrived = year_start - 30 - np.round(rng.exponential(9.0 * 365, h)).astype(np.int64)
    arrived = np.maximum(arrived, year_start - 60 * 365)
    immigrated = draw < _IMMIGRATE
    arrived = np.where(immigrated, year_start + rng.integers(1, 364, h), arrived)
    emigrated = (draw >= _IMMIGRATE) & (draw < _IMMIGRATE + _EMIGRATE)
    left = np.where(emigrated, year_start + rng.integers(1, 364, h), OPEN)
    moved = (draw > 1 - _MOVES_WITHIN) & (np.bincount(crowd.household, minlength=h) < 6)
    move_day = np.where(moved, year_start + rng.integers(10, 360, h), OPEN)

    of = crowd.household
    since = np.maximum(crowd.born, arrived[of])
    until = np.minimum(crowd.died, left[of])
    children = np.bincount(of, weights=crowd.child, minlength=h)
    adult_child = crowd.child & (year_start - crowd.born > 18 * 365.25) & (children[of] > 1) & ~moved[of]
    leaves = adult_child & (rng.random(len(crowd)) < _LEAVE_HOME)
    change = np.where(leaves, year_start + rng.integers(10, 360, len(crowd)), move_day[of])
    change = np.where((change > since) & (change <= np.minimum(until, last)), change, OPEN)
    leaves &= change != OPEN

    buurt_h, letters_h = _addresses(rng, h, area)
    new_buurt_h, new_letters_h = _addresses(rng, h, area)
    own_buurt, own_letters = _addresses(rng, len(crowd), area)
    who = np.arange(len(crowd), dtype=np.int64)
    # A child born after the household moved never lived at the old address.
    after_move = (move_day[of] < crowd.born) & (crowd.born < OPEN)
    first = Spells(
        who,
        since,
        np.where(change != OPEN, change - 1, until),
        np.where(after_move, new_buurt_h[of], buurt_h[of]),
        np.where(after_move, new_letters_h[of], letters_h[of]),
        of,
        crowd.kind,
    )
    founded = h + np.cumsum(leaves) - 1
    second = Spells(
        who,
        change,
        until,
        np.where(leaves, own_buurt, new_buurt_h[of]),
        np.where(leaves, own_letters, new_letters_h[of]),
        np.where(leaves, founded, of),
        np.where(leaves, 1, crowd.kind),
    )
    exists = until >= since
    spells = _stack([(exists, first), (exists & (change != OPEN), second)])
    return Stay(since, until), spells, h + int(leaves.sum())


@dataclass(frozen=True, slots=True)
class Passage:
    """A crowd that passes from one area to another on `day` (per household), address given on both sides."""

    origin: Stay
    target: Stay
    buurt: tuple[Int64Array, Int64Array]
    letters: tuple[Int64Array, Int64Array]

    def spells(self, crowd: Crowd, side: int, persons: BoolArray) -> Spells:
        """Spells of some persons on one side (0 before, 1 after)."""
        stay = (self.origin, self.target)[side]
        keep = persons & (stay.until >= stay.since)
        who = np.flatnonzero(keep).astype(np.int64)
        of = crowd.household[who]
        return Spells(
            who,
            stay.since[who],
            stay.until[who],
            self.buurt[side][of],
            self.letters[side][of],
            of,
            crowd.kind[who],
        )


def passage(
    crowd: Crowd,
    day: Int64Array,
    since: Int64Array,
    buurt: tuple[Int64Array, Int64Array],
    letters: tuple[Int64Array, Int64Array],
) -> Passage:
    """Persons of `crowd` live on the first side until the day before `day` (per household) and on the second from then;
    who dies before or is born after has one side only."""
    of = crowd.household
    begin = np.maximum(crowd.born, since[of])
    turn = day[of]
    origin = Stay(begin, np.minimum(crowd.died, turn - 1))
    target = Stay(np.maximum(turn, crowd.born), crowd.died)
    return Passage(origin, target, buurt, letters)
