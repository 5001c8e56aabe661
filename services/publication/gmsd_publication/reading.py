"""What readers can ask: which releases there are, and what their tables say."""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from uuid import UUID

import polars as pl

from gmsd_chassis.errors import ContentDamaged, ContentExpired, TryLater, Unprocessable
from gmsd_contracts.catalogue import INDICATORS, Indicator
from gmsd_contracts.cells import AUDIT_NAME, PROOF_NAME
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.publication import (
    PublicationReleased,
    PublicationRetracted,
    ReleasedTable,
    Status,
)
from gmsd_publication.adapters.facts import Facts, Published
from gmsd_publication.adapters.library import Library
from gmsd_publication.domain import derived
from gmsd_publication.domain.faults import SnapshotBroken
from gmsd_publication.domain.regions import Regions
from gmsd_publication.domain.status import status_of
from gmsd_publication.errors import Problem
from gmsd_publication.press import REGIONS_TABLE

_TABLE_ID = re.compile(
    r"(?P<product>[a-z_]+)-(?P<period>20\d\d[A-Z]{2}\d\d)-(?P<number>\d{1,6})-(?P<table>[A-Z0-9]+)"
)


@dataclass(frozen=True)
class Shown:
    """A release as readers see it now. `status` is derived today; `current`: the newest of its product and period."""

    event: Event[PublicationReleased]
    status: Status
    current: bool
    retraction: Event[PublicationRetracted] | None = None

    @property
    def data(self) -> PublicationReleased:
        """What came out."""
        return self.event.data

    @property
    def time(self) -> datetime:
        """When it came out."""
        return self.event.time

    @property
    def tables(self) -> tuple[ReleasedTable, ...]:
        """The indicator tables; regions, audit and proof are not among them."""
        return self.data.indicator_tables()

    def table_id(self, table: str) -> str:
        """The public id of one of its tables."""
        return f"{self.data.product}-{self.data.period}-{self.data.number}-{table}"

    def refuse_if_retracted(self) -> None:
        """Raises Problem 410 once the release was taken back."""
        if self.retraction is not None:
            raise Problem("publicatie-ingetrokken", reden=self.retraction.data.reason)


@dataclass(frozen=True)
class TableView:
    """An indicator's table of one release, with everything to read it by.

    `rates`: region, denominator, counted, gemeenten (strings, ints or null).
    """

    shown: Shown
    table: ReleasedTable
    indicator: Indicator
    rows: pl.DataFrame
    regions: Regions
    rates: pl.DataFrame

    @property
    def id(self) -> str:
        """The public id."""
        return self.shown.table_id(self.table.table)


class Reading:
    """Answers from the fold and the library. Every reader sees the same releases in the same order."""

    def __init__(self, facts: Facts, library: Library) -> None:
        self._facts, self._library = facts, library
        self._at = -1
        self._shown: tuple[Shown, ...] = ()
        self._rates: dict[UUID, pl.DataFrame] = {}

    async def releases(self, product: str | None = None, period: str | None = None) -> list[Shown]:
        """Newest first."""
        last = await asyncio.to_thread(self._facts.last_sequence)
        if last != self._at:
            self._shown, self._at = _shown(await asyncio.to_thread(self._facts.history)), last
        return [
            shown
            for shown in self._shown
            if product in (None, shown.data.product) and period in (None, shown.data.period)
        ]

    async def current(self, product: str, period: str | None = None) -> Shown | None:
        """The readable newest release of a period; without a period that of the latest period."""
        live = [
            shown
            for shown in await self.releases(product, period)
            if shown.current and shown.retraction is None
        ]
        return max(live, key=lambda shown: shown.data.period, default=None)

    async def release(self, release: UUID) -> Shown:
        """By id. Raises Problem 404."""
        for shown in await self.releases():
            if shown.data.release_id == release:
                return shown
        raise Problem("publicatie-onbekend")

    async def table(self, table_id: str) -> TableView:
        """By public id. Raises Problem 404, 410, and 5xx when the content cannot be read."""
        match = _TABLE_ID.fullmatch(table_id)
        if match is not None:
            for shown in await self.releases(match["product"], match["period"]):
                if shown.data.number == int(match["number"]):
                    return await self.view(shown, match["table"])
        raise Problem("tabel-onbekend")

    async def view(self, shown: Shown, table: str) -> TableView:
        """One table of a release. Raises as `table`."""
        shown.refuse_if_retracted()
        refs = {released.table: released for released in shown.data.tables}
        if table not in refs or table not in INDICATORS:
            raise Problem("tabel-onbekend")
        indicator = INDICATORS[table]
        try:
            regions = await self._library.regions(refs[REGIONS_TABLE].content)
            rows = await self._library.table(refs[table].content)
            people = (
                await self._library.table(refs[indicator.per_1000_of].content)
                if indicator.per_1000_of in refs
                else None
            )
        except _UNREADABLE as error:
            _apologise(error)
        rates = await self._rates_of(refs[table].content.content_id, rows, people, regions)
        return TableView(shown, refs[table], indicator, rows, regions, rates)

    async def before(self, shown: Shown) -> list[int]:
        """Numbers of the releases of the same product and period that came out before this one, oldest first."""
        same = await self.releases(shown.data.product, shown.data.period)
        return sorted(one.data.number for one in same if one.data.number < shown.data.number)

    async def audit(self, shown: Shown) -> pl.DataFrame | None:
        """The disclosure test of a release (`audit/1`), None where there is none. Raises Problem 410, and 5xx as `table`."""
        shown.refuse_if_retracted()
        table = shown.data.companion(AUDIT_NAME)
        try:
            return None if table is None else await self._library.audit(table.content)
        except _UNREADABLE as error:
            _apologise(error)

    async def proof(self, shown: Shown) -> bytes | None:
        """The evidence behind the test as an Arrow stream, None where there is none. Raises as `audit`."""
        shown.refuse_if_retracted()
        table = shown.data.companion(PROOF_NAME)
        try:
            return None if table is None else await self._library.proof(table.content)
        except _UNREADABLE as error:
            _apologise(error)

    async def _rates_of(
        self, content: UUID, rows: pl.DataFrame, people: pl.DataFrame | None, regions: Regions
    ) -> pl.DataFrame:
        found = self._rates.get(content)
        if found is None:
            found = await asyncio.to_thread(_rates, rows, people, regions)
            if len(self._rates) >= 64:  # a few hundred KB each; a release has three
                self._rates.clear()
            self._rates[content] = found
        return found


_UNREADABLE = (TryLater, ContentExpired, ContentDamaged, Unprocessable, SnapshotBroken, KeyError)


def _apologise(error: BaseException) -> NoReturn:
    if isinstance(error, TryLater):
        raise Problem("later-opnieuw", headers={"Retry-After": "5"}) from None
    raise Problem("tabel-onleesbaar") from error


def _rates(rows: pl.DataFrame, people: pl.DataFrame | None, regions: Regions) -> pl.DataFrame:
    counted = derived.coverage(rows, regions)
    if people is None:
        base = regions.table.select(pl.col("region").cast(pl.String), denominator=pl.lit(None, pl.Int64))
    else:
        base = derived.denominators(rows, people, regions)
    return base.join(counted, on="region", how="left", maintain_order="left")


def _shown(history: list[Published]) -> tuple[Shown, ...]:
    retractions = {
        entry.event.data.release_id: entry.event
        for entry in history
        if isinstance(entry.event.data, PublicationRetracted)
    }
    released = [entry.event for entry in history if isinstance(entry.event.data, PublicationReleased)]
    newest = {(event.data.product, event.data.period): event.id for event in released}
    live: dict[str, set[str]] = {}
    for event in released:
        data = event.data
        assert isinstance(data, PublicationReleased)
        if newest[data.product, data.period] == event.id and data.release_id not in retractions:
            live.setdefault(data.product, set()).add(data.period)
    return tuple(
        Shown(
            event=event,  # type: ignore[arg-type]
            status=status_of(event.data.period, live.get(event.data.product, set())),
            current=newest[event.data.product, event.data.period] == event.id,
            retraction=retractions.get(event.data.release_id),  # type: ignore[arg-type,attr-defined]
        )
        for event in reversed(released)
    )
