"""The audit of a proved keyed release, in numbers: a function of the publication alone."""

import numpy as np
import polars as pl

from gmsd_contracts.cells import DERIVED_LEVEL
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.domain.audit import AUDIT_COLUMNS
from gmsd_publication.domain.release_model import Release


def derived_width(base: int) -> tuple[int, int]:
    """Values that remain possible, less one, of a count that follows from published figures: at 0, and above.

    The least of every kind, such as how many of a total have a second category. At 0: half of base − 1 people with two categories
    each raise it so much, and no figure moves by more than base − 1. Above: the same, and base − 1 of them can be gone.
    """
    return (base - 1) // 2, (base - 1) // 2 + base - 1


def certified(release: Release, figures: pl.DataFrame, published: Ints) -> pl.DataFrame:
    """AUDIT_COLUMNS. `figures`: protection.PROTECTED_COLUMNS; `published` [n]. Every cell of a release that has a proof is certified
    (population.py): base − 1 more and, from the base on, base − 1 less."""
    base = {one.id: one.base for family in release.families for one in family.indicators}
    rows = figures.group_by("indicator", "moment", "level", maintain_order=True).agg(
        cells=pl.len().cast(pl.Int64), zeros=pl.col("value").is_null().sum().cast(pl.Int64)
    )
    width = pl.col("indicator").cast(pl.String).replace_strict(base, return_dtype=pl.Int64) - 1
    own = rows.with_columns(
        pl.col("indicator", "moment", "level").cast(pl.String),
        narrowest_zero=pl.when(pl.col("zeros") > 0).then(width),
        narrowest=pl.when(pl.col("zeros") < pl.col("cells")).then(2 * width),
        limited=pl.lit(0, pl.Int64),
    )
    table = pl.concat([own, _derived(release, published, own.schema)])
    nothing = [pl.lit(0, pl.Int64).alias(name) for name in ("exact", "small", "undecided")]
    return table.with_columns(*nothing, certified=pl.col("cells") - pl.col("limited")).select(AUDIT_COLUMNS)


def _derived(release: Release, published: Ints, schema: pl.Schema) -> pl.DataFrame:
    """Remainders, double counts and differences, under the first indicator of what they link and the moment of the first.

    What is left of a gemeente is a figure like any other; of differences and double counts the definitions leave less.
    """
    model, found = release.model, []
    first = (
        np.minimum.reduceat(model.implied.indices, model.implied.indptr[:-1])
        if model.implied.shape[0]
        else np.zeros(0, dtype=np.int64)
    )
    values = model.implied @ published
    for family in release.families:
        start, end = int(family.cells.flat[0]), int(family.cells.flat[-1])
        rows = values[(first >= start) & (first <= end)]
        hidden = family.cells.ravel()[~model.published[family.cells.ravel()]]
        hidden = hidden[model.upper[hidden] > 0]
        both = np.concatenate([rows, published[hidden]])
        whole = int((~release.doubles[hidden]).sum())
        if both.size:
            zeros = int((both == 0).sum())
            holder = family.indicators[0]
            at_zero, above = derived_width(holder.base)
            found.append(
                (holder.id, holder.moments[0].value, DERIVED_LEVEL, len(both), zeros,
                 at_zero if zeros else None, above if zeros < len(both) else None, len(both) - whole)
            )  # fmt: skip
    return pl.DataFrame(found, schema=schema, orient="row")
