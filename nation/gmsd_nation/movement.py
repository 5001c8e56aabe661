"""Persons who live in two gemeenten within the year: movers, and the inhabitants of the split gemeente.

They are drawn before the gemeenten, for the whole nation at once (about 1.5 % of it), because each of them stands in the
files of two.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from gmsd_nation.arrangements import clients
from gmsd_nation.bsn import BsnSource
from gmsd_nation.calendar import OPEN, day
from gmsd_nation.kinds import BoolArray, Int64Array
from gmsd_nation.people import Crowd, crowd
from gmsd_nation.places import Area, Atlas, Place
from gmsd_nation.residence import LETTERS, Passage, passage

_MOVERS = 0.014
"""Share of the population that moves to another gemeente in a year and is followed on both sides (really about 4 %; a
household that moves twice does not exist here)."""

_KEEPS_USING = 0.75
"""Chance that a client gets new arrangements after a move."""

WITNESSES = 3
"""Households that move between the receivers of the split gemeente halfway the first half-year, with a client in each
who uses the Wmo on both sides, whatever the seed."""


@dataclass(frozen=True, slots=True)
class Users:
    """Clients seen from one gemeente, as parallel arrays; `fresh` clients bring their need from elsewhere."""

    person: Int64Array
    bsn: Int64Array
    born: Int64Array
    died: Int64Array
    since: Int64Array
    until: Int64Array
    fresh: BoolArray


def join(parts: list[Users]) -> Users:
    """Several groups of clients as one."""
    names = ("person", "bsn", "born", "died", "since", "until", "fresh")
    return Users(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True)
class Movement:
    """A crowd with two gemeenten: `gemeente[side]` is the number of the place per household."""

    crowd: Crowd
    passage: Passage
    bsn: Int64Array
    person: Int64Array
    household: int
    gemeente: tuple[Int64Array, Int64Array]
    client: tuple[BoolArray, BoolArray]
    fresh_from_start: BoolArray
    note: tuple[str, Int64Array]

    def _here(self, number: int, side: int) -> BoolArray:
        here: BoolArray = (self.gemeente[side] == number)[self.crowd.household]
        return here

    def spells(self, place: Place, side: int, area: Area) -> pl.DataFrame:
        """Register spells of those who live in a gemeente on one side."""
        spells = self.passage.spells(self.crowd, side, self._here(place.number, side))
        return spells.frame(self.crowd, area, place.code, self.bsn, self.person, self.household)

    def users(self, number: int, side: int) -> Users:
        """Clients of a gemeente on one side."""
        who = np.flatnonzero(self._here(number, side) & self.client[side])
        stay = (self.passage.origin, self.passage.target)[side]
        fresh = np.ones(len(who), bool) if side else self.fresh_from_start[who]
        return Users(
            self.person[who],
            self.bsn[who],
            self.crowd.born[who],
            self.crowd.died[who],
            stay.since[who],
            stay.until[who],
            fresh,
        )

    def persons(self) -> pl.DataFrame:
        """Truth about these persons: person, bsn, born, died, sex, note."""
        note, noted = self.note
        return pl.DataFrame(
            {
                "person": self.person,
                "bsn": self.bsn,
                "born": self.crowd.born,
                "died": self.crowd.died,
                "sex": self.crowd.sex_codes(),
                "note": np.where(np.isin(np.arange(len(self.crowd)), noted), note, "mover"),
            }
        )


def _buurten(rng: np.random.Generator, atlas: Atlas, numbers: Int64Array) -> Int64Array:
    buurt = np.zeros(len(numbers), dtype=np.int64)
    for place in atlas.places:
        here = np.flatnonzero(numbers == place.number)
        if len(here):
            buurt[here] = rng.choice(len(place.area.buurt), size=len(here), p=place.area.weight)
    return buurt


def movers(seed: int, atlas: Atlas, year: int, bsns: BsnSource, person: int, household: int) -> Movement:
    """Households that move between two gemeenten on a day in the year, by size of the gemeenten; the first `WITNESSES`
    of them are the witnesses. `person` and `household` are the first free numbers."""
    rng = np.random.default_rng([seed, 5])
    start = day(year, 1, 1)
    sizes = np.array([place.persons for place in atlas.places], dtype=np.float64)
    people = crowd(rng, max(24, round(float(sizes.sum()) * _MOVERS)), start)
    h = people.households
    origin = rng.choice(len(sizes), size=h, p=sizes / sizes.sum()).astype(np.int64)
    target = rng.choice(len(sizes), size=h, p=sizes / sizes.sum()).astype(np.int64)
    target = np.where(target == origin, (target + 1) % len(sizes), target)
    turn = start + rng.integers(10, 355, h)
    witnesses = np.flatnonzero(np.diff(people.household, prepend=-1) > 0)[:WITNESSES]
    people.died[witnesses] = OPEN
    first, second = atlas.receivers
    origin[:WITNESSES], target[:WITNESSES], turn[:WITNESSES] = first.number, second.number, day(year, 5, 15)
    since = start - 30 - np.round(rng.exponential(7.0 * 365, h)).astype(np.int64)
    buurt = (_buurten(rng, atlas, origin), _buurten(rng, atlas, target))
    letters = (rng.integers(0, LETTERS, h), rng.integers(0, LETTERS, h))
    before = clients(rng, people.born, start)
    before[witnesses] = True
    after = before & (rng.random(len(people)) < _KEEPS_USING)
    after[witnesses] = True
    known = np.zeros(len(people), bool)
    known[witnesses] = True
    numbers = np.arange(person, person + len(people), dtype=np.int64)
    way = passage(people, turn, since, buurt, letters)
    return Movement(
        people,
        way,
        bsns.take(len(people)),
        numbers,
        household,
        (origin, target),
        (before, after),
        known,
        ("witness", witnesses),
    )


def inhabitants_of_split(
    seed: int, atlas: Atlas, year: int, bsns: BsnSource, person: int, household: int
) -> Movement:
    """The inhabitants of the split gemeente: the same address before and after, in the receiver that took over their
    wijk from 1 April. The split gemeente delivered nothing, so its clients are known from then on only."""
    rng = np.random.default_rng([seed, 6])
    start = day(year, 1, 1)
    people = crowd(rng, atlas.split.persons, start)
    h = people.households
    buurt = rng.choice(len(atlas.split.area.buurt), size=h, p=atlas.split.area.weight).astype(np.int64)
    receivers = np.array([place.number for place in atlas.receivers], dtype=np.int64)
    target = receivers[np.array(atlas.split_to, dtype=np.int64)[buurt]]
    letters = rng.integers(0, LETTERS, h)
    since = start - 30 - np.round(rng.exponential(12.0 * 365, h)).astype(np.int64)
    using = clients(rng, people.born, start)
    numbers = np.arange(person, person + len(people), dtype=np.int64)
    way = passage(people, np.full(h, day(year, 4, 1)), since, (buurt, buurt), (letters, letters))
    return Movement(
        people,
        way,
        bsns.take(len(people)),
        numbers,
        household,
        (np.full(h, atlas.split.number, dtype=np.int64), target),
        (np.zeros(len(people), bool), using),
        np.zeros(len(people), bool),
        ("split", np.arange(len(people), dtype=np.int64)),
    )
