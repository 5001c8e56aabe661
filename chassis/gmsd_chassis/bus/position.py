"""Where a record stands in the log, and an event with its place."""

from dataclasses import dataclass
from typing import Any

from gmsd_contracts.envelope import Event


@dataclass(frozen=True, order=True)
class Position:
    """One record of the log."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class Received:
    """A decoded event and where it was read."""

    event: Event[Any]
    position: Position
