"""Files and assessments for the tests of validation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from gmsd_contracts.columns import DATASETS
from gmsd_contracts.slot import Slot
from gmsd_validation.domain.assess import Assessment, Order, assess

TODAY = date(2025, 8, 20)
BSN = "999990019"
OTHER_BSN = "999990020"

_GOOD: dict[str, dict[str, str]] = {
    "wmo": {
        "gemeentecode": "GM0344",
        "aanmaakdatum_bestand": "20250815",
        "bsn": BSN,
        "toewijzingsnummer": "100234",
        "type_maatwerkarrangement_toewijzing": "02",
        "type_maatwerkarrangement_declaratie": "",
        "type_aanbieder": "05",
        "datum_toewijzing": "20250110",
        "datum_start_rechtsgeldigheid": "20250115",
        "datum_einde_rechtsgeldigheid": "20251231",
        "leveringsvorm": "1",
        "datum_start_daadwerkelijk": "20250120",
        "datum_einde_daadwerkelijk": "20250601",
        "intensiteit_volume": "4",
        "intensiteit_eenheid": "04",
        "intensiteit_frequentie": "2",
        "reden_beeindiging": "19",
        "ambulantisering": "",
    },
    "brp": {
        "bsn": BSN,
        "geboortedatum": "19520314",
        "geslacht": "V",
        "postcode": "3511AB",
        "huishoudennummer": "12345",
        "type_huishouden": "1",
        "gemeentecode": "GM0344",
        "wijkcode": "WK034401",
        "buurtcode": "BU034401A2",
        "datum_vanaf": "20190401",
        "datum_tot": "",
        "datum_overlijden": "",
    },
    "regio": {
        "code": "PV26",
        "naam": "Utrecht",
        "soort": "PV",
        "geldig_vanaf": "20190101",
        "geldig_tot": "",
        "deel_van": "NL01",
    },
}
LAND = {"code": "NL01", "naam": "Nederland", "soort": "LD", "deel_van": ""}


def row(dataset: str, **changes: str) -> dict[str, str]:
    """A good row with some fields changed."""
    unknown = set(changes) - set(_GOOD[dataset])
    assert not unknown, unknown
    return _GOOD[dataset] | changes


def header(dataset: str) -> list[str]:
    """Column names of version 1."""
    return [column.name for column in DATASETS[dataset][0].columns]


def lines(dataset: str, rows: Sequence[Mapping[str, str]], separator: str = ";") -> list[str]:
    """A header and rows, unquoted."""
    names = header(dataset)
    return [separator.join(names), *(separator.join(values[name] for name in names) for values in rows)]


def text(dataset: str, *rows: Mapping[str, str], separator: str = ";") -> bytes:
    """A file in UTF-8."""
    return ("\n".join(lines(dataset, rows, separator)) + "\n").encode()


@dataclass(frozen=True)
class Outcome:
    """An assessment with all it emitted."""

    assessment: Assessment
    findings: list[dict[str, Any]]
    records: pa.Table

    @property
    def counts(self) -> dict[str, int]:
        """By rule."""
        return {count.rule: count.count for count in self.assessment.counts}

    def of(self, rule: str) -> list[dict[str, Any]]:
        """The examples of a rule."""
        return [finding for finding in self.findings if finding["rule"] == rule]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """The bytes, cut."""
    return (data[start : start + size] for start in range(0, len(data), size))


def order(dataset: str, *, nothing: bool = False, today: date = TODAY) -> Order:
    """For gemeente GM0344 and the first half of 2025."""
    deliverer, part = {"wmo": ("GM0344", ""), "brp": ("RVIG", "GM0344"), "regio": ("CBS", "")}[dataset]
    slot = Slot(deliverer=deliverer, dataset=dataset, period="2025HJ01", part=part)
    return Order(slot, f"{dataset}/1", nothing, today)


def run(
    data: bytes,
    dataset: str = "wmo",
    *,
    nothing: bool = False,
    size: int = 700_000,
    partitions: int | None = None,
) -> Outcome:
    """Assess bytes that arrive in pieces of `size`."""
    records: list[pa.RecordBatch] = []
    findings: list[pa.RecordBatch] = []
    outcome = assess(
        lambda: pieces(data, size),
        order(dataset, nothing=nothing),
        records=records.append,
        findings=findings.append,
        partitions=partitions,
    )
    rows = [finding for batch in findings for finding in batch.to_pylist()]
    schema = DATASETS[dataset][0].checked_schema
    return Outcome(outcome, rows, pa.Table.from_batches(records if outcome.records else [], schema))
