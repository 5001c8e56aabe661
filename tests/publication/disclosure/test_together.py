"""That several releases together tell no more than one: what `together` promises, sought again by an integer program."""

import random
from functools import cache

import highspy
import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from gmsd_contracts.catalogue import CATALOGUE
from gmsd_publication.domain.cells import exact
from gmsd_publication.domain.keyed.method import KeyedRounding
from gmsd_publication.domain.keyed.together import Told, apart
from gmsd_publication.domain.protection import Earlier, Model
from gmsd_publication.domain.regions import Regions
from gmsd_publication.domain.release_model import Release, release_model
from tests.publication.disclosure.figures import values_of
from tests.publication.world import populated

LAYOUT = {"wijken": 1, "buurten": 2}


@cache
def two_releases(seed: int) -> tuple[Regions, list[tuple[Release, np.ndarray, Told]]]:
    """Of one country: with all gemeenten, and with one of them left out."""
    rng = random.Random(seed)
    made = populated(seed, 300, **LAYOUT)
    regions, key = Regions(made.frame_df()), rng.randbytes(32)
    model = Model("basis", "2025HJ02", CATALOGUE, regions)
    gone = rng.choice(["GM0344", "GM0193", "GM0014"])
    found: list[tuple[Release, np.ndarray, Told]] = []
    earlier: list[Earlier] = []
    for number, left_out in enumerate(((), (gone,)), start=1):
        counts = exact(made.cells_df(), regions, CATALOGUE, left_out)
        counts = counts.filter(
            ~pl.col("region")
            .cast(pl.String)
            .is_in([code for code, one in regions.by_code.items() if one.gemeente in left_out])
            | (pl.col("indicator") == "P1")
        )
        protected = KeyedRounding(key, workers=1).protect(counts, model, earlier)
        assert protected.proof is not None
        earlier = [*earlier, Earlier(number, protected.figures, counts, proof=protected.proof)]
        release = release_model(counts, CATALOGUE, regions)
        values = values_of(release, protected.figures)
        found.append((release, values, Told(number, protected.figures, protected.proof)))
    return regions, found


class Histories:
    """All pairs of truths less than a base above (sign 1) or below (−1) their figures, equal wherever a gemeente's figures are."""

    def __init__(self, regions: Regions, releases: list[tuple[Release, np.ndarray, Told]], sign: int) -> None:
        self.releases, self.sign = releases, sign
        self.start = np.cumsum([0, *(release.model.size for release, _, _ in releases)])
        self.size = int(self.start[-1])
        self.rows: list[sp.csr_array] = []
        self.low: list[np.ndarray] = []
        self.high: list[np.ndarray] = []
        lower, upper = [], []
        for number, (release, values, _) in enumerate(releases):
            room = np.minimum(release.model.base - 1, values if sign < 0 else release.model.base)
            far = np.where(release.model.published, room, 10**4)
            lower.append(
                np.maximum(
                    values - (far if sign < 0 else np.where(release.model.published, 0, far)),
                    release.model.lower,
                )
            )
            upper.append(
                np.minimum(
                    values + (far if sign > 0 else np.where(release.model.published, 0, far)),
                    release.model.upper,
                )
            )
            self._add(number, release.model.equations, 0.0, 0.0)
            self._add(number, release.model.implied, 0.0, np.inf)
        self.lower, self.upper = np.concatenate(lower), np.concatenate(upper)
        for number, (release, _, _) in enumerate(releases):
            self._presence(number, release)
        self._unchanged(regions)

    def _add(self, number: int, rows: sp.csr_array, low: float, high: float) -> None:
        wide = sp.csr_array(
            (rows.data, rows.indices + self.start[number], rows.indptr), shape=(rows.shape[0], self.size)
        )
        self.rows.append(wide)
        self.low.append(np.full(rows.shape[0], low))
        self.high.append(np.full(rows.shape[0], high))

    def _presence(self, number: int, release: Release) -> None:
        """Nobody holds what nobody has, and the other way round: many · part ≥ whole, many · whole ≥ part."""
        part, whole = release.model.presence[:, 0], release.model.presence[:, 1]
        at = np.arange(len(part))
        for one, other in ((part, whole), (whole, part)):
            many = np.maximum(self.upper[self.start[number] + other], 1)
            rows = sp.csr_array(
                (
                    np.concatenate([many, np.full(len(at), -1)]),
                    (np.concatenate([at, at]), np.concatenate([one, other])),
                ),
                shape=(len(at), release.model.size),
            )
            self._add(number, rows, 0.0, np.inf)

    def _unchanged(self, regions: Regions) -> None:
        (first, one, _), (second, other, _) = self.releases
        names = {first.model.names[cell]: cell for cell in np.flatnonzero(first.model.published).tolist()}
        pairs: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for cell in np.flatnonzero(second.model.published).tolist():
            name = second.model.names[cell]
            gemeente = regions.by_code[name.split()[-1]].gemeente
            if gemeente is not None:
                pairs.setdefault((gemeente, name.split()[0]), []).append((names.get(name, -1), cell))
        same = [
            pair
            for own in pairs.values()
            if all(a >= 0 and one[a] == other[b] for a, b in own)
            for pair in own
        ]
        assert same
        at, cells = np.arange(len(same)), np.array(same) + self.start[:2]
        rows = sp.csr_array(
            (np.tile([1, -1], len(same)), (np.repeat(at, 2), cells.ravel())), shape=(len(same), self.size)
        )
        self.rows.append(rows)
        self.low.append(np.zeros(len(same)))
        self.high.append(np.zeros(len(same)))

    def furthest(self, number: int, cell: int) -> int:
        """How far the truth of a cell can be from its figure."""
        matrix = sp.csc_array(sp.vstack(self.rows))
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = matrix.shape
        cost = np.zeros(self.size)
        at = int(self.start[number]) + cell
        cost[at] = -self.sign
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, self.lower.astype(float), self.upper.astype(float)
        lp.row_lower_, lp.row_upper_ = np.concatenate(self.low), np.concatenate(self.high)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = (
            matrix.indptr,
            matrix.indices,
            matrix.data.astype(float),
        )
        lp.integrality_ = [highspy.HighsVarType.kInteger] * self.size
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)
        solver.passModel(lp)
        solver.run()
        assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return round(solver.getSolution().col_value[at]) - int(self.releases[number][1][cell])


@pytest.mark.parametrize("seed", range(2))
def test_every_figure_of_both_can_be_four_more_or_less_in_one_history(seed: int) -> None:
    regions, releases = two_releases(seed)
    rng = random.Random(seed)
    for sign in (1, -1):
        histories = Histories(regions, releases, sign)
        for number, (release, values, _) in enumerate(releases):
            able = np.flatnonzero(release.model.published & (values > 0 if sign < 0 else values >= 0))
            for cell in rng.sample(able.tolist(), 3):
                assert histories.furthest(number, cell) == 4 * sign, release.model.names[cell]


@pytest.mark.parametrize("seed", range(3))
def test_who_stands_behind_one_release_only_is_found(seed: int) -> None:
    """Somebody of an unchanged buurt is another one in the second proof: its figures are the same, and he cannot leave both."""
    regions, releases = two_releases(seed)
    told = [one for _, _, one in releases]
    assert not apart(told, CATALOGUE, regions)
    second = told[1].proof
    alone = second.filter(
        (pl.col("soort") == "personen")
        & (pl.col("indicator") == "U1")
        & (pl.col("laatst").bitwise_count_ones() == 1)
    )
    place = alone["gebied"][0]
    own = (pl.col("soort") == "personen") & (pl.col("indicator") == "U1") & (pl.col("gebied") == place)
    forged = second.with_columns(
        pl.when(own).then(pl.col("laatst") | (1 << 17)).otherwise(pl.col("laatst")).alias("laatst")
    )
    assert place in apart([told[0], Told(2, told[1].figures, forged)], CATALOGUE, regions)
