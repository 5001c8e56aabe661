"""What linkage is told."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from gmsd_chassis.errors import ConfigError
from gmsd_chassis.settings import ServiceSettings
from gmsd_contracts.zones import Zone
from gmsd_linkage.domain.pseudonym import KEY_BYTES


class LinkageSettings(ServiceSettings):
    """Linkage alone holds the pseudonym key, and alone works in two zones that know a person."""

    zones: ClassVar[frozenset[Zone]] = frozenset({Zone.IDENTIFYING, Zone.PSEUDONYMOUS})

    pseudonym_key: Path = Field(
        description="File with the pseudonym key, 32 bytes; the same for every instance"
    )
    pseudonym_key_version: int = Field(
        default=1,
        ge=1,
        description="Version of the pseudonym key. Nothing re-keys older deliveries: after a change a period waits until all are sent again",
    )
    worker_memory_mb: int = Field(
        default=1536, ge=256, description="Resident memory the worker process may have, in MiB"
    )
    worker_seconds: float = Field(
        default=120.0, gt=0, description="Seconds the worker process may take for one delivery"
    )
    retention_seconds: float = Field(
        default=3600.0, gt=0, description="Seconds between two sweeps for keys whose time has passed"
    )

    def read_pseudonym_key(self) -> bytes:
        """The key's bytes. Raises ConfigError when the file is absent or has another length."""
        try:
            key = self.pseudonym_key.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"GMSD_PSEUDONYM_KEY names {self.pseudonym_key}, which cannot be read: {error.strerror}"
            ) from None
        if len(key) != KEY_BYTES:
            raise ConfigError(
                f"GMSD_PSEUDONYM_KEY names {self.pseudonym_key}, which has {len(key)} bytes instead of {KEY_BYTES}"
            )
        return key
