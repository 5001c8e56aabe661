"""The disclosure test of a release as a table: what was proved, what was disproved, and what nobody decided."""

import polars as pl
import pyarrow as pa

from gmsd_contracts.catalogue import ZERO
from gmsd_contracts.cells import AUDIT

AUDIT_COLUMNS = tuple(field.name for field in AUDIT)
_COUNTS = ("certified", "exact", "small", "limited")
_ZERO = pl.Series(sorted(mark.value for mark in ZERO))


def untested(figures: pl.DataFrame) -> pl.DataFrame:
    """The audit of figures that no auditor has seen: every cell is undecided, which is never "safe".

    `figures`: protection.PROTECTED_COLUMNS. Returns AUDIT_COLUMNS, in the order of the figures.
    """
    zero = pl.col("attribute").cast(pl.String).is_in(_ZERO.implode())
    rows = figures.group_by("indicator", "moment", "level", maintain_order=True).agg(
        cells=pl.len().cast(pl.Int64), zeros=zero.sum().cast(pl.Int64)
    )
    return rows.with_columns(
        pl.col("indicator", "moment", "level").cast(pl.String),
        *(pl.lit(0, pl.Int64).alias(name) for name in _COUNTS),
        undecided="cells",
        narrowest_zero=pl.lit(None, pl.Int64),
        narrowest=pl.lit(None, pl.Int64),
    ).select(AUDIT_COLUMNS)


def to_audit(audit: pl.DataFrame) -> pa.Table:
    """As the content of `audit/1`."""
    text = audit.with_columns(pl.col("indicator", "moment", "level").cast(pl.String)).select(AUDIT_COLUMNS)
    return text.to_arrow().cast(AUDIT)
