"""One gemeente: everyone who lives there in the year, and everyone who uses its Wmo."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from gmsd_nation.arrangements import Habits, arrangements, habits
from gmsd_nation.bsn import BsnSource
from gmsd_nation.calendar import OPEN
from gmsd_nation.kinds import Int64Array
from gmsd_nation.movement import Movement, Users, join
from gmsd_nation.places import Area, Place
from gmsd_nation.residence import Stay
from gmsd_nation.residents import Counters, block_sizes, residents

_STRANGERS, _MANY_STRANGERS = 0.008, 0.07
"""Share of clients who are not in the register: in most gemeenten, and in the one where that must be noticed (above 3 %)."""

_LODGERS = 0.006
"""Share of clients who live in another gemeente than the one that delivers them."""

STRANGERS_BLOCK = -1
"""Block number under which the clients who are not in the register are handed on; they have no spells."""


@dataclass(frozen=True, slots=True)
class Community:
    """`arrangements`: constituents (see arrangements) with person, bsn, assignment and arrangement; `persons`: how many
    persons were drawn for it."""

    place: Place
    habits: Habits
    arrangements: pl.DataFrame
    persons: int


House = Callable[[int, pl.DataFrame, pl.DataFrame], None]
"""Receives block number, persons and spells (see `residents.Block`), one block at a time."""


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


def _lodgers(rng: np.random.Generator, n: int, at_least: int, known: Users) -> Users:
    count = min(max(at_least, int(rng.binomial(n, _LODGERS))), len(known.person))
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
    house: House,
) -> Community:
    """One gemeente with its residents, those who pass through, and the clients it reports.

    `areas[m]` is the area in which the second side of `movements[m]` lives here. Persons and spells are handed to `house`
    block by block and not kept. Advances `counters`.
    """
    rng = np.random.default_rng([seed, 7, place.number])
    passing = sum(int((movement.gemeente[0] == place.number).sum()) for movement in movements)
    groups: list[Users] = []
    marked: list[Int64Array] = []
    elsewhere = counters.elsewhere
    drawn = 0
    for n, size in enumerate(block_sizes(max(12, place.persons - passing))):
        own = np.random.default_rng([seed, 7, place.number, n])
        block = residents(own, place, size, year_start, bsns, counters, marked_quota if n == 0 else 0)
        spells = [block.spells]
        if n == 0:
            counters.elsewhere = block.settled
            for movement, area in zip(movements, areas, strict=True):
                spells += [movement.spells(place, 0, place.area), movement.spells(place, 1, area)]
        groups.append(block.users)
        marked.append(block.marked)
        drawn += len(block.persons)
        house(n, block.persons, pl.concat(spells))
    clients = sum(len(group.person) for group in groups)
    for movement in movements:
        groups += [movement.users(place.number, 0), movement.users(place.number, 1)]
    at_least = max(3, round(clients * 0.05)) if strange else 0
    share = _MANY_STRANGERS if strange else _STRANGERS
    strangers = _strangers(rng, clients, share, at_least, year_start, bsns, counters)
    # One in every fourth gemeente, or a small nation might have none.
    lodgers = _lodgers(rng, clients, int(place.number % 4 == 1), elsewhere)
    used = _used(rng, join([*groups, strangers, lodgers]), year_start)
    filling = habits(rng)
    used = _numbered(rng, used, filling, counters, np.concatenate(marked))
    unknown = pl.DataFrame(
        {"person": strangers.person, "bsn": strangers.bsn, "born": strangers.born, "died": strangers.died}
    ).with_columns(sex=pl.lit("O"), note=pl.lit("not in register"))
    house(STRANGERS_BLOCK, unknown, pl.DataFrame())
    return Community(place, filling, used, drawn + len(unknown))


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
