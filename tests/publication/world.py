"""A small country with figures, and publication wired on it without a broker."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import polars as pl
import pyarrow as pa

from gmsd_chassis.bus.codec import decode, encode
from gmsd_chassis.bus.fold import Fold
from gmsd_chassis.bus.fold_store import FoldStore
from gmsd_chassis.bus.position import Position, Received
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.clock import ShiftedClock
from gmsd_chassis.content import DirectoryContentStore
from gmsd_chassis.content.store import ContentStore
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_contracts.catalogue import CATALOGUE, CATALOGUE_VERSION
from gmsd_contracts.cells import CELLS, CELLS_NAME, FRAME, FRAME_NAME
from gmsd_contracts.envelope import DEFAULT_OIN, Event, Payload
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged
from gmsd_contracts.topics import CONTENT_CELLS, topic_of
from gmsd_contracts.zones import Zone
from gmsd_publication.adapters import fold as folding
from gmsd_publication.adapters.facts import Facts, Modes
from gmsd_publication.adapters.library import Library
from gmsd_publication.adapters.schema import MIGRATIONS
from gmsd_publication.desk import Desk
from gmsd_publication.domain.consent import ConsentMode
from gmsd_publication.domain.protection import NearestFive, Protection
from gmsd_publication.domain.schedule import Quiet, ReleasePolicy
from gmsd_publication.press import Press
from gmsd_publication.reading import Reading
from gmsd_publication.scribe import Scribe

PERIOD = "2025HJ02"
PLACES: dict[str, tuple[str, str, str]] = {  # code: name, province, province code
    "GM0344": ("Utrecht", "Utrecht", "PV26"),
    "GM0307": ("Amersfoort", "Utrecht", "PV26"),
    "GM0356": ("Nieuwegein", "Utrecht", "PV26"),
    "GM0193": ("Zwolle", "Overijssel", "PV23"),
    "GM0141": ("Almelo", "Overijssel", "PV23"),
    "GM0153": ("Enschede", "Overijssel", "PV23"),
    "GM0014": ("Groningen", "Groningen", "PV20"),
    "GM0047": ("Veendam", "Groningen", "PV20"),
}


@dataclass
class Country:
    """Frame and cells as aggregation would send them."""

    frame: list[dict[str, Any]]
    cells: list[dict[str, Any]] = field(default_factory=list)

    def row(self, code: str) -> dict[str, Any]:
        return next(row for row in self.frame if row["region"] == code)

    def frame_df(self) -> pl.DataFrame:
        return cast("pl.DataFrame", pl.from_arrow(pa.Table.from_pylist(self.frame, FRAME)))

    def cells_df(self) -> pl.DataFrame:
        return cast("pl.DataFrame", pl.from_arrow(pa.Table.from_pylist(self.cells, CELLS)))


def region(
    code: str, name: str, level: str, wijk: str | None = None, gemeente: str | None = None,
    provincie: str | None = None, exists: bool = True, datasets: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """A row of frame/1."""
    return {
        "region": code, "name": name, "level": level, "wijk": wijk, "gemeente": gemeente, "provincie": provincie,
        "exists": exists, "datasets": list(datasets),
    }  # fmt: skip


def frame(
    places: dict[str, tuple[str, str, str]] = PLACES, wijken: int = 2, buurten: int = 2
) -> list[dict[str, Any]]:
    """A country of these gemeenten, each with the same number of wijken and buurten, everything delivered."""
    rows = [region("NL01", "Nederland", "LD")]
    for code, name in sorted({(place[2], place[1]) for place in places.values()}):
        rows.append(region(code, name, "PV"))
    for code, (name, _, province) in places.items():
        rows.append(region(code, name, "GM", provincie=province, datasets=("wmo", "brp")))
        for w in range(1, wijken + 1):
            wijk = f"WK{code[2:]}{w:02}"
            rows.append(region(wijk, f"Wijk {w:02} {name}", "WK", gemeente=code, provincie=province))
            for b in range(1, buurten + 1):
                buurt = f"BU{code[2:]}{w:02}{b:02}"
                rows.append(
                    region(buurt, f"Buurt {w}{b}", "BU", wijk=wijk, gemeente=code, provincie=province)
                )
    return rows


def cell(
    indicator: str, moment: str, place: str, mask: int, count: int, *, unit: int = 0, gemeente: str | None = None
) -> dict[str, Any]:  # fmt: skip
    """A row of cells/1."""
    return {
        "indicator": indicator, "moment": moment, "unit": unit, "gemeente": gemeente or f"GM{place[2:6]}",
        "region": place, "mask": mask, "count": count,
    }  # fmt: skip


WEIGHTS = (30, 22, 3, 1, 1, 6, 9, 5, 1, 2, 12, 18, 14, 2, 3, 1, 1, 1)


def populated(seed: int = 1, people: int = 900, **layout: Any) -> Country:
    """A country in which every buurt has inhabitants, clients and arrangements in plausible proportions.

    Its figures are those of some population: who has something on the peildatum has it in the period, who has something of a
    category has at least one arrangement of it.
    """
    rng = random.Random(seed)
    country = Country(frame(**layout))
    unit = 0
    for row in [row for row in country.frame if row["level"] == "BU"]:
        place = row["region"]
        scale = rng.uniform(0.5, 1.8)
        for age, share in enumerate((0.19, 0.08, 0.33, 0.22, 0.13, 0.05)):
            country.cells.append(
                cell("P1", "peildatum", place, 1 << age, max(1, int(people * scale * share)))
            )
        lean = rng.uniform(0.6, 1.6)
        held: dict[tuple[str, int], int] = {}
        for category, weight in enumerate(WEIGHTS):
            used = int(people * scale * lean * weight * rng.uniform(0.5, 1.5) / 2600)
            other = rng.randrange(len(WEIGHTS))
            for moment, extra in (("peildatum", 1.0), ("periode", 1.2)):
                alone, both = int(used * extra * 0.8), int(used * extra * 0.2)
                for mask, count in ((1 << category, alone), ((1 << category) | (1 << other), both)):
                    if count:
                        country.cells.append(cell("U1", moment, place, mask, count))
                        for bit in {category, other} if mask != 1 << category else {category}:
                            held[moment, bit] = held.get((moment, bit), 0) + count
        for (moment, category), count in held.items():
            country.cells.append(cell("U2", moment, place, 1 << category, count + count // 8))
        if rng.random() < 0.3:
            unit += 1
            away = rng.choice([code for code in PLACES if code != row["gemeente"]])
            for where, mask in ((place, 1), (away, 2)):
                country.cells.append(
                    cell("U1", "periode", where, mask, 1, unit=unit, gemeente=f"GM{where[2:6]}")
                )
                country.cells.append(cell("U2", "periode", where, mask, 1))
    return country


async def write_content(store: ContentStore, table: pa.Table, name: str) -> Any:
    """Arrow content in zone statistical."""
    sink = BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    async with await store.open(CONTENT_CELLS, delivery=uuid4(), schema=name) as writing:
        await writing.write(sink.getvalue())
        return await writing.close(rows=table.num_rows)


async def snapshot(
    store: ContentStore, country: Country, name: str, period: str = PERIOD, **changed: Any
) -> CellsComputed:
    """What aggregation would say of a country."""
    values: dict[str, Any] = {
        "product": "basis",
        "period": period,
        "snapshot_id": name,
        "inputs": 3,
        "catalogue_version": CATALOGUE_VERSION,
        "merge_rule_version": "1",
        "cells": await write_content(store, pa.Table.from_pylist(country.cells, CELLS), CELLS_NAME),
        "frame": await write_content(store, pa.Table.from_pylist(country.frame, FRAME), FRAME_NAME),
    }
    return CellsComputed(**(values | changed))


def consent(
    gemeente: str, given: bool, version: int, product: str = "basis", period: str = PERIOD
) -> ConsentChanged:
    """A gemeente speaks."""
    return ConsentChanged(
        gemeente=gemeente, product=product, period=period, given=given, version=version, by="test"
    )


def event(data: Payload, time: datetime | None = None) -> Event[Any]:
    """An event around a payload."""
    return Event.caused_by(
        data, cause=uuid4(), stage="test", correlation=uuid4(), source="urn:nld:oin:00000000000000000000:systeem:test",
        time=time or datetime.now(UTC),
    )  # fmt: skip


class LocalLog:
    """The log in one process: what is published is encoded, decoded and applied to the fold's store, at once."""

    def __init__(self, store: FoldStore) -> None:
        self._store = store
        self._ends: dict[str, int] = {}
        self.events: list[Event[Any]] = []

    async def publish(self, events: Iterable[Event[Any]]) -> list[Position]:
        positions = []
        for said in events:
            topic = topic_of(said.type).name
            position = Position(topic, 0, self._ends.get(topic, 0))
            self._ends[topic] = position.offset + 1
            read = decode(cast("Any", encode(said)))
            with self._store.write() as connection:
                folding.apply(connection, Received(read, position))
            self.events.append(read)
            positions.append(position)
        return positions

    async def applied(self, position: Position, timeout: float) -> None:  # noqa: ASYNC109 - the signature of Fold
        assert self._ends[position.topic] > position.offset

    def said(self, kind: type[Any]) -> list[Any]:
        """Payloads of one kind, in order."""
        return [said.data for said in self.events if isinstance(said.data, kind)]


class Stage:
    """Publication without broker and HTTP. `look` does what the desk would do now."""

    def __init__(
        self, root: Path, *, policy: ReleasePolicy | None = None, modes: dict[str, ConsentMode] | None = None,
        protection: Protection | None = None,
    ) -> None:  # fmt: skip
        root.mkdir(parents=True, exist_ok=True)
        self.clock = ShiftedClock()
        self.keyring = DirectoryKeyRing(
            root / "keys", {Zone.STATISTICAL: bytes(32)}, self.clock, owner="publication"
        )
        self.content = DirectoryContentStore(root / "content", self.keyring)
        self.store = FoldStore(root / "publication.sqlite", MIGRATIONS)
        self.log = LocalLog(self.store)
        self.facts = Facts(self.store, Modes(modes or {}))
        self.library = Library(self.content)
        self.press = Press(self.content, self.library, protection or NearestFive())
        self.policy: ReleasePolicy = policy or Quiet(seconds=0)
        self.scribe = Scribe(
            self.facts, cast("Fold", self.log), cast("Publisher", self.log), self.clock, DEFAULT_OIN
        )
        self.desk = Desk(
            facts=self.facts, scribe=self.scribe, press=self.press, library=self.library,
            policy_of=lambda product: self.policy, clock=self.clock,
        )  # fmt: skip
        self.reading = Reading(self.facts, self.library)

    async def say(self, *payloads: Payload) -> None:
        """Somebody else's events."""
        await self.log.publish([event(data, self.clock.now()) for data in payloads])

    async def look(self, times: int = 4) -> datetime | None:
        """Rounds of the desk until there is nothing left to do now."""
        due = None
        for _ in range(times):
            due = (await self.desk.round()).due
        return due

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(seconds=seconds))


BASIS = tuple(indicator for indicator in CATALOGUE if indicator.product == "basis")
