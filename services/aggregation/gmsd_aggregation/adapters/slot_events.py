"""Events of the topic `deliveries`, as facts. Which of them count follows from their order in the log: view `counting`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import pyarrow as pa

from gmsd_aggregation.adapters.warehouse import MOMENT, Session
from gmsd_contracts.slot import Slot

Kind = Literal["received", "decided", "withdrawn", "requeued"]


@dataclass(frozen=True, slots=True)
class SlotEvent:
    """One event that took a number of its slot. `offset`: its place in the log; all events of a slot share a partition.

    `by`: of a withdrawal, as in DeliveryWithdrawn; else empty.
    """

    slot: Slot
    slot_version: int
    offset: int
    event_id: UUID
    kind: Kind
    delivery_id: UUID
    at: datetime
    by: str = ""


def record(session: Session, event: SlotEvent) -> None:
    """Note it; again is the same."""
    slot = event.slot
    session.insert(
        "slot_events",
        pa.table(
            {
                "deliverer": [slot.deliverer],
                "dataset": [slot.dataset],
                "period": [slot.period],
                "part": [slot.part],
                "slot_version": pa.array([event.slot_version], pa.uint32()),
                "log_offset": pa.array([event.offset], pa.uint64()),
                "event_id": [str(event.event_id)],
                "type": [event.kind],
                "delivery_id": [str(event.delivery_id)],
                "by": [event.by],
                "at": pa.array([event.at], MOMENT),
            }
        ),
    )


def is_withdrawn(session: Session, slot: Slot, delivery_id: UUID) -> bool:
    """Whether a withdrawal that counts is noted."""
    sql = f"SELECT count() FROM withdrawals WHERE {IN_SLOT} AND delivery_id = {{id:UUID}}"
    return bool(session.rows(sql, id=delivery_id, **slot_parameters(slot))[0][0])


IN_SLOT = (
    "dataset = {dataset:String} AND period = {period:String} AND deliverer = {deliverer:String}"
    " AND part = {part:String}"
)
"""Named besides the delivery, so that the view reads one slot and not all of them."""


def slot_parameters(slot: Slot) -> dict[str, str]:
    """Of IN_SLOT."""
    return {"dataset": slot.dataset, "period": slot.period, "deliverer": slot.deliverer, "part": slot.part}
