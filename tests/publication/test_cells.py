"""Exact cells against a count by hand, straight from the words of `gmsd_contracts.cells`."""

from collections import defaultdict
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_contracts.catalogue import INDICATORS
from gmsd_contracts.cells import CELLS, FRAME
from gmsd_publication.domain.cells import exact
from gmsd_publication.domain.faults import SnapshotBroken
from gmsd_publication.domain.regions import Regions
from tests.publication.world import BASIS, cell, frame, region

FRAME_ROWS = frame(
    {"GM0001": ("A", "P", "PV01"), "GM0002": ("B", "P", "PV01"), "GM0003": ("C", "Q", "PV02")}, wijken=2, buurten=2
)  # fmt: skip
PLACES = [row["region"] for row in FRAME_ROWS if row["level"] in ("BU", "GM")]
GEMEENTEN = ["GM0001", "GM0002", "GM0003"]


def regions(rows: list[dict[str, Any]] | None = None) -> Regions:
    frame_df = pl.from_arrow(pa.Table.from_pylist(rows or FRAME_ROWS, FRAME))
    assert isinstance(frame_df, pl.DataFrame)
    return Regions(frame_df)


def table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    cells = pl.from_arrow(pa.Table.from_pylist(rows, CELLS))
    assert isinstance(cells, pl.DataFrame)
    return cells


def inside(place: str, total: str) -> bool:
    """Whether `place` lies in `total`, by looking along the frame."""
    row = next(row for row in FRAME_ROWS if row["region"] == place)
    return total in (place, row["wijk"], row["gemeente"], row["provincie"]) or total == "NL01"


def by_hand(rows: list[dict[str, Any]], left_out: set[str]) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    for indicator in BASIS:
        for moment in indicator.moments:
            groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
            for number, row in enumerate(rows):
                if (row["indicator"], row["moment"]) != (indicator.id, moment.value):
                    continue
                if indicator.delivered_by_gemeente and row["gemeente"] in left_out:
                    continue
                groups[("joint", row["unit"]) if row["unit"] else ("alone", number)].append(row)
            for place in FRAME_ROWS:
                for category, mask in indicator.cells().items():
                    found[indicator.id, moment.value, place["region"], category] = sum(
                        members[0]["count"]
                        for members in groups.values()
                        if any(
                            inside(row["region"], place["region"]) and row["mask"] & mask for row in members
                        )
                    )
    return found


@st.composite
def snapshots(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = []
    for indicator in ("U1", "U2", "P1"):
        bits = len(INDICATORS[indicator].categories)
        moments = [moment.value for moment in INDICATORS[indicator].moments]
        masks = st.integers(0, bits - 1).map(lambda bit: 1 << bit)
        if indicator == "U1":
            masks = st.integers(1, (1 << bits) - 1)
        for _ in range(draw(st.integers(0, 6))):
            place = draw(st.sampled_from(PLACES))
            gemeente = f"GM{place[2:6]}"
            rows.append(
                cell(
                    indicator,
                    draw(st.sampled_from(moments)),
                    place,
                    draw(masks),
                    draw(st.integers(1, 30)),
                    gemeente=gemeente,
                )
            )
        if indicator != "P1":
            for unit in range(1, draw(st.integers(1, 4))):
                moment, count = draw(st.sampled_from(moments)), draw(st.integers(1, 9))
                for place in draw(st.lists(st.sampled_from(PLACES), min_size=2, max_size=5)):
                    rows.append(
                        cell(
                            indicator,
                            moment,
                            place,
                            draw(masks),
                            count,
                            unit=unit,
                            gemeente=f"GM{place[2:6]}",
                        )
                    )
    return rows


@settings(max_examples=60, deadline=None)
@given(snapshots(), st.sets(st.sampled_from(GEMEENTEN)))
def test_every_cell_equals_a_count_by_hand(rows: list[dict[str, Any]], left_out: set[str]) -> None:
    made = exact(table(rows), regions(), BASIS, left_out)
    found = {
        (row["indicator"], row["moment"], row["region"], row["category"]): row["count"]
        for row in made.iter_rows(named=True)
    }
    assert len(found) == made.height
    assert found == by_hand(rows, left_out)


def test_a_person_in_two_gemeenten_counts_once_above_them() -> None:
    rows = [
        cell("U1", "periode", "BU00010101", 1, 4, unit=7),
        cell("U1", "periode", "GM0002", 2, 4, unit=7, gemeente="GM0002"),
    ]

    def count(place: str, category: str, without: set[str]) -> int:
        made = exact(table(rows), regions(), BASIS, without)
        return int(
            made.filter(
                (pl.col("indicator") == "U1") & (pl.col("moment") == "periode") & (pl.col("region") == place)
                & (pl.col("category") == category)
            )["count"].item()
        )  # fmt: skip

    assert [count(place, "totaal", set()) for place in ("GM0001", "GM0002", "PV01", "PV02", "NL01")] == [
        4,
        4,
        4,
        0,
        4,
    ]
    assert [count("PV01", category, set()) for category in ("01", "02", "03")] == [4, 4, 0]
    assert [count("NL01", category, {"GM0001"}) for category in ("01", "02", "totaal")] == [0, 4, 4]
    assert count("NL01", "totaal", {"GM0001", "GM0002"}) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows.append(region("NL02", "Nog een", "LD")), "no_land"),
        (lambda rows: rows.append(rows[-1]), "duplicate_region"),
        (lambda rows: rows[-1].update(wijk="WK999999"), "unknown_parent"),
        (lambda rows: rows[-1].update(level="XX"), "unknown_level"),
    ],
)
def test_a_frame_that_is_no_hierarchy_is_refused_by_name(change: Any, reason: str) -> None:
    rows = [dict(row) for row in FRAME_ROWS]
    change(rows)
    with pytest.raises(SnapshotBroken) as refused:
        regions(rows)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (cell("U1", "peildatum", "BU99990101", 1, 4), "unknown_region"),
        (cell("U9", "peildatum", "BU00010101", 1, 4), "unknown_indicator"),
        (cell("U1", "altijd", "BU00010101", 1, 4), "unknown_moment"),
    ],
)
def test_cells_that_do_not_fit_are_refused_by_name(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(SnapshotBroken) as refused:
        exact(table([row]), regions(), BASIS)
    assert refused.value.reason == reason
