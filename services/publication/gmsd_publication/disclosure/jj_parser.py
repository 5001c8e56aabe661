"""The lines of a JJ file (jj.py says what they mean), checked one by one."""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from gmsd_publication.disclosure.errors import InputInvalid

STATUSES = "uszm"
UNLIMITED = 10**15
"""Bounds from here on mean "any": solvers compute in doubles, which hold no whole numbers beyond 2^53."""
MOST_DECIMALS = 6
TERM = re.compile(r"\s*(\d{1,12})\s*\(\s*([-+]?\d{1,9})(?:\.0*)?\s*\)")


@dataclass
class Lines:
    """What a file says. Per cell, in the order of ids: `responses`, `lowers`, `uppers`, `statuses`, and in `others` four numbers: cost, lpl,
    upl, spl. Per equation one of `rights`; per term `rows`, `ids`, `coefficients`. `decimals`: the most that a response, a
    bound or a right-hand side has."""

    responses: list[Decimal] = field(default_factory=list)
    lowers: list[Decimal] = field(default_factory=list)
    uppers: list[Decimal] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    others: "array[float]" = field(default_factory=lambda: array("d"))
    rights: list[Decimal] = field(default_factory=list)
    rows: "array[int]" = field(default_factory=lambda: array("q"))
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    coefficients: "array[int]" = field(default_factory=lambda: array("q"))
    decimals: int = 0


def parse(source: Iterable[str]) -> Lines:
    """Reads line by line and reserves nothing for what a file only says it will hold. Raises InputInvalid with the line's number."""
    return _Parser(source).run()


class _Parser:
    def __init__(self, source: Iterable[str]) -> None:
        self.source: Iterator[str] = iter(source)
        self.number = 0
        self.lines = Lines()

    def run(self) -> Lines:
        self._next("a first line")
        cells = self._count("the number of cells")
        for place in range(cells):
            self._cell(place, cells)
        equations = self._count("the number of equations")
        for row in range(equations):
            self._equation(row, equations, cells)
        for line in self.source:
            self.number += 1
            if line.strip():
                raise self._wrong("nothing after the last equation")
        return self.lines

    def _cell(self, place: int, cells: int) -> None:
        parts = self._next(f"cell {place} of {cells}").split()
        if len(parts) != 9:
            raise self._wrong("id, response, cost, status, lower, upper, lpl, upl and spl")
        if parts[0] != str(place):
            raise self._wrong(f"the cell with id {place}")
        if len(parts[3]) != 1 or parts[3] not in STATUSES:
            raise self._wrong(f"a status among {', '.join(STATUSES)}")
        response, lower, upper = (self._number(parts[at]) for at in (1, 4, 5))
        if not max(Decimal(0), lower) <= response <= upper or response >= UNLIMITED:
            raise self._wrong("a response of 0 or more, within its bounds")
        cost, *levels = (float(self._number(parts[at])) for at in (2, 6, 7, 8))
        if min(levels) < 0:
            raise self._wrong("protection levels of 0 or more")
        lines = self.lines
        lines.responses.append(response)
        lines.lowers.append(max(Decimal(0), lower))
        lines.uppers.append(upper)
        lines.statuses.append(parts[3])
        lines.others.extend([cost, *levels])
        self._widen(response, lower, upper)

    def _equation(self, row: int, equations: int, cells: int) -> None:
        head, colon, tail = self._next(f"equation {row} of {equations}").partition(":")
        parts = head.split()
        if not colon or len(parts) != 2 or not parts[1].isdecimal():
            raise self._wrong("a right-hand side, a number of terms and a colon")
        right = self._number(parts[0])
        if abs(right) >= UNLIMITED:
            raise self._wrong(f"a right-hand side under {UNLIMITED}")
        self.lines.rights.append(right)
        self._widen(right)
        at, ids = 0, list[int]()
        while match := TERM.match(tail, at):
            at = match.end()
            ids.append(int(match[1]))
            self.lines.rows.append(row)
            self.lines.ids.append(int(match[1]))
            self.lines.coefficients.append(int(match[2]))
        if tail[at:].strip():
            raise self._wrong("terms, each an id and a whole coefficient in brackets")
        if str(len(ids)) != str(int(parts[1])) or len(set(ids)) != len(ids) or max(ids, default=-1) >= cells:
            raise self._wrong(f"{parts[1]} terms with different ids under {cells}")

    def _widen(self, *numbers: Decimal) -> None:
        for number in numbers:
            exponent = number.normalize().as_tuple().exponent
            if abs(number) < UNLIMITED and isinstance(exponent, int):
                self.lines.decimals = max(self.lines.decimals, -exponent)
        if self.lines.decimals > MOST_DECIMALS:
            raise self._wrong(f"numbers with at most {MOST_DECIMALS} decimals")

    def _next(self, expected: str) -> str:
        self.number += 1
        line = next(self.source, None)
        if line is None:
            raise self._wrong(f"{expected}, found the end of the file")
        return line

    def _count(self, what: str) -> int:
        text = self._next(what).strip()
        if not (text.isascii() and text.isdecimal()) or len(text) > 12:
            raise self._wrong(what)
        return int(text)

    def _number(self, text: str) -> Decimal:
        try:
            value = Decimal(text)
        except InvalidOperation:
            raise self._wrong(f"a number, found {text[:20]!r}") from None
        if not value.is_finite():
            raise self._wrong("a finite number")
        return value

    def _wrong(self, expected: str) -> InputInvalid:
        return InputInvalid(f"line {self.number}: expected {expected}")
