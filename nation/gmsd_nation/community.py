"""One gemeente: everyone who lives there in the year, and everyone who uses its Wmo."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from gmsd_nation.arrangements import Habits, arrangements, clients, habits
from gmsd_nation.bsn import BsnSource
from gmsd_nation.calendar import OPEN
from gmsd_nation.kinds import Int64Array
from gmsd_nation.movement import Movement, Users, join
from gmsd_nation.people import crowd
from gmsd_nation.places import Area, Place
from gmsd_nation.residence import Stay, settle

_STRANGERS, _MANY_STRANGERS = 0.008, 0.07
"""Share of clients who are not in the register: in most gemeenten, and in the one where that must be noticed (above 3 %)."""

_LODGERS = 0.006
"""Share of clients who live in another gemeente than the one that delivers them."""

_KNOWN_ELSEWHERE = 60
"""How many residents of the previous gemeente are kept as candidates to be such a client of the next."""

_LEAST_CLIENTS = 5
"""At the smallest scales a gemeente still has a file worth delivering."""


@dataclass(slots=True)
class Counters:
    """First free numbers, and who is passed on from one gemeente to the next."""

    person: int
    household: int
    arrangement: int
    elsewhere: Users
    marked: Int64Array


@dataclass(frozen=True, slots=True)
class Community:
    """`persons`: person, bsn, born, died, sex, note. `spells`: see residence. `arrangements`: constituents (see
    arrangements) with person, bsn, assignment and arrangement. `clients`: how many persons use the Wmo."""

    place: Place
    habits: Habits
    persons: pl.DataFrame
    spells: pl.DataFrame
    arrangements: pl.DataFrame


def nobody() -> Users:
    """No clients."""
    empty: Int64Array = np.empty(0, dtype=np.int64)
    return Users(empty, empty, empty, empty, empty, empty, np.empty(0, dtype=np.bool_))


def _strangers(
    rng: np.random.Generator,
    n: int,
    share: float,
    at_least: int,
    year_start: int,
    bsns: BsnSource,
    counters: Counters,
) -> Users:
    count = max(at_least, int(rng.binomial(n, share)))
    person = np.arange(counters.person, counters.person + count, dtype=np.int64)
    counters.person += count
    born = year_start - rng.integers(20 * 365, 95 * 365, count)
    none = np.full(count, OPEN, dtype=np.int64)
    return Users(
        person,
        bsns.take(count),
        born,
        none,
        year_start - rng.integers(400, 4000, count),
        none,
        np.zeros(count, bool),
    )


def _lodgers(rng: np.random.Generator, n: int, counters: Counters) -> Users:
    known = counters.elsewhere
    count = min(int(rng.binomial(n, _LODGERS)), len(known.person))
    at = (
        np.sort(rng.choice(len(known.person), size=count, replace=False))
        if count
        else np.empty(0, dtype=np.int64)
    )
    return Users(
        known.person[at],
        known.bsn[at],
        known.born[at],
        known.died[at],
        known.since[at],
        known.until[at],
        known.fresh[at],
    )


def _used(rng: np.random.Generator, users: Users, year_start: int) -> pl.DataFrame:
    """Constituents of all clients, chains numbered on."""
    stay = Stay(users.since, users.until)
    frames: list[pl.DataFrame] = []
    chains = 0
    for fresh in (False, True):
        who = np.flatnonzero(users.fresh == fresh).astype(np.int64)
        part = arrangements(rng, who, users.born, users.died, stay, year_start, fresh)
        frames.append(part.with_columns(pl.col("chain") + chains))
        chains += len(who) * 5
    return pl.concat(frames).with_columns(
        person=pl.Series(users.person).gather(frames_who := pl.concat(frames)["who"]),
        bsn=pl.Series(users.bsn).gather(frames_who),
    )


def community(
    seed: int,
    place: Place,
    year_start: int,
    movements: tuple[Movement, ...],
    areas: tuple[Area, ...],
    bsns: BsnSource,
    counters: Counters,
    strange: bool,
    marked_quota: int,
) -> Community:
    """One gemeente with its residents, those who pass through, and the clients it reports.

    `areas[m]` is the area in which the second side of `movements[m]` lives here. Advances `counters`: numbers, the
    residents that the next gemeente may have as clients, and the marked numbers not given out yet.
    """
    rng = np.random.default_rng([seed, 7, place.number])
    passing = sum(int((movement.gemeente[0] == place.number).sum()) for movement in movements)
    own = crowd(rng, max(12, place.persons - passing), year_start)
    stay, spells, households = settle(rng, own, place.area, year_start)
    bsn = bsns.take(len(own))
    using = clients(rng, own.born, year_start)
    if using.sum() < _LEAST_CLIENTS:
        using[np.argsort(own.born, kind="stable")[:_LEAST_CLIENTS]] = True
    marked = np.flatnonzero(using & (stay.since < year_start) & (stay.until == OPEN))[:marked_quota][
        : len(counters.marked)
    ]
    bsn[marked] = counters.marked[: len(marked)]
    counters.marked = counters.marked[len(marked) :]

    person = np.arange(counters.person, counters.person + len(own), dtype=np.int64)
    counters.person += len(own)
    frames = [spells.frame(own, place.area, place.code, bsn, person, counters.household)]
    counters.household += households
    who = np.flatnonzero(using)
    groups = [
        Users(
            person[who],
            bsn[who],
            own.born[who],
            own.died[who],
            stay.since[who],
            stay.until[who],
            np.zeros(len(who), bool),
        )
    ]
    for movement, area in zip(movements, areas, strict=True):
        frames += [movement.spells(place, 0, place.area), movement.spells(place, 1, area)]
        groups += [movement.users(place.number, 0), movement.users(place.number, 1)]
    at_least = max(1, round(len(who) * 0.05)) if strange else 0
    strangers = _strangers(
        rng, len(who), _MANY_STRANGERS if strange else _STRANGERS, at_least, year_start, bsns, counters
    )
    users = join([*groups, strangers, _lodgers(rng, len(who), counters)])

    used = _used(rng, users, year_start)
    filling = habits(rng)
    used = _numbered(rng, used, filling, counters, bsn[marked])
    settled = np.flatnonzero((stay.since < year_start) & (stay.until == OPEN) & ~using)[:_KNOWN_ELSEWHERE]
    counters.elsewhere = Users(
        person[settled],
        bsn[settled],
        own.born[settled],
        own.died[settled],
        stay.since[settled],
        stay.until[settled],
        np.zeros(len(settled), bool),
    )
    note = np.where(np.isin(np.arange(len(own)), marked), "marked", "")
    residents = pl.DataFrame(
        {
            "person": person,
            "bsn": bsn,
            "born": own.born,
            "died": own.died,
            "sex": own.sex_codes(),
            "note": note,
        }
    )
    unknown = pl.DataFrame(
        {"person": strangers.person, "bsn": strangers.bsn, "born": strangers.born, "died": strangers.died}
    ).with_columns(sex=pl.lit("O"), note=pl.lit("not in register"))
    return Community(
        place,
        filling,
        pl.concat([residents, unknown.select(residents.columns)], how="vertical_relaxed"),
        pl.concat(frames),
        used,
    )


def _numbered(
    rng: np.random.Generator, used: pl.DataFrame, filling: Habits, counters: Counters, marked: Int64Array
) -> pl.DataFrame:
    """Add the toewijzingsnummer (`assignment`) and the national number of the true arrangement (`arrangement`).

    Without a toewijzingsnummer a continuation with another reason is an arrangement of its own (the merge rule). Of the
    marked clients the bsn is typed into two wrong columns, as a tired hand does: toewijzingsnummer and volume.
    """
    apart = pl.lit(False) if filling.numbered else pl.col("changed") & (pl.col("link") == 1)
    first = int(rng.integers(100_000, 900_000)) * 10
    key = pl.col("chain") * 2 + apart.cast(pl.Int64)
    used = used.with_columns(key=key, assignment=first + pl.col("chain"))
    used = used.with_columns(
        arrangement=counters.arrangement + pl.col("key").rank("dense").cast(pl.Int64) - 1
    )
    counters.arrangement += used["key"].n_unique()
    if len(marked):
        hit = pl.col("bsn").is_in(marked.tolist())
        one = pl.col("chain") == pl.col("chain").min().over("bsn")
        used = used.with_columns(
            assignment=pl.when(hit & one).then("bsn").otherwise("assignment"),
            volume=pl.when(hit & one).then("bsn").otherwise("volume"),
            unit=pl.when(hit & one).then(pl.lit("82")).otherwise("unit"),
            frequency=pl.when(hit & one).then(pl.lit("6")).otherwise("frequency"),
        )
    return used.drop("key")
