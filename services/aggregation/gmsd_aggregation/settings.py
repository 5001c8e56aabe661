"""What aggregation is told."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, PositiveInt

from gmsd_aggregation.adapters.migrations import CHECKOUT
from gmsd_chassis.settings import ServiceSettings
from gmsd_contracts.zones import Zone


class AggregationSettings(ServiceSettings):
    """Aggregation reads persons under pseudonym and writes counts; it never holds a key under which a BSN stands."""

    zones: ClassVar[frozenset[Zone]] = frozenset({Zone.PSEUDONYMOUS, Zone.STATISTICAL})

    warehouse_dsn: str = Field(
        default="",
        description="ClickHouse: chdb:///path (in this process) or clickhouse://user:password@host:port; "
        "empty is chdb in the state directory",
    )
    warehouse_migrations: Path = Field(
        default=CHECKOUT, description="Directory with the SQL migrations of the warehouse"
    )
    warehouse_memory_bytes: PositiveInt = Field(
        default=800_000_000, description="Memory one query may use; grouping spills to disk at half of it"
    )
    quiet_seconds: float = Field(
        default=10,
        ge=0,
        description="Seconds without a change of its inputs before a period is computed again",
    )
    quiet_most_seconds: float = Field(
        default=120,
        gt=0,
        description="Seconds after which a period is computed although its inputs keep changing",
    )
    retention_seconds: float = Field(
        default=3600, gt=0, description="Seconds between two sweeps of keys and superseded rows"
    )

    @property
    def dsn(self) -> str:
        """Where the warehouse is."""
        return self.warehouse_dsn or f"chdb://{(self.state_dir / 'warehouse').absolute()}"
