"""An audit in words: what is known of a cell, and the sum that gives it away."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gmsd_publication.disclosure.audit import Findings, Verdict
from gmsd_publication.disclosure.audit.explanations import Explanations, Reason, Term
from gmsd_publication.disclosure.model import UNBOUNDED

VERDICTS = {
    Verdict.EXACT: ("precies", "het exacte aantal staat vast"),
    Verdict.SMALL: ("klein", "er is iemand, en het zijn er minder dan de drempel"),
    Verdict.WIDTH_1: ("breedte 1", "het aantal ligt vast op één na"),
    Verdict.WIDTH_2: ("breedte 2", "het aantal ligt vast op twee na"),
    Verdict.UNDECIDED: ("niet beslist", "geen bewijs van onthulling, en geen tabellen die laten zien dat het veilig is"),
    Verdict.SAFE: ("veilig", "twee volledige tabellen passen erbij en liggen ver genoeg uiteen"),
    Verdict.PRINTED: ("gepubliceerd", "het exacte aantal is zo gepubliceerd, en is niet klein"),
}  # fmt: skip
DEEP = 3
"""How far an explanation explains its own parts; a longer chain stands in the JSON."""


class Told:
    """The disclosures of one audit, worst first."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.names: Sequence[str] = findings.printed.names
        self._explanations = Explanations(findings)

    @property
    def cells(self) -> list[int]:
        """Disclosed cells: small ones first, then the narrower."""
        found = np.flatnonzero(self.findings.disclosed)
        known = self.findings.known
        large = (known.low[found] < 1) | (known.high[found] >= self.findings.threshold)
        order: list[int] = found[np.lexsort((found, known.width[found], large))].tolist()
        return order

    def sentence(self, cell: int) -> str:
        """What is known of a cell, and why."""
        low, high = self._bounds(cell)
        lower, upper = self._explanations.explain(cell, False), self._explanations.explain(cell, True)
        said = (
            f"{self.names[cell]} is {low}"
            if low == high
            else f"{self.names[cell]} ligt van {low} tot en met {high}"
        )
        if lower is None and upper is None:
            return f"{said}: zo staat het er."
        if lower and upper and lower.terms == upper.terms:
            return f"{said}, want {self._sum(lower)}{self._parts(lower, DEEP)}."
        because = [
            f"{_side(each.upper)} {each.value}, want {self._sum(each)}{self._parts(each, DEEP)}"
            for each in (lower, upper)
            if each
        ]
        return f"{said}: {'; '.join(because)}."

    def data(self, cell: int) -> dict[str, Any]:
        """The same for machines."""
        low, high = self._bounds(cell)
        lower, upper = (self._explanations.explain(cell, side) for side in (False, True))
        return {
            "cel": self.names[cell],
            "oordeel": VERDICTS[Verdict(int(self.findings.verdict[cell]))][0],
            "minstens": low,
            "hoogstens": high,
            "bewijs": {"minstens": self._reason(lower), "hoogstens": self._reason(upper)},
        }

    def _bounds(self, cell: int) -> tuple[int, int | None]:
        high = int(self.findings.known.high[cell])
        return int(self.findings.known.low[cell]), None if high == UNBOUNDED else high

    def _sum(self, reason: Reason) -> str:
        if not reason.terms:
            return "het hoort bij een aantal dat er is, of niet is"
        left = "dit" if reason.denominator == 1 else f"{reason.denominator} × dit"
        first, *others = sorted(reason.terms, key=lambda term: term.factor < 0)
        parts = [("− " if first.factor < 0 else "") + self._term(first, reason.upper)]
        parts += [("− " if each.factor < 0 else "+ ") + self._term(each, reason.upper) for each in others]
        return f"{left} = {' '.join(parts)}"

    def _term(self, term: Term, upper: bool) -> str:
        times = "" if abs(term.factor) == 1 else f"{abs(term.factor)} × "
        printed = self.findings.printed
        fixed = printed.low[term.cell] == printed.high[term.cell]
        how = "" if fixed else f"{_side((term.factor > 0) == upper)} "
        return f"{times}{self.names[term.cell]} ({how}{term.end})"

    def _parts(self, reason: Reason, depth: int) -> str:
        if reason.parts and not depth:
            return ", enzovoort (zie --json)"
        return "".join(
            f"; daarbij is {self.names[part.cell]} {_side(part.upper)} {part.value}, want {self._sum(part)}"
            f"{self._parts(part, depth - 1)}"
            for part in reason.parts
        )

    def _reason(self, reason: Reason | None) -> dict[str, Any] | None:
        if reason is None:
            return None
        return {
            "waarde": reason.value,
            "noemer": reason.denominator,
            "som": [
                {
                    "cel": self.names[each.cell],
                    "factor": each.factor,
                    "grens": each.end,
                    "afgeleid": each.derived,
                }
                for each in reason.terms
            ],
            "daarbij": [
                {"cel": self.names[part.cell], **(self._reason(part) or {})} for part in reason.parts
            ],
        }


def _side(upper: bool) -> str:
    return "hoogstens" if upper else "minstens"
