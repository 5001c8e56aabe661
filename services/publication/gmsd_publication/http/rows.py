"""A table's rows with labels, rates and coverage, as JSON or CSV, in pieces."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from gmsd_publication.domain.derived import per_1000
from gmsd_publication.http.documents import moment
from gmsd_publication.http.names import ATTRIBUTES, PROTECTIONS
from gmsd_publication.reading import TableView

# Rows per piece: some 2 MB of JSON, so that a national table is answered in bounded memory.
PIECE_ROWS = 8_192

CSV_COLUMNS = (
    "indicator", "periode", "publicatie", "moment", "regio", "regionaam", "niveau", "categorie", "categorienaam", "aantal",
    "per1000", "attribuut", "exclusief", "gemeentenGeteld", "gemeentenTotaal",
)  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """Which rows; empty is all."""

    regions: Sequence[str] = ()
    levels: Sequence[str] = ()
    moments: Sequence[str] = ()


def select(view: TableView, filters: Filters) -> pl.DataFrame:
    """The raw rows that pass."""
    rows = view.rows
    for column, wanted in (
        ("region", filters.regions),
        ("level", filters.levels),
        ("moment", filters.moments),
    ):
        if wanted:
            rows = rows.filter(pl.col(column).cast(pl.String).is_in(pl.Series(list(wanted)).implode()))
    return rows


def labelled(view: TableView, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with public columns: CSV_COLUMNS, `exclusief` still a list of codes."""
    names = view.regions.table.select(pl.col("region").cast(pl.String), regionaam="name")
    labels = view.indicator.labels()
    texts = pl.DataFrame({"category": list(labels), "categorienaam": list(labels.values())})
    plain = rows.with_columns(
        pl.col("indicator", "moment", "region", "level", "category", "attribute").cast(pl.String)
    )
    joined = (
        plain.join(names, on="region", how="left", maintain_order="left")
        .join(texts, on="category", how="left", maintain_order="left")
        .join(view.rates, on="region", how="left", maintain_order="left")
    )
    return joined.select(
        "indicator",
        pl.lit(view.shown.data.period).alias("periode"),
        pl.lit(view.shown.data.number).alias("publicatie"),
        "moment",
        pl.col("region").alias("regio"),
        "regionaam",
        pl.col("level").alias("niveau"),
        pl.col("category").alias("categorie"),
        "categorienaam",
        pl.col("value").alias("aantal"),
        per_1000(pl.col("value"), pl.col("denominator")).alias("per1000"),
        pl.col("attribute").alias("attribuut"),
        pl.col("excluded").alias("exclusief"),
        pl.col("counted").alias("gemeentenGeteld"),
        pl.col("gemeenten").alias("gemeentenTotaal"),
    )


def as_csv(view: TableView, rows: pl.DataFrame) -> Iterator[bytes]:
    """RFC 4180: comma, decimal point, UTF-8, header; `exclusief` with | between codes."""
    yield (",".join(CSV_COLUMNS) + "\r\n").encode()
    for start in range(0, rows.height, PIECE_ROWS):
        piece = labelled(view, rows.slice(start, PIECE_ROWS)).with_columns(pl.col("exclusief").list.join("|"))
        sink = io.BytesIO()
        piece.write_csv(sink, include_header=False, line_terminator="\r\n")
        yield sink.getvalue()


def as_json(view: TableView, rows: pl.DataFrame) -> Iterator[bytes]:
    """One document: what the table is, then `regels`."""
    head = json.dumps(description(view), ensure_ascii=False)
    yield (head[:-1] + ', "regels": [').encode()
    for start in range(0, rows.height, PIECE_ROWS):
        piece = labelled(view, rows.slice(start, PIECE_ROWS)).drop("indicator", "periode", "publicatie")
        text = ",".join(json.dumps(row, ensure_ascii=False) for row in piece.iter_rows(named=True))
        yield ("," if start else "").encode() + text.encode()
    yield b"]}"


def description(view: TableView) -> dict[str, Any]:
    """Everything about a table but its rows."""
    shown, indicator = view.shown, view.indicator
    return {
        "id": view.id,
        "indicator": indicator.id,
        "titel": indicator.title,
        "definitie": indicator.definition,
        "eenheid": indicator.unit,
        "dimensie": indicator.dimension,
        "product": shown.data.product,
        "periode": shown.data.period,
        "publicatie": str(shown.data.release_id),
        "nummer": shown.data.number,
        "status": shown.status,
        "uitgebrachtOp": moment(shown.time),
        "bescherming": {
            "methode": shown.data.protection,
            "uitleg": PROTECTIONS.get(shown.data.protection, ""),
        },
        "bronnen": list(indicator.sources),
        "attributen": {attribute.value: text for attribute, text in ATTRIBUTES.items()},
        "exclusief": [{"code": code, "naam": name_of(view, code)} for code in shown.data.excluded],
    }


def name_of(view: TableView, code: str) -> str:
    """A region's name as it was in the period."""
    region = view.regions.by_code.get(code)
    return code if region is None else region.name
