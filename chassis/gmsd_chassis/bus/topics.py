"""Topics made from the registry, and never changed behind anyone's back.

`python -m gmsd_chassis.bus.topics host:port` does it for a broker that somebody else runs.
"""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from gmsd_chassis.errors import EX_CONFIG, ConfigError
from gmsd_contracts.topics import TOPICS

REPLICAS = 3
"""In production; a cluster with fewer brokers gets as many replicas as it has brokers."""
SETTLE_SECONDS = 30.0
"""A created topic has leaders after some tens of milliseconds; a broker that needs longer than this is ill."""
EX_UNAVAILABLE = 69
"""sysexits.h: a service is unavailable. Trying again later may help."""


class TopicDiffers(ConfigError):
    """A topic exists with `found` partitions where the registry declares `declared`."""

    def __init__(self, topic: str, found: int, declared: int) -> None:
        super().__init__(
            f"Topic {topic} has {found} partitions and should have {declared}; it was left alone: use another cluster."
        )
        self.topic, self.found, self.declared = topic, found, declared


class TopicsNotMade(Exception):
    """The broker refused `topic`, or did not answer (None). `reason` is the type of its error."""

    def __init__(self, reason: str, topic: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.topic = reason, topic


class DeclaredTopic(Protocol):
    """What is needed of a topic of the registry (`gmsd_contracts.topics.Topic`)."""

    @property
    def name(self) -> str: ...
    @property
    def partitions(self) -> int: ...
    @property
    def settings(self) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What ensure_topics did and saw. `differing` holds (topic, setting, declared value, broker's value)."""

    created: tuple[str, ...]
    differing: tuple[tuple[str, str, str, str], ...]


async def ensure_topics(bootstrap: str, registry: Iterable[DeclaredTopic]) -> TopicReport:
    """Create what the registry declares and the broker lacks; return when every partition has a leader.

    Existing topics are never altered. Another number of partitions raises TopicDiffers, before anything is created: keys would
    land elsewhere. Another setting (retention, for one) is reported, since an operator may have meant it.
    Raises TopicsNotMade when the broker refuses or does not answer.
    """
    declared = {topic.name: topic for topic in registry}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        present = {
            name: count for name, count in (await _partitions(admin, led=False)).items() if name in declared
        }
        for name, count in sorted(present.items()):
            if count != declared[name].partitions:
                raise TopicDiffers(name, count, declared[name].partitions)
        missing = [topic for name, topic in declared.items() if name not in present]
        if missing:
            await _create(admin, missing)
            await _settled(admin, missing)
            await _serving(bootstrap, missing)
        differing = await _differing(admin, [declared[name] for name in sorted(present)])
    except (KafkaError, OSError, TimeoutError) as e:
        raise TopicsNotMade(type(e).__name__) from e
    finally:
        await admin.close()
    return TopicReport(tuple(topic.name for topic in missing), tuple(differing))


async def _partitions(admin: AIOKafkaAdminClient, *, led: bool) -> dict[str, int]:
    """Topic → number of partitions; with `led`, of those that have a leader."""
    topics: list[dict[str, Any]] = await admin.describe_topics()
    return {t["topic"]: sum(p["leader"] >= 0 or not led for p in t["partitions"]) for t in topics}


async def _create(admin: AIOKafkaAdminClient, topics: list[DeclaredTopic]) -> None:
    replicas = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
    answer = await admin.create_topics(
        [NewTopic(t.name, t.partitions, replicas, None, t.settings) for t in topics]
    )
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        # another platform on the same broker may have been first; its partitions are checked by _settled
        if code and error is not TopicAlreadyExistsError:
            raise TopicsNotMade(error.__name__, name)


async def _settled(admin: AIOKafkaAdminClient, topics: list[DeclaredTopic]) -> None:
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            present = await _partitions(admin, led=True)
            if all(present.get(t.name) == t.partitions for t in topics):
                return
            await asyncio.sleep(0.05)


async def _serving(bootstrap: str, topics: list[DeclaredTopic]) -> None:
    """Return once each partition's leader answers for it: the metadata names a leader somewhat before it knows that it is one,
    and a producer that came between would log an error for each partition."""
    partitions = [TopicPartition(t.name, number) for t in topics for number in range(t.partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()


async def _differing(
    admin: AIOKafkaAdminClient, topics: list[DeclaredTopic]
) -> list[tuple[str, str, str, str]]:
    if not topics:
        return []
    resources = [ConfigResource(ConfigResourceType.TOPIC, t.name) for t in topics]
    actual: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(resources):
        for _code, _message, _type, name, entries in answer.resources:
            actual[name] = {entry[0]: entry[1] for entry in entries}
    return [
        (t.name, key, value, actual[t.name].get(key, ""))
        for t in topics
        for key, value in sorted(t.settings.items())
        if actual.get(t.name) and actual[t.name].get(key, "") != value
    ]


def main(arguments: Sequence[str]) -> int:
    """Create the registry's topics on the broker that the one argument names; the exit code."""
    if len(arguments) != 1 or ":" not in arguments[0]:
        print("usage: python -m gmsd_chassis.bus.topics host:port", file=sys.stderr)
        return EX_CONFIG
    bootstrap = arguments[0]
    try:
        report = asyncio.run(ensure_topics(bootstrap, TOPICS.values()))
    except ConfigError as error:
        print(error.sentence, file=sys.stderr)
        return EX_CONFIG
    except TopicsNotMade as error:
        what = "the topics" if error.topic is None else error.topic
        print(f"The broker at {bootstrap} did not make {what} ({error.reason}).", file=sys.stderr)
        return EX_UNAVAILABLE
    for topic, setting, declared, actual in report.differing:
        print(f"{topic}: {setting} is {actual}, declared is {declared}; left as it is")
    print(f"{len(report.created)} topics created, {len(TOPICS) - len(report.created)} existed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
