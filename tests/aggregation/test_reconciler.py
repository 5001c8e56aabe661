"""The reconciler over a real warehouse and content in files; what it publishes is written down."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pyarrow as pa
import pytest

from gmsd_aggregation.adapters import facts, rows
from gmsd_aggregation.adapters.computation import Computation
from gmsd_aggregation.adapters.facts import Announced
from gmsd_aggregation.adapters.warehouse import Warehouse
from gmsd_aggregation.domain.inputs import cause_of
from gmsd_aggregation.housekeeping import REPLACED_KEPT, Housekeeping
from gmsd_aggregation.nudge import Nudge
from gmsd_aggregation.reconciler import Reconciler
from gmsd_aggregation.snapshots import Snapshots
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.clock import Clock
from gmsd_chassis.content import DirectoryContentStore
from gmsd_chassis.keyring import DirectoryKeyRing, RetentionSweep
from gmsd_contracts.envelope import Event, event_id
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.delivery_loaded_v1 import Coverage, DeliveryLoaded
from gmsd_contracts.zones import Zone
from tests.aggregation.cells import values
from tests.aggregation.world import (
    NOW,
    Wmo,
    brp_slot,
    brp_table,
    fresh,
    home,
    load,
    nation,
    note,
    regio_slot,
    regio_table,
    withdraw,
    wmo_slot,
    wmo_table,
)

WMO = wmo_table([Wmo("GM0001", 2, person, "01", date(2025, 7, 1)) for person in (1, 2)])


@dataclass
class Written:
    """Stands where the publisher stands; `before` runs as an event is about to be acknowledged."""

    events: list[Event[Any]] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    async def publish(self, events: Sequence[Event[Any]]) -> list[Any]:
        if events:
            self.before()
        self.events += events
        return []

    def snapshots(self, period: str = "2025HJ02") -> list[CellsComputed]:
        return [
            one.data
            for one in self.events
            if isinstance(one.data, CellsComputed) and one.data.period == period
        ]

    def coverage(self) -> list[tuple[Any, Coverage | None]]:
        return [
            (one.data.delivery_id, one.data.coverage)
            for one in self.events
            if isinstance(one.data, DeliveryLoaded)
        ]


@dataclass
class Bench:
    warehouse: Warehouse
    content: DirectoryContentStore
    written: Written

    def reconciler(self, quiet: float = 0, most: float = 1) -> Reconciler:
        snapshots = Snapshots(self.warehouse, self.content, cast(Publisher, self.written), Clock())
        return Reconciler(self.warehouse, snapshots, Nudge(), quiet=quiet, most=most)

    async def cells(self, snapshot: CellsComputed) -> dict[Any, int]:
        tables = [
            pa.ipc.open_stream(await self.content.read_all(ref, 10_000_000)).read_all()
            for ref in (snapshot.cells, snapshot.frame)
        ]
        return values(*tables)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    keks = {Zone.PSEUDONYMOUS: os.urandom(32), Zone.STATISTICAL: os.urandom(32)}
    keyring = DirectoryKeyRing(tmp_path / "keys", keks, Clock(), owner="aggregation")
    with fresh() as warehouse:
        yield Bench(warehouse, DirectoryContentStore(tmp_path / "content", keyring), Written())


def town(bench: Bench) -> rows.Attempt:
    """regio and wmo in force for 2025HJ02; returns the wmo delivery."""
    with bench.warehouse.use() as session:
        load(session, regio_slot(), regio_table(nation()), version=2)
        return load(session, wmo_slot("GM0001"), WMO, version=2)


async def test_a_changed_input_set_is_published_once(bench: Bench) -> None:
    town(bench)
    reconciler = bench.reconciler()
    assert await reconciler.look() == 1 and await reconciler.look() == 0
    [snapshot] = bench.written.snapshots()
    assert (await bench.cells(snapshot))["U1", "periode", "GM0001", "totaal"] == 2
    assert snapshot.inputs == 2 and (snapshot.product, snapshot.period) == ("basis", "2025HJ02")
    [event] = [one for one in bench.written.events if isinstance(one.data, CellsComputed)]
    assert event.id == event_id(cause_of(snapshot.snapshot_id), "cells")
    # Another process over the same warehouse finds nothing to say.
    assert await bench.reconciler().look() == 0 and len(bench.written.events) == 1


async def test_a_crash_between_the_event_and_its_record_says_the_same_again(bench: Bench) -> None:
    town(bench)

    class Crash(Exception):
        pass

    def crash() -> None:
        bench.written.before = lambda: None
        raise Crash

    bench.written.before = crash
    with pytest.raises(Crash):
        await bench.reconciler().look()
    assert await bench.reconciler().look() == 1
    with bench.warehouse.use() as session:
        session.command("TRUNCATE TABLE snapshots")
    assert await bench.reconciler().look() == 1
    first, second = bench.written.events
    assert first.id == second.id and first.data.snapshot_id == second.data.snapshot_id
    assert first.data.cells.sha256 == second.data.cells.sha256


async def test_the_other_half_year_changes_this_one(bench: Bench) -> None:
    town(bench)
    reconciler = bench.reconciler()
    await reconciler.look()
    with bench.warehouse.use() as session:
        load(session, wmo_slot("GM0001", "2025HJ01"), WMO, version=2)
    assert await reconciler.look() == 1
    with bench.warehouse.use() as session:
        load(session, wmo_slot("GM0001", "2024HJ02"), WMO, version=2)
    assert await reconciler.look() == 0


async def test_a_withdrawal_empties_the_figures_under_a_new_id(bench: Bench) -> None:
    wmo = town(bench)
    reconciler = bench.reconciler()
    await reconciler.look()
    with bench.warehouse.use() as session:
        withdraw(session, wmo.delivery_id, wmo.slot, 3)
        rows.drop_delivery(session, "wmo", wmo.delivery_id, "withdrawn", NOW)
    assert await reconciler.look() == 1
    last = bench.written.snapshots()[-1]
    assert await bench.cells(last) == {} and len({one.snapshot_id for one in bench.written.snapshots()}) == 2


async def test_quiet_is_waited_for(bench: Bench) -> None:
    town(bench)
    reconciler = bench.reconciler(quiet=3600, most=7200)
    assert await reconciler.look() == 0
    impatient = bench.reconciler(quiet=3600, most=0)
    assert await impatient.look() == 1


async def test_after_the_longest_wait_a_new_change_waits_again(bench: Bench) -> None:
    town(bench)
    reconciler = bench.reconciler(quiet=3600, most=0.3)
    assert await reconciler.look() == 0
    await asyncio.sleep(0.4)
    assert await reconciler.look() == 1
    with bench.warehouse.use() as session:
        load(session, brp_slot("GM0001"), brp_table([home(1, "GM0001")]), version=2)
    assert await reconciler.look() == 0
    await asyncio.sleep(0.4)
    assert await reconciler.look() == 1


async def test_nothing_is_computed_without_a_frame_or_between_two_keys(bench: Bench) -> None:
    with bench.warehouse.use() as session:
        wmo = load(session, wmo_slot("GM0001"), WMO, version=2)
    reconciler = bench.reconciler()
    assert await reconciler.look() == 0
    with bench.warehouse.use() as session:
        load(session, regio_slot(), regio_table(nation()[1:]), version=2)
    assert await reconciler.look() == 0 and await reconciler.look() == 0
    with bench.warehouse.use() as session:
        load(session, regio_slot(), regio_table(nation()), version=4)
        register = load(session, brp_slot("GM0001"), brp_table([home(1, "GM0001")]), version=2, key=2)
    assert await reconciler.look() == 0 and bench.written.snapshots() == []
    with bench.warehouse.use() as session:
        load(session, wmo.slot, WMO, delivery=wmo.delivery_id, key=2)
    assert await reconciler.look() == 1
    assert register.key_version == 2


async def test_what_changes_during_a_computation_is_not_published_as_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    wmo = town(bench)
    compute = Computation.run

    def meanwhile(computation: Computation) -> tuple[pa.Table, pa.Table]:
        answer = compute(computation)
        withdraw(computation.session, wmo.delivery_id, wmo.slot, 3)
        return answer

    monkeypatch.setattr(Computation, "run", meanwhile)
    assert await bench.reconciler().look() == 0 and bench.written.events == []
    monkeypatch.undo()
    assert await bench.reconciler().look() == 1 and await bench.cells(bench.written.snapshots()[0]) == {}


async def test_a_later_register_is_announced_to_what_it_touches(bench: Bench) -> None:
    wmo = town(bench)
    with bench.warehouse.use() as session:
        undecided = load(session, wmo_slot("GM0002"), WMO)
        untouched = load(session, wmo_slot("GM0003"), wmo_table([]))
        elsewhere = load(session, wmo_slot("GM0001", "2025HJ01"), WMO)
        before = Coverage(found=0, not_found=2, register_parts=0)
        same = Coverage(found=0, not_found=0, register_parts=1)
        said = [(wmo, before), (undecided, before), (untouched, same), (elsewhere, before)]
        facts.record_announcements(
            session,
            [Announced(one.delivery_id, 2, one.attempt, "loaded", 2, coverage) for one, coverage in said],
        )
        load(session, brp_slot("GM0001"), brp_table([home(1, "GM0001")]), version=2)
    reconciler = bench.reconciler()
    assert await reconciler.look() == 1
    now = Coverage(found=1, not_found=1, register_parts=1)
    assert len(bench.written.coverage()) == 2
    assert dict(bench.written.coverage()) == {wmo.delivery_id: now, undecided.delivery_id: now}
    [event] = [one for one in bench.written.events if one.correlation_id == wmo.delivery_id]
    cause = cause_of(bench.written.snapshots()[0].snapshot_id)
    assert event.id == event_id(cause, f"loaded/{wmo.delivery_id}")
    await reconciler.look()
    await bench.reconciler().look()
    assert len(bench.written.coverage()) == 2


async def test_the_task_looks_when_nudged(bench: Bench) -> None:
    nudge, said = Nudge(), asyncio.Event()
    bench.written.before = said.set
    snapshots = Snapshots(bench.warehouse, bench.content, cast(Publisher, bench.written), Clock())
    task = asyncio.create_task(Reconciler(bench.warehouse, snapshots, nudge, quiet=0.05, most=1).run())
    try:
        town(bench)
        nudge.now()
        async with asyncio.timeout(30):
            await said.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(bench.written.snapshots()) <= 1


async def test_rows_that_were_replaced_long_ago_go(bench: Bench) -> None:
    """Decided or not, from the first newer one that came in force; one the deliverer took back replaced nothing."""
    slot, other = wmo_slot("GM0001"), wmo_slot("GM0002")
    with bench.warehouse.use() as session:
        undecided, newest = load(session, slot, WMO), uuid4()
        note(session, "received", undecided.delivery_id, slot, 1)
        load(session, slot, WMO, version=2)
        load(session, slot, WMO, version=3)
        load(session, slot, WMO, version=4, at=NOW + REPLACED_KEPT / 2)
        note(session, "received", newest, slot, 5)
        load(session, slot, WMO, delivery=newest)
        load(session, other, WMO, version=2)
        back = load(session, other, WMO, version=3)
        withdraw(session, back.delivery_id, other, 4, "aanleveraar")
        rows.drop_delivery(session, "wmo", back.delivery_id, "withdrawn", NOW)

    class Later(Clock):
        def __init__(self, after: Any) -> None:
            self._after = after

        def now(self) -> Any:
            return NOW + self._after

    def sweep(after: Any) -> int:
        keeper = Housekeeping(bench.warehouse, cast(RetentionSweep, None), Later(after), 1)
        with bench.warehouse.use() as session:
            return keeper.drop_replaced(session)

    assert sweep(REPLACED_KEPT * 0.99) == 0
    assert sweep(REPLACED_KEPT) == 2 and sweep(REPLACED_KEPT) == 0
    assert sweep(REPLACED_KEPT * 1.5) == 1 and sweep(REPLACED_KEPT * 9) == 0
    with bench.warehouse.use() as session:
        left = {row[0] for row in session.rows("SELECT DISTINCT delivery_id FROM wmo_1")}
        in_force = {one.delivery_id for one in facts.effective(session)}
        assert in_force < left and left - in_force == {newest} and len(in_force) == 2
