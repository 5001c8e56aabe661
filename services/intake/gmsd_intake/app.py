"""The only wiring."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from gmsd_chassis.bus.fold import Fold, FoldStore
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.content import LogContentStore
from gmsd_chassis.http.bearer import TokenCheck
from gmsd_chassis.keyring import DirectoryKeyRing, RetentionSweep
from gmsd_chassis.logs import log
from gmsd_chassis.service import Service
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event, source_of
from gmsd_contracts.topics import DELIVERIES
from gmsd_contracts.zones import Zone
from gmsd_intake.adapters import fold as folding
from gmsd_intake.adapters.erasure import Erasure
from gmsd_intake.adapters.observer import Observer
from gmsd_intake.adapters.queries import ReadModel
from gmsd_intake.adapters.recorder import LogRecorder
from gmsd_intake.adapters.schema import MIGRATIONS
from gmsd_intake.adapters.spool import SpoolDirectory
from gmsd_intake.errors import Problem
from gmsd_intake.handlers import Commands
from gmsd_intake.http.api import create
from gmsd_intake.http.services import Services
from gmsd_intake.settings import IntakeSettings

NAME: Final = "intake"


def build(settings: IntakeSettings | None = None) -> Service:
    """Intake as a service; settings from the environment unless given. Raises ConfigError."""
    settings = settings or IntakeSettings()
    clock = settings.clock()
    tokens = TokenCheck.of(settings, Problem)
    keyring = DirectoryKeyRing(settings.keys_dir, settings.keks(), clock, owner=NAME)
    publisher = Publisher(settings.kafka_bootstrap, client_id=f"{NAME}-{settings.instance}")
    content = LogContentStore(lambda: publisher.producer, settings.kafka_bootstrap, keyring)
    store = FoldStore(settings.read_model, MIGRATIONS)
    fold = Fold(
        name=NAME,
        topics=folding.TOPICS,
        store=store,
        apply=folding.apply,
        bootstrap=settings.kafka_bootstrap,
        clock=clock,
    )
    model = ReadModel(store)
    spool = SpoolDirectory(
        settings.spool_dir, max_bytes=settings.upload_max_bytes, min_free=settings.disk_min_free_bytes
    )
    commands = Commands(
        model=model,
        recorder=LogRecorder(publisher, fold),
        content=content,
        keyring=keyring,
        clock=clock,
        source=source_of(NAME, settings.oin),
    )
    services = Services(
        commands=commands,
        model=model,
        content=content,
        keyring=keyring,
        spool=spool,
        clock=clock,
        fold=fold,
        uploads_at_once=settings.uploads_at_once,
        base_url=settings.public_url.rstrip("/"),
    )
    retention = timedelta(days=settings.raw_retention_days)

    def keep(event: Event[Any], ref: ContentRef) -> timedelta | None:
        return retention

    sweep = RetentionSweep(
        keyring, settings.kafka_bootstrap, (DELIVERIES,), {Zone.IDENTIFYING}, keep, owner=NAME, clock=clock
    )

    async def sweep_spool() -> None:
        left = await asyncio.to_thread(spool.sweep)
        if left:
            log.info("spool_swept", files=left)

    async def sweep_keys() -> None:
        await sweep.repeat(timedelta(seconds=settings.sweep_seconds))

    return Service(
        name=NAME,
        settings=settings,
        publisher=publisher,
        folds=[fold],
        background=[Erasure(store, keyring).run, sweep_keys, Observer(model, clock).run],
        http=create(services, tokens),
        startup=[sweep_spool],
        shutdown=[content.stop],
        clock=clock,
    )
