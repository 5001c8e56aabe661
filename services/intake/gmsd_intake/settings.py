"""What intake is told."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from gmsd_chassis.settings import TokenSettings
from gmsd_contracts.envelope import DEFAULT_OIN
from gmsd_contracts.zones import Zone

MIB = 1024 * 1024


class IntakeSettings(TokenSettings):
    """Intake works in zone identifying only."""

    zones: ClassVar[frozenset[Zone]] = frozenset({Zone.IDENTIFYING})

    oin: str = Field(
        default=DEFAULT_OIN,
        pattern=r"^[0-9]{20}$",
        description="Organisatie-identificatienummer of the platform, in the source of every event",
    )
    public_url: str = Field(
        default="", description="Address at which deliverers reach this service, without /v1; empty: relative"
    )
    upload_max_bytes: int = Field(
        default=512 * MIB, ge=1, description="Largest file in bytes; a larger one is answered with 413"
    )
    disk_min_free_bytes: int = Field(
        default=1024 * MIB,
        ge=0,
        description="Bytes that must stay free on the disk of the spool; below it uploads get 503",
    )
    uploads_at_once: int = Field(
        default=16, ge=1, description="Uploads that are spooled at the same time; the next ones wait"
    )
    raw_retention_days: float = Field(
        default=21, gt=0, le=21, description="Days after which the key of a raw file is destroyed"
    )
    sweep_seconds: float = Field(
        default=3600,
        gt=0,
        description="Seconds between two sweeps of keys past their retention or without event",
    )

    @property
    def spool_dir(self) -> Path:
        """Where bodies stand, encrypted, while a request runs."""
        return self.state_dir / "spool"

    @property
    def read_model(self) -> Path:
        """The SQLite file of the fold."""
        return self.state_dir / "intake.sqlite"
