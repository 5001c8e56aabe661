"""Which regions exist in a period, and what lies in what: `frame/1` from the rows of `regio`."""

from collections.abc import Mapping

import polars as pl
import pyarrow as pa

from gmsd_contracts.catalogue import LEVELS, Level
from gmsd_contracts.cells import FRAME

REGIONS: dict[str, pl.DataType] = {
    "code": pl.String(),
    "naam": pl.String(),
    "soort": pl.String(),
    "geldig_vanaf": pl.Int32(),  # days since 1970-01-01
    "geldig_tot": pl.Int32(),  # last day; null: still exists
    "deel_van": pl.String(),  # codes with | between them, or null
}
"""Columns and types of the effective `regio` rows of a period."""

_PARENT = {Level.BUURT: Level.WIJK, Level.WIJK: Level.GEMEENTE, Level.GEMEENTE: Level.PROVINCIE}
_FOREVER = 2**31 - 1


class NoFrame(Exception):
    """The classification does not hold exactly one country (`found` of them): no total could be named."""

    def __init__(self, found: int) -> None:
        super().__init__(f"the frame needs exactly one region of level LD, the classification holds {found}")
        self.found = found


def frame(rows: pl.DataFrame, first: int, last: int, delivered: Mapping[str, frozenset[str]]) -> pa.Table:
    """`frame/1` for the period from day `first` to `last` (its peildatum), by level and code. Raises NoFrame.

    `rows`: columns REGIONS. `delivered`: per gemeente the datasets with an effective delivery. A region of a level
    without a parent of the next level in the frame keeps null there and above.
    """
    levels = [level.value for level in LEVELS]
    end = pl.col("geldig_tot").fill_null(_FOREVER)
    regions = (
        rows.filter(pl.col("soort").is_in(levels), pl.col("geldig_vanaf") <= last, end >= first)
        # The newest validity counts; among equals the one that lasts longest, then the text, so that no order of rows matters.
        .sort(
            "code",
            "geldig_vanaf",
            end,
            "soort",
            "naam",
            "deel_van",
            descending=[False, True, True, False, False, False],
        )
        .unique("code", keep="first", maintain_order=True)
        .with_columns(exists=end >= last)
    )
    found = regions.filter(pl.col("soort") == Level.LAND.value).height
    if found != 1:
        raise NoFrame(found)
    parents = _parents(regions)
    table = (
        regions.join(parents, on="code", how="left")
        .with_columns(
            pl.Series("datasets", [sorted(delivered.get(code, ())) for code in regions["code"]], pl.List(pl.String)),
        )
        .with_columns(
            datasets=pl.when(pl.col("soort") == Level.GEMEENTE.value)
            .then("datasets")
            .otherwise(pl.lit([], pl.List(pl.String)))
        )
        .sort(pl.col("soort").cast(pl.Enum(levels)), "code")
        .select(
            region="code", name="naam", level="soort", wijk="wijk", gemeente="gemeente", provincie="provincie",
            exists="exists", datasets="datasets",
        )
    )  # fmt: skip
    return table.to_arrow().cast(FRAME)


def _parents(regions: pl.DataFrame) -> pl.DataFrame:
    """code → wijk, gemeente, provincie in which it lies; each null for its own level and above, and where unknown."""
    above = pl.DataFrame(schema={"code": pl.String, "parent": pl.String})
    for level, parent in _PARENT.items():
        there = regions.filter(pl.col("soort") == parent.value).select(parent="code")
        own = regions.filter(pl.col("soort") == level.value)
        listed = own.select("code", parent=pl.col("deel_van").str.split("|")).explode("parent")
        known = listed.with_columns(pl.col("parent").str.strip_chars()).join(there, on="parent", how="semi")
        # One parent per level by definition; of several the smallest code, so that the order in the file does not matter.
        above = pl.concat([above, known.group_by("code").agg(pl.col("parent").min())])
    up = above.rename({"code": "parent", "parent": "grandparent"})
    two = above.join(up, on="parent", how="left")
    three = two.join(
        up.rename({"parent": "grandparent", "grandparent": "great"}), on="grandparent", how="left"
    )
    level_of = regions.select("code", "soort")
    joined = level_of.join(three, on="code", how="left")
    soort = pl.col("soort")
    return joined.select(
        "code",
        wijk=pl.when(soort == Level.BUURT.value).then("parent"),
        gemeente=pl.when(soort == Level.BUURT.value).then("grandparent")
        .when(soort == Level.WIJK.value).then("parent"),
        provincie=pl.when(soort == Level.BUURT.value).then("great")
        .when(soort == Level.WIJK.value).then("grandparent")
        .when(soort == Level.GEMEENTE.value).then("parent"),
    )  # fmt: skip
