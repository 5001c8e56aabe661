"""Why a bound holds: what is printed, added up."""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from gmsd_publication.disclosure.audit.bounds import Sum, combined
from gmsd_publication.disclosure.audit.findings import Findings
from gmsd_publication.disclosure.audit.propagation import TOGETHER
from gmsd_publication.disclosure.model import UNBOUNDED

MANY = TOGETHER - 1
"""In place of a row: several rows, in the log."""
DEPTH = 12
LONGEST = 40
"""Terms of one explanation. Putting derived bounds in place of one another stops before it grows beyond this; what is left
to explain follows as an explanation of its own."""


@dataclass(frozen=True)
class Term:
    """One cell of a sum, times `factor`, and the end of its interval that counts. `derived`: not printed but proved."""

    cell: int
    factor: int
    end: int
    derived: bool


@dataclass(frozen=True)
class Reason:
    """denominator·x[cell] = Σ factor·x, so with these ends x[cell] is at most (or at least) `value`.

    Without terms the count follows from its being present together with another. `parts`: reasons of derived terms.
    """

    cell: int
    upper: bool
    value: int
    denominator: int
    terms: tuple[Term, ...]
    parts: tuple["Reason", ...]

    def holds(self) -> bool:
        """Whether the ends give the value or better, in whole numbers, and every part holds as well."""
        total = sum(term.factor * term.end for term in self.terms)
        bound = total // self.denominator if self.upper else -(-total // self.denominator)
        enough = bound <= self.value if self.upper else bound >= self.value
        return (not self.terms or enough) and all(part.holds() for part in self.parts)


class Explanations:
    """Reads a log of proofs back from the bound that is to be explained."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    @cached_property
    def _history(self) -> dict[tuple[int, bool], list[tuple[int, int, int]]]:
        """Per cell and side: (place in the log, value, row, or MANY), oldest first."""
        found: dict[tuple[int, bool], list[tuple[int, int, int]]] = defaultdict(list)
        for time, entry in enumerate(self.findings.log):
            if isinstance(entry, Sum):
                found[entry.cell, entry.upper].append((time, entry.value, MANY))
                continue
            for cell, value, row in zip(
                entry.cells.tolist(), entry.values.tolist(), entry.rows.tolist(), strict=True
            ):
                found[cell, entry.upper].append((time, value, row))
        return found

    def explain(self, cell: int, upper: bool) -> Reason | None:
        """Why a cell is at most (or at least) what was proved; None when print itself says so."""
        return self._reason(cell, upper, len(self.findings.log))

    def _reason(self, cell: int, upper: bool, before: int) -> Reason | None:
        step = self._last(cell, upper, before)
        if step is None:
            return None
        time, value, row = step
        flat = self._flat(cell, upper, before, DEPTH)
        if flat is not None:
            terms = self._terms(flat, upper, 0)
            reason = Reason(cell, upper, value, 1, terms, ())
            if len(terms) <= LONGEST and all(term.end != UNBOUNDED for term in terms) and reason.holds():
                return reason
        relation, denominator = self._relation(cell, time, row)
        terms = self._terms(relation, upper, time)
        parts = (self._reason(term.cell, (term.factor > 0) == upper, time) for term in terms if term.derived)
        return Reason(cell, upper, value, denominator, terms, tuple(part for part in parts if part))

    def _terms(self, relation: dict[int, int], upper: bool, before: int) -> tuple[Term, ...]:
        """With the ends that were known before that moment; the first moment knows print alone."""
        result = []
        for cell, factor in relation.items():
            side = (factor > 0) == upper
            step = self._last(cell, side, before)
            printed = self.findings.printed.high if side else self.findings.printed.low
            result.append(Term(cell, factor, step[1] if step else int(printed[cell]), step is not None))
        return tuple(result)

    def _last(self, cell: int, upper: bool, before: int) -> tuple[int, int, int] | None:
        steps = self._history.get((cell, upper), [])
        place = bisect_left(steps, (before,))
        return steps[place - 1] if place else None

    def _relation(self, cell: int, time: int, row: int) -> tuple[dict[int, int], int]:
        """denominator·x[cell] as a sum of others (and with many rows, perhaps of itself)."""
        if row == TOGETHER:
            return {}, 1
        if row == MANY:
            entry = self.findings.log[time]
            assert isinstance(entry, Sum)
            rows, multipliers, denominator = entry.rows, entry.multipliers, entry.denominator
            cells, factors = combined(self.findings.printed, cell, rows, multipliers, denominator)
            return dict(zip(cells.tolist(), factors.tolist(), strict=True)), denominator
        matrix = self.findings.printed.rows
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        entries = dict(zip(matrix.indices[span].tolist(), matrix.data[span].tolist(), strict=True))
        own = entries.pop(cell)
        sign = -1 if own > 0 else 1
        return {each: sign * factor for each, factor in entries.items()}, abs(own)

    def _flat(self, cell: int, upper: bool, before: int, depth: int) -> dict[int, int] | None:
        """The cell as a sum of printed cells alone, derived ones put in place of one another; None when that fails."""
        step = self._last(cell, upper, before)
        if step is None:
            return {cell: 1}
        time, _, row = step
        relation, denominator = self._relation(cell, time, row)
        if denominator != 1 or not relation or not depth:
            return None
        total: dict[int, int] = defaultdict(int)
        for other, factor in relation.items():
            below = self._flat(other, (factor > 0) == upper, time, depth - 1)
            if below is None or len(total) > LONGEST:
                return None
            for each, more in below.items():
                total[each] += factor * more
        return {each: factor for each, factor in total.items() if factor}
