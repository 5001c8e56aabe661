"""The regions of a release: names, levels, and what lies in what.

`regions/1` travels with a release as public content of its own: whoever reads a table of 2025 needs the names and the
boundaries of 2025, and the snapshot they came from is gone after 400 days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl
import pyarrow as pa

from gmsd_contracts.catalogue import Level
from gmsd_publication.domain.faults import SnapshotBroken

REGIONS_NAME = "regions/1"
REGIONS = pa.schema(
    [
        pa.field("region", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),
        pa.field("wijk", pa.string()),
        pa.field("gemeente", pa.string()),
        pa.field("provincie", pa.string()),
        pa.field("exists", pa.bool_(), nullable=False),
    ],
    metadata={"schema": REGIONS_NAME},
)

COARSE_TO_FINE = (Level.LAND, Level.PROVINCIE, Level.GEMEENTE, Level.WIJK, Level.BUURT)
LEVEL = pl.Enum([level.value for level in COARSE_TO_FINE])
"""In this order, so that sorting by level puts the country first."""
_PARENT_COLUMN = {Level.WIJK: "wijk", Level.GEMEENTE: "gemeente", Level.PROVINCIE: "provincie"}


@dataclass(frozen=True)
class Region:
    """One region as readers know it."""

    code: str
    name: str
    level: Level
    wijk: str | None
    gemeente: str | None
    provincie: str | None
    exists: bool


class Regions:
    """The regions of one period.

    `table`: region (Enum of this frame), name, level (Enum), wijk, gemeente, provincie, exists; own level filled with
    the region itself, parents as strings or null; country first, then by level and code.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        """`frame`: the columns of `regions/1` or `frame/1`. Raises SnapshotBroken when it is no hierarchy."""
        self.table = _checked(frame)
        self.code: pl.Enum = self.table.schema["region"]  # type: ignore[assignment]

    @cached_property
    def land(self) -> str:
        """Code of the country."""
        return str(self.table.filter(pl.col("level") == Level.LAND.value)["region"].item())

    @cached_property
    def ancestors(self) -> pl.DataFrame:
        """Every region with each region it lies in, itself included: region, ancestor (both Enum of this frame), level."""
        paths = []
        for level in COARSE_TO_FINE:
            column = (
                pl.lit(self.land) if level is Level.LAND
                else pl.col(_PARENT_COLUMN[level]) if level in _PARENT_COLUMN
                else pl.when(pl.col("level") == Level.BUURT.value).then(pl.col("region").cast(pl.String))
            )  # fmt: skip
            paths.append(
                self.table.select(
                    "region", ancestor=column, ancestor_level=pl.lit(level.value, LEVEL)
                ).filter(pl.col("ancestor").is_not_null())
            )
        return (
            pl.concat(paths)
            .with_columns(pl.col("ancestor").cast(self.code))
            .rename({"ancestor_level": "level"})
        )

    @cached_property
    def by_code(self) -> Mapping[str, Region]:
        """Every region by its code."""
        return {
            row["region"]: Region(
                row["region"],
                row["name"],
                Level(row["level"]),
                row["wijk"],
                row["gemeente"],
                row["provincie"],
                row["exists"],
            )
            for row in self.table.iter_rows(named=True)
        }

    def public(self) -> pa.Table:
        """As `regions/1`: region and frame facts that anybody may know."""
        columns = [field.name for field in REGIONS]
        text = self.table.with_columns(pl.col("region", "level").cast(pl.String)).select(columns)
        return text.to_arrow().cast(REGIONS)


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    known = {level.value for level in Level}
    levels = set(frame["level"].cast(pl.String).unique())
    if not levels <= known:
        raise SnapshotBroken("unknown_level", "the frame has levels the catalogue does not know")
    if frame["region"].n_unique() != frame.height:
        raise SnapshotBroken("duplicate_region", "a region stands in the frame twice")
    table = frame.with_columns(pl.col("level").cast(pl.String).cast(LEVEL), pl.col("region").cast(pl.String))
    if table.filter(pl.col("level") == Level.LAND.value).height != 1:
        raise SnapshotBroken("no_land", "the frame must hold exactly one region of level LD")
    for level, column in _PARENT_COLUMN.items():
        own = pl.when(pl.col("level") == level.value).then("region").otherwise(pl.col(column))
        table = table.with_columns(own.alias(column))
        parents = table.select(region=pl.col(column).drop_nulls().unique())
        unknown = parents.join(table.filter(pl.col("level") == level.value), on="region", how="anti")
        if unknown.height:
            raise SnapshotBroken("unknown_parent", f"{column} {unknown['region'][0]} is not in the frame")
    table = table.sort("level", "region")
    return table.with_columns(pl.col("region").cast(pl.Enum(table["region"])))
