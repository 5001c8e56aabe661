"""Ways to hurt a running platform, and ways to see whether it minded."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import httpx
from aiokafka import AIOKafkaProducer, ConsumerRecord

from gmsd_chassis.bus.codec import decode
from gmsd_chassis.clock import Clock, ShiftedClock
from gmsd_chassis.content import LogContentStore
from gmsd_chassis.errors import ContentExpired, Unprocessable
from gmsd_chassis.keyring import DirectoryKeyRing, RetentionSweep
from gmsd_chassis.keyring.scan import scan
from gmsd_cli.client import IntakeClient
from gmsd_cli.local.places import Layout
from gmsd_cli.local.supervisor import LocalPlatform
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event
from gmsd_contracts.topics import SERVICES, TOPICS, Topic, quarantine_of
from gmsd_contracts.zones import Zone

VICTIMS = (*SERVICES, "kafka")
ENDS = frozenset({"AFGEKEURD", "VERLOPEN", "VERVANGEN", "INGETROKKEN"})
EVENT_TOPICS = tuple(topic for topic in TOPICS.values() if topic.kind == "events")
CONTENT_TOPICS = tuple(topic for topic in TOPICS.values() if topic.kind == "content")
GIB = 1024**3

Record: TypeAlias = "ConsumerRecord[bytes, bytes]"


@dataclass
class Assassin:
    """Kills every process of a platform `times` times, in a random order, at random moments; `seed` makes it repeatable.

    `strike` says how: SIGKILL unless told otherwise. A victim that is down at its moment is awaited, and given a random
    moment of its new life: also while it starts.
    """

    platform: LocalPlatform
    seed: int
    times: int = 2
    pause: tuple[float, float] = (0.3, 3.5)
    kills: list[tuple[str, str, float]] = field(default_factory=list)

    async def run(self, signals: Collection[signal.Signals] = (signal.SIGKILL,)) -> None:
        """Return when all of them were struck."""
        print(f"kills follow seed {self.seed}")
        dice = random.Random(self.seed)
        order = [name for name in VICTIMS for _ in range(self.times)]
        dice.shuffle(order)
        began = time.monotonic()
        for name in order:
            await asyncio.sleep(dice.uniform(*self.pause))
            chosen = dice.choice(sorted(signals))
            await self._strike(name, chosen)
            self.kills.append((name, chosen.name, round(time.monotonic() - began, 1)))
        print(f"struck: {self.kills}")

    async def _strike(self, name: str, how: signal.Signals) -> None:
        async with asyncio.timeout(60):
            while (pid := self.platform.pid(name)) is None:  # noqa: ASYNC110 - no event: another process
                await asyncio.sleep(0.1)
        if how is signal.SIGSTOP:
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(3.0)
            os.kill(pid, signal.SIGCONT)
        else:
            os.kill(pid, how)

    def counts(self) -> Counter[str]:
        """How often each was struck."""
        return Counter(name for name, _, _ in self.kills)


async def records(bootstrap: str, topics: Iterable[Topic]) -> list[Record]:
    """Every record that stands in the topics now."""
    async with aclosing(scan(bootstrap, [topic.name for topic in topics])) as found:
        return [record async for record in found]


async def events(
    bootstrap: str, topics: Iterable[Topic] = EVENT_TOPICS, *, spoilt: bool = False
) -> list[Event[Any]]:
    """Every event of the topics. A record that is none raises Unprocessable; `spoilt`: it is passed over."""
    found = []
    for record in await records(bootstrap, topics):
        try:
            found.append(decode(record))
        except Unprocessable:
            if not spoilt:
                raise
    return found


async def quarantined(bootstrap: str, service: str | None = None) -> list[dict[str, str]]:
    """What stands in quarantine: the headers that say why, without their prefix."""
    topics = [quarantine_of(name) for name in SERVICES if service in (None, name)]
    return [why(record) for record in await records(bootstrap, topics)]


def why(record: Record) -> dict[str, str]:
    """The headers by which quarantine says what happened to a record."""
    prefix = "gmsd_quarantine_"
    return {
        name.removeprefix(prefix): value.decode() for name, value in record.headers if name.startswith(prefix)
    }


@dataclass(frozen=True)
class Raw:
    """A record to write as it is; without a partition its key decides."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None

    @classmethod
    def copy(cls, record: Record) -> "Raw":
        """The same once more, in the same place."""
        return cls(record.topic, record.key, record.value, tuple(record.headers), record.partition)


async def append(bootstrap: str, raws: Iterable[Raw]) -> None:
    """Write past every encoder, and wait until it is there."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=2_000_000)
    await producer.start()
    try:
        sent = [
            await producer.send(raw.topic, raw.value, raw.key, raw.partition, headers=list(raw.headers))
            for raw in raws
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def restart_with(platform: LocalPlatform, service: str, *, wait: bool = True, **settings: str) -> None:
    """Kill a service; it comes back with these settings besides those it had.

    Returns when the whole platform is ready; with `wait` False when the service itself is.
    """
    overrides = platform.overrides
    assert isinstance(overrides, dict)
    overrides.setdefault(service, {}).update(settings)
    before = platform.restarts(service)
    platform.kill(service)
    async with asyncio.timeout(60):
        while platform.restarts(service) == before:  # noqa: ASYNC110 - no event: another process
            await asyncio.sleep(0.1)
    if wait:
        await platform.wait_ready()
    else:
        await _answers(f"{platform.url(service)}/health/ready")


async def _answers(url: str, within: float = 90.0) -> None:
    async with asyncio.timeout(within), httpx.AsyncClient(timeout=5) as client:
        while True:
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)


async def reached(
    client: IntakeClient, delivery: str, states: Collection[str], within: float = 90.0
) -> dict[str, Any]:
    """The delivery, once it is in one of these states."""
    began = time.monotonic()
    while (full := await client.delivery(delivery))["status"] not in states:
        if time.monotonic() - began > within:
            raise AssertionError(f"after {within} s the delivery is {full['status']}, not one of {states}")
        await asyncio.sleep(0.2)
    return full


async def settled(platform: LocalPlatform, quiet: float = 3.0, within: float = 120.0) -> None:
    """Return when no consumer group and no fold has anything to read, for `quiet` seconds."""
    async with httpx.AsyncClient(timeout=10) as client:
        began = since = time.monotonic()
        while time.monotonic() - since < quiet:
            behind = [line for name in SERVICES for line in await _behind(client, platform.url(name))]
            if behind:
                since = time.monotonic()
            if since - began > within:
                raise AssertionError(f"still behind after {within} s: {behind}")
            await asyncio.sleep(0.5)


async def _behind(client: httpx.AsyncClient, url: str) -> list[str]:
    """The measurements that say that a service has something to read."""
    try:
        text = (await client.get(f"{url}/metrics")).text
    except httpx.TransportError:
        return [f"{url} does not answer"]
    names = ("gmsd_inbox_lag_records", "gmsd_fold_lag_records")
    lags = [line for line in text.splitlines() if line.startswith(names)]
    return (
        [line for line in lags if float(line.rsplit(" ", 1)[1]) > 0] if lags else [f"{url} measured nothing"]
    )


def keyring_of(layout: Layout, clock: Clock | None = None) -> DirectoryKeyRing:
    """The platform's key ring with the keys of all zones, which no service has."""
    zones = (Zone.IDENTIFYING, Zone.PSEUDONYMOUS, Zone.STATISTICAL)
    keks = {zone: (layout.keks / f"{zone.value}.kek").read_bytes() for zone in zones}
    return DirectoryKeyRing(layout.keyring, keks, clock or Clock(), owner="test")


def reader_of(platform: LocalPlatform) -> LogContentStore:
    """A reader of all content."""
    return LogContentStore(_no_writing, platform.bootstrap, keyring_of(platform.layout))


def _no_writing() -> Any:
    raise AssertionError("the test only reads")


@dataclass(frozen=True)
class Contents:
    """Contents of the log: those that an event refers to, and those that none does."""

    referred: dict[UUID, ContentRef]
    orphans: set[UUID]


async def contents(bootstrap: str) -> Contents:
    """Public content has no key, so it cannot be unreadable; it is left out."""
    referred = {ref.content_id: ref for event in await events(bootstrap) for ref in event.data.contents()}
    written: set[UUID] = set()
    for topic in CONTENT_TOPICS:
        if topic.zone is not Zone.PUBLIC:
            found = await records(bootstrap, [topic])
            written |= {UUID(record.key.decode()) for record in found if record.key is not None}
    return Contents(referred, written - set(referred))


async def sweep_orphans(platform: LocalPlatform, ahead: timedelta) -> int:
    """What the services' own sweeps do about keys that no event refers to, on a clock that runs `ahead`; how many keys went."""
    clock = ShiftedClock(ahead)
    keyring = keyring_of(platform.layout, clock)
    gone = 0
    for service in SERVICES:
        own = [topic for topic in EVENT_TOPICS if topic.owner == service]
        sweep = RetentionSweep(
            keyring, platform.bootstrap, own, set(Zone), lambda event, ref: None, owner=service, clock=clock
        )
        summary = await sweep.run()
        assert summary.unreadable == 0, service
        gone += summary.orphaned
    return gone


async def check_contents(platform: LocalPlatform) -> tuple[int, int]:
    """Every content of an event opens and is whole, unless it was erased; none that no event refers to can be opened a day
    later. How many there are of each."""
    found = await contents(platform.bootstrap)
    keyring, reader = keyring_of(platform.layout), reader_of(platform)
    opened = 0
    for content_id, ref in found.referred.items():
        if "content.releases" not in str(ref.location) and not keyring.exists(content_id):
            continue
        await reader.read_all(ref, GIB)
        opened += 1
    await sweep_orphans(platform, timedelta(hours=25))
    for content_id in found.orphans:
        for zone in (Zone.IDENTIFYING, Zone.PSEUDONYMOUS, Zone.STATISTICAL):
            try:
                keyring.open(zone, content_id)
            except ContentExpired:
                continue
            raise AssertionError(f"content {content_id}, of which no event tells, can be read")
    return opened, len(found.orphans)
