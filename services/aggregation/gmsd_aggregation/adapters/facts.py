"""Decisions, withdrawals, loads and announcements: facts in the warehouse, and what follows from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pyarrow as pa

from gmsd_aggregation.adapters.warehouse import Session
from gmsd_aggregation.domain.inputs import Effective, InputSet, TakenBack
from gmsd_contracts.events.delivery_loaded_v1 import Coverage
from gmsd_contracts.slot import Slot

MOMENT = pa.timestamp("us", "UTC")


@dataclass(frozen=True)
class Live:
    """A loaded delivery that was not withdrawn, decided or not."""

    delivery_id: UUID
    attempt: UUID
    slot: Slot
    key_version: int
    rows: int
    persons: int


@dataclass(frozen=True)
class Announced:
    """What a delivery.loaded event said. The event's id follows from `cause` and `stage`."""

    delivery_id: UUID
    number: int
    cause: UUID
    stage: str
    rows: int
    coverage: Coverage | None


def record_decision(session: Session, delivery_id: UUID, slot: Slot, slot_version: int, at: datetime) -> None:
    """The deliverer's akkoord; again is the same."""
    _record_about(session, "decisions", "decided_at", delivery_id, slot, slot_version, at)


def record_withdrawal(
    session: Session, delivery_id: UUID, slot: Slot, slot_version: int, by: str, at: datetime
) -> None:
    """The delivery counts no more, whatever else is known of it; again is the same. `by`: as in DeliveryWithdrawn."""
    _record_about(session, "withdrawals", "withdrawn_at", delivery_id, slot, slot_version, at, by=by)


def is_withdrawn(session: Session, delivery_id: UUID) -> bool:
    """Whether a withdrawal is recorded."""
    sql = "SELECT count() FROM withdrawals WHERE delivery_id = {id:UUID}"
    return bool(session.rows(sql, id=delivery_id)[0][0])


def live(
    session: Session, *, delivery_id: UUID | None = None, dataset: str = "", period: str = ""
) -> list[Live]:
    """Loaded deliveries: one, or those of a dataset and period."""
    sql = "SELECT delivery_id, attempt, deliverer, dataset, period, part, key_version, rows, persons FROM live WHERE "
    if delivery_id is not None:
        found = session.rows(sql + "delivery_id = {id:UUID}", id=delivery_id)
    else:
        where = "dataset = {dataset:String} AND period = {period:String} ORDER BY delivery_id"
        found = session.rows(sql + where, dataset=dataset, period=period)
    return [Live(row[0], row[1], _slot(row[2:6]), row[6], row[7], row[8]) for row in found]


def effective(session: Session) -> list[Effective]:
    """The deliveries in force, of every slot."""
    sql = "SELECT deliverer, dataset, period, part, delivery_id, attempt, key_version, rows FROM effective"
    return [Effective(_slot(row[:4]), row[4], row[5], row[6], row[7]) for row in session.rows(sql)]


def taken_back(session: Session) -> list[TakenBack]:
    """See TakenBack."""
    found = session.rows("SELECT deliverer, dataset, period, part, delivery_id FROM taken_back")
    return [TakenBack(_slot(row[:4]), row[4]) for row in found]


def announced(session: Session, deliveries: Iterable[UUID]) -> dict[UUID, Announced]:
    """The newest announcement of each delivery that has one."""
    sql = (
        "SELECT delivery_id, number, cause, stage, rows, found, not_found, register_parts FROM announced"
        " WHERE delivery_id IN {ids:Array(UUID)} ORDER BY number"
    )
    newest = {}
    for delivery_id, number, cause, stage, rows, *counts in session.rows(sql, ids=list(deliveries)):
        coverage = None
        if counts[0] is not None:
            coverage = Coverage(found=counts[0], not_found=counts[1], register_parts=counts[2])
        newest[delivery_id] = Announced(delivery_id, number, cause, stage, rows, coverage)
    return newest


def record_announcements(session: Session, announcements: Iterable[Announced]) -> None:
    """What was or is about to be said."""
    known = list(announcements)
    counts = [one.coverage for one in known]
    session.insert(
        "announced",
        pa.table(
            {
                "delivery_id": [str(one.delivery_id) for one in known],
                "number": pa.array([one.number for one in known], pa.uint32()),
                "cause": [str(one.cause) for one in known],
                "stage": [one.stage for one in known],
                "rows": pa.array([one.rows for one in known], pa.uint64()),
                "found": pa.array([None if c is None else c.found for c in counts], pa.uint64()),
                "not_found": pa.array([None if c is None else c.not_found for c in counts], pa.uint64()),
                "register_parts": pa.array(
                    [None if c is None else c.register_parts for c in counts], pa.uint64()
                ),
            }
        ),
    )


def record_snapshot(session: Session, inputs: InputSet, at: datetime) -> None:
    """The snapshot's event is acknowledged."""
    ids = [str(delivery_id) for delivery_id in inputs.deliveries]
    session.insert(
        "snapshots",
        pa.table(
            {
                "product": [inputs.product],
                "period": [inputs.period],
                "snapshot_id": [inputs.snapshot_id],
                "deliveries": pa.array([ids], pa.list_(pa.string())),
                "published_at": pa.array([at], MOMENT),
            }
        ),
    )


def last_snapshots(session: Session) -> dict[tuple[str, str], str]:
    """The last published snapshot_id of each (product, period)."""
    sql = "SELECT product, period, argMax(snapshot_id, published_at) FROM snapshots GROUP BY product, period"
    return {(product, period): snapshot_id for product, period, snapshot_id in session.rows(sql)}


def _record_about(
    session: Session,
    table: str,
    moment: str,
    delivery_id: UUID,
    slot: Slot,
    slot_version: int,
    at: datetime,
    **more: str,
) -> None:
    session.insert(
        table,
        pa.table(
            {
                "delivery_id": [str(delivery_id)],
                "deliverer": [slot.deliverer],
                "dataset": [slot.dataset],
                "period": [slot.period],
                "part": [slot.part],
                "slot_version": pa.array([slot_version], pa.uint32()),
                moment: pa.array([at], MOMENT),
                **{name: [value] for name, value in more.items()},
            }
        ),
    )


def _slot(values: tuple[Any, ...]) -> Slot:
    deliverer, dataset, period, part = values
    return Slot(deliverer=deliverer, dataset=dataset, period=period, part=part)
