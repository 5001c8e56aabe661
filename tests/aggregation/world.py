"""Small nations as linked content, and a warehouse to load them into."""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa

from gmsd_aggregation.adapters import facts, migrations, rows, slot_events
from gmsd_aggregation.adapters.slot_events import Kind, SlotEvent
from gmsd_aggregation.adapters.warehouse import Session, Warehouse
from gmsd_aggregation.loading import announce
from gmsd_contracts.columns import DatasetVersion
from gmsd_contracts.columns.brp_v1 import BRP_V1
from gmsd_contracts.columns.regio_v1 import REGIO_V1
from gmsd_contracts.columns.wmo_v1 import WMO_V1
from gmsd_contracts.slot import Slot

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
PATH = tempfile.mkdtemp(prefix="gmsd-aggregation-")
"""chDB serves one path per process, so every test of this process has a database of its own in it."""
MEMORY = 500_000_000
OFFSETS = itertools.count(1)


@dataclass(frozen=True)
class Wmo:
    gemeente: str
    half: int
    person: int
    type: str
    begin: date
    end: date | None = None
    vorm: str | None = None
    reden: str | None = None
    number: int | None = None
    legal: tuple[date, date | None] | None = None
    declared: str | None = None


@dataclass(frozen=True)
class Spell:
    person: int
    gemeente: str
    wijk: str
    buurt: str
    vanaf: date
    tot: date | None = None
    died: date | None = None
    born: date = date(1950, 1, 1)


@dataclass(frozen=True)
class Region:
    code: str
    soort: str
    parent: str | None
    vanaf: date = date(2000, 1, 1)
    tot: date | None = None
    naam: str = "naam"


def pseudonym(number: int) -> bytes:
    return number.to_bytes(16, "big")


def wmo_table(found: Sequence[Wmo]) -> pa.Table:
    return table(
        WMO_V1,
        [
            {
                "gemeentecode": one.gemeente,
                "bsn": pseudonym(one.person),
                "toewijzingsnummer": None if one.number is None else pseudonym(one.number),
                "type_maatwerkarrangement_toewijzing": one.type,
                "type_maatwerkarrangement_declaratie": one.declared,
                "datum_start_daadwerkelijk": one.begin if one.legal is None else None,
                "datum_einde_daadwerkelijk": one.end if one.legal is None else None,
                "datum_start_rechtsgeldigheid": None if one.legal is None else one.legal[0],
                "datum_einde_rechtsgeldigheid": None if one.legal is None else one.legal[1],
                "leveringsvorm": one.vorm,
                "reden_beeindiging": one.reden,
            }
            for one in found
        ],
    )


def brp_table(found: Sequence[Spell]) -> pa.Table:
    return table(
        BRP_V1,
        [
            {
                "bsn": pseudonym(one.person),
                "geboortedatum": one.born,
                "geslacht": "V",
                "huishoudennummer": pseudonym(one.person),
                "type_huishouden": "1",
                "gemeentecode": one.gemeente,
                "wijkcode": one.wijk,
                "buurtcode": one.buurt,
                "datum_vanaf": one.vanaf,
                "datum_tot": one.tot,
                "datum_overlijden": one.died,
            }
            for one in found
        ],
    )


def regio_table(found: Sequence[Region]) -> pa.Table:
    return table(
        REGIO_V1,
        [
            {
                "code": one.code,
                "naam": one.naam,
                "soort": one.soort,
                "geldig_vanaf": one.vanaf,
                "geldig_tot": one.tot,
                "deel_van": one.parent,
            }
            for one in found
        ],
    )


def table(version: DatasetVersion, records: list[dict[str, Any]]) -> pa.Table:
    """Linked content of a version; what is not given is empty."""
    numbered = [{"_row": number, **record} for number, record in enumerate(records, 1)]
    return pa.Table.from_pylist(numbered, schema=version.linked_schema)


@contextmanager
def fresh(dsn: str = f"chdb://{PATH}") -> Iterator[Warehouse]:
    """A migrated warehouse in a database that is dropped afterwards."""
    database = f"test_{uuid4().hex}"
    warehouse = Warehouse(dsn, MEMORY, database)
    try:
        with warehouse.use() as session:
            migrations.migrate(session, migrations.read(migrations.CHECKOUT), NOW)
        yield warehouse
    finally:
        with warehouse.use() as session:
            session.command(f"DROP DATABASE IF EXISTS {database}")
        warehouse.close()


def attempt_on(
    slot: Slot, version: DatasetVersion, delivery: UUID | None = None, key: int = 1
) -> rows.Attempt:
    return rows.Attempt(delivery or uuid4(), uuid4(), slot, version, key)


def load(
    session: Session,
    slot: Slot,
    content: pa.Table,
    *,
    version: int | None = None,
    delivery: UUID | None = None,
    key: int = 1,
    at: datetime = NOW,
) -> rows.Attempt:
    """Load and announce, and decide with slot version `version` when it is given."""
    specification = {"wmo": WMO_V1, "brp": BRP_V1, "regio": REGIO_V1}[slot.dataset]
    attempt = attempt_on(slot, specification, delivery, key)
    begin(session, attempt, at)
    rows.insert(session, attempt, content)
    known = rows.finish(session, attempt, content.num_rows, at)
    assert announce(session, slot, attempt.delivery_id, attempt.attempt, known) is not None
    if version is not None:
        note(session, "decided", attempt.delivery_id, slot, version, at=at)
    return attempt


def begin(session: Session, attempt: rows.Attempt, at: datetime = NOW) -> None:
    known = facts.history(session, attempt.slot, attempt.delivery_id)
    rows.begin(session, attempt, known.unfinished, at)


def note(
    session: Session,
    kind: Kind,
    delivery: UUID,
    slot: Slot,
    version: int,
    *,
    by: str = "",
    at: datetime = NOW,
    offset: int | None = None,
) -> None:
    """An event of the topic `deliveries`; later in the log than what was noted before unless `offset` says where."""
    offset = next(OFFSETS) if offset is None else offset
    slot_events.record(session, SlotEvent(slot, version, offset, uuid4(), kind, delivery, at, by))


def withdraw(session: Session, delivery: UUID, slot: Slot, version: int, by: str = "platform") -> None:
    note(session, "withdrawn", delivery, slot, version, by=by)


def wmo_slot(gemeente: str, period: str = "2025HJ02") -> Slot:
    return Slot(deliverer=gemeente, dataset="wmo", period=period)


def brp_slot(gemeente: str, period: str = "2025HJ02") -> Slot:
    return Slot(deliverer="RVIG", dataset="brp", period=period, part=gemeente)


def regio_slot(period: str = "2025HJ02") -> Slot:
    return Slot(deliverer="CBS", dataset="regio", period=period)


def nation() -> list[Region]:
    """Two provinces; GM0001 and GM0002 in the first, GM0003 in the second; two buurten each."""
    regions = [Region("NL00", "LD", None), Region("PV20", "PV", "NL00"), Region("PV21", "PV", "NL00")]
    for gemeente, provincie in (("0001", "PV20"), ("0002", "PV20"), ("0003", "PV21")):
        regions += [
            Region(f"GM{gemeente}", "GM", provincie),
            Region(f"WK{gemeente}01", "WK", f"GM{gemeente}"),
            Region(f"BU{gemeente}0101", "BU", f"WK{gemeente}01"),
            Region(f"BU{gemeente}0102", "BU", f"WK{gemeente}01"),
        ]
    return regions


def home(person: int, gemeente: str, buurt: str = "01", **more: Any) -> Spell:
    """A spell in buurt `buurt` of the only wijk of a gemeente of `nation`."""
    digits = gemeente[2:]
    return Spell(
        person, gemeente, f"WK{digits}01", f"BU{digits}01{buurt}", more.pop("vanaf", date(2020, 1, 1)), **more
    )
