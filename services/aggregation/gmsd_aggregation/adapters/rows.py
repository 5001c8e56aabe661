"""Rows of deliveries in the warehouse: attempts, batches, the loaded row that makes them visible, and dropping them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from gmsd_aggregation.adapters.facts import history
from gmsd_aggregation.adapters.warehouse import MOMENT, Session
from gmsd_aggregation.domain.history import History
from gmsd_aggregation.errors import LoadReason, LoadRefused
from gmsd_contracts.columns import DatasetVersion
from gmsd_contracts.slot import Slot

TABLES = {"wmo/1": "wmo_1", "brp/1": "brp_1", "regio/1": "regio_1"}
"""Specification → table."""
_TABLES_OF_DATASET = {
    dataset: [table for specification, table in TABLES.items() if specification.startswith(f"{dataset}/")]
    for dataset in {specification.partition("/")[0] for specification in TABLES}
}


@dataclass(frozen=True)
class Attempt:
    """One attempt to load one delivery; `attempt` is new for every try, so that two tries never mix."""

    delivery_id: UUID
    attempt: UUID
    slot: Slot
    specification: DatasetVersion
    key_version: int

    @property
    def table(self) -> str:
        return table_of(self.specification)


def table_of(specification: DatasetVersion) -> str:
    """The table of a dataset version. Raises LoadRefused when this version of aggregation has none."""
    if specification.id not in TABLES:
        raise LoadRefused(LoadReason.UNKNOWN_SPECIFICATION, f"there is no table for {specification.id}")
    return TABLES[specification.id]


def begin(session: Session, attempt: Attempt, unfinished: Iterable[UUID], at: datetime) -> None:
    """Record the attempt, after dropping the rows of `unfinished`: what earlier attempts on this delivery left."""
    drop(session, attempt.slot.dataset, attempt.delivery_id, unfinished, "unfinished", at)
    session.insert(
        "attempts",
        pa.table(
            {
                **_who(attempt, 1),
                "dataset": [attempt.slot.dataset],
                "key_version": pa.array([attempt.key_version], pa.uint32()),
                "begun_at": pa.array([at], MOMENT),
            }
        ),
    )


def insert(session: Session, attempt: Attempt, batch: pa.Table) -> None:
    """Append rows of `linked_schema`; not visible before `finish`. Raises LoadRefused: other columns, or an empty required one."""
    session.insert(attempt.table, _as_stored(attempt, batch))


def finish(session: Session, attempt: Attempt, expected: int, at: datetime) -> History:
    """Make the rows visible, and drop those they take the place of; when the delivery was withdrawn meanwhile, drop these.

    Raises LoadRefused when the table does not hold `expected` rows of this attempt.
    """
    person = attempt.specification.person_column
    count = f"uniqExact({person})" if person else "0"
    sql = (
        f"SELECT count(), {count}, (SELECT count() FROM dropped WHERE delivery_id = {{id:UUID}} AND attempt = {{attempt:UUID}})"
        f" FROM {attempt.table} WHERE attempt = {{attempt:UUID}}"
    )
    rows, persons, abandoned = session.rows(sql, id=attempt.delivery_id, attempt=attempt.attempt)[0]
    if rows != expected or abandoned:
        raise LoadRefused(LoadReason.CONTENT_DAMAGED, f"{rows} rows arrived where {expected} were promised")
    slot = attempt.slot
    session.insert(
        "loaded",
        pa.table(
            {
                **_who(attempt, 1),
                "deliverer": [slot.deliverer],
                "dataset": [slot.dataset],
                "period": [slot.period],
                "part": [slot.part],
                "specification": [attempt.specification.id],
                "key_version": pa.array([attempt.key_version], pa.uint32()),
                "rows": pa.array([rows], pa.uint64()),
                "persons": pa.array([persons], pa.uint64()),
                "loaded_at": pa.array([at], MOMENT),
            }
        ),
    )
    # Asked after the row is there: a withdrawal noted before is seen here, one noted later finds the row.
    known = history(session, slot, attempt.delivery_id)
    if known.withdrawn:
        drop_delivery(session, slot.dataset, attempt.delivery_id, "withdrawn", at)
    else:
        drop(session, slot.dataset, attempt.delivery_id, known.outdone, "replaced", at)
    return known


def abandon(session: Session, attempt: Attempt, at: datetime) -> None:
    """Drop what an attempt that failed has inserted."""
    drop(session, attempt.slot.dataset, attempt.delivery_id, [attempt.attempt], "refused", at)


def drop_delivery(session: Session, dataset: str, delivery_id: UUID, why: str, at: datetime) -> int:
    """Drop every row of a delivery, of whichever attempt; returns how many attempts there were."""
    sql = "SELECT DISTINCT attempt FROM attempts WHERE delivery_id = {id:UUID}"
    attempts = [row[0] for row in session.rows(sql, id=delivery_id)]
    drop(session, dataset, delivery_id, attempts, why, at)
    return len(attempts)


def drop(
    session: Session, dataset: str, delivery_id: UUID, attempts: Iterable[UUID], why: str, at: datetime
) -> None:
    """Drop the rows of attempts whole: first the fact that they are gone, then the partitions."""
    gone = list(attempts)
    session.insert(
        "dropped",
        pa.table(
            {
                "delivery_id": [str(delivery_id)] * len(gone),
                "attempt": [str(attempt) for attempt in gone],
                "why": [why] * len(gone),
                "dropped_at": pa.array([at] * len(gone), MOMENT),
            }
        ),
    )
    for attempt in gone:
        for table in _TABLES_OF_DATASET.get(dataset, []):
            # A partition is named in the text: ALTER takes no parameter. UUID(…) keeps it one.
            session.command(f"ALTER TABLE {table} DROP PARTITION '{UUID(str(attempt))}'")


def _as_stored(attempt: Attempt, batch: pa.Table) -> pa.Table:
    """Linked rows as the table holds them: dates as days, months as months, whose they are in front."""
    _check(attempt.specification, batch)
    columns: dict[str, pa.ChunkedArray] = {}
    for field in attempt.specification.linked_schema:
        column = batch.column(field.name)
        known = {one.name: one for one in attempt.specification.columns}.get(field.name)
        if known is not None and known.privacy.how == "month":
            column = pc.add(pc.multiply(pc.year(column), 12), pc.subtract(pc.month(column), 1)).cast(
                pa.int32()
            )
        elif pa.types.is_date(field.type):
            column = column.cast(pa.int32())
        columns[field.name] = column
    size = batch.num_rows
    slot = attempt.slot
    return pa.table(
        {
            **_who(attempt, size),
            "deliverer": [slot.deliverer] * size,
            "period": [slot.period] * size,
            **columns,
        }
    )


def _check(specification: DatasetVersion, batch: pa.Table) -> None:
    """What every later computation relies on; validation has promised it, and a broken promise must not stop all snapshots."""
    groups: dict[str, pa.ChunkedArray] = {}
    for column in specification.columns:
        if column.linked_type is None:
            continue
        values = batch.column(column.name)
        if column.required and values.null_count:
            raise LoadRefused(
                LoadReason.CONTENT_SCHEMA, f"{column.name} is empty in {values.null_count} rows"
            )
        if (
            column.codes is not None
            and not pc.all(pc.is_in(values.drop_null(), pa.array(list(column.codes))), min_count=0).as_py()
        ):
            raise LoadRefused(LoadReason.CONTENT_SCHEMA, f"{column.name} holds values outside its code list")
        if column.one_of is not None:
            filled = values.is_valid()
            groups[column.one_of] = (
                pc.or_(groups[column.one_of], filled) if column.one_of in groups else filled
            )
    for name, filled in groups.items():
        if not pc.all(filled, min_count=0).as_py():
            raise LoadRefused(LoadReason.CONTENT_SCHEMA, f"rows without any of the columns for {name}")


def _who(attempt: Attempt, size: int) -> dict[str, list[str]]:
    return {"delivery_id": [str(attempt.delivery_id)] * size, "attempt": [str(attempt.attempt)] * size}
