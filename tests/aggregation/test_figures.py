"""Cells from the warehouse against counting persons one by one."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_aggregation.adapters import computation, rows
from gmsd_aggregation.adapters.computation import Computation, to_stream
from gmsd_aggregation.adapters.warehouse import Session, Warehouse
from gmsd_aggregation.domain.frame import NoFrame
from gmsd_aggregation.domain.inputs import Effective, InputSet
from gmsd_contracts.catalogue import INDICATORS
from gmsd_contracts.cells import CELLS, FRAME
from gmsd_contracts.columns import DatasetVersion
from gmsd_contracts.columns.brp_v1 import BRP_V1
from gmsd_contracts.columns.regio_v1 import REGIO_V1
from gmsd_contracts.columns.wmo_v1 import WMO_V1
from gmsd_contracts.slot import Slot
from tests.aggregation.cells import values
from tests.aggregation.oracle import Cell, figures
from tests.aggregation.world import (
    Region,
    Spell,
    Wmo,
    attempt_on,
    brp_slot,
    brp_table,
    fresh,
    home,
    nation,
    regio_slot,
    regio_table,
    wmo_slot,
    wmo_table,
)


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with fresh() as made:
        yield made


def put(session: Session, slot: Slot, version: DatasetVersion, content: pa.Table) -> Effective:
    attempt = attempt_on(slot, version)
    rows.insert(session, attempt, content)
    return Effective(slot, attempt.delivery_id, attempt.attempt, 1, content.num_rows)


def compute(
    session: Session,
    wmo: Sequence[Wmo],
    spells: Sequence[Spell],
    regions: Sequence[Region],
    period: str = "2025HJ02",
) -> tuple[pa.Table, pa.Table]:
    """One delivery per gemeente and half-year, one register part per gemeente that anybody ever lived in."""
    deliveries = []
    for (gemeente, half), own in groupby(sorted(wmo, key=key), key=key):
        deliveries.append(put(session, wmo_slot(gemeente, f"2025HJ0{half}"), WMO_V1, wmo_table(list(own))))
    parts = [
        put(
            session,
            brp_slot(part, period),
            BRP_V1,
            brp_table([one for one in spells if one.gemeente == part]),
        )
        for part in sorted({one.gemeente for one in spells})
    ]
    regio = put(session, regio_slot(period), REGIO_V1, regio_table(regions))
    return Computation(session, InputSet("basis", period, tuple(deliveries), tuple(parts), (regio,))).run()


def key(row: Wmo) -> tuple[str, int]:
    return row.gemeente, row.half


def check(
    session: Session, wmo: Sequence[Wmo], spells: Sequence[Spell], regions: Sequence[Region], half: int = 2
) -> dict[Cell, int]:
    """Compute a half-year, compare every cell with the oracle and return them."""
    cells, frame = compute(session, wmo, spells, regions, f"2025HJ0{half}")
    assert cells.schema.equals(CELLS) and frame.schema.equals(FRAME)
    found = values(cells, frame)
    assert found == figures(wmo, spells, regions, 2025, half)
    return found


PERSONS = st.integers(1, 4)
GEMEENTEN = st.sampled_from(["GM0001", "GM0002", "GM0003"])
DAYS = st.integers(-40, 230).map(lambda day: date(2025, 5, 1) + timedelta(days=day))


@st.composite
def wmo_rows(draw: st.DrawFn) -> Wmo:
    begin = draw(DAYS)
    end = draw(st.none() | st.integers(0, 150).map(lambda days: begin + timedelta(days=days)))
    return Wmo(
        draw(GEMEENTEN), draw(st.sampled_from([1, 2])), draw(PERSONS), draw(st.sampled_from(["01", "02", "15"])),
        begin, end, legal=draw(st.sampled_from([None, None, (begin, end)])),
        declared=draw(st.sampled_from([None, None, "03"])),
    )  # fmt: skip


@st.composite
def spells(draw: st.DrawFn) -> Spell:
    vanaf = draw(DAYS)
    end = st.none() | st.integers(0, 200).map(lambda days: vanaf + timedelta(days=days))
    return home(
        draw(PERSONS), draw(GEMEENTEN), draw(st.sampled_from(["01", "02", "99"])), vanaf=vanaf, tot=draw(end),
        died=draw(st.none() | end), born=date(draw(st.sampled_from([1, 1944, 1961, 2007])), draw(st.integers(1, 12)), 1),
    )  # fmt: skip


@st.composite
def regions(draw: st.DrawFn) -> list[Region]:
    """The nation, in which something may have ended or begun within the year."""
    changing = draw(st.sampled_from(["", "GM0003", "BU00010101", "BU00020102"]))
    return [
        Region(
            one.code, one.soort, one.parent,
            draw(DAYS) if one.code == changing else one.vanaf,
            draw(st.none() | DAYS) if one.code == changing else None,
        )
        for one in nation()
    ]  # fmt: skip


@settings(max_examples=30)
@given(
    wmo=st.lists(wmo_rows(), max_size=10), lives=st.lists(spells(), max_size=10), known=regions(),
    half=st.sampled_from([1, 2]),
)  # fmt: skip
def test_every_cell_is_what_counting_persons_gives(
    warehouse: Warehouse, wmo: list[Wmo], lives: list[Spell], known: list[Region], half: int
) -> None:
    # A parent that does not overlap the period leaves its children without; the oracle walks the same chain.
    gone = [one for one in known if one.tot is not None and one.tot < one.vanaf]
    with warehouse.use() as session:
        check(session, wmo, lives, [one for one in known if one not in gone], half)


def test_a_mover_counts_in_both_gemeenten_and_once_above(warehouse: Warehouse) -> None:
    wmo = [
        Wmo("GM0001", 2, 1, "01", date(2025, 7, 1), date(2025, 9, 1)),
        Wmo("GM0002", 2, 1, "02", date(2025, 9, 2)),
        Wmo("GM0001", 2, 2, "01", date(2025, 7, 1), date(2025, 9, 1)),
        Wmo("GM0002", 2, 2, "02", date(2025, 9, 2)),
        Wmo("GM0003", 2, 3, "01", date(2025, 7, 1)),
    ]
    lives = [home(1, "GM0002"), home(2, "GM0002"), home(3, "GM0003", "02")]
    with warehouse.use() as session:
        found = check(session, wmo, lives, nation())
        cells, _ = compute(session, wmo, lives, nation())
    assert [found["U1", "periode", region, "totaal"] for region in ("GM0001", "GM0002", "PV20", "NL00")] == [
        2,
        2,
        2,
        3,
    ]
    assert found["U2", "periode", "NL00", "totaal"] == 5
    assert found["U1", "periode", "BU00020101", "02"] == 2
    assert ("U1", "periode", "BU00010101", "totaal") not in found
    joint = [row for row in cells.to_pylist() if row["unit"]]
    # Two persons with the same components are one group, and only in the period: on the peildatum they have one gemeente.
    assert [(row["moment"], row["unit"], row["gemeente"], row["count"]) for row in joint] == [
        ("periode", 1, "GM0001", 2),
        ("periode", 1, "GM0002", 2),
    ]


@pytest.mark.parametrize(
    ("lives", "region"),
    [
        pytest.param([home(1, "GM0001", "02", vanaf=date(2025, 1, 1)), home(1, "GM0001", "01", vanaf=date(2025, 2, 1))], "BU00010101", id="latest begin"),
        pytest.param([home(1, "GM0001", "02"), home(1, "GM0001", "01")], "BU00010101", id="smallest buurt"),
        pytest.param([home(1, "GM0002", "01"), home(1, "GM0001", "02")], "BU00010102", id="smallest gemeente"),
        pytest.param([home(1, "GM0001", "01", tot=date(2025, 12, 30)), home(1, "GM0001", "02", vanaf=date(2025, 8, 1), tot=date(2025, 9, 1))], "BU00010101", id="last to end"),
        pytest.param([home(1, "GM0001", "01", died=date(2025, 10, 1))], "BU00010101", id="died before the peildatum"),
        pytest.param([home(1, "GM0002", "01")], "GM0001", id="lives elsewhere"),
        pytest.param([home(1, "GM0001", "99")], "GM0001", id="unknown buurt"),
        pytest.param([], "GM0001", id="not in the register"),
        pytest.param([home(1, "GM0001", "01", tot=date(2025, 6, 30))], "GM0001", id="left before the period"),
    ],
)  # fmt: skip
def test_where_a_client_counts(warehouse: Warehouse, lives: list[Spell], region: str) -> None:
    wmo = [Wmo("GM0001", 2, 1, "01", date(2025, 7, 1))]
    with warehouse.use() as session:
        check(session, wmo, lives, nation())
        cells, _ = compute(session, wmo, lives, nation())
    own = {row["region"] for row in cells.to_pylist() if row["indicator"] == "U1"}
    assert own == {region}


def test_a_split_gemeente_and_a_buurt_that_ended_count_only_where_they_exist(warehouse: Warehouse) -> None:
    known = [
        *(one for one in nation() if "0003" not in one.code),
        Region("GM0003", "GM", "PV21", tot=date(2025, 9, 30)),
        Region("WK000301", "WK", "GM0003", tot=date(2025, 9, 30)),
        Region("BU00030101", "BU", "WK000301", tot=date(2025, 9, 30)),
        Region("GM0004", "GM", "PV21", vanaf=date(2025, 10, 1)),
        Region("WK000401", "WK", "GM0004", vanaf=date(2025, 10, 1)),
        Region("BU00040101", "BU", "WK000401", vanaf=date(2025, 10, 1)),
    ]
    wmo = [
        Wmo("GM0003", 2, 1, "01", date(2025, 7, 1), date(2025, 9, 30)),
        Wmo("GM0004", 2, 1, "01", date(2025, 10, 1)),
    ]
    lives = [home(1, "GM0003", tot=date(2025, 9, 30)), home(1, "GM0004", vanaf=date(2025, 10, 1))]
    with warehouse.use() as session:
        found = check(session, wmo, lives, known)
        _, frame = compute(session, wmo, lives, known)
    assert found["U1", "periode", "BU00040101", "totaal"] == 1
    assert not [cell for cell in found if cell[2] in ("GM0003", "BU00030101")]
    exists = {row["region"]: row["exists"] for row in frame.to_pylist()}
    assert exists["GM0003"] is False and exists["GM0004"] is True
    datasets = {row["region"]: row["datasets"] for row in frame.to_pylist()}
    assert datasets["GM0003"] == ["brp", "wmo"] and datasets["GM0001"] == [] and datasets["NL00"] == []


def test_the_newest_validity_of_a_region_counts(warehouse: Warehouse) -> None:
    known = [
        *(one for one in nation() if one.code != "BU00010101"),
        Region("BU00010101", "BU", "WK000101", date(2000, 1, 1), date(2025, 9, 30), "oud"),
        Region("BU00010101", "BU", "WK000201", date(2025, 10, 1), None, "nieuw"),
    ]
    with warehouse.use() as session:
        _, frame = compute(session, [], [], known)
        before, after = (compute(session, [], [], known, period)[1] for period in ("2025HJ01", "2025HJ02"))
    assert [row for row in frame.to_pylist() if row["region"] == "BU00010101"] == [
        {
            "region": "BU00010101", "name": "nieuw", "level": "BU", "wijk": "WK000201", "gemeente": "GM0002",
            "provincie": "PV20", "exists": True, "datasets": [],
        }
    ]  # fmt: skip
    names = [
        row["name"] for table in (before, after) for row in table.to_pylist() if row["region"] == "BU00010101"
    ]
    assert names == ["oud", "nieuw"]


def test_the_same_inputs_give_the_same_bytes_whatever_the_order_of_rows(warehouse: Warehouse) -> None:
    wmo = [
        Wmo(f"GM000{1 + n % 3}", 1 + n % 2, n % 7, f"0{1 + n % 4}", date(2025, 3, 1 + n)) for n in range(28)
    ]
    lives = [home(n, f"GM000{1 + n % 3}", f"0{1 + n % 2}") for n in range(12)]
    with warehouse.use() as session:
        one = compute(session, wmo, lives, nation())
        other = compute(session, wmo[::-1], lives[::-1], nation()[::-1])
    for a, b in zip(one, other, strict=True):
        assert a.num_rows and b"".join(to_stream(a)) == b"".join(to_stream(b))


def test_the_register_may_be_counted_in_parts(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    lives = [home(n, f"GM000{1 + n % 3}", f"0{1 + n % 2}", born=date(1930 + n, 1, 1)) for n in range(40)]
    monkeypatch.setattr(computation, "BUCKET_ROWS", 11)
    with warehouse.use() as session:
        in_parts = compute(session, [], lives, nation())
        monkeypatch.undo()
        at_once = compute(session, [], lives, nation())
    assert in_parts[0].num_rows and in_parts[0].equals(at_once[0])


def test_a_classification_without_a_country_is_refused(warehouse: Warehouse) -> None:
    with warehouse.use() as session, pytest.raises(NoFrame):
        compute(session, [], [], [one for one in nation() if one.soort != "LD"])


def test_nothing_of_a_run_stays_behind(warehouse: Warehouse) -> None:
    with warehouse.use() as session:
        compute(session, [Wmo("GM0001", 2, 1, "01", date(2025, 7, 1))], [home(1, "GM0001")], nation())
        assert session.rows("SELECT count() FROM work_arrangements") == [(0,)]
        assert session.rows("SELECT count() FROM work_regions") == [(0,)]


def test_both_indicators_on_use_have_the_same_categories() -> None:
    """Arrangements are stored once, with the bit of their category."""
    assert INDICATORS["U1"].categories == INDICATORS["U2"].categories
