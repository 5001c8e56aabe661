"""When a delivery was replaced, and so how long its linked rows are kept."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gmsd_contracts.envelope import Event
from gmsd_contracts.events.delivery import FromIntake
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn

KEPT_AFTER_REPLACEMENT = timedelta(days=400)
"""A calendar year is definitief when the next year's first half is published: until then a figure may be made again."""


def replaced_at(events: Iterable[tuple[int, Event[Any]]]) -> dict[UUID, datetime]:
    """Delivery → the moment from which a newer one of its slot is in force.

    `events`: of `deliveries` and `snapshots` with their offsets, in any order. A delivery is replaced by one of the same slot
    that was decided after it (by slot_version), is loaded, and was not taken back by its deliverer (who can only do so before
    it is in force): until a newer one is loaded the previous stays. Both moments count: the later of the two is when it
    happened. Of two events that took the same slot_version only the first in the log counts, as in intake.
    """
    told = list(events)
    loaded: dict[UUID, datetime] = {}
    for _, event in told:
        if isinstance(event.data, DeliveryLoaded):
            delivery = event.data.delivery_id
            loaded[delivery] = min(event.time, loaded.get(delivery, event.time))
    versions: dict[str, dict[UUID, int]] = defaultdict(dict)
    decided: dict[str, dict[UUID, tuple[int, datetime]]] = defaultdict(dict)
    taken_back: set[UUID] = set()
    for data, time in _counting(told):
        key, delivery = data.slot.key, data.delivery_id
        match data:
            case DeliveryReceived():
                versions[key].setdefault(delivery, data.slot_version)
            case DeliveryDecided():
                versions[key][delivery] = data.slot_version
                decided[key][delivery] = (data.slot_version, time)
            case DeliveryWithdrawn(by="aanleveraar"):
                taken_back.add(delivery)
    found: dict[UUID, datetime] = {}
    for key, deliveries in versions.items():
        in_force = [
            (version, max(time, loaded[delivery]))
            for delivery, (version, time) in decided[key].items()
            if delivery in loaded and delivery not in taken_back
        ]
        for delivery, own in deliveries.items():
            later = [time for version, time in in_force if version > own]
            if later:
                found[delivery] = min(later)
    return found


def _counting(events: Iterable[tuple[int, Event[Any]]]) -> list[tuple[FromIntake, datetime]]:
    """What intake accepted, by slot_version: all events of a slot stand in one partition, so offsets order them."""
    first: dict[tuple[str, int], tuple[int, FromIntake, datetime]] = {}
    for offset, event in events:
        if isinstance(event.data, FromIntake):
            number = (event.data.slot.key, event.data.slot_version)
            if number not in first or offset < first[number][0]:
                first[number] = (offset, event.data, event.time)
    return [(data, time) for _, (_, data, time) in sorted(first.items(), key=lambda item: item[0])]
