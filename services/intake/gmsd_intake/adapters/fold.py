"""Applies events to the read model. What an event means is decided in the domain; here it is only written down."""

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gmsd_chassis.bus.position import Received
from gmsd_chassis.errors import Unprocessable
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged
from gmsd_contracts.events.delivery import AboutDelivery, FromIntake
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed, Verdict
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_expired_v1 import DeliveryExpired, LinkExpired
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed, LinkFailed, LoadFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.events.publication import PublicationReleased, PublicationRetracted
from gmsd_contracts.events.registration import DelivererRegistered, WindowClosed, WindowOpened
from gmsd_contracts.topics import (
    ASSESSMENTS,
    CONSENTS,
    DELIVERIES,
    LINKS,
    PUBLICATIONS,
    REGISTRATIONS,
    SNAPSHOTS,
)
from gmsd_intake.adapters.rows import facts_of_slot
from gmsd_intake.domain.state import State, states_of

TOPICS = (REGISTRATIONS, DELIVERIES, CONSENTS, ASSESSMENTS, LINKS, SNAPSHOTS, PUBLICATIONS)
"""What intake folds over."""


def stamp(moment: datetime) -> str:
    """A moment as text that sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def apply(connection: sqlite3.Connection, received: Received) -> None:
    """One event into the tables; types the read model does not need are passed over.

    Raises Unprocessable('unknown_delivery') for a decision about a delivery that its slot does not have.
    """
    event = received.event
    match event.data:
        case FromIntake() as data:
            _from_intake(connection, event, data)
        case AboutDelivery() as data:
            _remember(connection, event, data)
            _derive(connection, data.delivery_id)
        case DelivererRegistered() as data:
            connection.execute(
                "INSERT INTO deliverers VALUES (?, ?, ?) ON CONFLICT (deliverer) DO UPDATE SET"
                " event = excluded.event, data = excluded.data",
                (data.deliverer, str(event.id), data.model_dump_json()),
            )
        case WindowOpened() | WindowClosed() as data:
            _window(connection, event, data)
        case ConsentChanged() as data:
            _consent(connection, event, data)
        case PublicationReleased() as data:
            excluded = json.dumps(sorted(data.excluded))
            row = (data.product, data.period, data.number, data.status, stamp(event.time), None, excluded)
            connection.execute(
                "INSERT OR IGNORE INTO releases VALUES (?,?,?,?,?,?,?,?)", (str(data.release_id), *row)
            )
        case PublicationRetracted() as data:
            connection.execute(
                "UPDATE releases SET retracted_at = ? WHERE release = ? AND retracted_at IS NULL",
                (stamp(event.time), str(data.release_id)),
            )
        case _:
            pass  # snapshots and holds tell nothing about a delivery


def _from_intake(connection: sqlite3.Connection, event: Event[Any], data: FromIntake) -> None:
    """The optimistic lock: only current + 1 counts, so of two instances that wrote the same number the first in the log wins."""
    slot, delivery = data.slot.key, str(data.delivery_id)
    row = connection.execute("SELECT version FROM slots WHERE slot = ?", (slot,)).fetchone()
    known = connection.execute("SELECT 1 FROM deliveries WHERE delivery = ?", (delivery,)).fetchone()
    if data.slot_version != (row[0] if row else 0) + 1:
        if isinstance(data, DeliveryReceived) and known is None:
            connection.execute("INSERT OR IGNORE INTO refused VALUES (?)", (delivery,))
        return
    if isinstance(data, DeliveryReceived):
        if known is None:
            _new_delivery(connection, event, data)
    elif known is None:
        raise Unprocessable("unknown_delivery", f"delivery {delivery} was not received")
    connection.execute(
        "INSERT INTO slots VALUES (?, ?) ON CONFLICT (slot) DO UPDATE SET version = excluded.version",
        (slot, data.slot_version),
    )
    connection.execute("INSERT INTO accepted VALUES (?, ?, ?)", (slot, data.slot_version, str(event.id)))
    _remember(connection, event, data)
    _derive(connection, data.delivery_id)


def _new_delivery(connection: sqlite3.Connection, event: Event[Any], data: DeliveryReceived) -> None:
    slot, at = data.slot, stamp(event.time)
    content = None if data.content is None else str(data.content.content_id)
    connection.execute("DELETE FROM refused WHERE delivery = ?", (str(data.delivery_id),))
    connection.execute(
        "INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'ONTVANGEN', ?, NULL, NULL, NULL)",
        (str(data.delivery_id), slot.key, slot.deliverer, slot.dataset, slot.period, slot.part, data.seq, at, content, at),
    )  # fmt: skip


def _remember(connection: sqlite3.Connection, event: Event[Any], data: AboutDelivery) -> None:
    version = seq = ok = stage = reason = actor = None
    match data:
        case DeliveryReceived():
            version, seq = data.slot_version, data.seq
        case DeliveryDecided():
            version, actor = data.slot_version, data.by
        case DeliveryWithdrawn():
            version, actor = data.slot_version, data.by
        case DeliveryRequeued():
            version, stage = data.slot_version, data.stage
        case DeliveryAssessed():
            ok = int(data.verdict is Verdict.OK)
        case AssessmentFailed() | LinkFailed() | LoadFailed():
            stage, reason = data.stage, data.reason
        case DeliveryExpired() | LinkExpired():
            stage = data.stage
        case DeliveryLinked() | DeliveryLoaded():
            pass
        case _:
            return
    row = (version, seq, ok, stage, reason, actor, data.model_dump_json(by_alias=True))
    connection.execute(
        "INSERT OR IGNORE INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (str(data.delivery_id), event.type, str(event.id), str(event.causation_id), stamp(event.time), *row),
    )


def _derive(connection: sqlite3.Connection, delivery: UUID) -> None:
    """State of every delivery in the slot again: one fact can replace another delivery."""
    row = connection.execute("SELECT slot FROM deliveries WHERE delivery = ?", (str(delivery),)).fetchone()
    if row is None:
        return
    for each, status in states_of(facts_of_slot(connection, row["slot"])).items():
        if status.state in (State.INGETROKKEN, State.AFGEKEURD):
            # Once, when it comes into the state: with every fact of the slot again, old deliveries would never be done.
            connection.execute(
                "INSERT OR IGNORE INTO erasures SELECT delivery, ? FROM deliveries WHERE delivery = ? AND state <> ?",
                (int(status.state is State.INGETROKKEN), str(each), status.state),
            )
        connection.execute(
            "UPDATE deliveries SET state = ?, since = ?, link = ?, failed_stage = ?, reason = ? WHERE delivery = ?",
            (status.state, stamp(status.since), status.link, status.failed_stage, status.reason, str(each)),
        )


def _window(connection: sqlite3.Connection, event: Event[Any], data: WindowOpened | WindowClosed) -> None:
    opened = isinstance(data, WindowOpened)
    until = data.until.isoformat() if isinstance(data, WindowOpened) and data.until else None
    connection.execute(
        "INSERT INTO windows VALUES (?, ?, ?, ?, ?) ON CONFLICT (period) DO UPDATE SET"
        " event = excluded.event, open = excluded.open, until = excluded.until, at = excluded.at",
        (data.period, str(event.id), int(opened), until, stamp(event.time)),
    )


def _consent(connection: sqlite3.Connection, event: Event[Any], data: ConsentChanged) -> None:
    key = (data.gemeente, data.product, data.period)
    row = connection.execute(
        "SELECT version FROM consents WHERE gemeente = ? AND product = ? AND period = ?", key
    ).fetchone()
    if data.version != (row[0] if row else 0) + 1:
        return
    connection.execute(
        "INSERT OR REPLACE INTO consents VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*key, int(data.given), data.version, str(event.id), stamp(event.time)),
    )
