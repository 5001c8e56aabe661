"""What validation is told."""

from typing import ClassVar

from pydantic import Field

from gmsd_chassis.settings import ServiceSettings
from gmsd_contracts.zones import Zone


class ValidationSettings(ServiceSettings):
    """Validation works in the identifying zone only: it reads files and writes checked rows and findings."""

    zones: ClassVar[frozenset[Zone]] = frozenset({Zone.IDENTIFYING})

    # The check stays under 500 MB whatever the size of the file (tests/validation/test_memory.py).
    worker_memory_mb: int = Field(
        default=1024, ge=256, description="Resident memory the worker process may have, in MiB"
    )
    # The largest file intake takes is checked in about a minute on one core.
    worker_seconds: float = Field(
        default=600.0, gt=0, description="Seconds the worker process may take for one delivery"
    )
    retention_seconds: float = Field(
        default=3600.0, gt=0, description="Seconds between two sweeps for keys whose time has passed"
    )
