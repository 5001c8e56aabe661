"""Corrections, withdrawals and objections of a small country: all of them go out, and no figure of a buurt moves by itself."""

import random
from functools import cache

import numpy as np
import polars as pl
import pytest

from gmsd_contracts.catalogue import CATALOGUE
from gmsd_publication.disclosure.errors import Infeasible
from gmsd_publication.disclosure.rounding.blocks import round_blocks
from gmsd_publication.disclosure.rounding.nearest import Asked
from gmsd_publication.disclosure.rounding.targets import Targets
from gmsd_publication.domain.consent import Consents, Policy
from gmsd_publication.domain.earlier import Issued, Origin
from gmsd_publication.domain.keyed.memory import Keeping, Memory
from gmsd_publication.domain.keyed.method import KeyedRounding
from gmsd_publication.domain.places import UNKNOWN
from gmsd_publication.domain.protection import Earlier
from gmsd_publication.domain.release_model import release_model
from gmsd_publication.domain.tables import Built, build, to_release
from tests.publication.disclosure.test_national import country
from tests.publication.world import BASIS, PLACES, populated

LAYOUT = {"wijken": 3, "buurten": 3}


@cache
def snapshot(people: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    made = populated(people, people, **LAYOUT)
    return made.cells_df(), made.frame_df()


def without_half(cells: pl.DataFrame, gemeente: str) -> pl.DataFrame:
    """What gemeente delivered of every other buurt is gone."""
    own = cells.filter(pl.col("gemeente").cast(pl.String) == gemeente)
    gone = own["region"].cast(pl.String).unique().sort()[::2]
    return cells.filter(
        ~pl.col("region").cast(pl.String).is_in(gone.implode())
        | (pl.col("indicator").cast(pl.String) == "P1")
    )


def issue(
    key: bytes, cells: pl.DataFrame, frame: pl.DataFrame, objectors: set[str], issued: list[Issued]
) -> Built:
    built = build(
        cells, frame, product="basis", period="2025HJ02", catalogue=BASIS,
        policy=Policy(basis=Consents(spoken={code: False for code in objectors})),
        protection=KeyedRounding(key, workers=1), issued=issued[-3:],
    )  # fmt: skip
    tables = {name: pl.DataFrame(pl.from_arrow(to_release(table))) for name, table in built.tables.items()}
    issued.append(Issued(len(issued) + 1, tables, Origin(cells, frame, built.excluded), built.proof))
    return built


@pytest.mark.parametrize("people", [150, 500, 1500])
@pytest.mark.parametrize("seed", range(4))
def test_no_correction_and_no_objection_is_held(seed: int, people: int) -> None:
    """Of a country with hardly anybody, where kept figures are most easily in each other's way, up to a common one."""
    rng = random.Random(f"{seed} {people}")
    key = rng.randbytes(32)
    cells, frame = snapshot(people)
    issued: list[Issued] = []
    one, other = rng.sample(sorted(PLACES), 2)
    for present, objectors in (
        (cells, set()),
        (without_half(cells, one), set()),
        (cells, set()),
        (cells, {one}),
        (without_half(cells, other), {one}),
        (cells, {one, other}),
        (cells, set()),
    ):
        issue(key, present, frame, objectors, issued)
    assert len(issued) == 7
    assert_buurten_stay(issued[0], issued[2])


def assert_buurten_stay(one: Issued, other: Issued) -> None:
    """Of two releases of the same counts: figures that are no sums are the same, but for a 0 beside a whole that is shown."""
    for name in ("P1", "U2"):
        here, there = (
            each.tables[name].filter(pl.col("level").cast(pl.String) == "BU").with_columns(pl.col("category").cast(pl.String))
            for each in (one, other)
        )  # fmt: skip
        leaves = pl.col("category").is_in(
            [
                category.code
                for indicator in BASIS
                if indicator.id == name
                for category in indicator.categories
            ]
        )
        assert here.filter(leaves)["value"].equals(there.filter(leaves)["value"])


def test_a_total_does_not_stay_beside_parts_that_no_longer_make_it() -> None:
    """A province counted 5 with a gemeente that has left, and counts as much without it: its figure is of other parts."""
    regions, counts = country(1, 900)
    release = release_model(counts, CATALOGUE, regions)
    figures = counts.with_columns(value=pl.col("count") // 5 * 5).drop("count")
    province = str(regions.by_code["GM0014"].provincie)
    higher = figures.with_columns(
        value=pl.col("value") + pl.when(pl.col("region").cast(pl.String) == province).then(5).otherwise(0)
    )
    memory = Memory.of(release, counts, [Earlier(1, higher, counts)])
    of = {
        place.name: family.cells[at] for family in release.families for at, place in enumerate(family.places)
    }
    assert memory.kept(release.model, Keeping.ALL)[0][of[province]].any()
    assert not memory.kept(release.model, Keeping.SUMS)[0][of[province]].any()


def test_a_part_that_has_to_move_frees_the_sums_over_it() -> None:
    """Persons were published as 0 beside arrangements that are a base or more now: they move, so their wijk cannot be held to stay."""
    regions, counts = country(1, 900)
    release = release_model(counts, CATALOGUE, regions)
    figures = counts.with_columns(value=pl.lit(0, pl.Int64)).drop("count")
    memory = Memory.of(release, counts, [Earlier(1, figures, counts)])
    fixed = memory.kept(release.model, Keeping.SUMS)[0]
    part, whole = release.model.presence.T
    torn = np.zeros(release.model.size, dtype=bool)
    torn[part[release.truth[whole] >= 5]] = True
    assert torn.any() and not fixed[torn].any()
    over = [
        family.cells[one.total][torn[family.cells[list(one.parts)]].any(axis=0)]
        for family in release.families
        for one in family.sums
    ]
    assert not fixed[np.concatenate(over)].any()
    assert memory.kept(release.model, Keeping.ALL)[0].any()


def test_what_is_left_over_or_counted_twice_is_remembered_only_when_it_is_a_count() -> None:
    """A gemeente that was in a total of an earlier release is not open now: what its sisters leave is not their double count."""
    regions, counts = country(1, 900)
    figures = counts.with_columns(value=pl.col("count") // 5 * 5).drop("count")
    gone = [code for code, region in regions.by_code.items() if region.gemeente == "GM0047"]
    own = counts.filter(~pl.col("region").cast(pl.String).is_in(gone))
    release = release_model(own, CATALOGUE, regions)
    memory = Memory.of(release, own, [Earlier(1, figures, counts)])
    assert (memory.published >= UNKNOWN).all()


def test_figures_that_contradict_one_another_are_never_published() -> None:
    """Everything is given, and adds up nowhere: nothing is left to decide, and that is no reason to take it."""
    regions, counts = country(1, 900)
    release = release_model(counts, CATALOGUE, regions)
    model, none = release.model, np.zeros(release.model.size, dtype=np.int64)
    aims = Targets(none.astype(bool), none + 1)
    with pytest.raises(Infeasible):
        round_blocks(model, Asked(release.truth, aims, model.published, release.truth // 5 * 5))
