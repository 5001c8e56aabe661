"""A population behind the published figures of one finest region: the proof that they can all be true at once.

Theorem. Figures in multiples of the base that satisfy `relations` are the count of some population of whole groups of `base`
equal people. Construction: who is there on the peildatum stands in a row; every part of a total is laid along the people of the
total end to end, beginning again at the first when the last is reached, so everybody has at least one part (their sum is no
less than the total) and nobody one part twice (no part is more than the total). Then the period: newcomers are laid over in
the same way with what each part grows by, and what remains goes to people who were there without it (no part is more than its
total in the period either). What is held beyond one per holder is added where there are holders.

Theorem. In such a population every figure can be base − 1 more and, when it is not 0, base − 1 less, while no figure changes by
more. More: so many people with one category and one thing each. Less, for a category: that many people of one group lose it (they
leave when it was their last), or that many things beyond one per holder go; for a total: they lose all they have in it, and
others of the same category, who remain because a group has `base` people, hold the things but for base − 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gmsd_contracts.catalogue import Indicator
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.domain.relations import Node, Relations, tree


@dataclass(frozen=True)
class Population:
    """Groups of `base` people who are alike.

    `early`, `late` [groups]: bits of the categories they have at the first and the last moment (the same when there is
    one), in catalogue order; `count` [groups]: how many such groups. `spare_early`, `spare_late` [held, categories]: things
    beyond one per holder and category, in multiples of base: at both moments, and at the last moment only.
    """

    early: Ints
    late: Ints
    count: Ints
    spare_early: Ints
    spare_late: Ints


class Kind:
    """How the figures of one family of indicators are laid out over people: the holder first, then what is held."""

    def __init__(self, family: Sequence[Indicator], relations: Relations) -> None:
        holder, *self.held = family
        self.width = len(relations.slots)
        at = {slot: position for position, slot in enumerate(relations.slots)}
        self.holder = holder
        self.root = tree(holder)
        self.bits = {category.code: bit for bit, category in enumerate(holder.categories)}
        first, last = holder.moments[0].value, holder.moments[-1].value
        codes = list(holder.cells())
        self.masks = np.array([holder.cells()[code] for code in codes], dtype=np.int64)
        self.codes = codes
        self.early_slots = np.array([at[holder.id, first, code] for code in codes])
        self.late_slots = np.array([at[holder.id, last, code] for code in codes])
        self.held_slots = [
            tuple(np.array([at[one.id, moment, code] for code in codes]) for moment in (first, last))
            for one in self.held
        ]

    def population(self, groups: Ints) -> Population:
        """Of figures in groups [slots] (published values divided by the base) that satisfy the relations."""
        early = dict(zip(self.codes, groups[self.early_slots].tolist(), strict=True))
        late = dict(zip(self.codes, groups[self.late_slots].tolist(), strict=True))
        masks = self._exclusive(early, late) if self.holder.exclusive else self._overlapping(early, late)
        pairs, count = np.unique(masks, axis=1, return_counts=True)
        categories = len(self.bits)
        spare = np.zeros((2, len(self.held), categories), dtype=np.int64)
        for number, slots in enumerate(self.held_slots):
            for moment, own in enumerate(slots):
                holders = (self.early_slots, self.late_slots)[moment]
                spare[moment, number] = (groups[own] - groups[holders])[:categories]
        return Population(pairs[0], pairs[1], count, spare[0], spare[1] - spare[0])

    def recount(self, people: Population) -> Ints:
        """The figures [slots] of a population, in groups: counted from the people, by the definition of each figure."""
        figures = np.zeros(self.width, dtype=np.int64)
        for slots, masks in ((self.early_slots, people.early), (self.late_slots, people.late)):
            has = (masks[:, None] & self.masks[None, :]) != 0
            figures[slots] = (has * people.count[:, None]).sum(axis=0)
        bits = 1 << np.arange(len(self.bits), dtype=np.int64)
        parts = (self.masks[:, None] & bits[None, :]) != 0
        for number, held_slots in enumerate(self.held_slots):
            spare_early = people.spare_early[number]
            for own, masks, spare in (
                (held_slots[0], people.early, spare_early),
                (held_slots[1], people.late, spare_early + people.spare_late[number]),
            ):
                held = (((masks[:, None] & bits[None, :]) != 0) * people.count[:, None]).sum(axis=0) + spare
                figures[own] = parts @ held
        return figures

    def stands(self, people: Population) -> bool:
        """Whether it is a population at all: nobody loses a category within the period, and only holders hold."""
        union_early = int(np.bitwise_or.reduce(people.early[people.count > 0], initial=0))
        union_late = int(np.bitwise_or.reduce(people.late[people.count > 0], initial=0))
        bits = 1 << np.arange(len(self.bits), dtype=np.int64)
        return bool(
            (people.count >= 0).all()
            and (people.early & ~people.late == 0).all()
            and (people.late != 0).all()
            and (people.spare_early >= 0).all()
            and (people.spare_late >= 0).all()
            and not people.spare_early[:, union_early & bits == 0].any()
            and not people.spare_late[:, union_late & bits == 0].any()
        )

    def _exclusive(self, early: Mapping[str, int], late: Mapping[str, int]) -> Ints:
        columns = []
        for code, bit in self.bits.items():
            columns += [(1 << bit, 1 << bit)] * early[code] + [(0, 1 << bit)] * (late[code] - early[code])
        return np.array(columns, dtype=np.int64).reshape(-1, 2).T

    def _overlapping(self, early: Mapping[str, int], late: Mapping[str, int]) -> Ints:
        masks = np.zeros((2, late[self.root.code]), dtype=np.int64)
        for row, places in zip(masks, self.laid(early, late), strict=True):
            for code, bit in self.bits.items():
                row[places[code]] |= 1 << bit
        return masks

    def laid(
        self, early: Mapping[str, int], late: Mapping[str, int]
    ) -> tuple[dict[str, Ints], dict[str, Ints]]:
        """Which people of a row have which figure, at the first and at the last moment."""
        before, total = early[self.root.code], late[self.root.code]
        first = {self.root.code: np.arange(before)} | _lay(self.root, np.arange(before), early)
        last = _grow(self.root, first, np.arange(before), np.arange(before, total), early, late)
        return first, {self.root.code: np.arange(total)} | last


def _lay(node: Node, people: Ints, counts: Mapping[str, int]) -> dict[str, Ints]:
    """Which people have which part: parts end to end over the people, round and round."""
    found: dict[str, Ints] = {}
    at = 0
    for part in node.parts:
        places = (at + np.arange(counts[part.code])) % max(len(people), 1)
        at += counts[part.code]
        found[part.code] = people[places]
        found |= _lay(part, found[part.code], counts)
    return found


def _grow(
    node: Node,
    first: Mapping[str, Ints],
    old: Ints,
    new: Ints,
    early: Mapping[str, int],
    late: Mapping[str, int],
) -> dict[str, Ints]:
    """The same at the last moment: growth goes to the new people first, then to old ones without the part."""
    found: dict[str, Ints] = {}
    at = 0
    for part in node.parts:
        growth = late[part.code] - early[part.code]
        fresh = min(growth, len(new))
        added = new[(at + np.arange(fresh)) % max(len(new), 1)]
        at += fresh
        without = np.setdiff1d(old, first[part.code], assume_unique=True)
        joined = np.concatenate([added, without[: growth - fresh]])
        found[part.code] = np.concatenate([first[part.code], joined])
        found |= _grow(part, first, first[part.code], joined, early, late)
    return found
