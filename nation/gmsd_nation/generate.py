"""The whole nation: regions, register, Wmo deliveries in their order, and the truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from gmsd_nation.bsn import BsnSource, passes_elfproef
from gmsd_nation.calendar import OPEN, HalfYear, day, half_years
from gmsd_nation.classification import regio_rows, regions
from gmsd_nation.community import Community, Counters, community, nobody
from gmsd_nation.dialect import Dialect, write
from gmsd_nation.faults import FAULTS, Fault
from gmsd_nation.movement import Movement, inhabitants_of_split, movers
from gmsd_nation.places import POPULATION, Area, Atlas, Place, atlas
from gmsd_nation.plan import Plan, plan
from gmsd_nation.rows import brp_rows
from gmsd_nation.wmo_files import WmoSender
from gmsd_nation.writer import Delivery, NationWriter

PERIODS = ("2025HJ01", "2025HJ02")
_DAYS = ("born", "died", "since", "until", "begin", "end")


class MarkedNumbers(ValueError):
    """Marked numbers that cannot be used as asked."""


@dataclass(frozen=True, slots=True)
class Nation:
    """What was generated: the delivery plan in order, and totals. `wmo_clients` counts, per period, the persons in the
    rows in force; `wmo_rows` those rows."""

    folder: Path
    deliveries: tuple[Delivery, ...]
    persons: int
    wmo_clients: dict[str, int]
    wmo_rows: dict[str, int]
    bytes_written: int


def _dates(frame: pl.DataFrame) -> pl.DataFrame:
    """Day numbers as dates, `OPEN` as null, for the truth."""
    return frame.with_columns(
        pl.when(pl.col(name) < OPEN).then(pl.col(name)).cast(pl.Int32).cast(pl.Date).alias(name)
        for name in _DAYS
        if name in frame.columns
    )


def _check_marked(marked: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    numbers = np.array(marked, dtype=np.int64)
    if (
        len(np.unique(numbers)) != len(numbers)
        or not passes_elfproef(numbers).all()
        or (numbers > 999_999_999).any()
    ):
        raise MarkedNumbers("marked numbers must differ from each other and pass the elfproef")
    if len(numbers) and numbers.min() < 100_000_000:
        raise MarkedNumbers("marked numbers have nine digits and do not begin with a zero")
    return numbers


def merged(used: pl.DataFrame, gemeente: str, periods: Sequence[HalfYear]) -> pl.DataFrame:
    """True arrangements: constituents joined, with the periods in which they stand.

    Columns: arrangement, person, gemeente, type, begin, end (null: running), periods (codes joined by `|`).
    """
    stands = [
        pl.when((pl.col("begin") <= period.last) & (pl.col("end") >= period.first))
        .then(pl.lit(period.code))
        .drop_nulls()
        .first()
        .alias(period.code)
        for period in periods
    ]
    codes = [period.code for period in periods]
    grouped = used.group_by("arrangement").agg(
        pl.col("person").first(),
        pl.col("type").first(),
        pl.col("begin").min().alias("first"),
        pl.col("end").max().alias("last"),
        *stands,
    )
    named = grouped.rename({"first": "begin", "last": "end"}).with_columns(
        gemeente=pl.lit(gemeente),
        type=pl.col("type").cast(pl.String).str.zfill(2),
        periods=pl.concat_str(codes, separator="|", ignore_nulls=True),
    )
    return _dates(named.drop(codes).sort("arrangement")).select(
        "arrangement", "person", "gemeente", "type", "begin", "end", "periods"
    )


class _Builder:
    """One run of the generator."""

    def __init__(
        self,
        writer: NationWriter,
        seed: int,
        map_: Atlas,
        periods: tuple[HalfYear, ...],
        plan_: Plan,
        bsns: BsnSource,
        marked: Sequence[int],
    ) -> None:
        self.writer, self.seed, self.atlas, self.periods, self.plan, self.bsns = (
            writer,
            seed,
            map_,
            periods,
            plan_,
            bsns,
        )
        self.year = int(periods[0].code[:4])
        self.counters = Counters(1, 10_000_001, 1, nobody(), _check_marked(marked))
        self.persons = 0
        self.clients = dict.fromkeys((period.code for period in periods), 0)
        self.rows = dict.fromkeys((period.code for period in periods), 0)
        # Twice an even spread, so that small gemeenten with few clients do not leave numbers over at the end.
        self.quota = -(-2 * len(marked) // len(map_.places))

    def movements(self) -> tuple[Movement, Movement]:
        """Those who live in two gemeenten, and their truth."""
        made: list[Movement] = []
        for make in (movers, inhabitants_of_split):
            movement = make(
                self.seed, self.atlas, self.year, self.bsns, self.counters.person, self.counters.household
            )
            self.counters.person += len(movement.person)
            self.counters.household += movement.crowd.households
            made.append(movement)
        persons = pl.concat([movement.persons() for movement in made])
        self.persons += len(persons)
        self.writer.truth("persons/passing.parquet", _dates(persons))
        return made[0], made[1]

    def regio(self) -> None:
        """One classification per period: UTF-8 first, Windows-1252 in the second half-year, which must be accepted."""
        found = regions(self.atlas, self.year, POPULATION)
        for period in self.periods:
            rows = regio_rows(found, period)
            old = period.code.endswith("2")
            delivery = Delivery(
                f"files/{period.code}/regio/1/regio_CBS_{period.code}.csv",
                "regio",
                "CBS",
                period.code,
                "",
                False,
                ("windows-1252",) if old else (),
                "accept",
                None,
            )
            self.writer.deliver(
                (0, period.code, 1, ""), delivery, write(rows, Dialect(encoding="cp1252" if old else "utf-8"))
            )
            self.writer.truth(f"accepted/regio/{period.code}/CBS.parquet", rows)

    def register(self, place: Place, spells: pl.DataFrame) -> None:
        """The register of one gemeente, per period, and its true spells."""
        self.writer.truth(f"spells/{place.code}.parquet", _dates(spells))
        for period in self.periods:
            rows = brp_rows(spells, period)
            if not len(rows):
                continue
            delivery = Delivery(
                f"files/{period.code}/brp/1/brp_RVIG_{period.code}_{place.code}.csv",
                "brp",
                "RVIG",
                period.code,
                place.code,
                False,
                (),
                "accept",
                None,
            )
            self.writer.deliver(
                (1, period.code, 1, place.code), delivery, write(rows, Dialect(line_end="\n"))
            )
            self.writer.truth(f"accepted/brp/{period.code}/{place.code}.parquet", rows)

    def wmo(self, made: Community) -> None:
        """The Wmo deliveries of one gemeente, and what holds in the end."""
        place = made.place
        self.writer.truth(
            f"arrangements/{place.code}.parquet", merged(made.arrangements, place.code, self.periods)
        )
        other = self.atlas.places[(place.number + 1) % len(self.atlas.places)].code
        for period in self.periods:
            accepted = WmoSender(self.writer, self.seed, made, period, self.plan, other).send().rows
            if accepted is None:
                continue
            self.writer.truth(f"accepted/wmo/{period.code}/{place.code}.parquet", accepted)
            self.clients[period.code] += accepted["bsn"].n_unique()
            self.rows[period.code] += len(accepted)

    def place(self, place: Place, movements: tuple[Movement, Movement]) -> None:
        """Everything of one gemeente."""
        receivers = [receiver.number for receiver in self.atlas.receivers]
        taken_over = (
            self.atlas.moved[receivers.index(place.number)] if place.number in receivers else place.area
        )
        areas: tuple[Area, ...] = (place.area, taken_over)
        start = day(self.year, 1, 1)
        strange = self.plan.strange(place.number)
        made = community(
            self.seed, place, start, movements, areas, self.bsns, self.counters, strange, self.quota
        )
        self.writer.truth(f"persons/{place.code}.parquet", _dates(made.persons))
        self.persons += len(made.persons)
        self.register(place, made.spells)
        self.wmo(made)


def generate(
    out_dir: Path | str,
    seed: int,
    scale: float,
    periods: Sequence[str] = PERIODS,
    *,
    gemeenten: int | None = None,
    faults: Sequence[Fault] = FAULTS,
    test_bsns: bool = False,
    marked: Sequence[int] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Nation:
    """Write a nation below `out_dir` (empty or absent): files, `deliveries.jsonl`, `truth/`, `manifest.sha256`.

    `scale` is the share of 18 million inhabitants; `gemeenten` keeps the first so many; `faults=()` gives a nation in
    which every first file is right; `test_bsns` draws from 999900006 to 999999990 (about 9,000 persons at most);
    `marked` numbers are given to clients who live in one gemeente all year, and typed into wrong columns too;
    `progress(done, all)` is called per gemeente. The same arguments give the same bytes.

    Raises `ValueError` for arguments out of range, `BsnsExhausted` when the numbers run out, `MarkedNumbers` when the
    marked ones cannot be used, `FileExistsError` when the folder holds something.
    """
    halves = half_years(tuple(periods))
    map_ = atlas(seed, scale, gemeenten)
    bsns = BsnSource(seed, test_range=test_bsns, reserved=marked)
    writer = NationWriter(Path(out_dir))
    builder = _Builder(writer, seed, map_, halves, plan(seed, map_, halves, faults), bsns, marked)
    movements = builder.movements()
    builder.regio()
    builder.register(map_.split, movements[1].spells(map_.split, 0, map_.split.area))
    for done, place in enumerate(map_.places, 1):
        builder.place(place, movements)
        if progress is not None:
            progress(done, len(map_.places))
    if len(builder.counters.marked):
        raise MarkedNumbers(
            f"{len(builder.counters.marked)} marked numbers are left over: raise the scale or mark fewer"
        )
    deliveries = writer.close()
    return Nation(
        writer.folder, tuple(deliveries), builder.persons, builder.clients, builder.rows, writer.bytes_written
    )
