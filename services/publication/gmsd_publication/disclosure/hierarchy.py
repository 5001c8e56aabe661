"""What lies in what: the codes of a dimension, and which codes add up to which."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gmsd_publication.disclosure.errors import CyclicHierarchy, InputInvalid
from gmsd_publication.disclosure.model import Flags, Ints

SEARCH = 200_000
"""Steps in looking for the divisions of one code. Real ones need as many as there are parts; a file that needs more is
one in which divisions cannot be told apart, and can name them."""


@dataclass(frozen=True)
class Line:
    """One line of a description: `code` lies in `parent` ("": in nothing), by `division` ("": to be found out)."""

    code: str
    parent: str = ""
    name: str = ""
    division: str = ""
    at: str = ""


@dataclass(frozen=True)
class Division:
    """Codes `parts` that do not overlap. Together the code `whole` when `complete`; otherwise a part of it.

    Numbers are places in `Hierarchy.codes`.
    """

    whole: int
    parts: tuple[int, ...]
    complete: bool = True


class Hierarchy:
    """The codes of one dimension, every code after those it lies in.

    A code may lie in several others that overlap (a gemeente in a province and in a health region). Finest codes hold
    contributors; every other code is the union of the finest codes below it.
    Raises InputInvalid (unknown or repeated code), CyclicHierarchy.
    """

    def __init__(self, dimension: str, lines: Iterable[Line]) -> None:
        self.dimension = dimension
        given = list(lines)
        _check(dimension, given)
        parents: dict[str, list[str]] = {}
        for line in given:
            parents.setdefault(line.code, []).extend([line.parent] if line.parent else [])
        self.codes: tuple[str, ...] = tuple(_ordered(dimension, parents))
        self.place: dict[str, int] = {code: i for i, code in enumerate(self.codes)}
        self.parents: tuple[tuple[int, ...], ...] = tuple(
            tuple(self.place[parent] for parent in parents[code]) for code in self.codes
        )
        self.names: dict[str, str] = {line.code: line.name for line in given if line.name}
        self._stated = {(line.code, line.parent): line.division for line in given if line.parent}

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        below: list[list[int]] = [[] for _ in self.codes]
        for code, parents in enumerate(self.parents):
            for parent in parents:
                below[parent].append(code)
        return tuple(map(tuple, below))

    @cached_property
    def leaf(self) -> Flags:
        """[codes] whether nothing lies in it."""
        return np.array([not below for below in self.children], dtype=bool)

    @property
    def top(self) -> int | None:
        """The one code that lies in nothing; None when there are several."""
        tops = [code for code, parents in enumerate(self.parents) if not parents]
        return tops[0] if len(tops) == 1 else None

    @cached_property
    def above(self) -> tuple[frozenset[int], ...]:
        """[codes] every code it lies in, itself included."""
        found: list[frozenset[int]] = []
        for code, parents in enumerate(self.parents):
            found.append(frozenset([code]).union(*(found[parent] for parent in parents)))
        return tuple(found)

    @cached_property
    def reach(self) -> tuple[int, ...]:
        """[codes] the finest codes below each, as bits of one integer."""
        bits = [0] * len(self.codes)
        for number, code in enumerate(np.flatnonzero(self.leaf).tolist()):
            bits[code] = 1 << number
        for code in range(len(self.codes) - 1, -1, -1):
            for child in self.children[code]:
                bits[code] |= bits[child]
        return tuple(bits)

    @cached_property
    def memberships(self) -> tuple[Ints, Ints]:
        """(finest code, code it lies in), every pair once, itself included."""
        pairs = [
            (leaf, code) for leaf in np.flatnonzero(self.leaf).tolist() for code in sorted(self.above[leaf])
        ]
        table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    @cached_property
    def divisions(self) -> tuple[Division, ...]:
        """Every way the file says, or lets one find, that codes add up to the code they lie in.

        A child of no complete division is one of its own that is not complete; a code without a complete division is
        the sum of its finest codes. Raises InputInvalid when divisions cannot be told apart.
        """
        return tuple(
            division
            for whole in range(len(self.codes))
            if self.children[whole]
            for division in self._of(whole)
        )

    def _of(self, whole: int) -> Iterator[Division]:
        groups: dict[str, list[int]] = {}
        for child in self.children[whole]:
            groups.setdefault(self._stated[self.codes[child], self.codes[whole]], []).append(child)
        complete = False
        for stated, parts in groups.items():
            found = self._stated_division(whole, stated, parts) if stated else self._found(whole, parts)
            for division in found:
                complete |= division.complete
                yield division
        if not complete:
            finest = [leaf for leaf in np.flatnonzero(self.leaf).tolist() if whole in self.above[leaf]]
            yield Division(whole, tuple(finest))

    def _stated_division(self, whole: int, stated: str, parts: list[int]) -> list[Division]:
        union = 0
        for part in parts:
            if union & self.reach[part]:
                raise InputInvalid(
                    f"indeling {stated} van {self.dimension}={self.codes[whole]}: {self.codes[part]} overlapt een ander deel"
                )
            union |= self.reach[part]
        return [Division(whole, tuple(parts), union == self.reach[whole])]

    def _found(self, whole: int, parts: list[int]) -> list[Division]:
        found, used = [], set[int]()
        reach = {part: self.reach[part] for part in parts}
        for part in parts:
            if part in used:
                continue
            try:
                cover = exact_cover(self.reach[whole], reach, part, used)
            except RecursionError:
                raise InputInvalid(
                    f"indelingen van {self.dimension}={self.codes[whole]} zijn niet te onderscheiden: "
                    "noem ze in een kolom indeling"
                ) from None
            used.update(cover or (part,))
            found.append(Division(whole, tuple(sorted(cover or (part,))), cover is not None))
        return found


def exact_cover(whole: int, parts: Mapping[int, int], first: int, used: set[int]) -> list[int] | None:
    """Parts with `first` among them that hold every bit of `whole` once; None when there are none.

    Unused parts are tried first, so that two divisions of one whole come apart. Raises RecursionError after SEARCH steps.
    """
    order = sorted(parts, key=lambda part: part in used)
    holding: dict[int, list[int]] = {}
    for part in order:
        bits = parts[part]
        while bits:
            low = bits & -bits
            holding.setdefault(low, []).append(part)
            bits ^= low
    left, chosen, steps = whole & ~parts[first], [first], 0
    waiting = [iter(holding.get(left & -left, ()))]
    while left:
        candidate = next(waiting[-1], None)
        steps += 1
        if steps > SEARCH:
            raise RecursionError
        if candidate is None:
            waiting.pop()
            if not waiting:
                return None
            left |= parts[chosen.pop()]
        elif parts[candidate] & ~left == 0:
            chosen.append(candidate)
            left &= ~parts[candidate]
            waiting.append(iter(holding.get(left & -left, ())))
    return chosen


def _check(dimension: str, lines: Sequence[Line]) -> None:
    """That every line says something new about codes that exist. Raises InputInvalid."""
    known = {line.code for line in lines}
    tops = {line.code for line in lines if not line.parent}
    seen = set[tuple[str, str]]()
    for line in lines:
        at = f"{line.at}: " if line.at else ""
        if (line.code, line.parent) in seen:
            raise InputInvalid(f"{at}{dimension}={line.code} staat er dubbel")
        if line.parent and line.code in tops:
            raise InputInvalid(f"{at}{dimension}={line.code} ligt in {line.parent} en elders in niets")
        if line.parent and line.parent not in known:
            raise InputInvalid(
                f"{at}{dimension}={line.code} ligt in {line.parent}, en die code staat er niet bij"
            )
        seen.add((line.code, line.parent))


def _ordered(dimension: str, parents: Mapping[str, Sequence[str]]) -> list[str]:
    """Codes after those they lie in, otherwise as given. Raises CyclicHierarchy, which names the cycle."""
    ordered: list[str] = []
    below: dict[str, list[str]] = {code: [] for code in parents}
    waits = {code: len(above) for code, above in parents.items()}
    for code, above in parents.items():
        for parent in above:
            below[parent].append(code)
    ready = [code for code, count in waits.items() if not count]
    while ready:
        ordered.extend(ready)
        following = []
        for code in ready:
            for child in below[code]:
                waits[child] -= 1
                if not waits[child]:
                    following.append(child)
        ready = following
    if len(ordered) < len(parents):
        raise CyclicHierarchy(f"{dimension}: {' in '.join(_cycle(parents, set(ordered)))}")
    return ordered


def _cycle(parents: Mapping[str, Sequence[str]], settled: set[str]) -> list[str]:
    """Codes from one back to itself: every unsettled code lies in an unsettled one, so walking up must return."""
    at = next(code for code in parents if code not in settled)
    path: list[str] = []
    while at not in path:
        path.append(at)
        at = next(parent for parent in parents[at] if parent not in settled)
    return [*path[path.index(at) :], at]
