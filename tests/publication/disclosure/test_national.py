"""The keyed release of a whole country: what it promises, on every level, and the proof that goes with it."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context

import numpy as np
import polars as pl
import pytest

from gmsd_contracts.catalogue import CATALOGUE
from gmsd_contracts.cells import DERIVED_LEVEL
from gmsd_publication.disclosure.errors import DisclosureError, NotProved
from gmsd_publication.disclosure.rounding import blocks, trees
from gmsd_publication.disclosure.rounding.blocks import round_blocks
from gmsd_publication.disclosure.rounding.nearest import Asked, satisfied
from gmsd_publication.disclosure.rounding.targets import aimed_at, numbers, targets
from gmsd_publication.domain.cells import exact
from gmsd_publication.domain.keyed.joint import Crowd, Person
from gmsd_publication.domain.keyed.memory import Memory
from gmsd_publication.domain.keyed.method import KeyedRounding, _round
from gmsd_publication.domain.keyed.population import Kind
from gmsd_publication.domain.keyed.proof import proof
from gmsd_publication.domain.keyed.recount import recount
from gmsd_publication.domain.keyed.wishes import wishing
from gmsd_publication.domain.places import fill_computed
from gmsd_publication.domain.protection import Earlier, Model
from gmsd_publication.domain.regions import Regions
from gmsd_publication.domain.release_model import Release, release_model
from tests.publication.disclosure.figures import values_of
from tests.publication.world import populated

KEY = bytes(range(32))


@cache
def country(seed: int, people: int) -> tuple[Regions, pl.DataFrame]:
    made = populated(seed, people)
    regions = Regions(pl.DataFrame(made.frame, infer_schema_length=None))
    cells = pl.DataFrame(made.cells).with_columns(pl.col("mask").cast(pl.UInt64))
    return regions, exact(cells, regions, CATALOGUE)


@cache
def rounded(seed: int, people: int):  # type: ignore[no-untyped-def]
    regions, counts = country(seed, people)
    protected = KeyedRounding(KEY).protect(counts, Model("basis", "2025HJ02", CATALOGUE, regions))
    release = release_model(counts, CATALOGUE, regions)
    return release, values_of(release, protected.figures), protected, counts


CASES = [(1, 900), (2, 3000), (3, 300)]


@pytest.mark.parametrize(("seed", "people"), CASES)
def test_every_figure_is_a_multiple_near_its_count_and_obeys_the_definitions(seed: int, people: int) -> None:
    release, values, protected, counts = rounded(seed, people)
    model = release.model
    assert (values % model.base == 0).all()
    assert satisfied(model, values)
    shown = model.published
    assert (abs(values - release.truth) < model.base * (model.steps + 1))[shown].all()
    assert (release.truth[shown & (values == 0)] < 5).all()
    assert protected.figures.select("indicator", "region", "category").equals(
        counts.select("indicator", "region", "category")
    )
    own = protected.audit.filter(pl.col("level") != DERIVED_LEVEL)
    assert (own["certified"] == own["cells"]).all()
    assert (protected.audit["certified"] + protected.audit["limited"] == protected.audit["cells"]).all()
    assert protected.audit.select(pl.sum_horizontal("exact", "small", "undecided").sum()).item() == 0


@pytest.mark.parametrize(("seed", "people"), CASES)
def test_the_proof_is_counted_again_and_no_other_would_do(seed: int, people: int) -> None:
    release, values, protected, _ = rounded(seed, people)
    base = release.model.base
    recount(release.families, values, base, protected.proof)
    rng = np.random.default_rng(seed)
    for row in rng.choice(protected.proof.height, 12, replace=False).tolist():
        kept = np.arange(protected.proof.height) != row
        with pytest.raises(NotProved):
            recount(release.families, values, base, protected.proof.filter(pl.Series(kept)))
        more = protected.proof.with_columns(groepen=pl.col("groepen") + pl.Series(~kept).cast(pl.Int64))
        with pytest.raises(NotProved):
            recount(release.families, values, base, more)


def test_the_proof_needs_nothing_but_the_publication() -> None:
    release, values, protected, _ = rounded(1, 900)
    blind = replace(release, truth=np.zeros_like(release.truth))
    assert proof(blind.families, values, release.model.base).equals(protected.proof)


@pytest.mark.parametrize(("seed", "people"), CASES)
def test_targets_that_add_up_are_published_as_they_are(seed: int, people: int) -> None:
    """What the proof rests on: for every truth in the window there is a key under which it gives this publication."""
    release, values, _, counts = rounded(seed, people)
    nothing = Memory.of(release, counts, [])
    for truth in (values, *moved(release, values, seed)):
        world = replace(release, truth=truth)
        _, again = _round(world, aimed_at(values, truth, release.model.base), nothing, None, lambda *_: None)
        assert (again[release.model.published] == values[release.model.published]).all()


def moved(release: Release, values: np.ndarray, seed: int) -> list[np.ndarray]:
    """Truths in which four people of one kind came or went in one buurt, with one thing each."""
    rng, found = np.random.default_rng(seed), []
    family = release.families[0]

    kind = Kind(family.indicators, family.relations)
    groups = values[family.cells] // 5
    crowd = Crowd(kind, family.relations, groups[family.finest])
    for place in rng.choice(len(family.finest), 6, replace=False).tolist():
        for sign in (1, -1):
            person = Person(0, 1 << int(rng.integers(len(kind.bits))))
            if sign < 0 and not crowd.room(person)[place]:
                continue
            figures = values[family.cells]
            at = int(family.finest[place])
            while True:
                figures[at] += 4 * sign * crowd.column(person)
                above = [one.total for one in family.sums if at in (*one.parts, one.computed)]
                if not above:
                    break
                at = above[0]
            truth = values.copy()
            truth[family.cells] = figures
            fill_computed(family.sums, figures)
            assert (figures == truth[family.cells]).all()
            found.append(truth)
    return found


@pytest.mark.parametrize(("seed", "people"), [(4, 300), (5, 900), (6, 900), (7, 3000)])
def test_first_releases_of_these_countries_come_out(seed: int, people: int) -> None:
    regions, counts = country(seed, people)
    KeyedRounding(KEY).protect(counts, Model("basis", "2025HJ02", CATALOGUE, regions))


@pytest.mark.parametrize("added", [True, False])
def test_what_never_fits_is_decided_with_the_totals_over_it(
    monkeypatch: pytest.MonkeyPatch, added: bool
) -> None:
    """Side by side, and where that does not add up one by one."""
    release, _, _, _ = rounded(1, 900)
    strict, *softer = wishing(release)
    aims = targets(
        release.truth, strict.base, numbers(KEY, (release.model.names[i] for i in range(strict.size)))
    )
    asked = Asked(release.truth, aims, np.zeros(strict.size, dtype=bool), release.truth)
    monkeypatch.setattr(trees.Tree, "attempt", lambda *_: None)
    if not added:
        monkeypatch.setattr(blocks._Above, "_added", lambda *_: False)
    values = round_blocks(strict, asked, softer=softer)
    assert satisfied(release.model, values)
    off = abs(values - release.truth)[release.model.published]
    assert (off < (release.model.base * (release.model.steps + 1))[release.model.published]).all()
    with pytest.raises(ValueError, match="softer"):
        round_blocks(softer[-1], asked, softer=[strict])


def test_workers_and_repeats_give_the_same_bytes() -> None:

    release, _, _, _ = rounded(1, 900)
    model = release.model
    aims = targets(release.truth, model.base, numbers(KEY, (model.names[i] for i in range(model.size))))
    asked = Asked(release.truth, aims, np.zeros(model.size, dtype=bool), release.truth)
    alone = round_blocks(model, asked)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert (round_blocks(model, asked, workers=pool) == alone).all()
    assert (round_blocks(model, asked) == alone).all()


def test_at_base_ten_a_later_release_has_marks_too() -> None:
    regions, counts = country(1, 900)
    tens = [one.model_copy(update={"base": 10, "threshold": 10}) for one in CATALOGUE]
    model = Model("basis", "2025HJ02", tens, regions)
    first = KeyedRounding(KEY).protect(counts, model)
    again = KeyedRounding(KEY).protect(counts, model, [Earlier(1, first.figures, counts, proof=first.proof)])
    shown = again.figures["value"].drop_nulls()
    assert len(shown) and (shown % 10 == 0).all()
    zeros = (
        again.figures.filter(pl.col("value").is_null()).group_by("level").agg(pl.col("attribute").unique())
    )
    marks = {level: set(found) for level, found in zeros.cast({"attribute": pl.List(pl.String)}).iter_rows()}
    assert marks["BU"] == {"<10"} and marks["WK"] == {"<20"}


def test_a_later_release_moves_only_what_changed() -> None:
    regions, counts = country(1, 900)
    model = Model("basis", "2025HJ02", CATALOGUE, regions)
    first = KeyedRounding(KEY).protect(counts, model)
    again = KeyedRounding(KEY).protect(counts, model, [Earlier(1, first.figures, counts, proof=first.proof)])
    assert again.figures["value"].equals(first.figures["value"])
    marks = again.figures.filter(pl.col("value").is_null() & (pl.col("level") == "WK"))["attribute"]
    assert set(marks.cast(pl.String)) <= {"<10"}, "a total that may step twice says how little it can be"
    buurt = counts.filter(pl.col("level") == "BU")["region"][0]
    gemeente = regions.by_code[str(buurt)].gemeente
    above = [
        str(buurt),
        regions.by_code[str(buurt)].wijk,
        gemeente,
        regions.by_code[str(buurt)].provincie,
        regions.land,
    ]
    touched = (
        pl.col("region").cast(pl.String).is_in(above)
        & (pl.col("indicator") == "P1")
        & pl.col("category").cast(pl.String).is_in(["0-17", "totaal"])
    )
    changed = counts.with_columns(count=pl.col("count") + pl.when(touched).then(7).otherwise(0))
    second = KeyedRounding(KEY).protect(
        changed, model, [Earlier(1, first.figures, counts, proof=first.proof)]
    )
    moves = (first.figures["value"].fill_null(0) != second.figures["value"].fill_null(0)).to_numpy()
    same = (counts["count"] == changed["count"]).to_numpy()
    assert not (moves & same).any()
    assert moves.any()
    assert second.steps["GM"] == 8 and second.steps["BU"] == 1


def test_what_cannot_be_followed_up_is_held_by_name() -> None:
    regions, counts = country(1, 900)
    model = Model("basis", "2025HJ02", CATALOGUE, regions)
    first = KeyedRounding(KEY).protect(counts, model)
    with pytest.raises(NotProved, match="older than its exact counts"):
        KeyedRounding(KEY).protect(counts, model, [Earlier(1, first.figures, None)])
    with pytest.raises(NotProved, match="no proof that can be read"):
        KeyedRounding(KEY).protect(counts, model, [Earlier(1, first.figures, counts)])


def test_counts_that_break_a_definition_are_held_by_name() -> None:
    regions, counts = country(1, 900)
    wrong = counts.with_columns(count=pl.when(pl.col("category") == "totaal").then(0).otherwise("count"))
    with pytest.raises(DisclosureError) as refused:
        KeyedRounding(KEY).protect(wrong, Model("basis", "2025HJ02", CATALOGUE, regions))
    assert refused.value.reason == "not_additive"


def test_an_empty_release_is_empty() -> None:
    regions, counts = country(1, 900)
    protected = KeyedRounding(KEY).protect(counts.head(0), Model("basis", "2025HJ02", CATALOGUE, regions))
    assert protected.figures.is_empty() and protected.audit.is_empty()
