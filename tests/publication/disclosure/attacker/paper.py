"""What lies before the attacker: cells, what is printed in them, and how they hang together."""

from dataclasses import dataclass, field, replace

Row = tuple[tuple[int, int], ...]
"""(cell, coefficient): a signed sum of cells."""
Window = tuple[int, int]
"""Least and largest value, both included."""

ENDLESS = 10**12
"""Stands for "no largest value" in a window."""
VAST = 10**9
"""Anything above this is ENDLESS less something: no bound either. Counts of people stay below it."""


class Impossible(Exception):
    """No truth fits what is printed: the attacker was told something false."""


def endless(high: int) -> bool:
    """Whether a largest value bounds nothing."""
    return high > VAST


def meet(one: Window, other: Window) -> Window:
    """What both windows allow. Raises Impossible."""
    low, high = max(one[0], other[0]), min(one[1], other[1])
    if low > high:
        raise Impossible(f"{one} and {other} exclude one another")
    return low, high


@dataclass
class Paper:
    """One publication, or several read together.

    `shown`: the printed figure, None under a mark. `window`: what rule and public facts allow the cell. `public`: what was
    known of it before anything was printed. `sums`: rows that are 0. `together`: cells that are positive together.
    `derived`: rows of the cells that nobody printed but anybody can compute; these are attacked like any other.
    `helpers`: cells that are neither: they are there to reason with, and nobody promised to protect them.
    `surplus`: derived cells that count what somebody has beyond one. Whoever has two of something printed as 0, so at most 4,
    is one of two people at most: the definitions bound them, not the publication, so (iii) is not asked of them.
    """

    names: list[str] = field(default_factory=list)
    shown: list[int | None] = field(default_factory=list)
    window: list[Window] = field(default_factory=list)
    public: list[Window] = field(default_factory=list)
    sums: list[Row] = field(default_factory=list)
    together: list[tuple[int, int]] = field(default_factory=list)
    derived: dict[int, Row] = field(default_factory=dict)
    helpers: set[int] = field(default_factory=set)
    surplus: set[int] = field(default_factory=set)

    def cell(self, name: str, shown: int | None, window: Window, public: Window = (0, ENDLESS)) -> int:
        """Add a cell; returns its position."""
        self.names.append(name)
        self.shown.append(shown)
        self.window.append(meet(window, public))
        self.public.append(public)
        return len(self.names) - 1

    def total(self, total: int, parts: list[int]) -> None:
        """`total` is the sum of `parts`."""
        self.sums.append(((total, 1), *((part, -1) for part in parts)))

    def rest(self, name: str, row: Row) -> int:
        """Add a count that nobody printed: the signed sum `row`, which cannot be negative."""
        printed = [self.shown[cell] for cell, _ in row]
        known = [figure for figure in printed if figure is not None]
        computed = (
            sum(sign * figure for (_, sign), figure in zip(row, known, strict=True))
            if (len(known) == len(printed))
            else None
        )
        position = self.cell(name, computed, (0, ENDLESS))
        self.sums.append(((position, -1), *row))
        self.derived[position] = row
        return position

    def complements(self) -> None:
        """Add what is left of every total when one part is taken off, where more than one part is left."""
        for row in list(self.sums):
            totals = [cell for cell, sign in row if sign == 1]
            parts = [cell for cell, sign in row if sign == -1]
            if len(totals) == 1 and len(parts) > 2:
                for part in parts:
                    name = f"{self.names[totals[0]]} without {self.names[part]}"
                    self.rest(name, ((totals[0], 1), (part, -1)))

    def before(self) -> "Paper":
        """The same as it was known before anything was printed."""
        return replace(self, shown=[None] * len(self.names), window=list(self.public))

    def narrowed(self, cell: int, window: Window) -> "Paper":
        """The same with one more fact about one cell. Raises Impossible."""
        return replace(self, window=[meet(w, window) if i == cell else w for i, w in enumerate(self.window)])


def joined(papers: list[Paper], stayed: list[list[str]]) -> Paper:
    """Several releases as one: attacker A3. `stayed[r]`: names of cells whose truth did not change from release r to r + 1.

    Cells are named "release:name", releases from 1.
    """
    whole, offsets = Paper(), []
    for number, paper in enumerate(papers, start=1):
        offset = len(whole.names)
        offsets.append(offset)
        whole.names += [f"{number}:{name}" for name in paper.names]
        whole.shown += paper.shown
        whole.window += paper.window
        whole.public += paper.public
        whole.sums += [_moved(row, offset) for row in paper.sums]
        whole.together += [(part + offset, total + offset) for part, total in paper.together]
        whole.helpers |= {cell + offset for cell in paper.helpers}
        whole.surplus |= {cell + offset for cell in paper.surplus}
        whole.derived |= {c + offset: _moved(row, offset) for c, row in paper.derived.items()}
    for release, names in enumerate(stayed):
        for name in names:
            then = offsets[release] + papers[release].names.index(name)
            now = offsets[release + 1] + papers[release + 1].names.index(name)
            whole.sums.append(((then, 1), (now, -1)))
    return whole


def _moved(row: Row, offset: int) -> Row:
    return tuple((cell + offset, sign) for cell, sign in row)
