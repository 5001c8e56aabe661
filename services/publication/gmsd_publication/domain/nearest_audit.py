"""The disclosure test of `naastgelegen-5`: what figures and definitions alone prove, as any reader can repeat it."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import scipy.sparse as sp

from gmsd_contracts.catalogue import Indicator
from gmsd_contracts.cells import DERIVED_LEVEL
from gmsd_publication.disclosure.audit import BOUNDS_ONLY, audit
from gmsd_publication.disclosure.errors import DisclosureError
from gmsd_publication.disclosure.model import TOP, UNBOUNDED, Ints, Model
from gmsd_publication.disclosure.names import picked
from gmsd_publication.domain.audit import AUDIT_COLUMNS, untested
from gmsd_publication.domain.regions import Regions
from gmsd_publication.domain.relations import linked
from gmsd_publication.domain.release_model import Release, release_model

PIECE = 20_000
"""Cells audited together: a gemeente with its wijken and buurten has some thousands. Every equation lies in one piece, so cutting
loses no equation, only bounds that would travel down again from a total that other pieces narrowed."""
PROGRAMS = BOUNDS_ONLY.linear
"""Linear programs over all pieces of a family; a nation has more small cells than that, and then propagation does the rest."""
SMALL = 5
"""Of column `small` in audit/1, which counts proofs of 1 to 4 whatever the threshold of an indicator."""
_log = logging.getLogger(__name__)


def nearest_audit(figures: pl.DataFrame, catalogue: Sequence[Indicator], regions: Regions) -> pl.DataFrame:
    """AUDIT_COLUMNS of figures (protection.PROTECTED_COLUMNS) that were rounded to the nearest multiple each by itself.

    Bounds only: what is not disproved stays undecided, nothing is certified. So is a family of indicators of which the figures
    contradict the definitions, because what it counts did; that is logged.
    """
    present = set(figures["indicator"].cast(pl.String).unique())
    own, derived = [], []
    for family in linked([one for one in catalogue if one.id in present]):
        names = [indicator.id for indicator in family]
        rows = figures.filter(pl.col("indicator").cast(pl.String).is_in(names))
        try:
            release, known = proved(rows, family, regions)
        except DisclosureError as refused:
            _log.warning("unaudited: %s %s %s", names, refused.reason, refused.detail)
            own.append(untested(rows))
            continue
        own.append(_own(rows, known, release))
        derived.append(_derived(known, release))
    empty = untested(figures.clear())
    return pl.concat([empty, *own, *derived]).select(AUDIT_COLUMNS)


@dataclass(frozen=True)
class Proved:
    """Bounds: `low`, `high` [n] of the cells of a model, `least`, `most` [k] of its implied counts; UNBOUNDED where there is none."""

    low: Ints
    high: Ints
    least: Ints
    most: Ints


def proved(rows: pl.DataFrame, family: Sequence[Indicator], regions: Regions) -> tuple[Release, Proved]:
    """What the figures of linked indicators prove. Raises Contradictory, NotAdditive (not all of them are open somewhere)."""
    # The model asks for counts and keeps them apart, as its truth; there is none here to tell.
    release = release_model(rows.with_columns(count=pl.lit(0, pl.Int64)), family, regions)
    return release, _bounds(release.model, *_printed(rows, release, family))


def _printed(rows: pl.DataFrame, release: Release, family: Sequence[Indicator]) -> tuple[Ints, Ints]:
    """[n], [n]: what each figure says by itself; a count that nobody publishes is any count."""
    rules = {indicator.id: (indicator.base, indicator.threshold) for indicator in family}
    of = pl.col("indicator").cast(pl.String)
    base = of.replace_strict({name: rule[0] for name, rule in rules.items()}, return_dtype=pl.Int64)
    threshold = of.replace_strict({name: rule[1] for name, rule in rules.items()}, return_dtype=pl.Int64)
    down = base // 2
    ends = rows.select(
        low=pl.when(pl.col("value").is_null())
        .then(0)
        .otherwise(pl.max_horizontal("value" - down, threshold)),
        high=pl.when(pl.col("value").is_null())
        .then(threshold - 1)
        .otherwise(pl.col("value") + base - 1 - down),
    )
    low, high = np.zeros(release.model.size, dtype=np.int64), np.full(release.model.size, UNBOUNDED)
    low[release.order], high[release.order] = ends["low"].to_numpy(), ends["high"].to_numpy()
    return low, high


def _bounds(model: Model, low: Ints, high: Ints) -> Proved:
    """Piece by piece, parts before totals, each with what the ones before narrowed."""
    least, most = np.zeros(model.implied.shape[0], dtype=np.int64), np.full(model.implied.shape[0], UNBOUNDED)
    pieces = list(_pieces(model))
    effort = replace(BOUNDS_ONLY, linear=PROGRAMS // max(1, len(pieces)))
    for piece in reversed(pieces):
        part, cells = piece.model(model)
        known = audit(part, low[cells], high[cells], effort, SMALL).known
        low[cells], high[cells] = known.low[: len(cells)], known.high[: len(cells)]
        least[piece.implied], most[piece.implied] = known.low[len(cells) :], known.high[len(cells) :]
    return Proved(low, high, least, most)


@dataclass(frozen=True)
class _Piece:
    """Rows of a model, by number."""

    equations: Ints
    implied: Ints
    presence: Ints

    def model(self, whole: Model) -> tuple[Model, Ints]:
        """These rows with the cells they have, and which those are."""
        equations, implied = whole.equations[self.equations], whole.implied[self.implied]
        pairs = whole.presence[self.presence]
        cells = np.unique(np.concatenate([equations.indices, implied.indices, pairs.ravel()]))

        def narrow(rows: sp.csr_array) -> sp.csr_array:
            at = np.searchsorted(cells, rows.indices)
            return sp.csr_array((rows.data, at, rows.indptr), shape=(rows.shape[0], len(cells)))

        part = Model(
            names=picked(whole.names, cells),
            base=whole.base[cells],
            published=whole.published[cells],
            steps=whole.steps[cells],
            lower=whole.lower[cells],
            upper=whole.upper[cells],
            equations=narrow(equations),
            equation_names=picked(whole.equation_names, self.equations),
            implied=narrow(implied),
            implied_names=picked(whole.implied_names, self.implied),
            presence=np.searchsorted(cells, pairs),
            block=np.zeros(len(cells), dtype=np.int64),
            parents=np.array([TOP]),
        )
        return part, cells


def _pieces(model: Model) -> Iterator[_Piece]:
    """Runs of blocks: regions stand in the order of a walk through the tree, so a run is about one gemeente or a few."""
    blocks = len(model.parents)
    run = np.cumsum(np.bincount(model.block, minlength=blocks)) // PIECE
    of_equations, of_implied = (
        run[np.maximum(model.block_of_rows(rows), 0)] for rows in (model.equations, model.implied)
    )
    of_presence = run[model.block[model.presence[:, 0]]]
    for number in np.unique(run):
        yield _Piece(*(np.flatnonzero(each == number) for each in (of_equations, of_implied, of_presence)))


def _own(rows: pl.DataFrame, known: Proved, release: Release) -> pl.DataFrame:
    """The published figures, per indicator, moment and level."""
    cells = rows.select(
        pl.col("indicator", "moment", "level").cast(pl.String),
        zero=pl.col("value").is_null(),
        low=pl.Series(known.low[release.order]),
        high=pl.Series(known.high[release.order]),
    )
    return _counted(cells)


def _derived(known: Proved, release: Release) -> pl.DataFrame:
    """Remainders, double counts and differences, under the first indicator of what they link and the moment of the first."""
    model, holder = release.model, release.families[0].indicators[0]
    hidden = ~model.published & (model.upper > 0)
    cells = pl.select(
        low=pl.Series(np.concatenate([known.low[hidden], known.least])),
        high=pl.Series(np.concatenate([known.high[hidden], known.most])),
    ).with_columns(
        indicator=pl.lit(holder.id), moment=pl.lit(holder.moments[0].value), level=pl.lit(DERIVED_LEVEL), zero=pl.lit(False)
    )  # fmt: skip
    return _counted(cells)


def _counted(cells: pl.DataFrame) -> pl.DataFrame:
    """AUDIT_COLUMNS. An exact count from 1 to 4 is small as well."""
    low, high, zero = pl.col("low"), pl.col("high"), pl.col("zero")
    exact, small = low == high, (low >= 1) & (high < SMALL)
    width = (high - low).filter(high < UNBOUNDED)
    rows = cells.group_by("indicator", "moment", "level", maintain_order=True).agg(
        cells=pl.len().cast(pl.Int64),
        zeros=zero.sum().cast(pl.Int64),
        certified=pl.lit(0, pl.Int64),
        exact=exact.sum().cast(pl.Int64),
        small=small.sum().cast(pl.Int64),
        undecided=(~exact & ~small).sum().cast(pl.Int64),
        limited=pl.lit(0, pl.Int64),
        narrowest_zero=width.filter(zero.filter(high < UNBOUNDED)).min(),
        narrowest=width.filter(~zero.filter(high < UNBOUNDED)).min(),
    )
    return rows.select(AUDIT_COLUMNS)
