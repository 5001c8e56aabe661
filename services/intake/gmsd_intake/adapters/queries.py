"""Questions to the read model."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

from gmsd_chassis.bus.fold import FoldStore
from gmsd_contracts.envelope import Payload
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.registration import DelivererRegistered
from gmsd_contracts.slot import Slot
from gmsd_intake.adapters.answers import (
    Consent,
    Detail,
    KnownWindow,
    Listed,
    Registration,
    Release,
    Step,
    Wanted,
)
from gmsd_intake.adapters.rows import facts_of_slot, moment, status_of
from gmsd_intake.domain.admission import Window
from gmsd_intake.domain.slot import SlotDelivery, SlotView
from gmsd_intake.domain.state import State, current_assessment

P = TypeVar("P", bound=Payload)


class ReadModel:
    """Reads what the fold wrote; every method sees one consistent moment."""

    def __init__(self, store: FoldStore) -> None:
        self._store = store

    def registration(self, deliverer: str) -> Registration | None:
        """A registered deliverer."""
        with self._store.read() as connection:
            row = connection.execute("SELECT * FROM deliverers WHERE deliverer = ?", (deliverer,)).fetchone()
        return None if row is None else _registration(row)

    def registrations(self) -> list[Registration]:
        """Every registered deliverer, by id."""
        with self._store.read() as connection:
            rows = connection.execute("SELECT * FROM deliverers ORDER BY deliverer").fetchall()
        return [_registration(row) for row in rows]

    def window(self, period: str) -> KnownWindow | None:
        """The window of a period, when there ever was one."""
        with self._store.read() as connection:
            row = connection.execute("SELECT * FROM windows WHERE period = ?", (period,)).fetchone()
        return None if row is None else _window(row)

    def windows(self) -> list[KnownWindow]:
        """Every window, newest period first."""
        with self._store.read() as connection:
            rows = connection.execute("SELECT * FROM windows ORDER BY period DESC").fetchall()
        return [_window(row) for row in rows]

    def consent(self, gemeente: str, product: str, period: str) -> Consent | None:
        """What a gemeente said about a product and period."""
        found = self.consents(gemeente, product, period)
        return found[0] if found else None

    def consents(
        self, gemeente: str | None = None, product: str | None = None, period: str | None = None
    ) -> list[Consent]:
        """Consents and objections, by gemeente, product and period."""
        where, values = _where({"gemeente": gemeente, "product": product, "period": period})
        with self._store.read() as connection:
            rows = connection.execute(
                f"SELECT * FROM consents{where} ORDER BY gemeente, product, period", values
            ).fetchall()
        return [
            Consent(
                row["gemeente"], row["product"], row["period"], bool(row["given"]), row["version"],
                UUID(row["event"]), moment(row["at"]),
            )
            for row in rows
        ]  # fmt: skip

    def slot(self, slot: Slot) -> SlotView:
        """A slot with its deliveries."""
        with self._store.read() as connection:
            return _slot_view(connection, slot)

    def accepted(self, slot: Slot, version: int) -> UUID | None:
        """Which event got this number in the slot."""
        with self._store.read() as connection:
            row = connection.execute(
                "SELECT event FROM accepted WHERE slot = ? AND slot_version = ?", (slot.key, version)
            ).fetchone()
        return None if row is None else UUID(row["event"])

    def find(self, delivery: UUID) -> Listed | None:
        """One delivery, in short."""
        with self._store.read() as connection:
            row = connection.execute(
                "SELECT * FROM deliveries WHERE delivery = ?", (str(delivery),)
            ).fetchone()
        return None if row is None else _listed(row)

    def page(self, wanted: Wanted, before: tuple[str, str] | None, limit: int) -> list[Listed]:
        """Deliveries, newest first; `before` is the (received_at, id) of the last one of the page before."""
        filters = {
            "deliverer": wanted.deliverer,
            "period": wanted.period,
            "dataset": wanted.dataset,
            "state": wanted.state,
        }
        where, values = _where(filters)
        if before is not None:
            where += (" AND" if where else " WHERE") + " (received_at, delivery) < (?, ?)"
            values = [*values, *before]
        query = f"SELECT * FROM deliveries{where} ORDER BY received_at DESC, delivery DESC LIMIT ?"
        with self._store.read() as connection:
            return [_listed(row) for row in connection.execute(query, (*values, limit))]

    def detail(self, delivery: UUID) -> Detail | None:
        """One delivery, in full."""
        key = str(delivery)
        with self._store.read() as connection:
            row = connection.execute("SELECT * FROM deliveries WHERE delivery = ?", (key,)).fetchone()
            if row is None:
                return None
            listed = _listed(row)
            view = _slot_view(connection, listed.slot)
            steps = connection.execute(
                "SELECT kind, at FROM facts WHERE delivery = ? ORDER BY at, event", (key,)
            )
            history = tuple(Step(step["kind"], moment(step["at"])) for step in steps)
            releases = connection.execute(
                "SELECT * FROM releases WHERE period = ? ORDER BY product, number", (listed.slot.period,)
            )
            chosen = view.get(delivery)
            newer = view.newer_than(chosen, live=False)
            return Detail(
                delivery=chosen,
                received_at=listed.received_at,
                newer=None if newer is None else newer.id,
                loaded=_newest(connection, delivery, DeliveryLoaded),
                history=history,
                releases=tuple(_release(each) for each in releases),
            )

    def counts(self) -> dict[State, int]:
        """Deliveries per state, every state present."""
        with self._store.read() as connection:
            rows = connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall()
        return dict.fromkeys(State, 0) | {State(row[0]): row[1] for row in rows}

    def oldest_waiting(self) -> Listed | None:
        """The delivery that waits longest for a service (not for its deliverer)."""
        with self._store.read() as connection:
            row = connection.execute(
                "SELECT * FROM deliveries WHERE state IN ('ONTVANGEN', 'MISLUKT', 'AKKOORD')"
                " OR (state = 'TE_BEOORDELEN' AND link IN ('wacht', 'mislukt')) ORDER BY since, delivery LIMIT 1"
            ).fetchone()
        return None if row is None else _listed(row)

    def parked(self) -> int:
        """Facts about deliveries whose receipt the fold has not seen."""
        with self._store.read() as connection:
            row = connection.execute(
                "SELECT count(*) FROM facts WHERE delivery NOT IN (SELECT delivery FROM deliveries)"
                " AND delivery NOT IN (SELECT delivery FROM refused)"
            ).fetchone()
        return int(row[0])

    def skipped(self) -> int:
        """Records of the log that the fold could not apply."""
        with self._store.read() as connection:
            return int(connection.execute("SELECT count(*) FROM fold_skipped").fetchone()[0])


def _where(filters: dict[str, str | None]) -> tuple[str, list[str]]:
    # Column names come from this module, values are bound.
    given = {column: value for column, value in filters.items() if value is not None}
    clause = " AND ".join(f"{column} = ?" for column in given)
    return (f" WHERE {clause}" if clause else ""), list(given.values())


def _registration(row: sqlite3.Row) -> Registration:
    return Registration(UUID(row["event"]), DelivererRegistered.model_validate_json(row["data"]))


def _window(row: sqlite3.Row) -> KnownWindow:
    until = None if row["until"] is None else date.fromisoformat(row["until"])
    return KnownWindow(UUID(row["event"]), Window(row["period"], bool(row["open"]), until), moment(row["at"]))


def _listed(row: sqlite3.Row) -> Listed:
    slot = Slot(deliverer=row["deliverer"], dataset=row["dataset"], period=row["period"], part=row["part"])
    return Listed(UUID(row["delivery"]), slot, row["seq"], moment(row["received_at"]), status_of(row))


def _release(row: sqlite3.Row) -> Release:
    retracted = None if row["retracted_at"] is None else moment(row["retracted_at"])
    excluded: Sequence[str] = json.loads(row["excluded"])
    return Release(
        row["product"], row["number"], row["status"], moment(row["at"]), retracted, tuple(excluded)
    )


def _slot_view(connection: sqlite3.Connection, slot: Slot) -> SlotView:
    row = connection.execute("SELECT version FROM slots WHERE slot = ?", (slot.key,)).fetchone()
    rows = connection.execute("SELECT * FROM deliveries WHERE slot = ? ORDER BY seq", (slot.key,)).fetchall()
    facts = facts_of_slot(connection, slot.key)
    deliveries = []
    for each in rows:
        delivery = UUID(each["delivery"])
        verdict = current_assessment(facts[delivery])
        received = _newest(connection, delivery, DeliveryReceived)
        if received is None:
            raise ValueError("a delivery of the read model has no receipt")
        assessed = (
            None if verdict is None else _payload(connection, delivery, verdict.event, DeliveryAssessed)
        )
        deliveries.append(
            SlotDelivery(received, status_of(each), assessed, _newest(connection, delivery, DeliveryLinked))
        )
    return SlotView(slot, 0 if row is None else row["version"], tuple(deliveries))


def _newest(connection: sqlite3.Connection, delivery: UUID, kind: type[P]) -> P | None:
    row = connection.execute(
        "SELECT data FROM facts WHERE delivery = ? AND kind = ? ORDER BY at DESC, event DESC LIMIT 1",
        (str(delivery), kind.TYPE),
    ).fetchone()
    return None if row is None else kind.model_validate_json(row["data"])


def _payload(connection: sqlite3.Connection, delivery: UUID, event: UUID, kind: type[P]) -> P | None:
    row = connection.execute(
        "SELECT data FROM facts WHERE delivery = ? AND kind = ? AND event = ?",
        (str(delivery), kind.TYPE, str(event)),
    ).fetchone()
    return None if row is None else kind.model_validate_json(row["data"])
