"""Linkage as a process on a real broker."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
import pytest

from gmsd_contracts.columns import DATASETS
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed, Verdict
from gmsd_contracts.events.delivery_expired_v1 import LinkExpired
from gmsd_contracts.events.delivery_failed_v1 import LinkFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.slot import Slot
from gmsd_contracts.topics import CONTENT_CHECKED, LINKS, quarantine_of
from gmsd_linkage.domain.link import link_batch
from gmsd_linkage.domain.pseudonym import KeyedMap
from tests.support.bus import Bus, bus
from tests.support.process import ServiceProcess, service

pytestmark = pytest.mark.broker
BRP = DATASETS["brp"][0]
KEY = bytes(range(32))
BSNS = ["999990019", "999990020", "999990032"]


@asynccontextmanager
async def running(kafka: str, root: Path, **settings: str) -> AsyncIterator[tuple[Bus, ServiceProcess]]:
    key = root / "pseudonym.key"
    key.write_bytes(KEY)
    async with (
        bus(kafka, root) as ours,
        service("linkage", kafka, root, {"GMSD_PSEUDONYM_KEY": str(key), **settings}) as linkage,
    ):
        yield ours, linkage


def register(rows: int) -> pa.RecordBatch:
    number = pa.array(range(1, rows + 1), pa.uint32())

    def same(value: object) -> pa.Array:
        return pa.repeat(pa.scalar(value), rows)

    columns: dict[str, Any] = {
        "_row": number,
        "bsn": pa.array(BSNS).take(pa.array([i % 3 for i in range(rows)])),
        "geboortedatum": same(date(1952, 3, 14)),
        "geslacht": same("V"),
        "postcode": same("3511AB"),
        "huishoudennummer": number.cast(pa.string()),
        "type_huishouden": same("1"),
        "gemeentecode": same("GM0344"),
        "wijkcode": same("WK034401"),
        "buurtcode": same("BU03440101"),
        "datum_vanaf": same(date(2019, 4, 1)),
        "datum_tot": pa.nulls(rows, pa.date32()),
        "datum_overlijden": pa.nulls(rows, pa.date32()),
    }
    return pa.RecordBatch.from_pydict(columns, schema=BRP.checked_schema)


async def assessed(
    ours: Bus, batch: pa.RecordBatch | None, raw: bytes | None = None
) -> Event[DeliveryAssessed]:
    """An assessed delivery whose checked rows are `batch`, or the bytes `raw`."""
    delivery = uuid4()
    ref: ContentRef | None = None
    if batch is not None or raw is not None:
        stream = BytesIO()
        if batch is not None:
            with pa.ipc.new_stream(stream, BRP.checked_schema) as writer:
                writer.write_batch(batch)
        async with await ours.content.open(
            CONTENT_CHECKED, delivery=delivery, schema=BRP.checked_name
        ) as sink:
            await sink.write(raw if raw is not None else stream.getvalue())
            ref = await sink.close(rows=0 if batch is None else batch.num_rows)
    data = DeliveryAssessed(
        slot=Slot(deliverer="RVIG", dataset="brp", period="2025HJ01", part="GM0344"),
        delivery_id=delivery,
        verdict=Verdict.OK,
        specification=BRP.id,
        rule_set="1",
        rows=0 if batch is None else batch.num_rows,
        records=ref,
    )
    return Event.caused_by(
        data, cause=uuid4(), stage="assessed", correlation=delivery, source="urn:test", time=datetime.now(UTC)
    )


def about(delivery: UUID) -> Any:
    return lambda event: getattr(event.data, "delivery_id", None) == delivery


async def test_a_delivery_leaves_under_pseudonym_once_however_often_it_is_told(
    kafka: str, tmp_path: Path
) -> None:
    async with running(kafka, tmp_path) as (ours, _):
        batch = register(5_000)
        event = await assessed(ours, batch)
        await ours.publisher.publish([event, event])
        linked = (await ours.wait_for(LINKS, about(event.data.delivery_id))).data
        assert isinstance(linked, DeliveryLinked)
        assert (linked.rows, linked.without_identity, linked.specification) == (5_000, 0, "brp/1")
        assert linked.records is not None
        stored = await ours.content.read_all(linked.records, 10_000_000)
        expected, _ = link_batch(batch, BRP, KeyedMap(KEY), event.data.delivery_id.bytes)
        assert pa.ipc.open_stream(stored).read_all().equals(pa.Table.from_batches([expected]))
        assert not any(bsn.encode() in stored for bsn in BSNS)

        empty = await assessed(ours, None)
        await ours.publisher.publish([empty])
        nothing = (await ours.wait_for(LINKS, about(empty.data.delivery_id))).data
        assert (nothing.rows, nothing.records) == (0, None)
        again = [e for e in await ours.events(LINKS) if about(event.data.delivery_id)(e)]
        assert len({e.id for e in again}) == 1


async def test_erased_and_damaged_each_end_by_name_and_a_withdrawal_is_left_to_intake(
    kafka: str, tmp_path: Path
) -> None:
    async with running(kafka, tmp_path) as (ours, _):
        expired = await assessed(ours, register(10))
        assert expired.data.records is not None
        ours.keyring.destroy_content(expired.data.records.content_id)
        damaged = await assessed(ours, None, raw=b"not an Arrow stream")
        kept = await assessed(ours, register(10))
        # Intake may have refused it: of two events that took one number only the first counts.
        withdrawn = DeliveryWithdrawn(
            slot=kept.data.slot, delivery_id=kept.data.delivery_id, slot_version=2, by="aanleveraar"
        )
        withdrawal = Event.caused_by(
            withdrawn,
            cause=uuid4(),
            stage="withdrawn",
            correlation=kept.data.delivery_id,
            source="urn:test",
            time=datetime.now(UTC),
        )
        lost = await assessed(ours, register(10))
        ours.keyring.destroy(lost.data.delivery_id)
        good = await assessed(ours, register(10))
        await ours.publisher.publish([withdrawal, expired, damaged, kept, lost, withdrawal, good])

        assert isinstance((await ours.wait_for(LINKS, about(expired.data.delivery_id))).data, LinkExpired)
        failed = (await ours.wait_for(LINKS, about(damaged.data.delivery_id))).data
        assert isinstance(failed, LinkFailed)
        assert failed.reason == "inhoud_onleesbaar"
        assert isinstance((await ours.wait_for(LINKS, about(good.data.delivery_id))).data, DeliveryLinked)
        linked = (await ours.wait_for(LINKS, about(kept.data.delivery_id))).data
        assert isinstance(linked, DeliveryLinked) and linked.records is not None
        assert ours.keyring.exists(linked.records.content_id)
        assert not ours.keyring.is_destroyed(kept.data.delivery_id)
        for found in [e.data for e in await ours.events(LINKS) if about(lost.data.delivery_id)(e)]:
            assert isinstance(found, LinkExpired)


async def test_killed_at_work_it_finishes_after_the_restart(kafka: str, tmp_path: Path) -> None:
    root = tmp_path
    event: Event[DeliveryAssessed]
    async with running(kafka, root) as (ours, linkage):
        event = await assessed(ours, register(400_000))
        await ours.publisher.publish([event])
        for _ in range(200):
            if any(
                key.delivery == event.data.delivery_id and key.owner == "linkage"
                for key in ours.keyring.list()
            ):
                break  # it has begun to write
            await asyncio.sleep(0.02)
        linkage.kill()
    async with running(kafka, root) as (ours, _):
        linked = (await ours.wait_for(LINKS, about(event.data.delivery_id))).data
        assert isinstance(linked, DeliveryLinked)
        assert linked.rows == 400_000
        assert linked.records is not None
        table = pa.ipc.open_stream(await ours.content.read_all(linked.records, 200_000_000)).read_all()
        assert table.num_rows == 400_000


async def test_a_file_that_kills_its_worker_is_quarantined_and_the_line_goes_on(
    kafka: str, tmp_path: Path
) -> None:
    async with running(kafka, tmp_path, GMSD_WORKER_MEMORY_MB="256") as (ours, _):
        event = await assessed(ours, register(2_000_000))
        good = await assessed(ours, register(10))
        await ours.publisher.publish([event, good])
        failed = (await ours.wait_for(LINKS, about(event.data.delivery_id), seconds=60)).data
        assert isinstance(failed, LinkFailed)
        assert (failed.reason, failed.attempts) == ("geheugen", 3)
        assert [e for e in await _raw(ours, quarantine_of("linkage").name) if str(event.id).encode() in e]
        assert isinstance((await ours.wait_for(LINKS, about(good.data.delivery_id))).data, DeliveryLinked)


async def _raw(ours: Bus, topic: str) -> list[bytes]:
    from contextlib import aclosing

    from gmsd_chassis.keyring.scan import scan

    async with aclosing(scan(ours.bootstrap, [topic])) as records:
        return [b"|".join(value or b"" for _, value in record.headers) async for record in records]


def test_settings_that_are_wrong_end_in_one_sentence(tmp_path: Path) -> None:
    import subprocess
    import sys

    environment = {key: value for key, value in os.environ.items() if not key.startswith("GMSD_")}
    for wrong, sentence in (
        ({}, "GMSD_KAFKA_BOOTSTRAP is missing"),
        ({"GMSD_PSEUDONYM_KYE": "x"}, "did you mean GMSD_PSEUDONYM_KEY"),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "gmsd_linkage"],
            env=environment | wrong,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ended.returncode == 78
        assert sentence in ended.stderr
        assert "Traceback" not in ended.stderr
