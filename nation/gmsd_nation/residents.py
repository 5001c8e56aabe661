"""Those who live in one gemeente all year, drawn in blocks so that a city takes no more memory than a town."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from gmsd_nation.arrangements import clients
from gmsd_nation.bsn import BsnSource
from gmsd_nation.calendar import OPEN
from gmsd_nation.kinds import BoolArray, Int64Array
from gmsd_nation.movement import Users
from gmsd_nation.people import Crowd, crowd
from gmsd_nation.places import Place
from gmsd_nation.residence import Stay, settle

BLOCK = 80_000
"""Persons drawn at once: 80,000 take about 100 MB with everything derived from them."""

_KNOWN_ELSEWHERE = 60
"""How many residents of the previous gemeente are kept as candidates to be a client of the next."""

_LEAST_CLIENTS = 5
"""At the smallest scales a gemeente still has a file worth delivering."""


@dataclass(slots=True)
class Counters:
    """First free numbers; who is passed on from one gemeente to the next; marked numbers not given out yet."""

    person: int
    household: int
    arrangement: int
    elsewhere: Users
    marked: Int64Array


@dataclass(frozen=True, slots=True)
class Block:
    """`persons`: person, bsn, born, died, sex, note. `spells`: see residence. `users`: the clients among them.
    `settled`: some who use nothing and stay all year. `marked`: marked numbers given out."""

    persons: pl.DataFrame
    spells: pl.DataFrame
    users: Users
    settled: Users
    marked: Int64Array


def nobody() -> Users:
    """No clients."""
    empty: Int64Array = np.empty(0, dtype=np.int64)
    return Users(empty, empty, empty, empty, empty, empty, np.empty(0, dtype=np.bool_))


def block_sizes(persons: int) -> list[int]:
    """Sizes of the blocks of a gemeente, none above `BLOCK`, as equal as possible."""
    count = -(-persons // BLOCK)
    return [persons // count + (n < persons % count) for n in range(count)]


def _pick(own: Crowd, stay: Stay, person: Int64Array, bsn: Int64Array, who: Int64Array) -> Users:
    return Users(
        person[who],
        bsn[who],
        own.born[who],
        own.died[who],
        stay.since[who],
        stay.until[who],
        np.zeros(len(who), bool),
    )


def residents(
    rng: np.random.Generator,
    place: Place,
    size: int,
    year_start: int,
    bsns: BsnSource,
    counters: Counters,
    marked_quota: int,
) -> Block:
    """One block of about `size` residents. Advances the numbers of `counters` and takes at most `marked_quota` of its
    marked numbers, for clients who live here all year."""
    own = crowd(rng, size, year_start)
    stay, spells, households = settle(rng, own, place.area, year_start)
    bsn = bsns.take(len(own))
    using = clients(rng, own.born, year_start)
    if using.sum() < _LEAST_CLIENTS:
        using[np.argsort(own.born, kind="stable")[:_LEAST_CLIENTS]] = True
    whole: BoolArray = (stay.since < year_start) & (stay.until == OPEN)
    chosen = np.flatnonzero(using & whole)[: min(marked_quota, len(counters.marked))]
    bsn[chosen] = counters.marked[: len(chosen)]
    counters.marked = counters.marked[len(chosen) :]

    person = np.arange(counters.person, counters.person + len(own), dtype=np.int64)
    counters.person += len(own)
    frame = spells.frame(own, place.area, place.code, bsn, person, counters.household)
    counters.household += households
    note = np.where(np.isin(np.arange(len(own)), chosen), "marked", "")
    persons = pl.DataFrame(
        {
            "person": person,
            "bsn": bsn,
            "born": own.born,
            "died": own.died,
            "sex": own.sex_codes(),
            "note": note,
        }
    )
    settled = np.flatnonzero(whole & ~using)[:_KNOWN_ELSEWHERE]
    return Block(
        persons,
        frame,
        _pick(own, stay, person, bsn, np.flatnonzero(using)),
        _pick(own, stay, person, bsn, settled),
        bsn[chosen],
    )
