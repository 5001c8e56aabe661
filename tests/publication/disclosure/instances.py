"""Releases to try disclosure control on: the two of Statistics Norway where they are present, and small ones of our own.

`SDC_TABLES` names a folder with z3.csv and sosialFiktiv.csv (SSB, MIT licence; not ours to copy). Where it is unset, callers
print a skip: `available()`.
"""

import os
from pathlib import Path

import numpy as np
import polars as pl

from gmsd_publication.disclosure.hierarchy import Hierarchy, Line
from gmsd_publication.disclosure.tables import Tabulated, build


def available() -> bool:
    """Whether the folder with the instances of Statistics Norway is here."""
    return bool(os.environ.get("SDC_TABLES")) and (Path(os.environ["SDC_TABLES"]) / "z3.csv").exists()


def z3(margin_steps: int = 0) -> Tabulated:
    """1,350 linked cells, 416 of 1 to 4: 36 regions with two overlapping hierarchies, income source, month and period."""
    return _ssb("z3", margin_steps)


def sosial_fiktiv(margin_steps: int = 0) -> Tabulated:
    """14,160 linked cells, 2,654 of 1 to 4, of the same shape."""
    return _ssb("sosialFiktiv", margin_steps)


def ssb_tables(name: str) -> tuple[pl.DataFrame, list[Hierarchy]]:
    """Finest counts and hierarchies of one instance."""
    path = Path(os.environ["SDC_TABLES"]) / f"{name}.csv"
    raw = pl.read_csv(path, infer_schema=False)
    inner = raw.select(
        regio=pl.col("region"),
        inkomen=pl.col("hovedint"),
        maand=pl.col("mnd"),
        aantal=pl.col("ant").cast(pl.Int64),
    )
    regions = raw.select("region", "fylke", "kostragr").unique(maintain_order=True)
    lines = [Line("land")]
    for column, mark in (("fylke", "F"), ("kostragr", "K")):
        lines += [Line(f"{mark}{code}", "land") for code in regions[column].unique(maintain_order=True)]
    for region, fylke, kostragr in regions.iter_rows():
        lines += [Line(region, f"F{fylke}"), Line(region, f"K{kostragr}")]
    sources = raw["hovedint"].unique(maintain_order=True)
    months = raw.select("mnd", "mnd2").unique(maintain_order=True)
    return inner, [
        Hierarchy("regio", lines),
        Hierarchy("inkomen", [Line("alle"), *(Line(source, "alle") for source in sources)]),
        Hierarchy(
            "maand",
            [
                Line("jaar"),
                *(Line(f"P{period}", "jaar") for period in months["mnd2"].unique(maintain_order=True)),
                *(Line(month, f"P{period}") for month, period in months.iter_rows()),
            ],
        ),
    ]


def _ssb(name: str, margin_steps: int) -> Tabulated:
    inner, hierarchies = ssb_tables(name)
    return build(inner, hierarchies, margin_steps=margin_steps)


def two_way(rows: int = 4, columns: int = 3, seed: int = 1, margin_steps: int = 0) -> Tabulated:
    """A table of rows by columns with its margins, about half of its counts 1 to 4."""
    return build(*two_way_tables(rows, columns, seed), margin_steps=margin_steps)


def two_way_tables(rows: int = 4, columns: int = 3, seed: int = 1) -> tuple[pl.DataFrame, list[Hierarchy]]:
    """Finest counts and hierarchies of `two_way`."""
    rng = np.random.default_rng(seed)
    inner = pl.DataFrame(
        {
            "wijk": [f"W{i:02}" for i in range(rows) for _ in range(columns)],
            "soort": [f"S{j:02}" for _ in range(rows) for j in range(columns)],
            "aantal": rng.negative_binomial(1, 0.15, rows * columns).astype(np.int64),
        }
    )
    return inner, [_flat("wijk", rows, "W"), _flat("soort", columns, "S")]


def gemeente(
    buurten: int = 150, wijken: int = 15, kinds: int = 12, ages: int = 4, seed: int = 2, margin_steps: int = 0
) -> Tabulated:
    """One gemeente: buurten in wijken, by kind of care and age. Skewed as real counts are: most cells are 0 to 4."""
    return build(*gemeente_tables(buurten, wijken, kinds, ages, seed), margin_steps=margin_steps)


def gemeente_tables(
    buurten: int = 150, wijken: int = 15, kinds: int = 12, ages: int = 4, seed: int = 2
) -> tuple[pl.DataFrame, list[Hierarchy]]:
    """Finest counts and hierarchies of `gemeente`."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(2, 1, buurten)[:, None, None] * rng.gamma(0.7, 2, kinds)[None, :, None]
    counts = rng.poisson(np.broadcast_to(rate / 2, (buurten, kinds, ages)))
    place = np.indices(counts.shape).reshape(3, -1)
    inner = pl.DataFrame(
        {
            "regio": [f"BU{i:04}" for i in place[0]],
            "soort": [f"S{i:02}" for i in place[1]],
            "leeftijd": [f"L{i:02}" for i in place[2]],
            "aantal": counts.ravel().astype(np.int64),
        }
    )
    regions = [Line("GM0001"), *(Line(f"WK{i:03}", "GM0001") for i in range(wijken))]
    regions += [Line(f"BU{i:04}", f"WK{i * wijken // buurten:03}") for i in range(buurten)]
    return inner, [Hierarchy("regio", regions), _flat("soort", kinds, "S"), _flat("leeftijd", ages, "L")]


def overlapping(regions: int = 12, seed: int = 3, margin_steps: int = 0) -> Tabulated:
    """Regions in provinces and, crosswise, in health regions, by kind of care."""
    return build(*overlapping_tables(regions, seed), margin_steps=margin_steps)


def overlapping_tables(regions: int = 12, seed: int = 3) -> tuple[pl.DataFrame, list[Hierarchy]]:
    """Finest counts and hierarchies of `overlapping`."""
    rng = np.random.default_rng(seed)
    kinds = 3
    lines = [Line("NL"), *(Line(f"{mark}{i}", "NL") for mark in ("PV", "GGD") for i in range(3))]
    for i in range(regions):
        lines += [Line(f"GM{i:02}", f"PV{i * 3 // regions}"), Line(f"GM{i:02}", f"GGD{i % 3}")]
    inner = pl.DataFrame(
        {
            "regio": [f"GM{i:02}" for i in range(regions) for _ in range(kinds)],
            "soort": [f"S{j:02}" for _ in range(regions) for j in range(kinds)],
            "aantal": rng.negative_binomial(1, 0.2, regions * kinds).astype(np.int64),
        }
    )
    return inner, [Hierarchy("regio", lines), _flat("soort", kinds, "S")]


def _flat(dimension: str, size: int, mark: str) -> Hierarchy:
    return Hierarchy(dimension, [Line("alle"), *(Line(f"{mark}{i:02}", "alle") for i in range(size))])
