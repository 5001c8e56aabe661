"""What must become unreadable: noted once by the fold, worked off once, and never read again."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from gmsd_chassis.bus.fold import FoldStore
from gmsd_chassis.bus.position import Position, Received
from gmsd_chassis.clock import Clock
from gmsd_chassis.content import DirectoryContentStore
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event, Payload, source_of
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed, Profile, Verdict
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.slot import Slot
from gmsd_contracts.topics import CONTENT_CHECKED, CONTENT_RAW
from gmsd_contracts.zones import Zone
from gmsd_intake.adapters import fold
from gmsd_intake.adapters.erasure import Erasure
from gmsd_intake.adapters.schema import MIGRATIONS
from tests.intake.watched import off_the_loop

SLOT = Slot(deliverer="GM0344", dataset="wmo", period="2025HJ01")


class World:
    """The fold's file and a KeyRing, without a log."""

    def __init__(self, root: Path) -> None:
        self.path = root / "intake.sqlite"
        self.store = FoldStore(self.path, MIGRATIONS)
        self.keyring = DirectoryKeyRing(root / "keys", {Zone.IDENTIFYING: bytes(32)}, Clock(), owner="intake")
        self.content = DirectoryContentStore(root / "content", self.keyring)
        self.erasure = Erasure(self.store, self.keyring)
        self.versions = 0

    def say(self, data: Payload, stage: str) -> None:
        event = Event[Any].caused_by(
            data, cause=uuid4(), stage=stage, correlation=uuid4(), source=source_of("intake"), time=datetime.now(UTC)
        )  # fmt: skip
        with self.store.write() as connection:
            fold.apply(connection, Received(event, Position("deliveries", 0, 0)))

    async def write(self, delivery: UUID, topic: Any, schema: str) -> ContentRef:
        async with await self.content.open(topic, delivery=delivery, schema=schema) as writer:
            await writer.write(b"x")
            return await writer.close()

    async def receive(self) -> tuple[UUID, ContentRef, ContentRef]:
        """A delivery, its raw file and its findings."""
        delivery = uuid4()
        raw = await self.write(delivery, CONTENT_RAW, "raw")
        findings = await self.write(delivery, CONTENT_CHECKED, "findings/1")
        self.versions += 1
        self.say(
            DeliveryReceived(
                slot=SLOT, delivery_id=delivery, slot_version=self.versions, seq=self.versions, sha256="0" * 64, bytes=1,
                nothing_to_report=False, content=raw,
            ),
            "received",
        )  # fmt: skip
        return delivery, raw, findings

    def reject(self, delivery: UUID) -> None:
        self.say(
            DeliveryAssessed(
                slot=SLOT, delivery_id=delivery, verdict=Verdict.FOUT, specification="wmo/1", rule_set="1", rows=1,
                counts=(), profile=Profile(rows=1, persons=1, columns=()), findings=None,
            ),
            "assessed",
        )  # fmt: skip

    def withdraw(self, delivery: UUID) -> None:
        self.versions += 1
        self.say(
            DeliveryWithdrawn(slot=SLOT, delivery_id=delivery, slot_version=self.versions, by="aanleveraar"),
            "withdrawn",
        )

    def readable(self, *refs: ContentRef) -> list[bool]:
        return [self.keyring.exists(ref.content_id) for ref in refs]

    def waiting(self) -> int:
        with self.store.read() as connection:
            return int(connection.execute("SELECT count(*) FROM erasures").fetchone()[0])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


async def test_of_the_rejected_the_raw_file_goes_and_of_the_withdrawn_everything(world: World) -> None:
    rejected, raw, findings = await world.receive()
    world.reject(rejected)
    withdrawn, *both = await world.receive()
    world.withdraw(withdrawn)
    kept, *all_of_it = await world.receive()
    assert world.erasure.once() == 2
    assert world.readable(raw, findings) == [False, True]
    assert world.readable(*both) == [False, False]
    assert world.readable(*all_of_it) == [True, True]


async def test_what_was_worked_off_is_not_read_again_whatever_is_said_in_its_slot(world: World) -> None:
    for _ in range(5):
        delivery, *_refs = await world.receive()
        world.reject(delivery)
    assert (world.waiting(), world.erasure.once(), world.waiting()) == (5, 5, 0)
    await world.receive()
    assert (world.waiting(), world.erasure.once()) == (0, 0)


async def test_a_death_before_the_row_goes_destroys_again_and_heals(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery, *refs = await world.receive()
    world.withdraw(delivery)
    with monkeypatch.context() as broken:
        broken.setattr(world.store, "write", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.erasure.once()
    assert world.readable(*refs) == [False, False] and world.waiting() == 1
    assert (world.erasure.once(), world.waiting()) == (1, 0)


async def test_a_file_of_the_release_before_still_owes_its_erasures(tmp_path: Path) -> None:
    world = World(tmp_path)
    delivery, *refs = await world.receive()
    world.withdraw(delivery)
    with world.store.write() as connection:  # as the release before left it
        connection.execute("DROP TABLE erasures")
        connection.execute("DELETE FROM fold_migrations WHERE number = 2")
    world.store.close()
    again = FoldStore(world.path, MIGRATIONS)
    assert Erasure(again, world.keyring).once() == 1
    assert world.readable(*refs) == [False, False]
    again.close()


async def test_the_watch_over_the_event_loop_sees_a_question_on_it(world: World) -> None:
    with pytest.raises(AssertionError, match="event loop"):
        off_the_loop(FoldStore.read)(world.store)
    await asyncio.to_thread(off_the_loop(FoldStore.read), world.store)
