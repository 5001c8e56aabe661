"""Asking a broker who it is, and knowing it again."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
)

from gmsd_cli.local.errors import ForeignState
from gmsd_cli.local.files import write_private

_NO_GROUP = "gmsd"
"""A group that nobody joins: any name has a coordinator."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the broker says of itself: the id of its cluster and how many brokers it has."""

    cluster_id: str
    brokers: int


async def describe(bootstrap: str, within: float = 5.0) -> Cluster | None:
    """The cluster behind `bootstrap` once it answers an API call and has a controller, else None. Waits `within` seconds at most."""
    if not await _listens(bootstrap.split(",")[0], within):
        return None
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(within * 1000))
    try:
        async with asyncio.timeout(within):
            await admin.start()
            answer = await admin.describe_cluster()
    except (KafkaError, TimeoutError, OSError):
        return None
    finally:
        await admin.close()
    if not answer["brokers"] or answer["controller_id"] < 0:
        return None
    return Cluster(str(answer["cluster_id"]), len(answer["brokers"]))


async def coordinates_groups(bootstrap: str, within: float = 5.0) -> bool:
    """Whether the broker answers for consumer groups. A new broker makes their topic at the first question, in some 0.7 s: asked
    before the first consumer does, that one joins at once instead of logging errors."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(within * 1000))
    try:
        async with asyncio.timeout(within):
            await admin.start()
            node = await admin.find_coordinator(_NO_GROUP)
            answers = await admin.describe_consumer_groups([_NO_GROUP], group_coordinator_id=node)
    except (KafkaError, TimeoutError, OSError):
        return False
    finally:
        await admin.close()
    not_yet = (
        GroupLoadInProgressError.errno,
        NotCoordinatorForGroupError.errno,
        GroupCoordinatorNotAvailableError.errno,
    )
    return all(g["error_code"] not in not_yet for a in answers for g in a.to_object()["groups"])


def recognise(cluster: Cluster, path: Path) -> None:
    """Remember the first cluster seen in the file `path`; raise ForeignState for another one ever after.

    The services' stores are folds over one cluster's log: over another's they would be nonsense.
    """
    if not path.exists():
        write_private(path, f"{cluster.cluster_id}\n".encode())
    known = path.read_text(encoding="utf-8").strip()
    if known != cluster.cluster_id:
        raise ForeignState(
            f"{path.parent} hoort bij Kafka-cluster {known} en niet bij {cluster.cluster_id}; "
            "kies een andere map met --state of herstel de broker."
        )


async def _listens(address: str, within: float) -> bool:
    """Whether anything accepts a connection there: asked first, because the client logs each refusal as an error."""
    host, _, port = address.rpartition(":")
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host.strip("[]"), int(port)), within)
    except (OSError, TimeoutError, ValueError):
        return False
    writer.close()
    return True
