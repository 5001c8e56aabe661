"""From rows of the read model to the domain."""

import sqlite3
from datetime import datetime
from typing import cast
from uuid import UUID

from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_expired_v1 import DeliveryExpired, LinkExpired
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed, LinkFailed, LoadFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_intake.domain import facts as known
from gmsd_intake.domain.state import Link, State, Status

_FAILED = {AssessmentFailed.TYPE, LinkFailed.TYPE, LoadFailed.TYPE}
_EXPIRED = {DeliveryExpired.TYPE, LinkExpired.TYPE}


def moment(text: str) -> datetime:
    """What `fold.stamp` wrote."""
    return datetime.fromisoformat(text)


def facts_of_slot(connection: sqlite3.Connection, slot: str) -> dict[UUID, known.Facts]:
    """Every fact about every delivery of a slot whose receipt is known."""
    rows = connection.execute(
        "SELECT f.* FROM deliveries d JOIN facts f ON f.delivery = d.delivery WHERE d.slot = ?", (slot,)
    )
    gathered: dict[UUID, set[known.AnyFact]] = {}
    for row in rows:
        gathered.setdefault(UUID(row["delivery"]), set()).add(fact_of(row))
    return {delivery: frozenset(facts) for delivery, facts in gathered.items()}


def fact_of(row: sqlite3.Row) -> known.AnyFact:
    """One row of `facts`."""
    event, cause, at = UUID(row["event"]), UUID(row["cause"]), moment(row["at"])
    version, stage = row["slot_version"], cast("known.Stage", row["stage"])
    match row["kind"]:
        case DeliveryReceived.TYPE:
            return known.Received(event, cause, at, version, row["seq"])
        case DeliveryDecided.TYPE:
            return known.Decided(event, cause, at, version)
        case DeliveryWithdrawn.TYPE:
            return known.Withdrawn(event, cause, at, version, row["actor"])
        case DeliveryRequeued.TYPE:
            return known.Requeued(event, cause, at, version, stage)
        case DeliveryAssessed.TYPE:
            return known.Assessed(event, cause, at, bool(row["ok"]))
        case DeliveryLinked.TYPE:
            return known.Linked(event, cause, at)
        case DeliveryLoaded.TYPE:
            return known.Loaded(event, cause, at)
        case kind if kind in _FAILED:
            return known.Failed(event, cause, at, stage, row["reason"])
        case kind if kind in _EXPIRED:
            return known.Expired(event, cause, at, stage)
        case _:
            raise ValueError("a fact of a kind that the read model does not write")


def status_of(row: sqlite3.Row) -> Status:
    """The status columns of `deliveries`."""
    link = None if row["link"] is None else Link(row["link"])
    stage = cast("known.Stage | None", row["failed_stage"])
    return Status(State(row["state"]), moment(row["since"]), link, stage, row["reason"])
