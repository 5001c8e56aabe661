"""When a delivery was replaced, and so how long its linked rows are kept."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gmsd_contracts.envelope import Event
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived

KEPT_AFTER_REPLACEMENT = timedelta(days=400)
"""A calendar year is definitief when the next year's first half is published: until then a figure may be made again."""


def replaced_at(events: Iterable[Event[Any]]) -> dict[UUID, datetime]:
    """Delivery → the moment from which a newer one of its slot is in force. `events`: of `deliveries` and `snapshots`, in any order.

    A delivery is replaced by one of the same slot that was decided after it (by slot_version) and is loaded: until a
    newer one is loaded the previous stays in force. Both moments count: the later of the two is when it happened.
    """
    versions: dict[str, dict[UUID, int]] = defaultdict(dict)
    decided: dict[str, dict[UUID, tuple[int, datetime]]] = defaultdict(dict)
    loaded: dict[UUID, datetime] = {}
    for event in events:
        match event.data:
            case DeliveryReceived(slot=slot, delivery_id=delivery, slot_version=version):
                versions[slot.key][delivery] = max(version, versions[slot.key].get(delivery, 0))
            case DeliveryDecided(slot=slot, delivery_id=delivery, slot_version=version):
                versions[slot.key][delivery] = max(version, versions[slot.key].get(delivery, 0))
                decided[slot.key][delivery] = (version, event.time)
            case DeliveryLoaded(delivery_id=delivery):
                loaded[delivery] = min(event.time, loaded.get(delivery, event.time))
    found: dict[UUID, datetime] = {}
    for key, deliveries in versions.items():
        in_force = sorted(
            (version, max(time, loaded[delivery]))
            for delivery, (version, time) in decided[key].items()
            if delivery in loaded
        )
        for delivery, own in deliveries.items():
            later = [time for version, time in in_force if version > own]
            if later:
                found[delivery] = min(later)
    return found
