"""Totals above gemeenten before the attacker: who is counted in two gemeenten is counted once above them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from gmsd_contracts.catalogue import INDICATORS, TOTAL, Category, Level
from gmsd_publication.disclosure.errors import Infeasible
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole
from gmsd_publication.domain.regions import Regions
from gmsd_publication.domain.release_model import release_model
from tests.publication.disclosure.attacked import asked_of
from tests.publication.disclosure.attacker.paper import Paper
from tests.publication.disclosure.attacker.region import Region, figures, kinds, population
from tests.publication.disclosure.attacker.solver import ranges
from tests.publication.disclosure.attacker.verdict import findings

PLACES = {"NL": Level.LAND, "GM1": Level.GEMEENTE, "GM2": Level.GEMEENTE}
MOMENTS = ("peildatum", "periode")
CODES = (TOTAL, "a", "b")
CLIENTS = INDICATORS["U1"].model_copy(
    update={"categories": tuple(Category(code=code, label=code) for code in CODES[1:]), "groups": ()}
)


def at(place: str, moment: str, code: str) -> str:
    return f"{place} {moment} {code}"


SLOTS = [(place, moment, code) for place in PLACES for moment in MOMENTS for code in CODES]
REGION = Region(
    persons=[
        *((at(p, m, TOTAL), [at(p, m, c) for c in CODES[1:]]) for p in PLACES for m in MOMENTS),
        *((at("NL", m, c), [at(p, m, c) for p in ("GM1", "GM2")]) for m in MOMENTS for c in CODES),
    ],
    within=[(at(p, MOMENTS[0], c), at(p, MOMENTS[1], c)) for p in PLACES for c in CODES],
)
KINDS = kinds(REGION)
FRAME = pl.DataFrame(
    [(p, p, level.value, None, p if level is Level.GEMEENTE else None, None, True) for p, level in PLACES.items()],
    schema={
        "region": pl.String, "name": pl.String, "level": pl.String, "wijk": pl.String,
        "gemeente": pl.String, "provincie": pl.String, "exists": pl.Boolean,
    },
    orient="row",
)  # fmt: skip


@st.composite
def people(draw: st.DrawFn) -> dict[str, int]:
    truth = dict.fromkeys(REGION.names(), 0)
    for kind in draw(st.lists(st.sampled_from(KINDS), max_size=5)):
        number = draw(st.integers(1, 6))
        for name in kind:
            truth[name] += number
    return truth


def rounded(truth: dict[str, int], seed: int, steps: int) -> dict[str, int]:
    rows = [("U1", m, p, PLACES[p].value, c, truth[at(p, m, c)]) for p, m, c in SLOTS]
    columns = ["indicator", "moment", "region", "level", "category", "count"]
    release = release_model(pl.DataFrame(rows, schema=columns, orient="row"), [CLIENTS], Regions(FRAME))
    # Fewer steps than are declared for these levels make narrower windows, so a harder release to keep.
    model = replace(release.model, steps=np.where(release.model.published, steps, release.model.steps))
    asked = Asked(
        release.truth, asked_of(model, release.truth, seed), np.zeros(model.size, dtype=bool), release.truth
    )
    try:
        values = round_whole(model, asked)[release.order]
    except Infeasible:
        assume(False)
    return {at(*slot): int(value) for slot, value in zip(SLOTS, values, strict=True)}


def finds_nothing(read: Callable[..., Paper], truth: dict[str, int], seed: int, steps: int) -> None:
    shown = rounded(truth, seed, steps)
    paper = read(REGION, shown, steps=dict.fromkeys(shown, steps))
    found = ranges(paper)
    for name, (low, high) in zip(paper.names, found, strict=True):
        assert name not in truth or low <= truth[name] <= high
    assert findings(paper, found) == []


@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking takes minutes
@given(people(), st.integers(0, 10**6), st.sampled_from([0, 1]))
def test_it_finds_nothing_figure_by_figure(truth: dict[str, int], seed: int, steps: int) -> None:
    finds_nothing(figures, truth, seed, steps)


@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking takes minutes
@given(people(), st.integers(0, 10**6), st.sampled_from([0, 1]))
def test_it_finds_nothing_by_writing_the_figures_as_persons(
    truth: dict[str, int], seed: int, steps: int
) -> None:
    finds_nothing(population, truth, seed, steps)
