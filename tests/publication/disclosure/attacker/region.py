"""Counts that overlap: one region of an indicator that counts a person once per subtotal.

Two attackers. The first knows only what follows figure by figure. The second knows that the figures count persons: it writes
them as so many persons of each possible kind, which finds everything that one by one inequalities miss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.publication.disclosure.attacker.paper import ENDLESS, Paper, Row, Window
from tests.publication.disclosure.attacker.rules import controlled
from tests.publication.disclosure.attacker.search import truths

KINDS = 5000
"""More kinds of person than this are too many to write down."""


@dataclass(frozen=True)
class Region:
    """How the figures of one region hang together, by name.

    `persons`: (total, parts) in which a person counts once, so max(parts) ≤ total ≤ sum(parts).
    `exact`: (total, parts) that add up: arrangements, or persons in exactly one class.
    `within`: (part, whole): everybody in the part is in the whole, as peildatum and periode.
    `held`: (persons, arrangements) of one category and moment: who counts holds at least one.
    """

    persons: Sequence[tuple[str, Sequence[str]]] = ()
    exact: Sequence[tuple[str, Sequence[str]]] = ()
    within: Sequence[tuple[str, str]] = ()
    held: Sequence[tuple[str, str]] = ()

    def names(self) -> list[str]:
        """Every figure, in order of mention."""
        found: dict[str, None] = {}
        for total, parts in (*self.persons, *self.exact):
            found |= dict.fromkeys((total, *parts))
        for pair in (*self.within, *self.held):
            found |= dict.fromkeys(pair)
        return list(found)


def figures(
    region: Region,
    shown: Mapping[str, int],
    base: int = 5,
    steps: Mapping[str, int] | None = None,
    public: Mapping[str, Window] | None = None,
) -> Paper:
    """What follows figure by figure. Every difference that is a count is a cell of its own."""
    paper = Paper()
    at = {
        name: paper.cell(
            name,
            shown[name],
            controlled(shown[name], base, (steps or {}).get(name, 0)),
            (public or {}).get(name, (0, ENDLESS)),
        )
        for name in region.names()
    }
    _rows(paper, at, region)
    return paper


def population(
    region: Region,
    shown: Mapping[str, int],
    base: int = 5,
    steps: Mapping[str, int] | None = None,
    public: Mapping[str, Window] | None = None,
) -> Paper:
    """The same, and besides: the figures count persons, each of a kind. Raises ValueError when there are too many kinds."""
    paper = figures(region, shown, base, steps, public)
    at = {name: paper.names.index(name) for name in region.names()}
    inside: dict[str, list[int]] = {name: [] for name in _of_persons(region)}
    for kind in kinds(region):
        # Nobody prints kinds, so nobody promised to protect them.
        column = paper.cell(f"kind {sorted(kind)}", None, (0, ENDLESS))
        paper.helpers.add(column)
        for name in kind:
            inside[name].append(column)
    for name, columns in inside.items():
        paper.total(at[name], columns)
    return paper


def kinds(region: Region) -> list[frozenset[str]]:
    """The sets of figures one person can count in, by the definitions."""
    paper = Paper()
    at = {name: paper.cell(name, None, (0, 1)) for name in _of_persons(region)}
    own = Region(
        region.persons, [e for e in region.exact if e[0] in at], [w for w in region.within if w[0] in at]
    )
    _rows(paper, at, own)
    found = []
    for truth in truths(paper):
        kind = frozenset(name for name, cell in at.items() if truth[cell])
        if kind:
            found.append(kind)
        if len(found) > KINDS:
            raise ValueError(f"more than {KINDS} kinds of person")
    return found


def _of_persons(region: Region) -> list[str]:
    arrangements = {whole for _, whole in region.held}
    for total, parts in region.exact:
        if arrangements & set(parts):
            arrangements |= {total, *parts}
    return [name for name in region.names() if name not in arrangements]


def _rows(paper: Paper, at: Mapping[str, int], region: Region) -> None:
    for total, parts in region.persons:
        if len(parts) == 1:
            paper.total(at[total], [at[parts[0]]])
            continue
        for part in parts:
            paper.rest(f"{total} without {part}", ((at[total], 1), (at[part], -1)))
        surplus: Row = (*((at[part], 1) for part in parts), (at[total], -1))
        paper.surplus.add(paper.rest(f"more than one part of {total}", surplus))
    for total, parts in region.exact:
        paper.total(at[total], [at[part] for part in parts])
    for part, whole in region.within:
        paper.rest(f"{whole} without {part}", ((at[whole], 1), (at[part], -1)))
    holds = dict(region.held)
    for persons, arrangements in region.held:
        paper.together.append((at[persons], at[arrangements]))
        further: Row = ((at[arrangements], 1), (at[persons], -1))
        paper.surplus.add(paper.rest(f"second and further of {arrangements}", further))
    for part, whole in region.within:
        if part in holds and whole in holds:
            # Who is in the whole and not in the part holds something that is not in the part either.
            row = ((at[holds[whole]], 1), (at[whole], -1), (at[holds[part]], -1), (at[part], 1))
            paper.surplus.add(paper.rest(f"further ones in {holds[whole]} beside {holds[part]}", row))
