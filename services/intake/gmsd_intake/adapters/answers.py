"""What the read model answers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.registration import DelivererRegistered
from gmsd_contracts.slot import Slot
from gmsd_intake.domain.admission import Window
from gmsd_intake.domain.slot import SlotDelivery
from gmsd_intake.domain.state import State, Status


@dataclass(frozen=True)
class Listed:
    """A delivery as it stands in a list."""

    id: UUID
    slot: Slot
    seq: int
    received_at: datetime
    status: Status


@dataclass(frozen=True)
class Step:
    """One event in the history of a delivery."""

    type: str
    at: datetime


@dataclass(frozen=True)
class Release:
    """A release of the delivery's period."""

    product: str
    number: int
    status: str
    at: datetime
    retracted_at: datetime | None
    excluded: tuple[str, ...]


@dataclass(frozen=True)
class Detail:
    """Everything there is to tell about one delivery."""

    delivery: SlotDelivery
    received_at: datetime
    newer: UUID | None
    loaded: DeliveryLoaded | None
    history: tuple[Step, ...]
    releases: tuple[Release, ...]


@dataclass(frozen=True)
class Wanted:
    """Filters of a list; None: all."""

    deliverer: str | None = None
    period: str | None = None
    dataset: str | None = None
    state: State | None = None


@dataclass(frozen=True)
class Registration:
    """A deliverer with the event that says so."""

    event: UUID
    data: DelivererRegistered


@dataclass(frozen=True)
class KnownWindow:
    """A window with the event that says so."""

    event: UUID
    window: Window
    at: datetime


@dataclass(frozen=True)
class Consent:
    """The newest word of a gemeente about a product and period."""

    gemeente: str
    product: str
    period: str
    given: bool
    version: int
    event: UUID
    at: datetime
