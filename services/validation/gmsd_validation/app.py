"""The only wiring of validation."""

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
from gmsd_contracts.topics import ASSESSMENTS, DELIVERIES
from gmsd_contracts.zones import Zone
from gmsd_validation.adapters.checker import Checker
from gmsd_validation.handlers import ACCEPTS, Validation
from gmsd_validation.settings import ValidationSettings

MIB = 1024 * 1024
KEPT = timedelta(days=21)
"""Checked rows and findings name persons: the promise to deliverers is 21 days (AVG, deletion after use)."""


def keep(event: Event[Any], ref: ContentRef) -> timedelta | None:
    """How long after its event a content of ours is kept."""
    return KEPT


def build() -> Service:
    """Validation as a service, from the environment. Raises ConfigError."""
    settings = ValidationSettings()
    clock = settings.clock()
    keyring = DirectoryKeyRing(settings.keys_dir, settings.keks(), clock, owner="validation")
    publisher = Publisher(settings.kafka_bootstrap, client_id=f"validation-{settings.instance}")
    workshop = Workshop(
        jobs={"assess": "gmsd_validation.jobs:assess"},
        memory_bytes=settings.worker_memory_mb * MIB,
        seconds=settings.worker_seconds,
        warm=("polars", "pyarrow", "pyarrow.ipc", "pyarrow.csv", "gmsd_validation.domain.assess"),
    )
    content = LogContentStore(lambda: publisher.producer, settings.kafka_bootstrap, keyring)
    validation = Validation(checker=Checker(content, workshop), clock=clock)
    sweep = RetentionSweep(
        keyring,
        settings.kafka_bootstrap,
        (ASSESSMENTS,),
        {Zone.IDENTIFYING},
        keep,
        owner="validation",
        clock=clock,
    )

    async def retention() -> None:
        await sweep.repeat(timedelta(seconds=settings.retention_seconds))

    return Service(
        name="validation",
        settings=settings,
        publisher=publisher,
        inboxes=[
            Inbox(
                topics=(DELIVERIES,),
                group="validation",
                accepts=ACCEPTS,
                handler=validation.handle,
                on_poison=validation.on_poison,
            )
        ],
        background=[retention],
        startup=[workshop.start],
        shutdown=[workshop.stop, content.stop],
        clock=clock,
    )
