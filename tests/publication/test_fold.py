"""What publication writes down of deliveries."""

import sqlite3
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from gmsd_chassis.bus.position import Position, Received
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.slot import Slot
from gmsd_publication.adapters.fold import apply
from gmsd_publication.adapters.schema import MIGRATIONS

SLOT = Slot(deliverer="GM0001", dataset="wmo", period="2025HJ02")
ID = uuid4()
RECEIVED = DeliveryReceived(slot=SLOT, delivery_id=ID, slot_version=1, seq=1, sha256="0" * 64, bytes=1)
DECIDED = DeliveryDecided(slot=SLOT, delivery_id=ID, slot_version=2, by="x")
WITHDRAWN = DeliveryWithdrawn(slot=SLOT, delivery_id=ID, slot_version=2, by="aanleveraar")


@pytest.mark.parametrize(
    ("log", "wanted"),
    [
        ([RECEIVED, DECIDED, WITHDRAWN], (1, 0)),
        ([RECEIVED, WITHDRAWN, DECIDED], (1, 1)),
        ([RECEIVED, RECEIVED, WITHDRAWN, WITHDRAWN], (1, 1)),
    ],
)
def test_of_two_events_with_one_number_only_the_first_counts(log: list[Any], wanted: tuple[int, int]) -> None:
    connection = sqlite3.connect(":memory:")
    for migration in MIGRATIONS:
        connection.executescript(migration.sql)
    for offset, data in enumerate(log):
        event = Event.caused_by(
            data, cause=uuid4(), stage="t", correlation=ID, source="urn:t", time=datetime.now(UTC)
        )
        apply(connection, Received(event, Position("deliveries", 0, offset)))
    assert connection.execute("SELECT received, withdrawn FROM deliveries").fetchall() == [wanted]
