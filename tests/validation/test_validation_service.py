"""Validation as a process on a real broker."""

import hashlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psutil
import pyarrow as pa
import pytest

from gmsd_chassis.keyring.scan import scan
from gmsd_contracts.columns import DATASETS
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed, Verdict
from gmsd_contracts.events.delivery_expired_v1 import DeliveryExpired
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.slot import Slot, delivery_id
from gmsd_contracts.topics import ASSESSMENTS, CONTENT_RAW, quarantine_of
from tests.support.bus import Bus, bus
from tests.support.process import ServiceProcess, service
from tests.validation.support import BSN, OTHER_BSN, row, run, text

pytestmark = pytest.mark.broker
GOOD = text("wmo", *(row("wmo", bsn=bsn) for bsn in (BSN, OTHER_BSN)))


@asynccontextmanager
async def running(
    kafka: str, root: Path, extra: dict[str, str] | None = None
) -> AsyncIterator[tuple[Bus, ServiceProcess]]:
    async with bus(kafka, root) as ours, service("validation", kafka, root, extra) as validation:
        yield ours, validation


async def received(
    ours: Bus, data: bytes | None, *, nothing: bool = False, dataset: str = "wmo", period: str = "2025HJ01"
) -> Event[DeliveryReceived]:
    """A delivery, with its bytes in the log. All have one slot, so they are handled in the order of publishing."""
    slot = Slot(deliverer="GM0344", dataset=dataset, period=period)
    seq = uuid4().int % 10**9 + 1
    sha = hashlib.sha256(data or b"").hexdigest()
    delivery = delivery_id(slot, seq, sha, nothing)
    ref: ContentRef | None = None
    if data is not None:
        async with await ours.content.open(CONTENT_RAW, delivery=delivery, schema="raw") as sink:
            await sink.write(data)
            ref = await sink.close()
    payload = DeliveryReceived(
        slot=slot,
        delivery_id=delivery,
        slot_version=1,
        seq=seq,
        sha256=sha,
        bytes=len(data or b""),
        nothing_to_report=nothing,
        content=ref,
    )
    return _event(payload, "received", delivery)


def _event(data: Any, stage: str, delivery: UUID) -> Event[Any]:
    return Event.caused_by(
        data, cause=uuid4(), stage=stage, correlation=delivery, source="urn:test", time=datetime.now(UTC)
    )


def about(delivery: UUID) -> Any:
    return lambda event: getattr(event.data, "delivery_id", None) == delivery


async def verdict(ours: Bus, event: Event[DeliveryReceived]) -> Any:
    """What validation says of a delivery."""
    return (await ours.wait_for(ASSESSMENTS, about(event.data.delivery_id))).data


async def test_good_bad_and_empty_deliveries_get_their_verdict_once(kafka: str, tmp_path: Path) -> None:
    async with running(kafka, tmp_path) as (ours, validation):
        good = await received(ours, GOOD)
        bad = await received(ours, text("wmo", row("wmo"), row("wmo", leveringsvorm="7")))
        unreadable = await received(ours, b"PK\x03\x04")
        nothing = await received(ours, None, nothing=True)
        await ours.publisher.publish([good, good, bad, unreadable, nothing])

        ok = await verdict(ours, good)
        assert isinstance(ok, DeliveryAssessed)
        assert (ok.verdict, ok.rows, ok.specification, ok.findings) == (Verdict.OK, 2, "wmo/1", None)
        assert ok.profile is not None and ok.profile.persons == 2
        assert ok.records is not None and ok.records.content_schema == DATASETS["wmo"][0].checked_name
        stored = pa.ipc.open_stream(await ours.content.read_all(ok.records, 10**7)).read_all()
        assert stored.equals(run(GOOD).records)

        rejected = await verdict(ours, bad)
        assert (rejected.verdict, rejected.records) == (Verdict.FOUT, None)
        found = pa.ipc.open_stream(await ours.content.read_all(rejected.findings, 10**7)).read_all()
        assert found.num_rows == rejected.findings.rows == sum(count.count for count in rejected.counts)
        assert found["rule"].to_pylist() == ["ALG-104"]
        assert BSN.encode() not in await ours.content.read_all(rejected.findings, 10**7)

        assert (await verdict(ours, unreadable)).verdict is Verdict.FATAAL
        empty = await verdict(ours, nothing)
        assert (empty.verdict, empty.rows, empty.records, empty.findings) == (Verdict.OK, 0, None, None)

        again = [e for e in await ours.events(ASSESSMENTS) if about(good.data.delivery_id)(e)]
        assert len({event.id for event in again}) == 1
        left = {record.content_id for record in ours.keyring.list() if record.owner == "validation"}
        kept = {
            ok.records.content_id,
            rejected.findings.content_id,
            (await verdict(ours, unreadable)).findings.content_id,
        }
        kept |= {ref.content_id for event in again for ref in event.data.contents()}
        assert left == kept, "what no event refers to was aborted"
        async with httpx.AsyncClient() as client:
            metrics = (await client.get(f"{validation.url}/metrics")).text
        assert 'gmsd_validation_files_total{dataset="wmo",verdict="fout"} 1.0' in metrics
        assert BSN not in metrics and BSN not in validation.log.read_text()


async def test_expired_damaged_unknown_and_withdrawn_each_end_by_name(kafka: str, tmp_path: Path) -> None:
    async with running(kafka, tmp_path) as (ours, _):
        expired = await received(ours, GOOD)
        assert expired.data.content is not None
        ours.keyring.destroy_content(expired.data.content.content_id)
        damaged = await received(ours, GOOD)
        wrong = damaged.data.model_copy(
            update={"content": damaged.data.content.model_copy(update={"sha256": "0" * 64})}  # type: ignore[union-attr]
        )
        damaged = damaged.model_copy(update={"data": wrong})
        unknown = await received(ours, GOOD, dataset="bus")
        withdrawn = await received(ours, GOOD)
        withdrawal = _event(
            DeliveryWithdrawn(
                slot=withdrawn.data.slot,
                delivery_id=withdrawn.data.delivery_id,
                slot_version=2,
                by="aanleveraar",
            ),
            "withdrawn",
            withdrawn.data.delivery_id,
        )
        ours.keyring.destroy(withdrawn.data.delivery_id)
        good = await received(ours, GOOD)
        await ours.publisher.publish([expired, damaged, unknown, withdrawn, withdrawal, good])

        assert isinstance(await verdict(ours, expired), DeliveryExpired)
        failed = await verdict(ours, damaged)
        assert isinstance(failed, AssessmentFailed) and failed.reason == "damaged_content"
        assert (await verdict(ours, unknown)).reason == "unknown_specification"
        assert isinstance(await verdict(ours, withdrawn), DeliveryExpired)
        assert (await verdict(ours, good)).verdict is Verdict.OK
        put_aside = [record async for record in scan(kafka, [quarantine_of("validation").name])]
        for event in (damaged, unknown):
            assert [record for record in put_aside if str(event.id).encode() in repr(record.headers).encode()]


async def test_a_killed_worker_is_replaced_a_requeue_is_assessed_and_a_withdrawal_is_left_to_intake(
    kafka: str, tmp_path: Path
) -> None:
    async with running(kafka, tmp_path) as (ours, validation):
        line = text("wmo", row("wmo")).splitlines(keepends=True)
        large = await received(ours, line[0] + line[1] * 100_000)
        await ours.publisher.publish([large])
        for child in psutil.Process(validation.process.pid).children():
            os.kill(child.pid, signal.SIGKILL)
        assessed = await verdict(ours, large)
        assert (assessed.verdict, assessed.rows) == (Verdict.FOUT, 100_000)
        assert {count.rule: count.count for count in assessed.counts} == {"WMO-060": 99_999}
        assert not assessed.complete and assessed.findings.rows == 1_000

        event = await received(ours, GOOD)
        requeue = _event(
            DeliveryRequeued(
                slot=event.data.slot, delivery_id=event.data.delivery_id, slot_version=2, stage="validation",
                content=event.data.content,
            ),
            "requeued",
            event.data.delivery_id,
        )  # fmt: skip
        await ours.publisher.publish([event, requeue])
        first = await verdict(ours, event)
        second = (await ours.wait_for(ASSESSMENTS, lambda e: e.causation_id == requeue.id)).data
        assert isinstance(second, DeliveryAssessed) and second.verdict is Verdict.OK
        withdrawal = _event(
            DeliveryWithdrawn(
                slot=event.data.slot, delivery_id=event.data.delivery_id, slot_version=3, by="platform"
            ),
            "withdrawn",
            event.data.delivery_id,
        )
        marker = await received(ours, GOOD)
        # In one partition behind the withdrawal: when this is assessed, that was passed.
        await ours.publisher.publish([withdrawal])
        await ours.publisher.publish([marker])
        await verdict(ours, marker)
        # Intake may have refused it; whether a key goes is for intake to say.
        assert first.records is not None and second.records is not None
        assert ours.keyring.exists(first.records.content_id) and ours.keyring.exists(
            second.records.content_id
        )
        assert not ours.keyring.is_destroyed(event.data.delivery_id)
