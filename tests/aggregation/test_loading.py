"""Events of deliveries handled in this process, with content in files."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
import pytest

from gmsd_aggregation import loading
from gmsd_aggregation.adapters import facts, rows
from gmsd_aggregation.adapters.warehouse import Warehouse
from gmsd_aggregation.handlers import LoadHandler, SlotHandler
from gmsd_aggregation.loading import Loader
from gmsd_aggregation.nudge import Nudge
from gmsd_chassis.bus.position import Position, Received
from gmsd_chassis.clock import Clock
from gmsd_chassis.content import DirectoryContentStore
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_contracts.columns import DATASETS
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_failed_v1 import LoadFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.slot import Slot
from gmsd_contracts.topics import CONTENT_LINKED
from gmsd_contracts.zones import Zone
from tests.aggregation.world import (
    NOW,
    Wmo,
    attempt_on,
    begin,
    brp_slot,
    brp_table,
    fresh,
    home,
    load,
    note,
    withdraw,
    wmo_slot,
    wmo_table,
)

SLOT = wmo_slot("GM0001")


@dataclass
class Bench:
    warehouse: Warehouse
    content: DirectoryContentStore
    keyring: DirectoryKeyRing
    loads: LoadHandler
    decisions: SlotHandler

    async def put(self, delivery: UUID, data: bytes, rows: int) -> ContentRef:
        async with await self.content.open(
            CONTENT_LINKED, delivery=delivery, schema="wmo.linked/1"
        ) as writer:
            await writer.write(data)
            return await writer.close(rows=rows)

    async def linked(
        self,
        table: pa.Table,
        *,
        delivery: UUID | None = None,
        slot: Slot = SLOT,
        batch: int = 1000,
        key: int = 1,
    ) -> Event[DeliveryLinked]:
        delivery = delivery or uuid4()
        records = await self.put(delivery, stream(table, batch), table.num_rows)
        return about(
            DeliveryLinked(
                slot=slot, delivery_id=delivery, specification=DATASETS[slot.dataset][0].id, key_version=key,
                rows=table.num_rows, records=records,
            )
        )  # fmt: skip

    def visible(self, delivery: UUID) -> int:
        with self.warehouse.use() as session:
            return sum(one.rows for one in facts.live(session, delivery_id=delivery))

    def stored(self) -> int:
        with self.warehouse.use() as session:
            return int(session.rows("SELECT count() FROM wmo_1")[0][0])


def about(data: Any) -> Event[Any]:
    return Event.caused_by(
        data, cause=uuid4(), stage="test", correlation=data.delivery_id, source="urn:test", time=NOW
    )


def received(event: Event[Any], offset: int = 0) -> Received:
    return Received(event, Position("links", 0, offset))


def stream(table: pa.Table, batch: int = 1000) -> bytes:
    sink = BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=batch)
    return sink.getvalue()


def people(count: int) -> pa.Table:
    return wmo_table([Wmo("GM0001", 2, person, "01", date(2025, 7, 1)) for person in range(count)])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = Clock()
    keks = {Zone.PSEUDONYMOUS: os.urandom(32), Zone.STATISTICAL: os.urandom(32)}
    keyring = DirectoryKeyRing(tmp_path / "keys", keks, clock, owner="test")
    content = DirectoryContentStore(tmp_path / "content", keyring)
    with fresh() as warehouse:
        nudge = Nudge()
        yield Bench(
            warehouse, content, keyring,
            LoadHandler(Loader(warehouse, content, clock), nudge, clock), SlotHandler(warehouse, nudge, clock),
        )  # fmt: skip


async def test_a_delivery_is_loaded_once_and_the_same_event_said_each_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BATCH_ROWS", 700)
    with bench.warehouse.use() as session:
        load(session, brp_slot("GM0001"), brp_table([home(n, "GM0001") for n in range(10)]), version=2)
    event = await bench.linked(people(2500), batch=300)
    [first] = await bench.loads(received(event))
    with bench.warehouse.use() as session:
        load(session, brp_slot("GM0002"), brp_table([home(n, "GM0002") for n in range(20)]), version=2)
    [second] = await bench.loads(received(event))
    # The register has changed; what this event said has not. The reconciler says what is new.
    assert (first.id, first.data) == (second.id, second.data)
    assert isinstance(first.data, DeliveryLoaded) and first.data.coverage is not None
    assert (first.data.coverage.found, first.data.coverage.not_found, first.data.coverage.register_parts) == (
        10,
        2490,
        1,
    )
    assert bench.visible(event.data.delivery_id) == bench.stored() == 2500


async def test_a_delivery_without_rows_is_loaded(bench: Bench) -> None:
    data = DeliveryLinked(slot=SLOT, delivery_id=uuid4(), specification="wmo/1", key_version=1, rows=0)
    [event] = await bench.loads(received(about(data)))
    assert isinstance(event.data, DeliveryLoaded) and event.data.rows == 0
    with bench.warehouse.use() as session:
        note(session, "decided", data.delivery_id, SLOT, 2)
        assert [one.delivery_id for one in facts.effective(session)] == [data.delivery_id]


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("expired", "content_expired"),
        ("no arrow", "content_damaged"),
        ("half a stream", "content_damaged"),
        ("fewer rows", "content_damaged"),
        ("other columns", "content_schema"),
        ("unknown code", "content_schema"),
        ("no type", "content_schema"),
        ("no such version", "unknown_specification"),
    ],
)
async def test_content_that_cannot_be_loaded_is_said_and_leaves_nothing(
    bench: Bench, harm: str, reason: str
) -> None:
    table = people(900)
    event = await bench.linked(table)
    delivery = event.data.delivery_id
    records, specification = event.data.records, "wmo/1"
    match harm:
        case "expired":
            bench.keyring.destroy(delivery)
        case "no arrow":
            records = await bench.put(delivery, b"\x00" * 5000, 900)
        case "half a stream":
            whole = stream(table, 100)
            records = await bench.put(delivery, whole[: len(whole) // 2], 900)
        case "fewer rows":
            records = await bench.put(delivery, stream(table.slice(0, 899)), 900)
        case "other columns":
            records = await bench.put(delivery, stream(table.drop_columns(["leveringsvorm"])), 900)
        case "unknown code":
            records = await bench.put(
                delivery, stream(wmo_table([Wmo("GM0001", 2, 1, "99", date(2025, 7, 1))])), 1
            )
        case "no type":
            column = "type_maatwerkarrangement_toewijzing"
            index = table.schema.get_field_index(column)
            empty = table.set_column(index, table.schema.field(column), pa.nulls(900, pa.string()))
            records = await bench.put(delivery, stream(empty), 900)
        case "no such version":
            specification = "wmo/9"
    broken = event.model_copy(
        update={"data": event.data.model_copy(update={"records": records, "specification": specification})}
    )
    [failed] = await bench.loads(received(broken))
    assert isinstance(failed.data, LoadFailed) and failed.data.reason == reason
    assert bench.visible(delivery) == bench.stored() == 0


async def test_after_a_failure_a_requeue_loads_under_the_key_of_the_link(bench: Bench) -> None:
    event = await bench.linked(people(5), key=4)
    damaged = await bench.put(event.data.delivery_id, b"no arrow", 5)
    [failed] = await bench.loads(
        received(event.model_copy(update={"data": event.data.model_copy(update={"records": damaged})}))
    )
    assert isinstance(failed.data, LoadFailed)
    requeue = DeliveryRequeued(
        slot=SLOT, delivery_id=event.data.delivery_id, slot_version=3, stage="aggregation", specification="wmo/1",
        content=event.data.records,
    )  # fmt: skip
    [loaded] = await bench.loads(received(about(requeue)))
    assert isinstance(loaded.data, DeliveryLoaded) and bench.visible(event.data.delivery_id) == 5
    with bench.warehouse.use() as session:
        assert facts.live(session, delivery_id=event.data.delivery_id)[0].key_version == 4
    other_stage = requeue.model_copy(update={"stage": "linkage"})
    assert await bench.loads(received(about(other_stage))) == []


async def test_a_withdrawal_before_or_after_the_load_leaves_no_rows(bench: Bench) -> None:
    before, after = await bench.linked(people(5)), await bench.linked(people(6))
    assert len(await bench.loads(received(after))) == 1 and bench.stored() == 6
    for number, event in enumerate((before, after), 3):
        data = DeliveryWithdrawn(
            slot=SLOT, delivery_id=event.data.delivery_id, slot_version=number, by="platform"
        )
        for _ in range(2):
            assert await bench.decisions(received(about(data), number)) == []
    assert await bench.loads(received(before)) == [] and await bench.loads(received(after)) == []
    assert bench.stored() == 0


async def test_of_two_events_with_the_same_number_only_the_first_in_the_log_counts(bench: Bench) -> None:
    """Intake obeys the first; what it refused may not drop a row or put another delivery in force here."""
    first, second = await bench.linked(people(5)), await bench.linked(people(6))
    for event in (first, second):
        await bench.loads(received(event))

    def decided(event: Event[DeliveryLinked], version: int) -> Event[Any]:
        return about(
            DeliveryDecided(slot=SLOT, delivery_id=event.data.delivery_id, slot_version=version, by="x")
        )

    def withdrawn(event: Event[DeliveryLinked], version: int) -> Event[Any]:
        return about(
            DeliveryWithdrawn(
                slot=SLOT, delivery_id=event.data.delivery_id, slot_version=version, by="aanleveraar"
            )
        )

    def in_force() -> list[UUID]:
        with bench.warehouse.use() as session:
            return [one.delivery_id for one in facts.effective(session)]

    log = [decided(first, 3), withdrawn(first, 3), decided(second, 3)]
    for _ in range(2):
        for offset, event in enumerate(log):
            await bench.decisions(received(event, offset))
        assert in_force() == [first.data.delivery_id] and bench.stored() == 11
    # The other way about: the withdrawal came first, so the akkoord is nothing.
    for offset, event in enumerate((withdrawn(second, 4), decided(second, 4)), len(log)):
        await bench.decisions(received(event, offset))
    assert in_force() == [first.data.delivery_id] and bench.stored() == 5
    # Received and requeued take numbers too.
    received_first = DeliveryReceived(
        slot=SLOT,
        delivery_id=uuid4(),
        slot_version=5,
        seq=3,
        sha256="0" * 64,
        bytes=1,
        nothing_to_report=True,
    )
    for offset, event in enumerate((about(received_first), withdrawn(first, 5)), 10):
        await bench.decisions(received(event, offset))
    assert in_force() == [first.data.delivery_id] and bench.stored() == 5


async def test_a_load_that_nobody_was_told_of_does_not_empty_its_slot(bench: Bench) -> None:
    """Withdrawn by the platform before its load ended: intake leaves the previous one in force, and so do the figures."""
    previous, withdrawn = await bench.linked(people(5)), await bench.linked(people(6))
    await bench.loads(received(previous))
    with bench.warehouse.use() as session:
        note(session, "decided", previous.data.delivery_id, SLOT, 2)
        note(session, "decided", withdrawn.data.delivery_id, SLOT, 4)
        attempt = attempt_on(SLOT, DATASETS["wmo"][0], withdrawn.data.delivery_id)
        begin(session, attempt)
        rows.insert(session, attempt, people(6))
        withdraw(session, withdrawn.data.delivery_id, SLOT, 5)
        assert rows.finish(session, attempt, 6, NOW).live is None
    assert await bench.loads(received(withdrawn)) == []
    with bench.warehouse.use() as session:
        assert [one.delivery_id for one in facts.effective(session)] == [previous.data.delivery_id]


async def test_a_decision_told_twice_is_one(bench: Bench) -> None:
    event = await bench.linked(people(5))
    decided = about(DeliveryDecided(slot=SLOT, delivery_id=event.data.delivery_id, slot_version=2, by="test"))
    await bench.decisions(received(decided))
    await bench.loads(received(event))
    await bench.decisions(received(decided))
    with bench.warehouse.use() as session:
        assert [one.delivery_id for one in facts.effective(session)] == [event.data.delivery_id]


def test_a_poisoned_event_is_said_with_its_reason(bench: Bench) -> None:
    data = DeliveryLinked(slot=SLOT, delivery_id=uuid4(), specification="wmo/1", key_version=1, rows=0)
    event = about(data)
    [failed] = bench.loads.on_poison(received(event), "died_repeatedly")
    assert failed.data.reason == "died_repeatedly" and failed.causation_id == event.id
