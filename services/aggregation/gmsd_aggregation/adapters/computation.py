"""One snapshot computed: arrangements by the merge rule, then residence, patterns and P1 in the warehouse.

What leaves is `cells/1` and `frame/1`: patterns per finest region, never a person.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from uuid import UUID, uuid4

import polars as pl
import pyarrow as pa

from gmsd_aggregation.adapters import queries
from gmsd_aggregation.adapters.warehouse import Session
from gmsd_aggregation.domain import arrangements, frame
from gmsd_aggregation.domain.inputs import Effective, InputSet
from gmsd_contracts.catalogue import AGE_CLASSES, CATALOGUE, Indicator, Level, Moment
from gmsd_contracts.cells import CELLS
from gmsd_contracts.period import bounds, half_years

BUCKET_ROWS = 1_500_000
"""Spells of the register looked at together: grouping takes about 230 bytes per person (measured), so 350 MB of the 800 MB that
a query may use. A national register goes in twelve buckets of persons; each person is in one, so their counts add up."""

CHUNK_ROWS = 500_000
"""Rows of wmo merged at once, by whole gemeenten: about 150 MB while it happens; the largest gemeente has fewer a year."""

_WORK = ("work_arrangements", "work_regions")


class Computation:
    """One run. Raises frame.NoFrame; a run that dies leaves work rows that the next run drops."""

    def __init__(self, session: Session, inputs: InputSet) -> None:
        self.session = session
        self._inputs = inputs
        self._run = uuid4()
        self._first, self._last = (_day(one) for one in bounds(inputs.period))
        self._peildatum = bounds(inputs.period)[1]

    def run(self) -> tuple[pa.Table, pa.Table]:
        """`cells/1` and `frame/1`, sorted: the same inputs give the same bytes."""
        drop_abandoned_work(self.session)
        try:
            regions = self._frame()
            self._note_regions(regions)
            self._note_arrangements(regions)
            parts = [
                self._cells(indicator)
                for indicator in CATALOGUE
                if indicator.product.value == self._inputs.product
            ]
        finally:
            for table in _WORK:
                self.session.command(f"ALTER TABLE {table} DROP PARTITION '{self._run}'")
        return _cells_table(pl.concat(parts)), regions

    def _frame(self) -> pa.Table:
        attempts = [one.attempt for one in self._inputs.regio]
        rows = _typed(self.session.table(queries.REGIO_ROWS, attempts=attempts), frame.REGIONS)
        return frame.frame(rows, self._first, self._last, self._inputs.delivered())

    def _note_regions(self, regions: pa.Table) -> None:
        """The gemeenten and buurten that exist on the peildatum; a buurt in a gemeente that does not is of no use."""
        known = pl.DataFrame(regions).filter(
            "exists", pl.col("level").is_in([Level.GEMEENTE.value, Level.BUURT.value])
        )
        table = known.select(
            run=pl.lit(str(self._run)),
            region="region",
            level="level",
            gemeente=pl.col("gemeente").fill_null(""),
        )
        self.session.insert("work_regions", table.to_arrow())

    def _note_arrangements(self, regions: pa.Table) -> None:
        """The arrangements that count in the period, of gemeenten that exist on its peildatum."""
        first_half, second_half = half_years(self._peildatum.year)
        half = 2 if self._inputs.period == second_half else 1
        existing = pl.DataFrame(regions).filter("exists", level=Level.GEMEENTE.value)["region"]
        bits = _bits("U1")
        for attempts in _chunks(self._inputs.wmo):
            answer = self.session.table(queries.WMO_ROWS, attempts=attempts, second=second_half)
            merged = arrangements.merge(_typed(answer, arrangements.ROWS), _day(bounds(first_half)[1]))
            counting = arrangements.counted(merged, half, self._first, self._last)
            table = counting.filter(pl.col("gemeente").is_in(existing.implode())).select(
                "gemeente",
                "person",
                "on_day",
                run=pl.lit(str(self._run)),
                bit=pl.col("type").replace_strict(bits, return_dtype=pl.UInt8),
            )
            self.session.insert("work_arrangements", _fixed(table.to_arrow(), "person"))

    def _cells(self, indicator: Indicator) -> pl.DataFrame:
        register = [one.attempt for one in self._inputs.brp]
        common = {"run": self._run, "register": register, "last": self._last}
        if indicator.id == "P1":
            month = self._peildatum.year * 12 + self._peildatum.month - 1
            last_ages = [last for _, _, _, last in AGE_CLASSES]
            buckets = 1 + sum(one.rows for one in self._inputs.brp) // BUCKET_ROWS
            # Only who lives there on the peildatum counts, so only spells that contain it are read.
            ages = {
                **common,
                "earliest": self._last,
                "month": month,
                "last_ages": last_ages,
                "buckets": buckets,
            }
            answer = pa.concat_tables(
                self.session.table(queries.INHABITANTS, **ages, bucket=bucket) for bucket in range(buckets)
            )
        else:
            sql = queries.PERSONS_ONCE if indicator.counts == "persons once" else queries.ARRANGEMENTS
            answer = self.session.table(sql, **common, earliest=self._first)
        cells = pl.DataFrame(answer).select(
            indicator=pl.lit(indicator.id),
            moment=pl.col("moment").cast(pl.String),
            unit=pl.col("unit").cast(pl.Int64),
            gemeente=pl.col("gemeente").cast(pl.String),
            region=pl.col("region").cast(pl.String),
            mask=pl.col("mask").cast(pl.UInt64),
            count=pl.col("count").cast(pl.Int64),
        )
        moments = [moment.value for moment in indicator.moments]
        keys = ["indicator", "moment", "unit", "gemeente", "region", "mask"]
        cells = cells.filter(pl.col("moment").is_in(moments))
        joint = cells.filter(pl.col("unit") > 0)
        return pl.concat([cells.filter(pl.col("unit") == 0).group_by(keys).agg(pl.col("count").sum()), joint])


def drop_abandoned_work(session: Session) -> None:
    """Drop what runs that died have left. An hour is longer than any run: another instance may be in the middle of one."""
    sql = (
        "SELECT DISTINCT table, partition FROM system.parts WHERE active AND database = currentDatabase()"
        " AND table IN {tables:Array(String)} AND modification_time < now() - INTERVAL 1 HOUR"
    )
    for table, partition in session.rows(sql, tables=list(_WORK)):
        session.command(f"ALTER TABLE {table} DROP PARTITION '{UUID(str(partition))}'")


def _chunks(deliveries: Sequence[Effective]) -> Iterator[list[UUID]]:
    """Attempts of whole gemeenten, about CHUNK_ROWS rows together."""
    held: list[UUID] = []
    rows = 0
    by_gemeente = sorted(deliveries, key=lambda one: (one.slot.deliverer, one.delivery_id))
    for _, group in itertools.groupby(by_gemeente, key=lambda one: one.slot.deliverer):
        own = list(group)
        size = sum(one.rows for one in own)
        if held and rows + size > CHUNK_ROWS:
            yield held
            held, rows = [], 0
        held += [one.attempt for one in own]
        rows += size
    if held:
        yield held


def _bits(indicator_id: str) -> dict[str, int]:
    indicator = next(one for one in CATALOGUE if one.id == indicator_id)
    return {category.code: bit for bit, category in enumerate(indicator.categories)}


def _typed(answer: pa.Table, columns: dict[str, pl.DataType]) -> pl.DataFrame:
    table = pl.DataFrame(_variable(answer))
    return table.select(pl.col(name).cast(kind) for name, kind in columns.items())


def _variable(table: pa.Table) -> pa.Table:
    """Fixed-size binary as plain binary, which Polars knows."""
    fields = [
        field.with_type(pa.binary()) if pa.types.is_fixed_size_binary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _fixed(table: pa.Table, column: str) -> pa.Table:
    index = table.schema.get_field_index(column)
    return table.set_column(index, pa.field(column, pa.binary(16)), table.column(column).cast(pa.binary(16)))


def _cells_table(cells: pl.DataFrame) -> pa.Table:
    ids = [indicator.id for indicator in CATALOGUE]
    moments = [moment.value for moment in Moment]
    ordered = cells.sort(
        pl.col("indicator").cast(pl.Enum(ids)), pl.col("moment").cast(pl.Enum(moments)),
        "unit", "gemeente", "region", "mask", "count",
    )  # fmt: skip
    arrays: dict[str, pa.Array] = {}
    for name, words in (("indicator", ids), ("moment", moments)):
        # The dictionary is the catalogue's, not what happens to occur: bytes depend on the figures alone.
        indices = ordered[name].cast(pl.Enum(words)).to_physical().cast(pl.Int32).to_arrow()
        arrays[name] = pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))
    for name in ("unit", "gemeente", "region", "mask", "count"):
        arrays[name] = ordered[name].to_arrow().cast(CELLS.field(name).type)
    return pa.table([arrays[field.name] for field in CELLS], schema=CELLS)


def to_stream(table: pa.Table, rows: int = 65_536) -> Iterable[bytes]:
    """A table as pieces of an Arrow IPC stream, one per batch of `rows`."""
    sink = pa.BufferOutputStream()
    yielded = 0
    with pa.ipc.new_stream(sink, table.schema) as writer:
        for batch in table.combine_chunks().to_batches(max_chunksize=rows):
            writer.write_batch(batch)
    whole = sink.getvalue().to_pybytes()
    while yielded < len(whole):
        yield whole[yielded : yielded + 1_048_576]
        yielded += 1_048_576


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days
