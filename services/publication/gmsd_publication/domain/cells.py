"""From exclusive patterns to exact cells: the arithmetic of `gmsd_contracts.cells`, for a whole country at once."""

from collections.abc import Iterable, Sequence

import polars as pl

from gmsd_contracts.catalogue import Indicator, Moment
from gmsd_publication.domain.faults import SnapshotBroken
from gmsd_publication.domain.regions import Regions

MOMENT = pl.Enum([moment.value for moment in Moment])

EXACT_COLUMNS = ("indicator", "moment", "region", "level", "category", "count")


def indicator_type(catalogue: Sequence[Indicator]) -> pl.Enum:
    """The ids of a catalogue, in its order."""
    return pl.Enum([indicator.id for indicator in catalogue])


def category_type(catalogue: Sequence[Indicator]) -> pl.Enum:
    """Every category, group and total code of a catalogue, in the order in which readers meet them."""
    return pl.Enum(list(dict.fromkeys(code for indicator in catalogue for code in indicator.cells())))


def exact(
    cells: pl.DataFrame, regions: Regions, catalogue: Sequence[Indicator], left_out: Iterable[str] = ()
) -> pl.DataFrame:
    """Every cell of the catalogue over the full frame; a cell nobody falls in counts 0.

    `cells`: the columns of `cells/1`. `left_out`: gemeenten whose records enter no figure of what gemeenten deliver.
    Returns EXACT_COLUMNS, by indicator, moment, region (country first) and category. Raises SnapshotBroken.
    """
    known = [indicator.id for indicator in catalogue]
    rows = cells.with_columns(pl.col("indicator", "moment").cast(pl.String))
    if not set(rows["indicator"].unique()) <= set(known):
        raise SnapshotBroken(
            "unknown_indicator", "the snapshot holds an indicator that is not in the catalogue"
        )
    if not set(rows["moment"].unique()) <= {moment.value for moment in Moment}:
        raise SnapshotBroken("unknown_moment", "the snapshot holds a moment that the catalogue does not have")
    strange = rows.select("region").unique().join(
        regions.table.select(pl.col("region").cast(pl.String)), on="region", how="anti"
    )  # fmt: skip
    if strange.height:
        raise SnapshotBroken("unknown_region", f"{strange['region'][0]} is in the cells and not in the frame")
    rows = rows.with_columns(pl.col("region").cast(regions.code))
    absent = pl.Series(sorted(left_out), dtype=pl.String)
    tables = []
    for indicator in catalogue:
        own = rows.filter(pl.col("indicator") == indicator.id)
        if indicator.delivered_by_gemeente:
            own = own.filter(~pl.col("gemeente").is_in(absent.implode()))
        tables.append(_indicator(own, regions, indicator, catalogue))
    return pl.concat(tables)


def _indicator(
    rows: pl.DataFrame, regions: Regions, indicator: Indicator, catalogue: Sequence[Indicator]
) -> pl.DataFrame:
    masks = indicator.cells()
    patterns = _patterns(rows, regions)
    counted = patterns.group_by("moment", "region").agg(
        pl.col("count").filter((pl.col("mask") & pl.lit(mask, pl.UInt64)) != 0).sum().alias(code)
        for code, mask in masks.items()
    )
    levels = [level.value for level in indicator.levels]
    grid = pl.DataFrame({"moment": [moment.value for moment in indicator.moments]}, {"moment": MOMENT}).join(
        regions.table.filter(pl.col("level").is_in(levels)).select("region", "level"), how="cross"
    )
    wide = grid.join(counted, on=("moment", "region"), how="left", maintain_order="left")
    codes = pl.DataFrame({"category": list(masks)}, {"category": category_type(catalogue)})
    # One list per region and then one explode keeps the order of the grid; unpivot would order by category first.
    return (
        wide.select(
            "moment", "region", "level", count=pl.concat_list(pl.col(list(masks)).fill_null(0).cast(pl.Int64))
        )
        .with_columns(category=pl.lit(codes["category"].implode()).first())
        .explode("count", "category")
        .select(
            pl.lit(indicator.id, indicator_type(catalogue)).alias("indicator"),
            "moment", "region", "level", "category", "count",
        )
    )  # fmt: skip


def _patterns(rows: pl.DataFrame, regions: Regions) -> pl.DataFrame:
    """Patterns per region of every level: moment, region, mask, count.

    Components of unit 0 add up. The components of a joint unit that lie in one region are one group there, with the
    categories of all of them: it has a component in a set of categories exactly when its united mask meets the set.
    """
    rows = rows.with_columns(pl.col("moment").cast(MOMENT))
    alone = rows.filter(pl.col("unit") == 0).group_by("moment", "region", "mask").agg(pl.col("count").sum())
    joint = rows.filter(pl.col("unit") > 0)
    # Added up before it is spread over the levels: a country's buurten share few masks, so this is the smaller table.
    spread_alone = (
        alone.join(regions.ancestors, on="region")
        .group_by("moment", "ancestor", "mask")
        .agg(pl.col("count").sum())
    )
    spread_joint = (
        joint.join(regions.ancestors, on="region")
        .group_by("moment", "unit", "ancestor")
        .agg(pl.col("mask").bitwise_or(), pl.col("count").max())
    )
    columns = ("moment", "ancestor", "mask", "count")
    return pl.concat([spread_alone.select(columns), spread_joint.select(columns)]).rename(
        {"ancestor": "region"}
    )
