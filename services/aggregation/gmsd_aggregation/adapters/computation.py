"""One snapshot computed: arrangements by the merge rule, then residence, patterns and P1 in the warehouse.

What leaves is `cells/1` and `frame/1`: patterns per finest region, never a person.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from uuid import UUID, uuid4

import polars as pl
import pyarrow as pa

from gmsd_aggregation.adapters.warehouse import Session
from gmsd_aggregation.domain import arrangements, frame
from gmsd_aggregation.domain.inputs import Effective, InputSet
from gmsd_contracts.catalogue import AGE_CLASSES, CATALOGUE, Indicator, Level, Moment
from gmsd_contracts.cells import CELLS
from gmsd_contracts.period import bounds, half_years

CHUNK_ROWS = 500_000
"""Rows of wmo merged at once, by whole gemeenten: about 150 MB while it happens; the largest gemeente has fewer a year."""

_WMO_ROWS = """
SELECT
    deliverer AS gemeente,
    if(period = {second:String}, 2, 1) AS half,
    bsn AS person,
    toewijzingsnummer AS toewijzing,
    coalesce(type_maatwerkarrangement_declaratie, type_maatwerkarrangement_toewijzing) AS type,
    leveringsvorm AS vorm,
    if(isNotNull(datum_start_daadwerkelijk), datum_start_daadwerkelijk, datum_start_rechtsgeldigheid) AS begin,
    if(isNotNull(datum_start_daadwerkelijk), datum_einde_daadwerkelijk, datum_einde_rechtsgeldigheid) AS end,
    reden_beeindiging AS reden
FROM wmo_1
WHERE attempt IN {attempts:Array(UUID)}
"""

_REGIO_ROWS = """
SELECT code, naam, soort, geldig_vanaf, geldig_tot, deel_van FROM regio_1 WHERE attempt IN {attempts:Array(UUID)}
"""

# A spell ends at the earlier of datum_tot and datum_overlijden; open ends are later than any day. An empty spell (it ends
# before it begins) overlaps nothing. The order: on the peildatum before not; not on it, the one that ends last; then latest
# begin, then smallest codes; birth month last, so that the answer never depends on the order of rows.
_RESIDENCE = """
SELECT
    bsn,
    argMin(
        tuple(gemeentecode, buurtcode, geboortedatum, on_day),
        tuple(
            NOT on_day, if(on_day, 0, -spell_end), -toInt64(datum_vanaf), gemeentecode, wijkcode, buurtcode, geboortedatum
        )
    ) AS place
FROM
(
    SELECT
        *,
        least(
            toInt64(coalesce(datum_tot, 2147483647)), toInt64(coalesce(datum_overlijden, 2147483647))
        ) AS spell_end,
        datum_vanaf <= {last:Int32} AND spell_end >= {last:Int32} AS on_day
    FROM brp_1
    WHERE attempt IN {register:Array(UUID)}
        AND datum_vanaf <= spell_end AND datum_vanaf <= {last:Int32} AND spell_end >= {earliest:Int32}
        AND @PERSONS@
)
GROUP BY bsn
"""

_BUURTEN = "SELECT region, gemeente FROM work_regions WHERE run = {run:UUID} AND level = 'BU'"

# Whoever lives in a buurt of the deliverer counts in it, others in the gemeente only. One row per arrangement and moment.
_PLACED = f"""
SELECT
    a.person AS person,
    a.gemeente AS gemeente,
    if(b.region != '', b.region, a.gemeente) AS place_of_use,
    bitShiftLeft(toUInt64(1), a.bit) AS one,
    arrayJoin(if(a.on_day, ['peildatum', 'periode'], ['periode'])) AS moment
FROM (SELECT * FROM work_arrangements WHERE run = {{run:UUID}}) AS a
LEFT JOIN ({
    _RESIDENCE.replace("@PERSONS@", "bsn IN (SELECT person FROM work_arrangements WHERE run = {run:UUID})")
}) AS r ON r.bsn = a.person
LEFT JOIN ({_BUURTEN}) AS b ON b.region = r.place.2 AND b.gemeente = a.gemeente AND r.place.1 = a.gemeente
"""

# Groups of people with the same components; those in several gemeenten get a unit of their own, numbered by their components.
_PERSONS_ONCE = f"""
SELECT moment, unit, component.1 AS gemeente, component.2 AS region, component.3 AS mask, people AS count
FROM
(
    SELECT
        moment,
        components,
        people,
        if(
            length(components) = 1,
            0,
            row_number() OVER (PARTITION BY moment, length(components) > 1 ORDER BY components)
        ) AS unit
    FROM
    (
        SELECT moment, components, count() AS people
        FROM
        (
            SELECT moment, person, arraySort(groupArray(tuple(gemeente, region, mask))) AS components
            FROM
            (
                SELECT moment, person, gemeente, min(place_of_use) AS region, groupBitOr(one) AS mask
                FROM ({_PLACED})
                GROUP BY moment, person, gemeente
            )
            GROUP BY moment, person
        )
        GROUP BY moment, components
    )
)
ARRAY JOIN components AS component
"""

_ARRANGEMENTS = f"""
SELECT moment, 0 AS unit, gemeente, place_of_use AS region, one AS mask, count() AS count
FROM ({_PLACED})
GROUP BY moment, gemeente, place_of_use, one
"""

_INHABITANTS = f"""
SELECT
    'peildatum' AS moment,
    0 AS unit,
    r.place.1 AS gemeente,
    if(b.region != '', b.region, r.place.1) AS region,
    bitShiftLeft(toUInt64(1), arrayFirstIndex(last_age -> age <= last_age, {{last_ages:Array(Int32)}}) - 1) AS mask,
    count() AS count,
    intDiv({{month:Int32}} - r.place.3, 12) AS age
FROM ({_RESIDENCE.replace("@PERSONS@", "1")}) AS r
INNER JOIN (SELECT region FROM work_regions WHERE run = {{run:UUID}} AND level = 'GM') AS g ON g.region = r.place.1
LEFT JOIN ({_BUURTEN}) AS b ON b.region = r.place.2 AND b.gemeente = r.place.1
WHERE r.place.4 AND age BETWEEN 0 AND arrayMax({{last_ages:Array(Int32)}}) AND r.place.3 <= {{month:Int32}}
GROUP BY gemeente, region, mask, age
"""


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
        rows = _typed(self.session.table(_REGIO_ROWS, attempts=attempts), frame.REGIONS)
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
            answer = self.session.table(_WMO_ROWS, attempts=attempts, second=second_half)
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
            # Only who lives there on the peildatum counts, so only spells that contain it are read.
            answer = self.session.table(
                _INHABITANTS, **common, earliest=self._last, month=month, last_ages=last_ages
            )
        else:
            sql = _PERSONS_ONCE if indicator.counts == "persons once" else _ARRANGEMENTS
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
