"""The test's own end of the bus."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gmsd_chassis.bus.codec import decode
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.bus.topics import ensure_topics
from gmsd_chassis.clock import Clock
from gmsd_chassis.content import LogContentStore
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_chassis.keyring.scan import scan
from gmsd_contracts.envelope import Event
from gmsd_contracts.topics import TOPICS, Topic
from tests.support.process import make_keys


@dataclass
class Bus:
    """Publisher, content store with the keys of every zone, and the key ring; all real."""

    bootstrap: str
    publisher: Publisher
    content: LogContentStore
    keyring: DirectoryKeyRing

    async def events(self, topic: Topic) -> list[Event[Any]]:
        """All events that now stand in a topic."""
        async with aclosing(scan(self.bootstrap, [topic.name])) as records:
            return [decode(record) async for record in records]

    async def wait_for(
        self, topic: Topic, wanted: Callable[[Event[Any]], bool], seconds: float = 30
    ) -> Event[Any]:
        """The first event in the topic that is wanted; AssertionError when none comes."""
        for _ in range(int(seconds * 5)):
            for event in await self.events(topic):
                if wanted(event):
                    return event
            await asyncio.sleep(0.2)
        raise AssertionError(f"no such event in {topic.name} in {seconds} s")


@asynccontextmanager
async def bus(bootstrap: str, root: Path, owner: str = "test") -> AsyncIterator[Bus]:
    """Connect to a broker with the registry's topics, and to the key ring that the services under `root` use."""
    await ensure_topics(bootstrap, TOPICS.values())
    publisher = Publisher(bootstrap, client_id="test")
    keyring = DirectoryKeyRing(root / "keys", make_keys(root / "keks"), Clock(), owner=owner)
    await publisher.start()
    content = LogContentStore(lambda: publisher.producer, bootstrap, keyring)
    try:
        yield Bus(bootstrap, publisher, content, keyring)
    finally:
        await content.stop()
        await publisher.stop()
