"""What is said of a goal: one line per thing measured."""

from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.disclosure.runs import Run

MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Line:
    """`who` measured `what` and found `found`; `asked` is what the goal asks of it, nothing for a peer or for what is only told.

    `met`: None where the goal asks nothing here, or where it could not be measured.
    """

    goal: str
    who: str
    what: str
    found: str
    asked: str = ""
    met: bool | None = None
    seconds: float | None = None
    wall: float | None = None
    peak_bytes: int | None = None

    @property
    def verdict(self) -> str:
        """Met, NOT MET, or nothing."""
        return "" if self.met is None else "met" if self.met else "NOT MET"

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def told(goal: str, who: str, what: str, of: Run[Any], found: str = "") -> Line:
    """A line without a demand: what a run gave, or why it gave nothing."""
    return Line(
        goal, who, what, of.trouble or found, seconds=of.seconds, wall=of.wall, peak_bytes=of.peak_bytes
    )


def judged(goal: str, what: str, of: Run[Any], found: str, asked: str, met: bool) -> Line:
    """A line of ours that the goal demands; without an answer it is not met."""
    # A comparison of numpy numbers is no bool to JSON.
    fine = not of.trouble and bool(met)
    return Line(goal, "gmsd", what, of.trouble or found, asked, fine, of.seconds, of.wall, of.peak_bytes)


def skipped(goal: str, what: str, why: str) -> Line:
    """A line that could not be measured here."""
    return Line(goal, "gmsd", what, f"skipped: {why}")
