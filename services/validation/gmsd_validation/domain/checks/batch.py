"""One batch of rows: stripped, typed, checked per field and per row."""

from dataclasses import dataclass, replace

import polars as pl

from gmsd_validation.domain.checks.cells import Cells, read_cells
from gmsd_validation.domain.findings import Findings
from gmsd_validation.domain.profile import Counters
from gmsd_validation.domain.rules import general
from gmsd_validation.domain.rules.rule import ROW_NUMBER, TEXT, Facts
from gmsd_validation.domain.rules.specification import Specification


@dataclass(frozen=True)
class Batch:
    """The same rows: `numbers`, `text` as delivered (stripped, null when empty), `typed` values, and both for the rules.

    `typed` holds `_row` and every column of the specification; a field that is empty, at fault or absent is null.
    """

    numbers: pl.Series
    text: pl.DataFrame
    typed: pl.DataFrame
    both: pl.DataFrame
    cells: dict[str, Cells]


def stripped(raw: pl.DataFrame, findings: Findings | None = None) -> tuple[pl.Series, pl.DataFrame]:
    """Row numbers and text without surrounding space, empty as null; rows without any value are left out."""
    numbers = raw.get_column(ROW_NUMBER)
    delivered = raw.drop(ROW_NUMBER)
    trimmed = delivered.select(pl.all().str.strip_chars())
    text = trimmed.select(pl.when(pl.all() != "").then(pl.all()))
    if findings is not None:
        for name in text.columns:
            spaced = delivered.get_column(name).str.len_bytes() != trimmed.get_column(name).str.len_bytes()
            if spaced.any():
                shown = text.get_column(name)
                findings.add_marked(
                    general.SURROUNDING_SPACE, name, spaced, numbers, "geen spaties", shown, None
                )
    # Only when the first column has gaps can a row be empty; mostly it has none.
    if text.to_series(0).null_count():
        empty = text.select(pl.all_horizontal(pl.all().is_null())).to_series()
        if empty.any():
            if findings is not None:
                at = numbers.filter(empty)
                room = findings.room(general.EMPTY_ROW)
                findings.add(
                    general.EMPTY_ROW, len(at), [(row, None, None, None, None) for row in at.head(room)]
                )
            text, numbers = text.filter(~empty), numbers.filter(~empty)
    return numbers, text


def typed_batch(specification: Specification, numbers: pl.Series, text: pl.DataFrame) -> Batch:
    """Type every column of the specification; columns that the file lacks are null."""
    cells: dict[str, Cells] = {}
    given_columns: list[pl.Series] = []
    for column in specification.version.columns:
        if column.name in text.columns:
            given = text.get_column(column.name)
        else:
            given = pl.Series(column.name, [None], dtype=pl.String).new_from_index(0, len(numbers))
        cells[column.name] = read_cells(column, given)
        given_columns.append(given.alias(column.name + TEXT))
    typed = pl.DataFrame([numbers, *(cell.typed.alias(name) for name, cell in cells.items())])
    return Batch(numbers, text, typed, typed.hstack(given_columns), cells)


def check(
    specification: Specification, facts: Facts, batch: Batch, counters: Counters, findings: Findings
) -> Facts:
    """Judge a batch by every field and row rule. Returns the facts with first values that this batch brought."""
    keys = batch.text.get_column(specification.key) if specification.key in batch.text.columns else None
    counters.add_rows(len(batch.numbers))
    for name, cell in batch.cells.items():
        counters.add_column(name, cell.filled, cell.codes)
        for fault in cell.faults:
            findings.add_marked(
                fault.rule,
                name,
                fault.where,
                batch.numbers,
                fault.expected,
                batch.text.get_column(name),
                keys,
            )
    _obligations(specification, batch, findings, keys)
    facts = _with_first_values(specification, facts, batch)
    _row_rules(specification, facts, batch, findings, keys)
    for name, expression in specification.tallies.items():
        counters.add_named(name, int(batch.both.select(expression(facts).fill_null(False).sum()).item()))
    return facts


def _obligations(
    specification: Specification, batch: Batch, findings: Findings, keys: pl.Series | None
) -> None:
    """Fields that must be filled; a column that the header lacks was reported there."""
    groups: dict[str, list[str]] = {}
    for column in specification.version.columns:
        if column.name not in batch.text.columns:
            continue
        if column.one_of is not None:
            groups.setdefault(column.one_of, []).append(column.name)
        given = batch.text.get_column(column.name)
        if column.required and given.null_count():
            findings.add_marked(
                general.REQUIRED, column.name, given.is_null(), batch.numbers, "een waarde", None, keys
            )
    for names in groups.values():
        if batch.text.get_column(names[0]).null_count():
            none = batch.text.select(pl.all_horizontal(pl.col(names).is_null())).to_series()
            expected = "een waarde in " + " of ".join(names)
            findings.add_marked(general.ONE_OF, names[0], none, batch.numbers, expected, None, keys)


def _with_first_values(specification: Specification, facts: Facts, batch: Batch) -> Facts:
    new = {}
    for name in specification.same:
        if name not in facts.first_values:
            values = batch.typed.get_column(name).drop_nulls()
            if len(values):
                new[name] = values[0]
    return replace(facts, first_values={**facts.first_values, **new}) if new else facts


def _row_rules(
    specification: Specification, facts: Facts, batch: Batch, findings: Findings, keys: pl.Series | None
) -> None:
    masks = batch.both.select(
        rule.fires(facts).fill_null(False).alias(rule.id) for rule in specification.rows
    )
    for rule in specification.rows:
        where = masks.get_column(rule.id)
        if not where.any():
            continue
        words = rule.expected(facts)
        expected = words if isinstance(words, str) else batch.both.select(words.alias("words")).to_series()
        given = batch.text.get_column(rule.column) if rule.column in batch.text.columns else None
        findings.add_marked(rule, rule.column, where, batch.numbers, expected, given, keys)
