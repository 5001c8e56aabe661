"""A corner of the bus for one test: topics of its own on the shared broker."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream.kafka import KafkaBroker

from gmsd_chassis.bus.attempts import Attempts
from gmsd_chassis.bus.backoff import Backoff
from gmsd_chassis.bus.fuse import FuseLimits
from gmsd_chassis.bus.inbox import Handler, Inbox, OnPoison, Wiring
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.bus.quarantine import Quarantine
from gmsd_chassis.clock import Clock
from gmsd_contracts.envelope import Event, Payload
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged
from gmsd_contracts.events.registration import WindowClosed, WindowOpened
from gmsd_contracts.topics import Topic
from gmsd_contracts.zones import Zone

P = TypeVar("P", bound=Payload)
QUICK = Backoff(first=0.01, cap=0.05, tries=4)


def consent(version: int, gemeente: str = "GM0344", cause: UUID | None = None) -> Event[ConsentChanged]:
    data = ConsentChanged(
        gemeente=gemeente, product="P1", period="2025HJ01", given=True, version=version, by="x"
    )
    return _event(data, cause or uuid4())


def answer(cause: UUID) -> Event[WindowOpened]:
    """What the handlers of these tests publish."""
    return _event(WindowOpened(period="2025HJ01"), cause)


def failure(cause: UUID) -> Event[WindowClosed]:
    """What on_poison of these tests publishes."""
    return _event(WindowClosed(period="2025HJ01"), cause)


def _event(data: P, cause: UUID) -> Event[P]:
    return Event[Any].caused_by(
        data, cause=cause, stage="test", correlation=uuid4(), source="urn:nld:oin:0:systeem:test",
        time=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


@dataclass
class Member:
    """One process of a consumer group, inside this one."""

    inbox: Inbox
    broker: KafkaBroker
    attempts: Attempts
    crashes: list[tuple[str, BaseException]] = field(default_factory=list)

    async def kill(self) -> None:
        """Gone without finishing anything; the attempts file stays."""
        self.inbox.stop()
        await self.broker.stop()
        await self.inbox.settled()
        self.attempts.close()


@dataclass
class Corner:
    """Topics `source` (consent events), `out` (everything else) and `aside`, and a publisher that keeps to them."""

    bootstrap: str
    source: Topic
    out: Topic
    aside: Topic
    publisher: Publisher
    directory: Path
    group: str
    members: list[Member] = field(default_factory=list)

    async def join(
        self,
        handler: Handler,
        *,
        instance: str = "0",
        on_poison: OnPoison | None = None,
        accepts: Sequence[str] = (ConsentChanged.TYPE,),
        backoff: Backoff = QUICK,
        fuse: FuseLimits = FuseLimits(),  # noqa: B008 - frozen
        quarantine: Quarantine | None = None,
    ) -> Member:
        broker = KafkaBroker(
            self.bootstrap,
            consumer_only=True,
            allow_auto_create_topics=False,
            graceful_timeout=0.5,
            logger=None,
        )
        attempts = Attempts(self.directory / f"attempts-{instance}.sqlite")
        inbox = Inbox(
            topics=[self.source],
            group=self.group,
            accepts=accepts,
            handler=handler,
            on_poison=on_poison,
            backoff=backoff,
        )
        member = Member(inbox, broker, attempts)
        aside = quarantine or Quarantine(self.aside, self.publisher, Clock())

        def crash(reason: str, error: BaseException) -> None:
            member.crashes.append((reason, error))

        await inbox.attach(Wiring(broker, instance, self.publisher, aside, attempts, crash), fuse)
        await broker.start()
        inbox.watch()
        self.members.append(member)
        return member

    async def read(self, topic: Topic) -> list["ConsumerRecord[bytes, bytes]"]:
        """Everything that stands in a topic now."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=None, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            places = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
            consumer.assign(places)
            left = sum((await consumer.end_offsets(places)).values())
            records: list[ConsumerRecord[bytes, bytes]] = []
            while len(records) < left:
                batch = await consumer.getmany(timeout_ms=500)
                records += [record for some in batch.values() for record in some]
            return records
        finally:
            await consumer.stop()

    async def committed(self, partition: int = 0) -> int:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(self.group)
        finally:
            await admin.close()
        place = offsets.get(TopicPartition(self.source.name, partition))
        return 0 if place is None else int(place.offset)


async def make_topics(bootstrap: str, topics: Sequence[Topic]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic.name, topic.partitions, 1) for topic in topics])
    finally:
        await admin.close()


def _topic(name: str, types: Sequence[str], kind: Any = "events", partitions: int = 1) -> Topic:
    return Topic(name, "intake", "any", timedelta(days=1), Zone.STATISTICAL, kind, tuple(types), partitions)


@asynccontextmanager
async def corner_on(bootstrap: str, directory: Path) -> AsyncIterator[Corner]:
    """A corner on a broker, with a publisher that was started."""
    mark = uuid4().hex[:12]
    source = _topic(f"{mark}.source", [ConsentChanged.TYPE, WindowOpened.TYPE], partitions=2)
    out = _topic(f"{mark}.out", [WindowClosed.TYPE])
    aside = _topic(f"{mark}.aside", [], "quarantine")
    await make_topics(bootstrap, [source, out, aside])
    publisher = Publisher(
        bootstrap,
        route=lambda event_type: source if event_type == ConsentChanged.TYPE else out,
        backoff=QUICK,
    )
    await publisher.start()
    corner = Corner(bootstrap, source, out, aside, publisher, directory, f"{mark}-group")
    try:
        yield corner
    finally:
        for member in corner.members:
            await member.kill()
        await publisher.stop()
