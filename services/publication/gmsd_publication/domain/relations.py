"""What the definitions of the catalogue say about the figures of one region: which add up, and which cannot be less than another.

A reader knows these as well as we do, so a publication that broke one would betray a small count: of 5 persons on the
peildatum and 0 in the whole period the 5 must be 1 to 4. For laminar categories (categories in groups in a total) the
relations are complete: whatever satisfies them is the count of some population (proof and construction: keyed/population.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from gmsd_contracts.catalogue import TOTAL, Indicator, Moment

Slot = tuple[str, str, str]
"""Indicator, moment, category: a figure every region has."""
Row = dict[int, int]


@dataclass(frozen=True)
class Node:
    """A figure that counts whoever is in one of its parts; leaves have none."""

    code: str
    parts: tuple["Node", ...] = ()

    def inner(self) -> Iterator["Node"]:
        """Every node that has parts, this one first."""
        if self.parts:
            yield self
            for part in self.parts:
                yield from part.inner()

    def leaves(self) -> Iterator["Node"]:
        """Categories in the order of the tree."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


def tree(indicator: Indicator) -> Node:
    """Total, groups, categories; categories in no group stand under the total."""
    grouped = {member for group in indicator.groups for member in group.members}
    groups = [Node(group.code, tuple(Node(member) for member in group.members)) for group in indicator.groups]
    alone = [Node(category.code) for category in indicator.categories if category.code not in grouped]
    return Node(TOTAL, (*groups, *alone))


@dataclass
class Relations:
    """The figures of one region of indicators that are linked, as positions in `slots`, and what holds between them.

    `equations`: signed sums that are 0. `counts`: signed sums that are counts, so not negative. `presence`: (part, whole).
    `twice`: positions of figures in which somebody may count in several gemeenten, and once above them; what holds between
    the numbers of such counts too many: `twice_counts`, `twice_equations`. `twice_simple`: signed sums that are not negative when
    people who count twice have one category at most in common, and the same at both moments: no fact, but what we would
    rather publish, because such people are easily found behind the figures.
    """

    slots: Sequence[Slot]
    equations: list[Row] = field(default_factory=list)
    counts: list[Row] = field(default_factory=list)
    presence: list[tuple[int, int]] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)
    twice_counts: list[Row] = field(default_factory=list)
    twice_equations: list[Row] = field(default_factory=list)
    twice_simple: list[Row] = field(default_factory=list)

    def matrix(self, rows: Sequence[Row]) -> sp.csr_array:
        """Rows over the slots [len(rows), len(slots)]."""
        entries = [(i, slot, sign) for i, row in enumerate(rows) for slot, sign in row.items()]
        at = np.array(entries, dtype=np.int64).reshape(-1, 3)
        return sp.csr_array((at[:, 2], (at[:, 0], at[:, 1])), shape=(len(rows), len(self.slots)))


def linked(catalogue: Sequence[Indicator]) -> list[tuple[Indicator, ...]]:
    """Indicators whose figures are linked by definition: holders with what they hold."""
    holders = {indicator.id: [indicator] for indicator in catalogue if indicator.held_by is None}
    for indicator in catalogue:
        if indicator.held_by is not None:
            holders.setdefault(indicator.held_by, []).append(indicator)
    return [tuple(family) for family in holders.values()]


def relations(family: Sequence[Indicator]) -> Relations:
    """Of a family of linked indicators."""
    slots = [
        (indicator.id, moment.value, code)
        for indicator in family
        for moment in indicator.moments
        for code in indicator.cells()
    ]
    found = Relations(slots)
    at = {slot: position for position, slot in enumerate(slots)}
    for indicator in family:
        (_exclusive if indicator.exclusive else _overlapping)(found, at, indicator)
        if indicator.counts == "persons once" and indicator.delivered_by_gemeente:
            _across(found, at, indicator)
        if indicator.held_by is not None:
            _held(found, at, indicator, indicator.held_by)
    return found


def _exclusive(found: Relations, at: Mapping[Slot, int], indicator: Indicator) -> None:
    """Every count in exactly one category, so parts add up; and what is there on the peildatum is there in the period."""
    root = tree(indicator)
    for moment in indicator.moments:
        for node in root.inner():
            row = {at[indicator.id, moment.value, part.code]: -1 for part in node.parts}
            found.equations.append({at[indicator.id, moment.value, node.code]: 1, **row})
    for early, late in _nested(indicator):
        found.counts += [{at[(*late, leaf.code)]: 1, at[(*early, leaf.code)]: -1} for leaf in root.leaves()]


def _overlapping(found: Relations, at: Mapping[Slot, int], indicator: Indicator) -> None:
    """Once per (sub)total: no part is more than its total, and the total no more than its parts together.

    Over time too: whoever is there on the peildatum is there in the period with the same categories, so every figure grows,
    and so does the surplus of the parts over their total (each newcomer brings at least one part).
    """
    root = tree(indicator)
    for moment in indicator.moments:
        of = {code: at[indicator.id, moment.value, code] for code in indicator.cells()}
        for node in root.inner():
            if len(node.parts) == 1:
                found.equations.append({of[node.code]: 1, of[node.parts[0].code]: -1})
                continue
            found.counts += [{of[node.code]: 1, of[part.code]: -1} for part in node.parts]
            found.counts.append(_surplus(of, node, 1))
    for early, late in _nested(indicator):
        before = {code: at[(*early, code)] for code in indicator.cells()}
        after = {code: at[(*late, code)] for code in indicator.cells()}
        found.counts += [{after[code]: 1, before[code]: -1} for code in indicator.cells()]
        for node in root.inner():
            if len(node.parts) > 1:
                found.counts.append(_surplus(after, node, 1) | _surplus(before, node, -1))


def _across(found: Relations, at: Mapping[Slot, int], indicator: Indicator) -> None:
    """How often persons were counted once too many, when the figures of several gemeenten are added.

    Twice in a category is twice in its total, and twice on the peildatum is twice in the period; no more holds: two
    gemeenten may have one person in different categories.
    """
    root = tree(indicator)
    for moment in indicator.moments:
        of = {code: at[indicator.id, moment.value, code] for code in indicator.cells()}
        found.twice += of.values()
        for node in root.inner():
            if len(node.parts) > 1:
                found.twice_counts += [{of[node.code]: 1, of[part.code]: -1} for part in node.parts]
                found.twice_simple.append(_surplus(of, node, -1))
            else:
                found.twice_equations.append({of[node.code]: 1, of[node.parts[0].code]: -1})
    for early, late in _nested(indicator):
        before = {code: at[(*early, code)] for code in indicator.cells()}
        after = {code: at[(*late, code)] for code in indicator.cells()}
        found.twice_counts += [{after[code]: 1, before[code]: -1} for code in indicator.cells()]
        for node in root.inner():
            if len(node.parts) > 1:
                found.twice_simple.append(_surplus(after, node, -1) | _surplus(before, node, 1))


def _held(found: Relations, at: Mapping[Slot, int], held: Indicator, holder: str) -> None:
    """Who counts in a category holds at least one, and only holders hold. More are held in the period than on the peildatum,
    and by newcomers at least one each."""
    for leaf in tree(held).leaves():
        for moment in held.moments:
            whole, part = at[held.id, moment.value, leaf.code], at[holder, moment.value, leaf.code]
            found.counts.append({whole: 1, part: -1})
            found.presence.append((part, whole))
        for early, late in _nested(held):
            found.counts.append(
                {
                    at[(*late, leaf.code)]: 1,
                    at[holder, late[1], leaf.code]: -1,
                    at[(*early, leaf.code)]: -1,
                    at[holder, early[1], leaf.code]: 1,
                }
            )


def _surplus(of: Mapping[str, int], node: Node, sign: int) -> Row:
    return {of[node.code]: -sign} | {of[part.code]: sign for part in node.parts}


def _nested(indicator: Indicator) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """(indicator, moment) pairs of which the first lies in the second."""
    if {Moment.PEILDATUM, Moment.PERIODE} <= set(indicator.moments):
        return [((indicator.id, Moment.PEILDATUM.value), (indicator.id, Moment.PERIODE.value))]
    return []
