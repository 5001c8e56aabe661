"""The only wiring of aggregation."""

from datetime import timedelta
from typing import Any

from aiokafka.errors import KafkaError

from gmsd_aggregation.adapters import migrations
from gmsd_aggregation.adapters.warehouse import Session, Warehouse
from gmsd_aggregation.errors import MigrationRefused
from gmsd_aggregation.handlers import KINDS, LOADS, LoadHandler, SlotHandler
from gmsd_aggregation.housekeeping import Housekeeping
from gmsd_aggregation.loading import Loader
from gmsd_aggregation.nudge import Nudge
from gmsd_aggregation.reconciler import Reconciler
from gmsd_aggregation.settings import AggregationSettings
from gmsd_aggregation.snapshots import KEPT, Snapshots
from gmsd_chassis.bus.cluster import describe
from gmsd_chassis.bus.inbox import Inbox
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.clock import Clock
from gmsd_chassis.content import LogContentStore
from gmsd_chassis.errors import ConfigError, TryLater
from gmsd_chassis.keyring import DirectoryKeyRing, RetentionSweep
from gmsd_chassis.logs import log
from gmsd_chassis.service import Service
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event
from gmsd_contracts.topics import DELIVERIES, LINKS, SNAPSHOTS
from gmsd_contracts.zones import Zone


def keep(event: Event[Any], ref: ContentRef) -> timedelta | None:
    """How long after its event a content of ours is kept: exact cells as long as their topic."""
    return KEPT


async def prepare(warehouse: Warehouse, settings: AggregationSettings, clock: Clock) -> None:
    """Migrate, and tie the warehouse to the log. Raises ConfigError, TryLater."""
    try:
        cluster = await describe(settings.kafka_bootstrap, [SNAPSHOTS.name])
    except KafkaError as error:
        raise TryLater("log_unreachable") from error

    def work(session: Session) -> int:
        found = migrations.read(settings.warehouse_migrations)
        applied = migrations.migrate(session, found, clock.now())
        migrations.belong_to(session, cluster.id, clock.now())
        return applied

    try:
        applied = await warehouse.run(work)
    except MigrationRefused as refused:
        raise ConfigError(refused.sentence) from None
    log.info("warehouse_ready", migrations_applied=applied)


def build() -> Service:
    """Aggregation as a service, from the environment. Raises ConfigError."""
    settings = AggregationSettings()
    clock = settings.clock()
    keyring = DirectoryKeyRing(settings.keys_dir, settings.keks(), clock, owner="aggregation")
    publisher = Publisher(settings.kafka_bootstrap, client_id=f"aggregation-{settings.instance}")
    content = LogContentStore(lambda: publisher.producer, settings.kafka_bootstrap, keyring)
    warehouse = Warehouse(settings.dsn, settings.warehouse_memory_bytes)
    nudge = Nudge()
    loads = LoadHandler(Loader(warehouse, content, clock), nudge, clock)
    snapshots = Snapshots(warehouse, content, publisher, clock)
    reconciler = Reconciler(
        warehouse, snapshots, nudge, quiet=settings.quiet_seconds, most=settings.quiet_most_seconds
    )
    sweep = RetentionSweep(
        keyring,
        settings.kafka_bootstrap,
        (SNAPSHOTS,),
        {Zone.STATISTICAL},
        keep,
        owner="aggregation",
        clock=clock,
    )
    housekeeping = Housekeeping(warehouse, sweep, clock, settings.retention_seconds)

    async def start() -> None:
        await prepare(warehouse, settings, clock)

    async def stop() -> None:
        warehouse.close()

    return Service(
        name="aggregation",
        settings=settings,
        publisher=publisher,
        inboxes=[
            # Two groups: an akkoord does not wait behind the load of a register of a million rows.
            Inbox(
                topics=(LINKS, DELIVERIES),
                group="aggregation.loads",
                accepts=LOADS,
                handler=loads,
                on_poison=loads.on_poison,
            ),
            Inbox(
                topics=(DELIVERIES,),
                group="aggregation.decisions",
                accepts=tuple(KINDS),
                handler=SlotHandler(warehouse, nudge, clock),
            ),
        ],
        background=[reconciler.run, housekeeping.run],
        checks={"warehouse": warehouse.problem},
        startup=[start],
        shutdown=[content.stop, stop],
        clock=clock,
    )
