"""A snapshot's cells, from its exclusive patterns (the docstring of gmsd_contracts.cells), to hold beside the baseline's."""

import polars as pl
import pyarrow as pa

from benchmarks.latency import Disagreement
from gmsd_contracts.catalogue import INDICATORS

CELL = ("indicator", "moment", "region", "category")


def snapshot_cells(patterns: pa.Table, frame: pa.Table) -> pl.DataFrame:
    """The non-zero cells of a snapshot: columns CELL and count."""
    rows = (
        pl.DataFrame(patterns)
        .with_columns(pl.col("indicator", "moment").cast(pl.String))
        .with_row_index("row")
    )
    categories = pl.DataFrame(
        [(name, code, mask) for name, one in INDICATORS.items() for code, mask in one.cells().items()],
        schema={"indicator": pl.String, "category": pl.String, "members": pl.UInt64},
        orient="row",
    )
    touched = (
        rows.join(categories, on="indicator")
        .filter((pl.col("mask") & pl.col("members")) != 0)
        .join(_within(pl.DataFrame(frame)), left_on="region", right_on="place")
        # Rows of unit 0 stand alone; the components of another unit count once in a cell, together.
        .with_columns(
            group=pl.when(pl.col("unit") > 0).then("unit").otherwise(-1 - pl.col("row").cast(pl.Int64))
        )
        .select("group", "indicator", "moment", "category", "count", region="region_right")
        .unique(["group", *CELL])
    )
    return touched.group_by(CELL).agg(pl.col("count").sum())


def _within(frame: pl.DataFrame) -> pl.DataFrame:
    """place → every region it lies in, itself included."""
    country = frame.filter(level="LD")["region"].item()
    lines = frame.select(
        place="region",
        region_right=pl.concat_list("region", "wijk", "gemeente", "provincie", pl.lit(country)).list.unique(),
    )
    return lines.explode("region_right").drop_nulls()


def require_equal(period: str, platform: pl.DataFrame, baseline: pl.DataFrame) -> int:
    """How many cells both hold. Raises Disagreement when one differs."""
    both = platform.join(baseline, on=CELL, how="full", coalesce=True, suffix="_baseline")
    differing = both.filter(pl.col("count").fill_null(0) != pl.col("count_baseline").fill_null(0))
    if differing.height:
        some = differing.head(3).rows()
        raise Disagreement(
            f"{period}: {differing.height} of {both.height} cells differ between snapshot and baseline, for one {some}"
        )
    return both.height
