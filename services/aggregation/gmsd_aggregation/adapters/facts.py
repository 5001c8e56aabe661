"""Loads, announcements and snapshots: facts in the warehouse, and what follows from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pyarrow as pa

from gmsd_aggregation.adapters.slot_events import IN_SLOT, is_withdrawn, slot_parameters
from gmsd_aggregation.adapters.warehouse import MOMENT, Session
from gmsd_aggregation.domain.history import History, Load
from gmsd_aggregation.domain.inputs import Effective, InputSet, TakenBack
from gmsd_contracts.events.delivery_loaded_v1 import Coverage
from gmsd_contracts.slot import Slot

_HISTORY = f"""
SELECT 'begun' AS what, attempt, key_version, toUInt64(0) AS rows, begun_at AS at FROM attempts WHERE delivery_id = {{id:UUID}}
UNION ALL
SELECT 'loaded', attempt, key_version, rows, loaded_at FROM loaded WHERE delivery_id = {{id:UUID}}
UNION ALL
SELECT 'dropped', attempt, 0, 0, dropped_at FROM dropped WHERE delivery_id = {{id:UUID}}
UNION ALL
SELECT 'withdrawn', delivery_id, 0, 0, at FROM slot_events
WHERE {IN_SLOT} AND type = 'withdrawn' AND delivery_id = {{id:UUID}}
"""

_DECIDED_AND_WITHDRAWN = """
SELECT deliverer, dataset, period, part, delivery_id, max(slot_version) AS version
FROM decisions
WHERE delivery_id IN (SELECT delivery_id FROM withdrawals)
GROUP BY deliverer, dataset, period, part, delivery_id
"""


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


def history(session: Session, slot: Slot, delivery_id: UUID) -> History:
    """All that is known of one delivery, in one question; a second when somebody wrote that it was withdrawn."""
    begun: dict[UUID, int] = {}
    loads, dropped, withdrawn = [], [], False
    for what, attempt, key_version, count, at in session.rows(
        _HISTORY, id=delivery_id, **slot_parameters(slot)
    ):
        match what:
            case "begun":
                begun[attempt] = key_version
            case "loaded":
                loads.append(Load(attempt, key_version, count, at))
            case "dropped":
                dropped.append(attempt)
            case _:
                withdrawn = True  # told; whether it counts costs as much to ask as all the rest
    withdrawn = withdrawn and is_withdrawn(session, slot, delivery_id)
    return History(withdrawn, begun, tuple(loads), frozenset(dropped))


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
    sql = (
        "SELECT deliverer, dataset, period, part, delivery_id, attempt, key_version, rows, slot_version"
        " FROM effective"
    )
    return [Effective(_slot(row[:4]), *row[4:]) for row in session.rows(sql)]


def register(session: Session, period: str) -> list[tuple[UUID, Slot]]:
    """Attempt and slot of the deliveries of `brp` in force for a period."""
    sql = (
        "SELECT attempt, deliverer, dataset, period, part FROM effective"
        " WHERE dataset = 'brp' AND period = {period:String}"
    )
    return [(row[0], _slot(row[1:])) for row in session.rows(sql, period=period)]


def taken_back(session: Session, in_force: Iterable[Effective]) -> list[TakenBack]:
    """See TakenBack. `in_force`: all of `effective`."""
    versions = {one.slot: one.slot_version for one in in_force}
    found = [(_slot(row[:4]), row[4], row[5]) for row in session.rows(_DECIDED_AND_WITHDRAWN)]
    return [TakenBack(slot, delivery) for slot, delivery, version in found if version > versions.get(slot, 0)]


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


def _slot(values: tuple[Any, ...]) -> Slot:
    deliverer, dataset, period, part = values
    return Slot(deliverer=deliverer, dataset=dataset, period=period, part=part)
