"""The sweep: keys go when their time has come, or when nothing ever came of them, and no other key goes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from gmsd_chassis.bus.codec import encode
from gmsd_chassis.clock import ShiftedClock
from gmsd_chassis.errors import TryLater
from gmsd_chassis.keyring import DirectoryKeyRing, RetentionSweep, SweepSummary
from gmsd_contracts.content import ContentRef, Object
from gmsd_contracts.envelope import Event, source_of
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed, Verdict
from gmsd_contracts.slot import Slot
from gmsd_contracts.topics import ASSESSMENTS, Topic
from gmsd_contracts.zones import Zone

pytestmark = pytest.mark.broker

SLOT = Slot(deliverer="GM0344", dataset="wmo", period="2025HJ01")
KEKS = {zone: bytes([number]) * 32 for number, zone in enumerate((Zone.IDENTIFYING, Zone.PSEUDONYMOUS))}
WEEKS = timedelta(days=21)


def keep(event: Event[Any], ref: ContentRef) -> timedelta | None:
    """Findings and records 21 days; a register for ever."""
    return None if ref.content_schema == "register/1" else WEEKS


@dataclass
class Scene:
    """A service's topic, its keys, and the time."""

    bootstrap: str
    topic: Topic
    producer: AIOKafkaProducer
    clock: ShiftedClock
    path: Path

    def keyring(self, owner: str = "validation") -> DirectoryKeyRing:
        return DirectoryKeyRing(self.path, KEKS, self.clock, owner=owner)

    def content(
        self, schema: str = "findings/1", *, zone: Zone = Zone.IDENTIFYING, owner: str = "validation"
    ) -> ContentRef:
        """A content of which only the key matters here."""
        content_id = uuid4()
        self.keyring(owner).create(zone, uuid4(), content_id)
        return ContentRef(
            location=Object(url="x:y"), content_id=content_id, content_schema=schema, sha256="0" * 64, bytes=0
        )

    async def event(self, findings: ContentRef | None, records: ContentRef | None = None) -> None:
        data = DeliveryAssessed(
            slot=SLOT,
            delivery_id=uuid4(),
            verdict=Verdict.OK,
            specification="wmo/1",
            rule_set="1",
            rows=1,
            findings=findings,
            records=records,
        )
        record = encode(
            Event.caused_by(
                data,
                cause=uuid4(),
                stage="assess",
                correlation=data.delivery_id,
                source=source_of("validation"),
                time=self.clock.now(),
            )
        )
        await self.send(record.value, record.headers)

    async def send(self, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        await self.producer.send_and_wait(
            self.topic.name, value, headers=list(headers), key=SLOT.key.encode()
        )

    async def sweep(self, zones: Sequence[Zone] = (Zone.IDENTIFYING,)) -> SweepSummary:
        sweep = RetentionSweep(
            self.keyring(), self.bootstrap, [self.topic], zones, keep, "validation", self.clock
        )
        return await sweep.run()

    def left(self) -> set[UUID]:
        return {record.content_id for record in self.keyring().list()}


@pytest.fixture
async def scene(kafka: str, tmp_path: Path) -> AsyncIterator[Scene]:
    topic = replace(ASSESSMENTS, name=f"assessments.{uuid4().hex[:8]}", partitions=3)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic.name, topic.partitions, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    yield Scene(kafka, topic, producer, ShiftedClock(), tmp_path)
    await producer.stop()


async def test_nothing_there_is_nothing_to_do(scene: Scene) -> None:
    assert await scene.sweep() == SweepSummary(keys=0, events=0, unreadable=0, expired=0, orphaned=0)


async def test_keys_go_when_their_time_has_come(scene: Scene) -> None:
    old, register = scene.content(), scene.content("register/1")
    await scene.event(old, register)
    scene.clock.advance(timedelta(days=20))
    young = scene.content()
    await scene.event(young)
    assert (await scene.sweep()).expired == 0
    scene.clock.advance(timedelta(days=1, minutes=1))
    assert await scene.sweep() == SweepSummary(keys=3, events=2, unreadable=0, expired=1, orphaned=0)
    assert scene.left() == {register.content_id, young.content_id}
    scene.clock.advance(timedelta(days=1000))
    assert (await scene.sweep()).expired == 1
    assert scene.left() == {register.content_id}


async def test_of_several_events_the_longest_promise_counts(scene: Scene) -> None:
    """In whichever order they stand in the log: here the younger event first, then the older one."""
    twice, forever, expiring = scene.content(), scene.content(), scene.content()
    old, scene.clock = scene.clock, ShiftedClock(offset=timedelta(days=15))
    await scene.event(twice)
    await scene.event(forever.model_copy(update={"content_schema": "register/1"}))
    scene.clock = old
    await scene.event(twice, forever)
    await scene.event(expiring)
    scene.clock.advance(timedelta(days=22))
    assert (await scene.sweep()).expired == 1
    assert scene.left() == {twice.content_id, forever.content_id}
    scene.clock.advance(timedelta(days=15))
    assert (await scene.sweep()).expired == 1
    assert scene.left() == {forever.content_id}


async def test_a_key_without_event_goes_after_a_day(scene: Scene) -> None:
    orphan, used = scene.content(), scene.content()
    await scene.event(used)
    scene.clock.advance(timedelta(hours=23, minutes=59))
    assert (await scene.sweep()).orphaned == 0
    scene.clock.advance(timedelta(minutes=2))
    assert await scene.sweep() == SweepSummary(keys=2, events=1, unreadable=0, expired=0, orphaned=1)
    assert scene.left() == {used.content_id}
    assert not scene.keyring().exists(orphan.content_id)


async def test_what_others_made_and_other_zones_are_not_touched(scene: Scene) -> None:
    foreign = scene.content(owner="linkage")
    elsewhere = scene.content(zone=Zone.PSEUDONYMOUS)
    await scene.event(foreign, elsewhere)
    scene.content(owner="intake")
    scene.clock.advance(timedelta(days=1000))
    before = scene.left()
    assert await scene.sweep() == SweepSummary(keys=0, events=1, unreadable=0, expired=0, orphaned=0)
    assert scene.left() == before


async def test_a_record_nobody_can_read_saves_the_orphans_and_not_the_expired(scene: Scene) -> None:
    orphan, old = scene.content(), scene.content()
    await scene.event(old)
    await scene.send(b"\xff\xfe not json", [("ce_type", b"\xff")])
    await scene.send(None)
    scene.clock.advance(timedelta(days=22))
    assert await scene.sweep() == SweepSummary(keys=2, events=1, unreadable=2, expired=1, orphaned=0)
    assert scene.left() == {orphan.content_id}


async def test_without_the_log_no_key_is_touched(scene: Scene) -> None:
    scene.content()
    scene.clock.advance(timedelta(days=1000))
    blind = replace(scene, topic=replace(scene.topic, name=f"no-such-topic-{uuid4().hex}"))
    with pytest.raises(TryLater):
        await blind.sweep()
    assert len(scene.left()) == 1


async def test_a_sweep_after_the_recorded_moment_uses_event_time_not_now(scene: Scene) -> None:
    """An event recorded in the past counts from then."""
    late = scene.content()
    present, scene.clock = scene.clock, ShiftedClock(offset=timedelta(days=-40))
    await scene.event(late)
    scene.clock = present
    assert datetime.now(UTC) - scene.clock.now() < timedelta(minutes=5)
    assert (await scene.sweep()).expired == 1
