"""Reads the fold's tables as the domain's words."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from gmsd_chassis.bus.fold_store import FoldStore
from gmsd_contracts.catalogue import Product
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.publication import (
    AboutPublication,
    PublicationCorrected,
    PublicationHeld,
    PublicationReleased,
    PublicationRetracted,
)
from gmsd_publication.domain.consent import ConsentMode, Consents, Policy
from gmsd_publication.domain.schedule import Figures, Release, Standing
from gmsd_publication.past import Issue

_PAYLOADS: dict[str, type[AboutPublication]] = {
    "released": PublicationReleased,
    "corrected": PublicationCorrected,
    "retracted": PublicationRetracted,
    "held": PublicationHeld,
}


@dataclass(frozen=True)
class Published:
    """One entry of the publications log. `kind`: released, corrected, retracted, held."""

    kind: str
    event: Event[AboutPublication]


@dataclass(frozen=True)
class Modes:
    """Consent mode by `product/period`, else by `product`, else opt-out."""

    by_key: dict[str, ConsentMode]

    def of(self, product: str, period: str) -> ConsentMode:
        """The mode that applies."""
        return self.by_key.get(f"{product}/{period}", self.by_key.get(product, ConsentMode.OPT_OUT))


class Facts:
    """What publication knows."""

    def __init__(self, store: FoldStore, modes: Modes) -> None:
        self._store = store
        self._modes = modes

    def revision(self) -> int:
        """Goes up with every applied event that matters here."""
        with self._store.read() as connection:
            return int(connection.execute("SELECT value FROM revision").fetchone()[0])

    def last_sequence(self) -> int:
        """0 before the first publication event."""
        with self._store.read() as connection:
            return int(
                connection.execute("SELECT coalesce(max(sequence), 0) FROM publications").fetchone()[0]
            )

    def wins(self, event: Event[AboutPublication]) -> bool:
        """Whether this event is the one that holds its number."""
        with self._store.read() as connection:
            row = connection.execute(
                "SELECT event_id FROM publications WHERE sequence = ?", (event.data.sequence,)
            ).fetchone()
        return row is not None and row[0] == str(event.id)

    def keys(self) -> list[tuple[str, str]]:
        """Every (product, period) with a snapshot."""
        with self._store.read() as connection:
            rows = connection.execute(
                "SELECT DISTINCT product, period FROM snapshots ORDER BY 1, 2"
            ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def snapshot(self, product: str, period: str, snapshot_id: str) -> CellsComputed | None:
        """A snapshot by its id."""
        with self._store.read() as connection:
            row = connection.execute(
                "SELECT data FROM snapshots WHERE product = ? AND period = ? AND snapshot_id = ?",
                (product, period, snapshot_id),
            ).fetchone()
        return None if row is None else CellsComputed.model_validate_json(row[0])

    def policy(self, product: str, period: str) -> Policy:
        """Consents and deliveries that decide about a release of this product and period."""
        with self._store.read() as connection:
            delivered = connection.execute(
                "SELECT DISTINCT deliverer, dataset FROM deliveries WHERE period = ? AND received = 1 AND withdrawn = 0",
                (period,),
            ).fetchall()
            return Policy(
                basis=self._consents(connection, product, period),
                wijk=self._consents(connection, Product.WIJK, period),
                delivered=frozenset((row[0], row[1]) for row in delivered),
            )

    def standing(self, product: str, period: str) -> Standing | None:
        """None without a snapshot."""
        with self._store.read() as connection:
            newest = connection.execute(
                "SELECT snapshot_id, time FROM snapshots WHERE product = ? AND period = ? ORDER BY place DESC LIMIT 1",
                (product, period),
            ).fetchone()
            if newest is None:
                return None
            spoken = connection.execute(
                "SELECT max(time) FROM consents WHERE period = ? AND product IN (?, ?)",
                (period, product, Product.WIJK),
            ).fetchone()[0]
            entries = [_published(row) for row in connection.execute(
                "SELECT kind, event FROM publications WHERE product = ? AND period = ? ORDER BY sequence",
                (product, period),
            )]  # fmt: skip
        changed = max(datetime.fromisoformat(moment) for moment in (newest[1], spoken) if moment is not None)
        held = frozenset(entry.event.correlation_id for entry in entries if entry.kind == "held")
        return Standing(product, period, newest[0], changed, _releases(entries), held)

    def published(self, after: int, limit: int = 200) -> list[Published]:
        """Entries with a sequence above `after`, in order."""
        with self._store.read() as connection:
            rows = connection.execute(
                "SELECT kind, event FROM publications WHERE sequence > ? ORDER BY sequence LIMIT ?",
                (after, limit),
            ).fetchall()
        return [_published(row) for row in rows]

    def history(self, product: str | None = None, period: str | None = None) -> list[Published]:
        """Everything said about publications, oldest first."""
        with self._store.read() as connection:
            rows = connection.execute(
                "SELECT kind, event FROM publications WHERE (? IS NULL OR product = ?) AND (? IS NULL OR period = ?) "
                "ORDER BY sequence",
                (product, product, period, period),
            ).fetchall()
        return [_published(row) for row in rows]

    def release(self, release: UUID) -> Event[PublicationReleased] | None:
        """The event with which a release came out."""
        with self._store.read() as connection:
            row = connection.execute(
                "SELECT kind, event FROM publications WHERE release_id = ? AND kind IN ('released', 'corrected')",
                (str(release),),
            ).fetchone()
        return None if row is None else cast("Event[PublicationReleased]", _published(row).event)

    def issues(self, releases: Iterable[Release]) -> list[Issue]:
        """What came out as these releases, each with the snapshot it was made of, in their order."""
        return [
            Issue(event.data, self.snapshot(event.data.product, event.data.period, release.snapshot_id))
            for release in releases
            if (event := self.release(release.id)) is not None
        ]

    def live_periods(self, product: str) -> frozenset[str]:
        """Periods of a product whose newest release may be read."""
        with self._store.read() as connection:
            gone = connection.execute(
                "SELECT release_id FROM publications WHERE product = ? AND kind = 'retracted'", (product,)
            ).fetchall()
            newest = connection.execute(
                "SELECT period, release_id FROM publications WHERE product = ? AND kind IN ('released', 'corrected') "
                "ORDER BY sequence", (product,)
            ).fetchall()  # fmt: skip
        retracted = {row[0] for row in gone}
        last = {row[0]: row[1] for row in newest}
        return frozenset(period for period, release in last.items() if release not in retracted)

    def figures(self, release: UUID) -> Figures | None:
        """What was kept of a release's gemeenten."""
        with self._store.read() as connection:
            row = connection.execute(
                "SELECT whole, inside FROM release_figures WHERE release_id = ?", (str(release),)
            ).fetchone()
        return None if row is None else Figures(frozenset(json.loads(row[0])), frozenset(json.loads(row[1])))

    def keep_figures(self, release: UUID, figures: Figures) -> None:
        """A cache, not state: both follow from the release's immutable tables."""
        with self._store.write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO release_figures VALUES (?, ?, ?)",
                (str(release), json.dumps(sorted(figures.whole)), json.dumps(sorted(figures.inside))),
            )

    def _consents(self, connection: sqlite3.Connection, product: str, period: str) -> Consents:
        rows = connection.execute(
            "SELECT gemeente, given FROM consents WHERE product = ? AND period = ?", (product, period)
        ).fetchall()
        return Consents(self._modes.of(product, period), {row[0]: bool(row[1]) for row in rows})


def _published(row: sqlite3.Row) -> Published:
    kind, text = row
    envelope = json.loads(text)
    data = _PAYLOADS[kind].model_validate(envelope.pop("data"))
    return Published(kind, Event[AboutPublication](data=data, **envelope))


def _releases(entries: list[Published]) -> tuple[Release, ...]:
    reasons = {
        entry.event.data.release_id: entry.event.data.reason
        for entry in entries
        if isinstance(entry.event.data, PublicationRetracted)
    }
    return tuple(
        Release(
            id=data.release_id,
            number=data.number,
            snapshot_id=data.snapshot_id,
            trigger=entry.event.correlation_id,
            time=entry.event.time,
            retracted=reasons.get(data.release_id),
        )
        for entry in entries
        if isinstance(data := entry.event.data, PublicationReleased)
    )
