"""Tables with regions that overlap before the attacker, who adds and subtracts what the library's model never mentions."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.hierarchy import Hierarchy, Line
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole
from gmsd_publication.disclosure.tables import build
from tests.publication.disclosure.attacked import COUNTS, asked_of
from tests.publication.disclosure.attacker.paper import Paper
from tests.publication.disclosure.attacker.rules import controlled
from tests.publication.disclosure.attacker.solver import ranges
from tests.publication.disclosure.attacker.verdict import findings

UNDER = {"all": "pqr", "A": "pq", "B": "qr"}
"""Two regions that share q."""
REGIONS = Hierarchy(
    "regio",
    [Line("all"), *(Line(c, "all") for c in "AB"), *(Line(leaf, c) for c in "AB" for leaf in UNDER[c])],
)
KINDS = Hierarchy("soort", [Line("all"), Line("x", "all"), Line("y", "all")])
INNER = [(place, kind) for place in "pqr" for kind in "xy"]


def printed(counts: list[int], seed: int) -> tuple[Paper, list[int]]:
    """The library's release as the attacker lays it out by hand, and the truth of what was printed."""
    lines = [(*codes, count) for codes, count in zip(INNER, counts, strict=True)]
    made = build(pl.DataFrame(lines, schema=["regio", "soort", "aantal"], orient="row"), [REGIONS, KINDS])
    nothing = np.zeros(made.model.size, dtype=bool)
    asked = Asked(made.truth, asked_of(made.model, made.truth, seed), nothing, made.truth)
    release = round_whole(made.model, asked).tolist()
    paper = Paper()
    at = {
        codes: paper.cell("/".join(codes), figure, controlled(figure))
        for codes, figure in zip(made.keys.iter_rows(), release, strict=True)
    }
    for (place, kind), cell in at.items():
        if place in UNDER:
            paper.total(cell, [at[part, kind] for part in UNDER[place]])
        if kind == "all":
            paper.total(cell, [at[place, part] for part in "xy"])
    return paper, made.truth.tolist()


@settings(max_examples=15)
@given(st.lists(COUNTS, min_size=6, max_size=6), st.integers(0, 10**6))
def test_it_finds_nothing_where_regions_overlap(counts: list[int], seed: int) -> None:
    paper, truth = printed(counts, seed)
    at = paper.names.index
    for kind in ("all", "x", "y"):
        whole, one, other = (at(f"{place}/{kind}") for place in ("all", "A", "B"))
        paper.rest(f"outside A/{kind}", ((whole, 1), (one, -1)))
        paper.rest(f"outside B/{kind}", ((whole, 1), (other, -1)))
        paper.rest(f"in both/{kind}", ((one, 1), (other, 1), (whole, -1)))
    paper.complements()
    found = ranges(paper)
    assert all(low <= value <= high for value, (low, high) in zip(truth, found, strict=False))
    assert findings(paper, found) == []
