"""Topics made from the registry, and never changed behind anyone's back."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from gmsd_cli.local.errors import BrokerFailed, TopicDiffers

REPLICAS = 3
"""In production; a cluster with fewer brokers gets as many replicas as it has brokers."""
SETTLE_SECONDS = 30.0
"""A created topic has leaders after some tens of milliseconds; a broker that needs longer than this is ill."""


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
    Raises BrokerFailed when the broker refuses or does not answer.
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
                raise TopicDiffers(
                    f"Topic {name} heeft {count} partities en hoort er {declared[name].partitions} te hebben; "
                    "het is niet gewijzigd: gebruik een nieuwe map met --state of een ander cluster."
                )
        missing = [topic for name, topic in declared.items() if name not in present]
        if missing:
            await _create(admin, missing)
            await _settled(admin, missing)
            await _serving(bootstrap, missing)
        differing = await _differing(admin, [declared[name] for name in sorted(present)])
    except (KafkaError, OSError, TimeoutError) as e:
        raise BrokerFailed(
            f"De topics konden niet worden gemaakt op {bootstrap} ({type(e).__name__})."
        ) from e
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
            raise BrokerFailed(f"Kafka weigerde topic {name} te maken ({error.__name__}).")


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
