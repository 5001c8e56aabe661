"""The assessment of one file: a pure function of its bytes, its slot, what the sender stated, and the date."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import polars as pl
import pyarrow as pa

from gmsd_contracts.columns import DatasetVersion
from gmsd_contracts.events.delivery_assessed_v1 import Profile, RuleCount, Verdict
from gmsd_contracts.period import bounds
from gmsd_contracts.slot import Slot
from gmsd_validation.domain.checks.batch import check, stripped, typed_batch
from gmsd_validation.domain.checks.crossing import Crossing, partitions_for
from gmsd_validation.domain.findings import EXAMPLES_PER_RULE, Findings, shown
from gmsd_validation.domain.form.body import body
from gmsd_validation.domain.form.header import MOST_FIELDS, SEPARATORS, Header, read_header
from gmsd_validation.domain.form.rows import MOST_MALFORMED, Shape, read_rows
from gmsd_validation.domain.form.survey import LONGEST_LINE, Survey, survey
from gmsd_validation.domain.profile import Counters
from gmsd_validation.domain.rules import general
from gmsd_validation.domain.rules.catalogue import RULE_SET, SPECIFICATIONS
from gmsd_validation.domain.rules.rule import ROW_NUMBER, Facts, Remark, Rule
from gmsd_validation.domain.rules.specification import Specification

Read = Callable[[], Iterator[bytes]]
Emit = Callable[[pa.RecordBatch], None]


@dataclass(frozen=True)
class Order:
    """What is to be assessed. `specification` is the id of a dataset version; KeyError when there is none such."""

    slot: Slot
    specification: str
    nothing_to_report: bool
    today: date


@dataclass(frozen=True)
class Assessment:
    """The outcome. `rows` counts rows that hold something; `records` how many records were emitted (0 unless ok)."""

    verdict: Verdict
    specification: str
    rule_set: str
    rows: int
    counts: tuple[RuleCount, ...]
    complete: bool
    profile: Profile | None
    findings: int
    records: int


def assess(
    read: Read, order: Order, *, records: Emit, findings: Emit, partitions: int | None = None
) -> Assessment:
    """Assess the bytes that `read` gives; it is called once per reading, each time from the beginning.

    `records` receives batches of the version's checked schema while the file is good; when the verdict is not ok, what
    it received is to be thrown away. `findings` receives batches of `findings/1` at the end. `partitions` overrides how
    often the file is read again for the rules over rows; the outcome does not depend on it.
    """
    return _Assessor(read, order, records, partitions).run(findings)


class _Unreadable(Exception):
    """A FATAAL finding was noted; nothing more is read."""


class _Assessor:
    def __init__(self, read: Read, order: Order, records: Emit, partitions: int | None) -> None:
        self._read = read
        self._order = order
        self._records = records
        self._partitions = partitions
        self._specification: Specification = SPECIFICATIONS[order.specification]
        self._version: DatasetVersion = self._specification.version
        self._findings = Findings(self._version)
        self._counters = Counters(self._version)
        self._emitted = 0
        self._persons = 0

    def run(self, emit: Emit) -> Assessment:
        """Read, judge, and report."""
        with suppress(_Unreadable):  # noted as a finding, which is the outcome
            self._assess()
        verdict = self._findings.verdict
        examples = 0
        for batch in self._findings.batches():
            examples += batch.num_rows
            emit(batch)
        return Assessment(
            verdict=verdict,
            specification=self._order.specification,
            rule_set=RULE_SET,
            rows=self._counters.rows,
            counts=self._findings.counts(),
            complete=self._findings.complete,
            profile=None if verdict is Verdict.FATAAL else self._counters.profile(self._persons),
            findings=examples,
            records=self._emitted if verdict is Verdict.OK else 0,
        )

    def _assess(self) -> None:
        found = survey(self._read())
        if found.size == 0 and self._order.nothing_to_report:
            return
        self._judge_bytes(found)
        header = read_header(found, self._version)
        self._judge_header(found, header)
        crossing = self._read_once(found, header)
        if self._counters.rows == 0 and not self._order.nothing_to_report:
            self._stop(
                general.NO_ROWS, None, "alleen kolomnamen", "rijen, of de melding dat er niets te melden is"
            )
        if self._counters.rows and self._order.nothing_to_report:
            self._note(general.ROWS_DESPITE_FLAG, None, f"{self._counters.rows} rijen", "geen rijen")
        facts = self._facts()
        for rule in self._specification.tally:
            for remark in rule.judge(self._counters.tally(), facts):
                self._findings.note(rule, remark)
        if crossing is not None:
            self._cross(crossing, found, header)

    # -- before the rows -------------------------------------------------------------------------------------------

    def _judge_bytes(self, found: Survey) -> None:
        csv = "een CSV-bestand"
        if found.size == 0:
            self._stop(general.EMPTY, None, "niets", csv)
        if found.zipped:
            self._stop(general.ZIP, None, found.zipped, csv)
        if found.binary:
            self._stop(general.BINARY, None, found.binary, csv)
        if found.nul:
            self._stop(general.NUL_BYTES, None, found.nul, f"{csv} in UTF-8")
        if found.long_line:
            self._stop(general.LONG_LINE, None, f"meer dan {LONGEST_LINE} bytes", "een regel per rij")
        if not found.utf8:
            self._note(general.ENCODING, None, "Windows-1252", "UTF-8")

    def _judge_header(self, found: Survey, header: Header) -> None:
        if len(header.fields) > MOST_FIELDS:
            wanted = f"{len(self._version.columns)} kolommen"
            self._stop(general.MANY_COLUMNS, None, str(len(header.fields)), wanted)
        if header.broken or (not header.whole and len(found.head) < found.size):
            found_there, wanted = "een aanhalingsteken in de eerste regel", "een gesloten aanhalingsteken"
            self._stop(general.OPEN_QUOTE, None, found_there, wanted)
        if not header.recognised:
            first = self._version.columns[0].name
            wanted = f"de kolomnamen van {self._version.name}, zoals {first}"
            self._stop(general.NO_HEADER, None, f"{len(header.known)} bekende kolomnamen", wanted)
        for name, count in header.doubled.items():
            self._note(general.DUPLICATE_COLUMN, name, str(count), "een keer")
        if header.doubled:
            raise _Unreadable
        if header.separator != ";":
            self._note(general.SEPARATOR, None, SEPARATORS[header.separator], SEPARATORS[";"])
        for field in header.unknown:
            self._note(
                general.UNKNOWN_COLUMN,
                None,
                shown(field) or "een lege kolomnaam",
                "alleen kolommen van de specificatie",
            )
        for name, field in header.respelled:
            self._note(general.HEADER_FORM, name, shown(field), name)
        required, optional = header.missing(self._version)
        for name in required:
            self._note(general.MISSING_COLUMN, name, "", f"een kolom {name}")
        for name in optional:
            self._note(general.ABSENT_COLUMN, name, "", f"een kolom {name}")

    # -- the rows --------------------------------------------------------------------------------------------------

    def _read_once(self, found: Survey, header: Header) -> Crossing | None:
        """Every field and row rule; the records; and, for a small file, what the rules over rows need."""
        keyed = self._specification.keyed
        crossing = None if keyed is None else Crossing(self._specification, keyed)
        partitions = self._partitions or partitions_for(found.lines)
        facts = self._facts()
        shape = Shape(len(header.fields))
        for raw in self._rows(found, header, header.known, shape):
            numbers, text = stripped(raw, self._findings)
            if not len(numbers):
                continue
            batch = typed_batch(self._specification, numbers, text)
            facts = check(self._specification, facts, batch, self._counters, self._findings)
            if crossing is not None and partitions == 1:
                crossing.add(batch.typed, batch.text, 0, 1)
            if not self._findings.rejected:
                self._emit(batch.typed)
        self._judge_shape(shape)
        return crossing

    def _rows(
        self, found: Survey, header: Header, wanted: tuple[str, ...], shape: Shape
    ) -> Iterator[pl.DataFrame]:
        source = body(
            self._read(),
            skip=found.skip + header.length,
            utf8=found.utf8,
            separator=header.separator,
            fields=len(header.fields),
        )
        return read_rows(source, header.separator, header.names, shape, wanted, EXAMPLES_PER_RULE)

    def _judge_shape(self, shape: Shape) -> None:
        wanted = f"{shape.fields} velden, als de eerste regel"
        if shape.open_at is not None:
            self._findings.only_file()
            self._findings.at_row(
                general.OPEN_QUOTE, shape.open_at, "een veld zonder einde", "een gesloten aanhalingsteken"
            )
            raise _Unreadable
        if shape.too_many:
            self._findings.only_file()
            self._stop(general.MANY_MALFORMED, None, f"{MOST_MALFORMED} rijen", wanted)
        if shape.malformed_count:
            examples = [(row, None, str(fields), wanted, None) for row, fields in shape.malformed]
            self._findings.add(general.FIELD_COUNT, shape.malformed_count, examples)

    def _emit(self, typed: pl.DataFrame) -> None:
        schema = self._version.checked_schema
        table = typed.to_arrow().cast(schema)
        for batch in table.combine_chunks().to_batches():
            self._records(batch)
            self._emitted += batch.num_rows

    # -- over the rows ---------------------------------------------------------------------------------------------

    def _cross(self, crossing: Crossing, found: Survey, header: Header) -> None:
        keyed = self._specification.keyed
        if keyed is None:
            return
        columns = tuple(name for name in header.known if name in keyed.columns)
        partitions = self._partitions or partitions_for(found.lines)
        for partition in range(partitions):
            if partitions > 1 and columns:
                for raw in self._rows(found, header, columns, Shape(len(header.fields))):
                    numbers, text = stripped(raw)
                    batch = typed_batch(self._specification, numbers, text)
                    crossing.add(batch.typed, batch.text, partition, partitions)
            crossing.judge(self._findings)
        self._persons = crossing.persons
        wanted = crossing.wanted()
        if wanted:
            crossing.report(self._findings, self._again(found, header, wanted))

    def _again(self, found: Survey, header: Header, wanted: set[int]) -> pl.DataFrame:
        """The delivered text of some rows."""
        rows = pl.Series(ROW_NUMBER, sorted(wanted), dtype=pl.UInt32)
        frames = [
            pl.DataFrame([numbers, *text]).filter(pl.col(ROW_NUMBER).is_in(rows.implode()))
            for numbers, text in map(
                stripped, self._rows(found, header, header.known, Shape(len(header.fields)))
            )
        ]
        return pl.concat(frames)

    # -- notes -----------------------------------------------------------------------------------------------------

    def _facts(self) -> Facts:
        slot = self._order.slot
        first, last = bounds(slot.period)
        return Facts(slot.deliverer, slot.part or slot.deliverer, first, last, self._order.today)

    def _note(self, rule: Rule, column: str | None, found: str, expected: str) -> None:
        self._findings.note(rule, Remark(column, found, expected))

    def _stop(self, rule: Rule, column: str | None, found: str, expected: str) -> None:
        self._note(rule, column, found, expected)
        raise _Unreadable
