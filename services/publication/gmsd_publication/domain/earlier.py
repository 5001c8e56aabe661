"""Earlier releases in the words of the present one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from gmsd_contracts.catalogue import OPEN, Indicator
from gmsd_publication.domain.attributes import ATTRIBUTE
from gmsd_publication.domain.cells import MOMENT, category_type, exact, indicator_type
from gmsd_publication.domain.numbering import Numbering
from gmsd_publication.domain.places import UNKNOWN
from gmsd_publication.domain.protection import Earlier
from gmsd_publication.domain.regions import LEVEL, Regions

_KEY = ("indicator", "moment", "region", "level", "category")


@dataclass(frozen=True)
class Origin:
    """What an earlier release was counted from. `left_out`: gemeenten whose records were in no figure of theirs."""

    cells: pl.DataFrame
    frame: pl.DataFrame
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Issued:
    """An earlier release as it was written: its number and indicator tables (`release/1`), what they were counted from, and its proof."""

    number: int
    tables: Mapping[str, pl.DataFrame]
    origin: Origin | None
    proof: pl.DataFrame | None = None


def earlier_of(issued: Issued, regions: Regions, catalogue: Sequence[Indicator]) -> Earlier:
    """The release with keys of the types of the present frame and catalogue, in catalogue order. See Earlier."""
    types = {
        "indicator": indicator_type(catalogue),
        "moment": MOMENT,
        "region": regions.code,
        "level": LEVEL,
        "category": category_type(catalogue),
    }
    marks = pl.Series([mark.value for mark in OPEN])
    tables = [issued.tables[indicator.id] for indicator in catalogue if indicator.id in issued.tables]
    parts, whole = [], len(tables) == len(issued.tables)
    for table in tables:
        is_open = table.filter(pl.col("attribute").cast(pl.String).is_in(marks.implode()))
        typed = is_open.select(
            *_typed(is_open, types), "value", pl.col("attribute").cast(pl.String).cast(ATTRIBUTE)
        )
        known = typed.drop_nulls(list(_KEY))
        whole = whole and known.height == typed.height
        parts.append(known)
    figures = pl.concat(parts) if parts else _nothing(types)
    return Earlier(
        issued.number, figures, _exact(issued.origin, figures, types, catalogue), whole, issued.proof
    )


def _exact(
    origin: Origin | None, figures: pl.DataFrame, types: Mapping[str, pl.DataType], catalogue: Sequence[Indicator]
) -> pl.DataFrame | None:  # fmt: skip
    if origin is None:
        return None
    counted = exact(origin.cells, Regions(origin.frame), catalogue, origin.left_out)
    typed = counted.select(*_typed(counted, types), "count").drop_nulls(list(_KEY))
    numbering = Numbering.of(types)
    counts = numbering.spread(typed, "count", UNKNOWN)[numbering.numbers(figures)]
    # A definition that changed without its version: what it was counted from cannot be told any more.
    return None if (counts == UNKNOWN).any() else figures.select(_KEY).with_columns(count=pl.Series(counts))


def _typed(table: pl.DataFrame, types: Mapping[str, pl.DataType]) -> list[pl.Expr]:
    """The keys as `types`; null where a key does not exist there."""
    return [
        pl.col(name) if table.schema[name] == kind else pl.col(name).cast(pl.String).cast(kind, strict=False)
        for name, kind in types.items()
    ]


def _nothing(types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(schema={**types, "value": pl.Int64, "attribute": ATTRIBUTE})
