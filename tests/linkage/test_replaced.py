"""When a delivery was replaced, from a log in which two writers may have taken the same number."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from gmsd_contracts.envelope import Event
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.slot import Slot
from gmsd_linkage.domain.replaced import replaced_at

SLOT = Slot(deliverer="GM0001", dataset="wmo", period="2025HJ02")
START = datetime(2026, 1, 1, tzinfo=UTC)
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


def received(delivery: UUID, version: int) -> DeliveryReceived:
    return DeliveryReceived(
        slot=SLOT, delivery_id=delivery, slot_version=version, seq=version, sha256="0" * 64, bytes=0
    )


def decided(delivery: UUID, version: int) -> DeliveryDecided:
    return DeliveryDecided(slot=SLOT, delivery_id=delivery, slot_version=version, by="x")


def withdrawn(delivery: UUID, version: int, by: Any) -> DeliveryWithdrawn:
    return DeliveryWithdrawn(slot=SLOT, delivery_id=delivery, slot_version=version, by=by)


def loaded(delivery: UUID) -> DeliveryLoaded:
    return DeliveryLoaded(slot=SLOT, delivery_id=delivery, rows=1)


def told(*payloads: Any) -> dict[UUID, int]:
    """The day on which each was replaced; the payloads stand in one partition, a day apart, and are read backwards too."""
    log = [
        (day, Event.caused_by(data, cause=uuid4(), stage="t", correlation=uuid4(), source="urn:t", time=START + timedelta(days=day)))
        for day, data in enumerate(payloads)
    ]  # fmt: skip
    found = replaced_at(log)
    assert found == replaced_at(reversed(log)) == replaced_at([*log, *log])
    return {delivery: (moment - START).days for delivery, moment in found.items()}


def test_a_newer_one_replaces_from_the_later_of_akkoord_and_load() -> None:
    both = [received(A, 1), decided(A, 2), received(B, 3), loaded(A)]
    assert told(*both, loaded(B)) == {}
    assert told(*both, loaded(B), decided(B, 4)) == {A: 5}
    assert told(*both, decided(B, 4), loaded(B)) == {A: 5}


def test_one_that_was_never_decided_is_replaced_too() -> None:
    assert told(received(A, 1), received(B, 2), decided(B, 3), loaded(B)) == {A: 3}


@pytest.mark.parametrize("second", [decided(C, 4), received(C, 4), withdrawn(A, 4, "platform")])
def test_of_two_with_one_number_only_the_first_counts(second: Any) -> None:
    before = [received(A, 1), decided(A, 2), received(B, 3), loaded(A), loaded(B), loaded(C)]
    assert told(*before, decided(B, 4), second) == {A: 6}
    # The akkoord came second: it replaces nothing.
    found = told(*before, second, decided(B, 4))
    assert found == ({A: 6, B: 6} if isinstance(second, DeliveryDecided) else {})


def test_what_its_deliverer_took_back_replaced_nothing() -> None:
    before = [received(A, 1), decided(A, 2), loaded(A), received(B, 3), decided(B, 4), loaded(B)]
    assert told(*before, withdrawn(B, 5, "aanleveraar")) == {}
    assert told(*before, withdrawn(B, 5, "platform")) == {A: 5}
    assert told(*before, received(C, 5), withdrawn(B, 5, "aanleveraar")) == {A: 5}
