"""What the R packages did on the same tables: quoted, not measured here. R is not among what this project installs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quote:
    """One figure of another's run, and where it stands."""

    goal: str
    who: str
    what: str
    found: str
    source: str


Z3 = "disclosure.md §3, table z3"
SOSIAL = "disclosure.md §3, sosialFiktiv"
GAUSS = "GaussSuppression 1.2.3 (R)"
SDC_TABLE = "sdcTable 0.34 (R)"
SMALL = "SmallCountRounding 1.2.5 (R)"

QUOTES = (
    Quote("G2", SMALL, "z3", "Σ|err| 1,710, at most 8, 62 % multiples of 5; 0.13 s", f"{Z3}, row SmallCountRounding base 5"),
    Quote("G3", SMALL, "sosialFiktiv", "Σ|err| 12,482, at most 9, 44 % multiples of 5; 0.6 s", f"{SOSIAL}, second sentence"),
    Quote("G7", GAUSS, "z3", "216 secondary, value 2,169; 0.56 s; marks told apart: 317 of 416 exact", f"{Z3}, row GaussSuppression"),
    Quote("G7", SDC_TABLE, "z3 without kostragr, 1,200 cells", "GAUSS value 1,779, 17.2 s; SIMPLEHEURISTIC 1,520, 8.3 s; HYPERCUBE 28,365, 17.3 s; HITAS none in 250 s", f"{Z3}, row sdcTable 0.34"),
    Quote("G7", GAUSS, "sosialFiktiv", "1,426 secondary, value 12,263; 24.5 s", f"{SOSIAL}, first sentence"),
)  # fmt: skip
