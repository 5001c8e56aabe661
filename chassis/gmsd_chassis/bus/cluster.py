"""Which Kafka cluster this is, and which partitions topics have."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import UnknownTopicOrPartitionError


@dataclass(frozen=True)
class Cluster:
    """Cluster id and (topic, partition) of the topics asked for."""

    id: str
    partitions: tuple[tuple[str, int], ...]


async def describe(bootstrap: str, topics: Sequence[str]) -> Cluster:
    """Ask a broker. Raises KafkaError: no broker answers, or UnknownTopicOrPartitionError for a topic not created yet."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        cluster = await admin.describe_cluster()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    partitions = []
    for topic in described:
        if topic["error_code"]:
            raise UnknownTopicOrPartitionError(topic["topic"])
        partitions += [(topic["topic"], partition["partition"]) for partition in topic["partitions"]]
    return Cluster(str(cluster["cluster_id"]), tuple(sorted(partitions)))
