"""People counted in two gemeenten: which of the people behind the figures are the same person, so that totals are true as well.

A total counts a person once, its gemeenten together twice; the published figures leave a number of double counts per figure.
Those are laid out as overlaps (`Kind`), and each overlap is given to two people of different gemeenten with just these
categories in common, taken out of figures that stay a population without them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gmsd_publication.disclosure.errors import NotProved
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.domain.keyed.population import Kind, Population
from gmsd_publication.domain.relations import Node, Relations


@dataclass(frozen=True)
class Person:
    """Categories at the first and the last moment, as bits."""

    early: int
    late: int


@dataclass(frozen=True)
class Pair:
    """`count` groups of people who count at place `one` as `first` and at place `other` as `second`."""

    one: int
    first: Person
    other: int
    second: Person
    count: int


Overlap = tuple[frozenset[str], frozenset[str]]
"""Codes of figures in which a person counts twice, at the first and at the last moment."""


class Crowd:
    """The figures of finest places, in groups [places, slots], from which people are taken; they stay populations."""

    def __init__(self, kind: Kind, relations: Relations, figures: Ints) -> None:
        self._kind = kind
        self._rows = relations.matrix(relations.counts).toarray()
        self._presence = np.array(relations.presence, dtype=np.int64).reshape(-1, 2)
        self.figures = figures.copy()
        self._slack = self.figures @ self._rows.T

    def column(self, person: Person) -> Ints:
        """What one such person with one thing per category adds to every figure."""
        nothing = np.zeros((len(self._kind.held), len(self._kind.bits)), dtype=np.int64)
        alone = Population(np.array([person.early]), np.array([person.late]), np.array([1]), nothing, nothing)
        return self._kind.recount(alone)

    def room(self, person: Person) -> Ints:
        """How many groups of such people each place can spare [places]."""
        return self._room(person, np.arange(len(self.figures)))

    def room_at(self, place: int, person: Person) -> int:
        """How many groups of such people one place can spare."""
        return int(self._room(person, np.array([place]))[0])

    def _room(self, person: Person, places: Ints) -> Ints:
        figures, slack = self.figures[places], self._slack[places]
        column = self.column(person)
        needs = self._rows @ column
        tight, used = np.flatnonzero(needs > 0), np.flatnonzero(column > 0)
        spare = (figures[:, used] // column[used]).min(axis=1)
        if tight.size:
            spare = np.minimum(spare, (slack[:, tight] // needs[tight]).min(axis=1))
        part, whole = self._presence[:, 0], self._presence[:, 1]
        # The last holder stays while something beyond one each is held.
        for at in np.flatnonzero(column[part] > 0):
            left = figures[:, whole[at]] > figures[:, part[at]]
            spare = np.minimum(spare, figures[:, part[at]] - left)
        room: Ints = np.maximum(spare, 0)
        return room

    def take(self, place: int, person: Person, count: int) -> None:
        """Out of the figures of a place."""
        self.figures[place] -= count * self.column(person)
        self._slack[place] = self._rows @ self.figures[place]


def pairs(kind: Kind, crowd: Crowd, doubles: Ints, sides: Ints) -> Iterator[Pair]:
    """Of the double counts of one total, in groups [slots]; `sides` [places]: in which part of the total a place lies, -1: in none.

    Raises NotProved when the figures cannot spare the people.
    """
    for overlap, count in _overlaps(kind, doubles):
        while count:
            found = _matching(kind, crowd, overlap, sides)
            if found is None:
                raise NotProved("no two gemeenten have the people that a total says were counted twice")
            taken = min(count, found.count)
            crowd.take(found.one, found.first, taken)
            crowd.take(found.other, found.second, taken)
            yield Pair(found.one, found.first, found.other, found.second, taken)
            count -= taken


def _matching(kind: Kind, crowd: Crowd, overlap: Overlap, sides: Ints) -> Pair | None:
    """Two people with this overlap who can be spared in different parts of the total."""
    inside = sides >= 0
    plenty = {
        code: int(np.where(inside, crowd.room(Person(0, 1 << bit)), 0).sum())
        for code, bit in kind.bits.items()
    }
    for rank in range(len(kind.bits)):
        first, second = _two(kind, overlap, plenty, rank)
        room = np.where(inside, crowd.room(first), 0)
        place = int(room.argmax())
        beside = np.where(inside & (sides != sides[place]), crowd.room(second), 0)
        partner = int(beside.argmax())
        count = int(min(room[place], beside[partner]))
        if count:
            return Pair(place, first, partner, second, count)
    return _among(kind, crowd, overlap, sides)


SOUGHT = 4_000
"""Groups of people looked at for a pair, at most: pairs grow with the square, and a total with more has simpler people too."""


def _among(kind: Kind, crowd: Crowd, overlap: Overlap, sides: Ints) -> Pair | None:
    """Two groups among those behind the figures that have exactly this overlap, whatever else each has."""
    groups = [
        (place, int(early), int(late), int(count))
        for place in np.flatnonzero((sides >= 0) & crowd.figures.any(axis=1)).tolist()
        for early, late, count in _groups(kind.population(crowd.figures[place]))
    ][:SOUGHT]
    if not groups:
        return None
    at = np.array(groups, dtype=np.int64)
    has = [(at[:, moment, None] & kind.masks) != 0 for moment in (1, 2)]  # [groups, codes]
    wanted = [np.array([code in shared for code in kind.codes]) for shared in overlap]
    able = np.flatnonzero(((has[0] >= wanted[0]) & (has[1] >= wanted[1])).all(axis=1))
    for one in able.tolist():
        exact = [
            ((mine[able] & mine[one]) == want).all(axis=1) for mine, want in zip(has, wanted, strict=True)
        ]
        place, first = int(at[one, 0]), Person(*at[one, 1:3].tolist())
        spare = min(int(at[one, 3]), crowd.room_at(place, first))
        if not spare:
            continue
        found = able[exact[0] & exact[1] & (sides[at[able, 0]] != sides[place])]
        for other in found[np.argsort(-at[found, 3], kind="stable")].tolist():
            partner, second = int(at[other, 0]), Person(*at[other, 1:3].tolist())
            if count := min(int(at[other, 3]), spare, crowd.room_at(partner, second)):
                return Pair(place, first, partner, second, count)
    return None


def _groups(people: Population) -> Iterator[tuple[int, int, int]]:
    yield from zip(people.early.tolist(), people.late.tolist(), people.count.tolist(), strict=True)


def _overlaps(kind: Kind, doubles: Ints) -> list[tuple[Overlap, int]]:
    """Figures that count a person twice, at the first and at the last moment, and how many groups of such people."""
    early = dict(zip(kind.codes, doubles[kind.early_slots].tolist(), strict=True))
    late = dict(zip(kind.codes, doubles[kind.late_slots].tolist(), strict=True))
    first, last = kind.laid(early, late)
    places: list[tuple[set[str], set[str]]] = [(set(), set()) for _ in range(late[kind.root.code])]
    for found, moment in ((first, 0), (last, 1)):
        for code, people in found.items():
            for position in people.tolist():
                places[position][moment].add(code)
    counted: dict[Overlap, int] = {}
    for before, after in places:
        key = (frozenset(before), frozenset(after))
        counted[key] = counted.get(key, 0) + 1
    return sorted(counted.items(), key=lambda item: sorted(map(sorted, item[0])))


def _two(kind: Kind, overlap: Overlap, plenty: Mapping[str, int], rank: int) -> tuple[Person, Person]:
    """Two people who share exactly these figures. `plenty`: of which categories there are people; `rank`: which choice to make."""
    masks = []
    for shared in overlap:
        own = _apart(kind, kind.root, shared, plenty, rank) if kind.root.code in shared else (0, 0)
        masks.append(own)
    (early, other), (late, another) = masks
    return Person(early, early | late), Person(other, other | another)


def _apart(
    kind: Kind, node: Node, shared: frozenset[str], plenty: Mapping[str, int], rank: int
) -> tuple[int, int]:
    """Categories under a shared figure: shared parts in both, and where none is shared a part each."""
    if not node.parts:
        return 1 << kind.bits[node.code], 1 << kind.bits[node.code]
    common = [part for part in node.parts if part.code in shared]
    if common:
        masks = [_apart(kind, part, shared, plenty, rank) for part in common]
        return sum(mask[0] for mask in masks), sum(mask[1] for mask in masks)
    best = sorted(
        ((leaf.code, part.code) for part in node.parts for leaf in part.leaves()),
        key=lambda pair: -plenty[pair[0]],
    )
    leaf, part = best[rank % len(best)]
    other = next(code for code, outer in best if outer != part)
    return 1 << kind.bits[leaf], 1 << kind.bits[other]
