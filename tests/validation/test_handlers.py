"""Every way an attempt can end, without a broker."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from gmsd_chassis.bus.position import Position, Received
from gmsd_chassis.clock import Clock
from gmsd_chassis.content import DirectoryContentStore
from gmsd_chassis.errors import Poison, Unprocessable
from gmsd_chassis.isolation import Workshop
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event, event_id
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed, Verdict
from gmsd_contracts.events.delivery_expired_v1 import DeliveryExpired
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.slot import Slot
from gmsd_contracts.topics import CONTENT_RAW
from gmsd_contracts.zones import Zone
from gmsd_validation.adapters.checker import Checker
from gmsd_validation.handlers import Validation
from tests.validation.support import BSN, row, text

GOOD = text("wmo", row("wmo"))
SLOT = Slot(deliverer="GM0344", dataset="wmo", period="2025HJ01")
ARRIVED = datetime(2025, 8, 19, 22, 30, tzinfo=UTC)
"""Half past midnight on 20 August in the Netherlands."""

Handle = Callable[[], Awaitable[Sequence[Event[Any]]]]


@pytest.fixture(autouse=True)
def jobs_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's jobs are installed; those that die are not."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))


class Room:
    """Validation with a real store, key ring and workshop; `job` takes the place of `assess`."""

    def __init__(self, root: Path, job: str = "gmsd_validation.jobs:assess", seconds: float = 60) -> None:
        self.keyring = DirectoryKeyRing(root, {Zone.IDENTIFYING: bytes(32)}, Clock(), owner="validation")
        self.content = DirectoryContentStore(root / "content", self.keyring)
        self.workshop = Workshop(jobs={"assess": job}, seconds=seconds, warm=())
        self.validation = Validation(checker=Checker(self.content, self.workshop), clock=Clock())

    async def raw(self, data: bytes, delivery: UUID) -> ContentRef:
        async with await self.content.open(CONTENT_RAW, delivery=delivery, schema="raw") as sink:
            await sink.write(data)
            return await sink.close()

    async def handle(self, data: Any, delivery: UUID) -> tuple[Received, Handle]:
        event = Event.caused_by(
            data, cause=uuid4(), stage="test", correlation=delivery, source="urn:test", time=ARRIVED
        )
        received = Received(event, Position("deliveries", 0, 0))
        return received, lambda: self.validation.handle(received)

    async def received(
        self, data: bytes | None, *, nothing: bool = False, slot: Slot = SLOT
    ) -> tuple[Received, Handle]:
        delivery = uuid4()
        payload = DeliveryReceived(
            slot=slot,
            delivery_id=delivery,
            slot_version=1,
            seq=1,
            sha256="0" * 64,
            bytes=len(data or b""),
            nothing_to_report=nothing,
            content=None if data is None else await self.raw(data, delivery),
        )
        return await self.handle(payload, delivery)


@pytest.mark.parametrize(
    ("job", "reason"),
    [("exhaust", "geheugen"), ("crash", "gecrasht"), ("linger", "tijd"), ("break_down", "job_failed")],
)
async def test_an_attempt_that_ends_badly_has_a_reason_and_leaves_no_content(
    job: str, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room(tmp_path, f"tests.validation.dying:{job}", seconds=0.5)
    async with room.workshop:
        received, handle = await room.received(GOOD)
        with pytest.raises(Poison) as refused:
            await handle()
        assert refused.value.reason == reason
        assert BSN not in refused.value.detail
        assert [key.content_id for key in room.keyring.list()] == [received.event.data.content.content_id]
        (failed,) = room.validation.on_poison(received, reason)
        assert isinstance(failed.data, AssessmentFailed)
        assert (failed.data.reason, failed.id) == (reason, event_id(received.event.id, "failed"))
    assert BSN not in caplog.text


async def test_the_same_event_gives_the_same_event(tmp_path: Path) -> None:
    room = Room(tmp_path)
    async with room.workshop:
        received, handle = await room.received(GOOD.replace(b"20250815", b"20250820"))
        first, second = (*await handle(), *await handle())
    assert first.id == second.id == event_id(received.event.id, "assessed")
    assert first.correlation_id == received.event.data.delivery_id
    contents = {"findings", "records"}
    assert first.data.model_dump(exclude=contents) == second.data.model_dump(exclude=contents)
    assert first.data.verdict is Verdict.OK, (
        "a file of the day it arrives, in the Netherlands, is not from the future"
    )
    assert first.data.records.sha256 == second.data.records.sha256


async def test_an_erasure_at_any_moment_ends_the_delivery(tmp_path: Path) -> None:
    room = Room(tmp_path)
    async with room.workshop:
        before, handle = await room.received(GOOD)
        room.keyring.destroy(before.event.data.delivery_id)
        (expired,) = await handle()
        assert isinstance(expired.data, DeliveryExpired)
        assert expired.id == event_id(before.event.id, "expired")

        during, handle = await room.received(GOOD)
        whole = room.content.read

        async def interrupted(ref: ContentRef) -> Any:
            async for piece in whole(ref):
                yield piece
            room.keyring.destroy(during.event.data.delivery_id)

        room.content.read = interrupted  # type: ignore[method-assign]
        (expired,) = await handle()
        assert isinstance(expired.data, DeliveryExpired)
        assert list(room.keyring.list()) == []


async def test_nothing_to_report_needs_no_content_and_nothing_else_does_without(tmp_path: Path) -> None:
    room = Room(tmp_path)
    _, handle = await room.received(None, nothing=True)
    (assessed,) = await handle()
    assert isinstance(assessed.data, DeliveryAssessed)
    assert (assessed.data.verdict, assessed.data.rows, assessed.data.contents()) == (Verdict.OK, 0, ())
    _, handle = await room.received(None)
    with pytest.raises(Unprocessable, match="no_content"):
        await handle()


@pytest.mark.parametrize(
    "slot", [SLOT.model_copy(update={"dataset": "bus"}), SLOT.model_copy(update={"period": "2014HJ01"})]
)
async def test_a_dataset_or_period_without_rules_is_refused(slot: Slot, tmp_path: Path) -> None:
    _, handle = await Room(tmp_path).received(None, nothing=True, slot=slot)
    with pytest.raises(Unprocessable, match="unknown_specification"):
        await handle()


async def test_a_requeue_for_another_stage_is_not_ours(tmp_path: Path) -> None:
    room = Room(tmp_path)
    requeue = DeliveryRequeued(slot=SLOT, delivery_id=uuid4(), slot_version=2, stage="linkage")
    received, handle = await room.handle(requeue, requeue.delivery_id)
    assert list(await handle()) == []
    assert list(room.validation.on_poison(received, "died_repeatedly")) == []
