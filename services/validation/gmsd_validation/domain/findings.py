"""Findings: exact counts per rule, and a bounded number of examples without any BSN."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
import pyarrow as pa

from gmsd_contracts.columns import ColumnType, DatasetVersion
from gmsd_contracts.events.delivery_assessed_v1 import RuleCount, Severity, Verdict
from gmsd_contracts.findings import findings_schema
from gmsd_validation.domain.checks.bsn import masked
from gmsd_validation.domain.rules.catalogue import RULES, described
from gmsd_validation.domain.rules.rule import ROW_NUMBER, Remark, Rule

EXAMPLES_PER_RULE = 1_000
EXAMPLES = 100_000
_SHOWN = 60  # characters of a value: enough to recognise it, too few for a swallowed row
_BEYOND = 40  # room for more than nine digits with a separator between each two
_BATCH = 10_000

FINDINGS = findings_schema(described())
"""`findings/1` with the words of every rule."""


Example = tuple[int | None, str | None, str | None, str | None, str | None]
"""Row, column, value as delivered, expected, key as delivered."""


@dataclass(frozen=True)
class Finding:
    """One example."""

    rule: str
    row: int | None
    column: str | None
    value: str | None
    expected: str | None
    key: str | None


class Findings:
    """What was found in one file. Of each rule the first examples are kept, in order of reading; all are counted."""

    def __init__(self, version: DatasetVersion) -> None:
        self._dates = {column.name for column in version.columns if column.type is ColumnType.DATE}
        self._hidden = {column.name for column in version.columns if column.type is ColumnType.BSN}
        self._order = {column.name: place for place, column in enumerate(version.columns)}
        self._counts: Counter[str] = Counter()
        self._kept: dict[str, list[Finding]] = {}

    def room(self, rule: Rule) -> int:
        """How many more examples of a rule are kept."""
        return EXAMPLES_PER_RULE - len(self._kept.get(rule.id, ()))

    def note(self, rule: Rule, remark: Remark) -> None:
        """A finding without a row. The words are ours: counts and dates, and no delivered value but by `shown`."""
        self._counts[rule.id] += 1
        if self.room(rule) > 0:
            kept = self._kept.setdefault(rule.id, [])
            kept.append(Finding(rule.id, None, remark.column, remark.found, remark.expected, None))

    def at_row(self, rule: Rule, row: int, value: str | None, expected: str | None) -> None:
        """A finding about a row as a whole, whose words hold no delivered value."""
        self.add(rule, 1, [(row, None, value, expected, None)])

    def add(self, rule: Rule, count: int, examples: Sequence[Example]) -> None:
        """`count` findings with examples."""
        if not count:
            return
        self._counts[rule.id] += count
        kept = self._kept.setdefault(rule.id, [])
        for row, column, value, expected, key in examples[: self.room(rule)]:
            dated = column in self._dates
            kept.append(
                Finding(
                    rule=rule.id,
                    row=row,
                    column=column,
                    value=None if value is None or column in self._hidden else shown(value, dated),
                    expected=None if expected is None else _expected(expected, dated),
                    key=None if key is None else shown(key),
                )
            )

    def add_marked(
        self,
        rule: Rule,
        column: str,
        where: pl.Series,
        rows: pl.Series,
        expected: str | pl.Series,
        values: pl.Series | None,
        keys: pl.Series | None,
    ) -> None:
        """A finding for every true value in `where`; the other series have the same rows."""
        at = where.arg_true()
        first = at.head(self.room(rule))
        numbers = rows.gather(first).to_list()
        words = [expected] * len(first) if isinstance(expected, str) else expected.gather(first).to_list()
        blank: list[None] = [None] * len(first)
        given = blank if values is None else values.gather(first).to_list()
        key = blank if keys is None else keys.gather(first).to_list()
        self.add(rule, len(at), list(zip(numbers, [column] * len(first), given, words, key, strict=True)))

    def only_file(self) -> None:
        """Forget what was said of rows: the file turned out to be unreadable."""
        rows = {rule for rule, kept in self._kept.items() if any(f.row is not None for f in kept)}
        for rule in rows:
            del self._counts[rule], self._kept[rule]

    @property
    def rejected(self) -> bool:
        """Whether the verdict can no longer be ok."""
        return self.verdict is not Verdict.OK

    @property
    def verdict(self) -> Verdict:
        """Of what was found so far."""
        severities = {RULES[rule].severity for rule in self._counts}
        if Severity.FATAAL in severities:
            return Verdict.FATAAL
        return Verdict.FOUT if Severity.FOUT in severities else Verdict.OK

    @property
    def complete(self) -> bool:
        """Whether every finding is among the examples."""
        return sum(self._counts.values()) == sum(map(len, self._kept.values())) <= EXAMPLES

    def counts(self) -> tuple[RuleCount, ...]:
        """Exact, in order of rule."""
        return tuple(
            RuleCount(rule=rule, severity=RULES[rule].severity, count=count)
            for rule, count in sorted(self._counts.items())
        )

    def examples(self) -> list[Finding]:
        """In order of row (the file as a whole first), column, rule; at most EXAMPLES."""
        everything = [finding for kept in self._kept.values() for finding in kept]
        everything.sort(
            key=lambda f: (
                f.row or 0,
                -1 if f.column is None else self._order.get(f.column, 999),
                f.rule,
                f.column or "",
            )
        )
        return everything[:EXAMPLES]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The examples as `findings/1`."""
        found = self.examples()
        for start in range(0, len(found), _BATCH):
            part = found[start : start + _BATCH]
            # Polars, not pyarrow: `pa.array` of a list imports pandas where that is installed, which takes seconds.
            frame = pl.DataFrame(
                {
                    "rule": [f.rule for f in part],
                    "severity": [RULES[f.rule].severity.value for f in part],
                    "row": [f.row for f in part],
                    "column": [f.column for f in part],
                    "value": [f.value for f in part],
                    "expected": [f.expected for f in part],
                    "key": [f.key for f in part],
                },
                schema={field.name: pl.UInt32 if field.name == "row" else pl.String for field in FINDINGS},
            )
            yield from frame.to_arrow().cast(FINDINGS).combine_chunks().to_batches()


def first_rows(found: pl.DataFrame, room: int) -> pl.DataFrame:
    """The findings of a keyed rule with the lowest row numbers, so that partitions do not show."""
    return found.sort(ROW_NUMBER, "expected").head(room)


def shown(value: str, dated: bool = False) -> str:
    """A delivered value as it may be seen: without anything that could be a BSN, printable, and short.

    `dated`: it stands in a date column, where a valid date is a date.
    """
    # A number that begins where it would be shown and is cut off here has more than nine digits, so it is hidden all the
    # same; and a row that a quotation mark swallowed is not searched to its end, a thousand times.
    near = value[: _SHOWN + _BEYOND]
    text = value if dated and _is_date(value) else masked(near)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: _SHOWN + 1])
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _expected(words: str, dated: bool) -> str:
    # In a date column these words hold valid dates of the same row or the period, and no other number of the file.
    return words if dated else masked(words)


def _is_date(value: str) -> bool:
    compact = (
        value[:4] + value[5:7] + value[8:] if len(value) == 10 and value[4] == value[7] == "-" else value
    )
    if len(compact) != 8 or not (compact.isascii() and compact.isdecimal()):
        return False
    try:
        date(int(compact[:4]), int(compact[4:6]), int(compact[6:]))
    except ValueError:
        return False
    return True
