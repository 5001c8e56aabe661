"""The check of `proof/1`: counts the people of the proof anew and compares with every published figure. No solver, no truth.

Written apart from what makes the proof: it knows how a person counts (categories, totals, once above gemeenten), and nothing of
how the people were found.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from gmsd_publication.disclosure.errors import NotProved
from gmsd_publication.disclosure.model import Flags, Ints
from gmsd_publication.domain.keyed.population import Kind
from gmsd_publication.domain.release_model import Family


def recount(families: Sequence[Family], published: Ints, base: Ints, evidence: pl.DataFrame) -> None:
    """Raises NotProved, naming the first place whose figures are not those of the people in the proof."""
    for family in families:
        ids = [indicator.id for indicator in family.indicators]
        rows = evidence.filter(pl.col("indicator").is_in(ids))
        _Recount(family, rows).compare(published[family.cells], base[family.cells])


class _Recount:
    def __init__(self, family: Family, rows: pl.DataFrame) -> None:
        self.family, self.kind = family, Kind(family.indicators, family.relations)
        self.number = {place.name: at for at, place in enumerate(family.places)}
        self.groups = np.zeros(family.cells.shape, dtype=np.int64)
        self.holders = np.zeros((len(family.places), 2, len(self.kind.bits)), dtype=np.int64)
        people = rows.filter(pl.col("soort") == "personen")
        self.count(people, "gebied", "eerst", "laatst")
        pairs = rows.filter(pl.col("soort") == "dubbel")
        self.count(pairs, "gebied", "eerst", "laatst")
        self.count(pairs, "ander", "ander_eerst", "ander_laatst")
        self.hold(rows.filter(pl.col("soort") == "extra"))
        self.add_up(pairs)

    def compare(self, published: Ints, base: Ints) -> None:
        wrong = np.flatnonzero((published != self.groups * base).any(axis=1))
        if wrong.size:
            raise NotProved(
                f"the people of the proof do not give the figures of {self.family.places[wrong[0]].name}"
            )

    def count(self, rows: pl.DataFrame, place: str, early: str, late: str) -> None:
        """People, each with one thing per category."""
        at, count = self._places(rows[place]), rows["groepen"].to_numpy()
        first, last = rows[early].to_numpy().astype(np.int64), rows[late].to_numpy().astype(np.int64)
        if (count <= 0).any() or (first & ~last).any() or (last == 0).any():
            raise NotProved("the proof has people who are none, or who lose a category within the period")
        for moment, masks in enumerate((first, last)):
            bits = _bits(masks, len(self.kind.bits)) * count[:, None]
            np.add.at(self.holders[:, moment], at, bits)
            slots = (self.kind.early_slots, self.kind.late_slots)[moment]
            if moment == 0 and len(self.kind.holder.moments) == 1:
                continue  # the two moments are one: counted once
            has = (masks[:, None] & self.kind.masks) != 0
            np.add.at(self.groups, (at[:, None], slots), has * count[:, None])
            for held in self.kind.held_slots:
                np.add.at(self.groups, (at[:, None], held[moment]), bits @ self._parts().T)

    def hold(self, rows: pl.DataFrame) -> None:
        """Things beyond one each, where there are holders."""
        at, count = self._places(rows["gebied"]), rows["groepen"].to_numpy()
        ids = [indicator.id for indicator in self.kind.held]
        which = np.array([ids.index(one) for one in rows["indicator"]], dtype=np.int64)
        for moment, column in enumerate(("eerst", "laatst")):
            bits = _bits(rows[column].to_numpy().astype(np.int64), len(self.kind.bits))
            if (count <= 0).any() or (bits & (self.holders[at, moment] == 0)).any():
                raise NotProved("the proof has things that nobody holds")
            for number, held in enumerate(self.kind.held_slots):
                own = which == number
                np.add.at(
                    self.groups,
                    (at[own][:, None], held[moment]),
                    (bits[own] * count[own][:, None]) @ self._parts().T,
                )

    def add_up(self, pairs: pl.DataFrame) -> None:
        """Totals over regions: parts, what is left, and less who counts in two of the parts."""
        inside = {
            place: one.total for one in self.family.sums for place in self._members(one.parts, one.computed)
        }
        for one in reversed(self.family.sums):
            parts = self.groups[list(one.parts)].sum(axis=0)
            if one.sign < 0 and one.computed is not None:
                name = self.family.places[one.total].name
                self.groups[one.computed] = self._doubles(
                    pairs.filter(pl.col("totaal") == name), one.total, inside
                )
            left = 0 if one.computed is None else self.groups[one.computed]
            self.groups[one.total] = parts + one.sign * left

    def _doubles(self, pairs: pl.DataFrame, total: int, inside: Mapping[int, int]) -> Ints:
        double = np.zeros(len(self.family.relations.slots), dtype=np.int64)
        sides = (self._places(pairs[column]).tolist() for column in ("gebied", "ander"))
        for one, other in zip(*sides, strict=True):
            if _part(one, total, inside) == _part(other, total, inside):
                raise NotProved("the proof has a person twice within one part of a total")
        count = pairs["groepen"].to_numpy()
        moments = [(self.kind.late_slots, "laatst", "ander_laatst")]
        if len(self.kind.holder.moments) > 1:
            moments.append((self.kind.early_slots, "eerst", "ander_eerst"))
        for slots, first, second in moments:
            both: Flags = np.ones((pairs.height, len(self.kind.codes)), dtype=bool)
            for column in (first, second):
                both &= (pairs[column].to_numpy().astype(np.int64)[:, None] & self.kind.masks) != 0
            double[slots] += (both * count[:, None]).sum(axis=0)
        return double

    def _places(self, names: pl.Series) -> Ints:
        return np.array([self.number[name] for name in names], dtype=np.int64)

    def _parts(self) -> Ints:
        found: Ints = ((self.kind.masks[:, None] >> np.arange(len(self.kind.bits))) & 1).astype(np.int64)
        return found

    @staticmethod
    def _members(parts: Sequence[int], computed: int | None) -> list[int]:
        return [*parts] if computed is None else [*parts, computed]


def _part(place: int, total: int, inside: Mapping[int, int]) -> int:
    """In which part of a total a place lies. Raises NotProved: in none."""
    while place in inside and inside[place] != total:
        place = inside[place]
    if place not in inside:
        raise NotProved("the proof has a person twice who is not in that total")
    return place


def _bits(masks: Ints, width: int) -> Ints:
    found: Ints = (masks[:, None] >> np.arange(width)) & 1
    return found
