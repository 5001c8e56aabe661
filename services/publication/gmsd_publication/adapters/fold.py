"""Applies events to the tables: facts only, no decisions. Any order between topics gives the same facts."""

import sqlite3
from typing import Any

from gmsd_chassis.bus.position import Received
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged
from gmsd_contracts.events.delivery import FromIntake
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.events.publication import (
    AboutPublication,
    PublicationCorrected,
    PublicationHeld,
    PublicationReleased,
    PublicationRetracted,
)
from gmsd_contracts.topics import CONSENTS, DELIVERIES, PUBLICATIONS, SNAPSHOTS

TOPICS = (SNAPSHOTS, CONSENTS, DELIVERIES, PUBLICATIONS)

KINDS: dict[type[AboutPublication], str] = {
    PublicationReleased: "released",
    PublicationCorrected: "corrected",
    PublicationRetracted: "retracted",
    PublicationHeld: "held",
}


def apply(connection: sqlite3.Connection, received: Received) -> None:
    """One event; types that say nothing about a release are passed over."""
    data = received.event.data
    if isinstance(data, CellsComputed):
        _snapshot(connection, received.event, received.position.offset)
    elif isinstance(data, ConsentChanged):
        _consent(connection, received.event)
    elif isinstance(data, FromIntake):
        if not _is_first(connection, data):
            return
        if isinstance(data, DeliveryReceived):
            _delivery(connection, data, "received")
        elif isinstance(data, DeliveryWithdrawn):
            _delivery(connection, data, "withdrawn")
        else:
            return
    elif isinstance(data, AboutPublication):
        _publication(connection, received.event)
    else:
        return
    connection.execute("UPDATE revision SET value = value + 1")


def _snapshot(connection: sqlite3.Connection, event: Event[CellsComputed], place: int) -> None:
    # All snapshots of a product and period stand in one partition: the offset orders them. One that comes back (a
    # redelivery undone) is the newest again, with the content it came with.
    data = event.data
    connection.execute(
        "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "place = excluded.place, time = excluded.time, data = excluded.data",
        (data.product, data.period, data.snapshot_id, place, event.time.isoformat(), data.model_dump_json(by_alias=True)),
    )  # fmt: skip


def _consent(connection: sqlite3.Connection, event: Event[ConsentChanged]) -> None:
    data = event.data
    connection.execute(
        "INSERT INTO consents VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, "
        "given = excluded.given, time = excluded.time WHERE excluded.version > version",
        (data.product, data.period, data.gemeente, data.version, int(data.given), event.time.isoformat()),
    )


def _is_first(connection: sqlite3.Connection, data: FromIntake) -> bool:
    """Of events that took one number of a slot only the first in the log counts, as in intake. A slot is one partition."""
    taken = connection.execute(
        "INSERT OR IGNORE INTO slot_numbers VALUES (?, ?)", (data.slot.key, data.slot_version)
    )
    return taken.rowcount == 1


def _delivery(connection: sqlite3.Connection, data: DeliveryReceived | DeliveryWithdrawn, fact: str) -> None:
    connection.execute(
        "INSERT INTO deliveries (delivery_id, deliverer, dataset, period) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (str(data.delivery_id), data.slot.deliverer, data.slot.dataset, data.slot.period),
    )
    connection.execute(f"UPDATE deliveries SET {fact} = 1 WHERE delivery_id = ?", (str(data.delivery_id),))  # noqa: S608


def _publication(connection: sqlite3.Connection, event: Event[Any]) -> None:
    # The lock: of two writers that took the same number only the first in the log counts, and the sequence has no gap.
    data: AboutPublication = event.data
    (last,) = connection.execute("SELECT coalesce(max(sequence), 0) FROM publications").fetchone()
    if data.sequence != last + 1:
        return
    release = getattr(data, "release_id", None)
    connection.execute(
        "INSERT OR IGNORE INTO publications VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            data.sequence, str(event.id), data.product, data.period, KINDS[type(data)],
            None if release is None else str(release), event.model_dump_json(by_alias=True),
        ),
    )  # fmt: skip
