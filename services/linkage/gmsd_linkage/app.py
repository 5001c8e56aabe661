"""The only wiring of linkage."""

from datetime import timedelta
from typing import Any

from gmsd_chassis.bus.inbox import Inbox
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.content import LogContentStore
from gmsd_chassis.isolation import Workshop
from gmsd_chassis.keyring import DirectoryKeyRing, RetentionSweep
from gmsd_chassis.service import Service
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event
from gmsd_contracts.topics import ASSESSMENTS, DELIVERIES, LINKS
from gmsd_contracts.zones import Zone
from gmsd_linkage.adapters.replaced import ReplacedDeliveries
from gmsd_linkage.handlers import ACCEPTS, Linkage
from gmsd_linkage.settings import LinkageSettings

MIB = 1024 * 1024


def build() -> Service:
    """Linkage as a service, from the environment. Raises ConfigError."""
    settings = LinkageSettings()
    clock = settings.clock()
    keyring = DirectoryKeyRing(settings.keys_dir, settings.keks(), clock, owner="linkage")
    publisher = Publisher(settings.kafka_bootstrap, client_id=f"linkage-{settings.instance}")
    workshop = Workshop(
        jobs={"link": "gmsd_linkage.jobs:link"},
        memory_bytes=settings.worker_memory_mb * MIB,
        seconds=settings.worker_seconds,
        warm=("pyarrow", "pyarrow.compute", "pyarrow.ipc"),
    )
    content = LogContentStore(lambda: publisher.producer, settings.kafka_bootstrap, keyring)
    linkage = Linkage(
        content=content,
        workshop=workshop,
        key=settings.read_pseudonym_key(),
        key_version=settings.pseudonym_key_version,
        clock=clock,
    )
    replaced = ReplacedDeliveries(settings.kafka_bootstrap)

    def keep(event: Event[Any], ref: ContentRef) -> timedelta | None:
        return replaced.keep(event)

    sweep = RetentionSweep(
        keyring, settings.kafka_bootstrap, (LINKS,), {Zone.PSEUDONYMOUS}, keep, owner="linkage", clock=clock
    )

    async def retention() -> None:
        await sweep.repeat(timedelta(seconds=settings.retention_seconds), prepare=replaced.refresh)

    return Service(
        name="linkage",
        settings=settings,
        publisher=publisher,
        inboxes=[
            Inbox(
                topics=(ASSESSMENTS, DELIVERIES),
                group="linkage",
                accepts=ACCEPTS,
                handler=linkage.handle,
                on_poison=linkage.on_poison,
            )
        ],
        background=[retention],
        startup=[workshop.start],
        shutdown=[workshop.stop, content.stop],
        clock=clock,
    )
