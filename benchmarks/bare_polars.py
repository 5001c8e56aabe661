"""The named baseline: one script that checks every delivered file and counts every cell, without a platform.

`python -m benchmarks.bare_polars ORDER.json` reads {"sendings": [[…]], "periods": […], "cells": path, "today": ISO date},
writes the cells as Parquet (period, indicator, moment, region, category, count) and prints one JSON line: its seconds,
peak memory and verdicts. Per slot the last file without an error counts, as when every deliverer says akkoord.

It takes the columns and the catalogue from gmsd_contracts and the counting from docs/counting.md; it shares no code with
the services. It leaves out what is compared: no encryption, no pseudonyms, no log, no findings per row (rules are only
counted), whole files in memory.
"""

import json
import resource
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.bare_checks import FOREVER, TYPES, Sending, checked
from gmsd_contracts.catalogue import AGE_CLASSES, INDICATORS, TOTAL
from gmsd_contracts.period import bounds, half_years

LEVELS = ("BU", "WK", "GM", "PV", "LD")
CELL = ("indicator", "moment", "region", "category")
_OWNER = ("gemeente", "person", "type")
_KEEP = {
    "brp": ["bsn", "geboortedatum", "gemeentecode", "wijkcode", "buurtcode", "datum_vanaf", "datum_tot", "datum_overlijden"],
    "regio": ["code", "soort", "geldig_vanaf", "geldig_tot", "deel_van"],
}  # fmt: skip

Slot = tuple[str, str, str, str]
"""dataset, deliverer, period, part"""


def main(order_path: str) -> None:
    """Check, count, write, report."""
    began = time.perf_counter()
    order = json.loads(Path(order_path).read_text(encoding="utf-8"))
    sendings = [Sending(*fields) for fields in order["sendings"]]
    in_force, refused = check(sendings, date.fromisoformat(order["today"]))
    checked_at = time.perf_counter()
    found = [
        cells(in_force, period).select(pl.lit(period).alias("period"), *CELL, "count")
        for period in order["periods"]
    ]
    pl.concat(found).write_parquet(order["cells"])
    ended = time.perf_counter()
    report = {
        "check_seconds": checked_at - began,
        "cells_seconds": ended - checked_at,
        # Linux counts in KiB.
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "in_force": len(in_force),
        "refused": refused,
    }
    print(json.dumps(report))


def check(sendings: list[Sending], today: date) -> tuple[dict[Slot, pl.DataFrame], int]:
    """What is in force per slot, and how many files were refused."""
    in_force: dict[Slot, pl.DataFrame] = {}
    refused = 0
    for sending in sendings:
        raw = Path(sending.path).read_bytes() if sending.path else b""
        rows = checked(sending, raw, today).rows
        if rows is None:
            refused += 1
            continue
        slot = (sending.dataset, sending.deliverer, sending.period, sending.part)
        in_force[slot] = (
            _wmo(rows, sending) if sending.dataset == "wmo" else rows.select(_KEEP[sending.dataset])
        )
    return in_force, refused


def _wmo(rows: pl.DataFrame, sending: Sending) -> pl.DataFrame:
    actual = pl.col("datum_start_daadwerkelijk").is_not_null()
    return rows.select(
        gemeente=pl.lit(sending.deliverer),
        half=pl.lit(int(sending.period[-1])),
        person="bsn",
        number="toewijzingsnummer",
        type=pl.coalesce(*reversed(TYPES)),
        form="leveringsvorm",
        reason="reden_beeindiging",
        begin=pl.when(actual).then("datum_start_daadwerkelijk").otherwise("datum_start_rechtsgeldigheid"),
        end=pl.when(actual)
        .then("datum_einde_daadwerkelijk")
        .otherwise("datum_einde_rechtsgeldigheid")
        .fill_null(FOREVER),
    )


def cells(in_force: dict[Slot, pl.DataFrame], period: str) -> pl.DataFrame:
    """The non-zero cells of U1, U2 and P1 of a period: columns CELL and count."""
    first, last = bounds(period)
    halves = half_years(last.year)
    (classification,) = (rows for slot, rows in in_force.items() if slot[0] == "regio" and slot[2] == period)
    frame, within = _regions(classification, first, last)
    buurten = frame.filter(pl.col("exists"), soort="BU").join(
        within.filter(level="GM"), left_on="code", right_on="place"
    )
    buurten = buurten.select(buurt="code", inside="region")
    existing = frame.filter(pl.col("exists"), soort="GM").select(gemeente="code")
    home = _homes(
        [rows for slot, rows in in_force.items() if slot[0] == "brp" and slot[2] == period], first, last
    )
    home = home.join(buurten, on="buurt", how="left").with_columns(
        place=pl.when(pl.col("inside") == pl.col("lives_in")).then("buurt")
    )

    wmo = pl.concat([rows for slot, rows in in_force.items() if slot[0] == "wmo" and slot[2] in halves])
    merged = _arrangements(wmo, bounds(halves[0])[1])
    using = merged.filter(
        pl.col(f"in_{period[-1]}"), pl.col("begin") <= last, pl.col("end") >= first
    ).join(existing, on="gemeente", how="semi")  # fmt: skip
    placed = using.join(home.select("person", "lives_in", "place"), on="person", how="left").select(
        "person",
        # Whoever lives elsewhere, or nowhere known, counts in the gemeente and above.
        place=pl.when(pl.col("lives_in") == pl.col("gemeente")).then("place").fill_null(pl.col("gemeente")),
        class_="type",
        moment=pl.when(pl.col("end") >= last).then(["peildatum", "periode"]).otherwise(["periode"]),
    )
    use = _spread(placed.explode("moment"), _categories("U1"), within)
    keys = ["moment", "region", "category"]
    clients = use.unique(["person", *keys]).group_by(keys).len("count").with_columns(indicator=pl.lit("U1"))
    arrangements = use.group_by(keys).len("count").with_columns(indicator=pl.lit("U2"))

    months = (last.year * 12 + last.month) - (
        pl.col("birth").dt.year() * 12 + pl.col("birth").dt.month().cast(pl.Int32)
    )
    age_class = pl.coalesce(
        pl.when(months // 12 <= oldest).then(pl.lit(code)) for code, _, _, oldest in AGE_CLASSES
    )
    living = home.filter("on_day").join(existing, left_on="lives_in", right_on="gemeente", how="semi").select(
        place=pl.col("place").fill_null(pl.col("lives_in")),
        class_=age_class,
        moment=pl.lit("peildatum"),
    )  # fmt: skip
    people = _spread(living.group_by(pl.all()).len("n"), _categories("P1"), within)
    inhabitants = people.group_by(keys).agg(count=pl.col("n").sum()).with_columns(indicator=pl.lit("P1"))
    return pl.concat(
        [part.select(*CELL, pl.col("count").cast(pl.Int64)) for part in (clients, arrangements, inhabitants)]
    )


def _spread(rows: pl.DataFrame, categories: pl.DataFrame, within: pl.DataFrame) -> pl.DataFrame:
    """Every row once per category it falls in and region its place lies in."""
    return rows.join(categories, on="class_").join(within.select("place", "region"), on="place")


def _categories(indicator: str) -> pl.DataFrame:
    """class_ → category: itself, its main groups, the total."""
    declared = INDICATORS[indicator]
    pairs = [(c.code, name) for c in declared.categories for name in (c.code, TOTAL)]
    pairs += [(code, group.code) for group in declared.groups for code in group.members]
    return pl.DataFrame(pairs, schema=["class_", "category"], orient="row")


def _regions(rows: pl.DataFrame, first: date, last: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frame (code, soort, exists), and what lies in what (place, region, level), each region in itself too."""
    end = pl.col("geldig_tot").fill_null(FOREVER)
    frame = (
        rows.filter(pl.col("soort").is_in(LEVELS), pl.col("geldig_vanaf") <= last, end >= first)
        .sort("geldig_vanaf", descending=True)
        .unique("code", keep="first", maintain_order=True)
        .with_columns(exists=end >= last)
    )
    level = frame.select(region="code", level="soort")
    parents = frame.select("code", "soort", region=pl.col("deel_van").str.split("|")).explode("region")
    above = dict(zip(LEVELS, LEVELS[1:], strict=False))
    up = (
        parents.with_columns(pl.col("region").str.strip_chars())
        .join(level, on="region")
        .filter(pl.col("soort").replace(above) == pl.col("level"))
        .select("code", "region")
    )
    (country,) = frame.filter(soort="LD")["code"]
    reached = frame.select(place="code", region="code")
    found = [reached]
    for _ in LEVELS[:-2]:
        reached = reached.join(up, left_on="region", right_on="code").select("place", region="region_right")
        found.append(reached)
    found.append(frame.select(place="code", region=pl.lit(country)))
    return frame, pl.concat(found).unique().join(level, on="region")


def _homes(register: list[pl.DataFrame], first: date, last: date) -> pl.DataFrame:
    """Where each person lives on the peildatum, else lived last in the period: person, birth, lives_in, buurt, on_day."""
    end = pl.min_horizontal("datum_tot", "datum_overlijden").fill_null(FOREVER)
    spells = pl.concat(register).with_columns(end=end)
    overlapping = spells.filter(
        pl.col("datum_vanaf") <= last, pl.col("end") >= first, pl.col("datum_vanaf") <= pl.col("end")
    )
    return (
        overlapping.with_columns(last_day=pl.min_horizontal("end", pl.lit(last)))
        .sort(
            "last_day", "datum_vanaf", "gemeentecode", "wijkcode", "buurtcode",
            descending=[True, True, False, False, False],
        )
        .unique("bsn", keep="first", maintain_order=True)
        .select(
            person="bsn", birth="geboortedatum", lives_in="gemeentecode", buurt="buurtcode",
            on_day=pl.col("end") >= last,
        )
    )  # fmt: skip


def _arrangements(rows: pl.DataFrame, last_of_first_half: date) -> pl.DataFrame:
    """Restate, then merge: gemeente, person, type, begin, end, in_1, in_2."""
    same = [*_OWNER, "form", "begin", "number"]
    later = (
        rows.filter(half=2)
        .sort("end", "reason", descending=[True, False], nulls_last=False)
        .unique(same, keep="first", maintain_order=True)
        .select(*same, later_end="end", later_reason="reason")
    )
    takes = (pl.col("half") == 1) & (pl.col("end") > last_of_first_half) & pl.col("later_end").is_not_null()
    restated = rows.join(later, on=same, how="left", nulls_equal=True).with_columns(
        end=pl.when(takes).then("later_end").otherwise("end"),
        reason=pl.when(takes).then("later_reason").otherwise("reason"),
    )
    restated = restated.with_columns(numbered=pl.col("number").is_not_null().all().over("gemeente"))
    chained = _chained(restated.filter(~pl.col("numbered")))
    by_number = restated.filter("numbered")
    return pl.concat([_bundle(by_number, "number"), _bundle(chained, "chain")])


def _bundle(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    halves = {f"in_{half}": (pl.col("half") == half).any() for half in (1, 2)}
    return rows.group_by(*_OWNER, by).agg(pl.col("begin").min(), pl.col("end").max(), **halves).drop(by)


def _chained(rows: pl.DataFrame) -> pl.DataFrame:
    """With `chain`: rows of one person, type, form and reason that touch. Pairs per key: few rows of a person are alike."""
    key = [*_OWNER, "form", "reason"]
    rows = rows.with_row_index("i")
    alike = rows.filter(pl.struct(key).is_duplicated()).select("i", *key, "begin", "end")
    gap = (pl.col("begin_right") - pl.col("end")).dt.total_days()
    equal = (pl.col("begin") == pl.col("begin_right")) & (pl.col("end") == pl.col("end_right"))
    pairs = alike.join(alike, on=key, nulls_equal=True).filter(equal | gap.is_between(0, 3))
    ones = [1] * pairs.height
    graph = coo_array(
        (ones, (pairs["i"].to_numpy(), pairs["i_right"].to_numpy())), shape=(rows.height, rows.height)
    )
    _, chain = connected_components(graph, directed=False)
    return rows.with_columns(chain=pl.Series(chain))


def order(sendings: list[Sending], periods: list[str], today: date, cells_path: Path) -> dict[str, Any]:
    """The document that `main` reads."""
    return {
        "sendings": [list(sending) for sending in sendings],
        "periods": periods,
        "today": today.isoformat(),
        "cells": str(cells_path),
    }


if __name__ == "__main__":
    main(sys.argv[1])
