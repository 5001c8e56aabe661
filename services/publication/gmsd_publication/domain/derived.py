"""What readers get beside the published figures, computed from nothing but published tables."""

import polars as pl

from gmsd_contracts.catalogue import OPEN, TOTAL, Attribute, Level, Moment
from gmsd_publication.domain.rates import MIN_BASE
from gmsd_publication.domain.regions import Regions

_OPEN = tuple(mark.value for mark in OPEN)
_COUNTED = tuple(mark.value for mark in OPEN - {Attribute.SUPPRESSED})
"""Marks of a cell that has a number, or counts as 0 in sums; what is suppressed counts as nothing anybody knows."""
_TOTAL_LEVELS = (Level.LAND.value, Level.PROVINCIE.value)


def coverage(table: pl.DataFrame, regions: Regions) -> pl.DataFrame:
    """Per total over gemeenten: region, counted (gemeenten in it), gemeenten (that exist in it).

    A gemeente counts in a total exactly when its own cells are open.
    """
    own = _per_region(table).join(_gemeenten(regions), on="region")
    return (
        own.filter(pl.col("attribute") != Attribute.NO_REGION.value)
        .group_by("total")
        .agg(counted=pl.col("attribute").is_in(_OPEN).sum().cast(pl.Int64), gemeenten=pl.len().cast(pl.Int64))
        .rename({"total": "region"})
    )


def denominators(table: pl.DataFrame, people: pl.DataFrame, regions: Regions) -> pl.DataFrame:
    """Per region the published number of inhabitants that a rate of `table` is taken over: region, denominator (or null).

    A total that leaves gemeenten out is divided by the inhabitants of the gemeenten it counts, as the sum of their published
    numbers: divided by everybody it would look lower than it is. Null when one of those has no published number of its own.
    """
    inhabitants = _per_region(people).select("region", inhabitants="value", inhabited="attribute")
    own = _per_region(table).join(inhabitants, on="region", how="left", maintain_order="left")
    counted = pl.col("attribute").is_in(_OPEN)
    inhabited = pl.col("inhabited").is_in(_OPEN).fill_null(False)
    known = pl.col("inhabited").is_in(_COUNTED).fill_null(False)
    totals = (
        own.join(_gemeenten(regions), on="region")
        .group_by("total")
        .agg(
            whole=(counted == inhabited).all(),
            covered=(~counted | known).all(),
            summed=pl.col("inhabitants").filter(counted).fill_null(0).sum(),
        )
        .rename({"total": "region"})
    )
    joined = own.join(totals, on="region", how="left", maintain_order="left")
    partial = pl.when(pl.col("covered")).then("summed")
    higher = pl.col("level").is_in(_TOTAL_LEVELS)
    return joined.select(
        "region",
        denominator=pl.when(higher & ~pl.col("whole").fill_null(True)).then(partial).otherwise("inhabitants"),
    )


def per_1000(value: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """`rates.per_1000` over columns."""
    tenths = (value * 20_000 + denominator) // (denominator * 2)
    # A column is divided by multiplying with 0.1, which makes 22.700000000000003 of 227; rounding gives the nearest double again.
    return pl.when(denominator >= MIN_BASE).then((tenths / 10).round(1))


def _per_region(table: pl.DataFrame) -> pl.DataFrame:
    """region, level, value and attribute of the total on the peildatum, which every indicator has."""
    return table.filter(
        (pl.col("category").cast(pl.String) == TOTAL)
        & (pl.col("moment").cast(pl.String) == Moment.PEILDATUM.value)
    ).select(pl.col("region", "level", "attribute").cast(pl.String), "value")


def _gemeenten(regions: Regions) -> pl.DataFrame:
    """region (of every gemeente) with each total it belongs to."""
    table = regions.table.filter(pl.col("level") == Level.GEMEENTE.value).with_columns(
        pl.col("region").cast(pl.String)
    )
    land = table.select("region", total=pl.lit(regions.land))
    provinces = table.select("region", total="provincie").filter(pl.col("total").is_not_null())
    return pl.concat([land, provinces])
