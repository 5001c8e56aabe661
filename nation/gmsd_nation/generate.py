"""The whole nation: regions, register, Wmo deliveries in their order, and the truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from gmsd_nation.bsn import BsnSource, passes_elfproef
from gmsd_nation.calendar import HalfYear, day, half_years
from gmsd_nation.classification import regions
from gmsd_nation.community import STRANGERS_BLOCK, Community, community
from gmsd_nation.faults import Fault
from gmsd_nation.movement import Movement, inhabitants_of_split, movers
from gmsd_nation.places import POPULATION, Area, Atlas, Place, atlas
from gmsd_nation.plan import Plan, plan
from gmsd_nation.register_files import RegisterSender, part_name, send_classification
from gmsd_nation.residents import Counters, nobody
from gmsd_nation.wmo_faults import FAULTS
from gmsd_nation.wmo_files import WmoSender
from gmsd_nation.writer import Delivery, NationWriter, dates

PERIODS = ("2025HJ01", "2025HJ02")


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
    return dates(named.drop(codes).sort("arrangement")).select(
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
        self.writer, self.seed, self.atlas = writer, seed, map_
        self.periods, self.plan, self.bsns = periods, plan_, bsns
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
        self.writer.truth("persons/passing.parquet", dates(persons))
        return made[0], made[1]

    def wmo(self, made: Community) -> None:
        """The Wmo deliveries of one gemeente, and what holds in the end."""
        place = made.place
        self.writer.truth(
            f"arrangements/{place.code}.parquet", merged(made.arrangements, place.code, self.periods)
        )
        for period in self.periods:
            accepted = (
                WmoSender(self.writer, self.seed, made, period, self.plan, self.other(place)).send().rows
            )
            if accepted is None:
                continue
            self.writer.truth(f"accepted/wmo/{period.code}/{place.code}.parquet", accepted)
            self.clients[period.code] += accepted["bsn"].n_unique()
            self.rows[period.code] += len(accepted)

    def other(self, place: Place) -> str:
        """Code of another gemeente, to be confused with."""
        return self.atlas.places[(place.number + 1) % len(self.atlas.places)].code

    def split(self, movement: Movement) -> None:
        """The register of the split gemeente."""
        sender = RegisterSender(
            self.writer, self.seed, self.atlas.split, self.periods, self.plan, self.other(self.atlas.split)
        )
        sender.add(0, movement.spells(self.atlas.split, 0, self.atlas.split.area))
        sender.close()

    def place(self, place: Place, movements: tuple[Movement, Movement]) -> None:
        """Everything of one gemeente."""
        receivers = [receiver.number for receiver in self.atlas.receivers]
        taken_over = (
            self.atlas.moved[receivers.index(place.number)] if place.number in receivers else place.area
        )
        areas: tuple[Area, ...] = (place.area, taken_over)
        sender = RegisterSender(self.writer, self.seed, place, self.periods, self.plan, self.other(place))

        def house(block: int, persons: pl.DataFrame, spells: pl.DataFrame) -> None:
            if block == STRANGERS_BLOCK:
                self.writer.truth(f"persons/{place.code}-unknown.parquet", dates(persons))
                return
            self.writer.truth(f"persons/{part_name(place.code, block)}.parquet", dates(persons))
            sender.add(block, spells)

        made = community(
            self.seed,
            place,
            day(self.year, 1, 1),
            movements,
            areas,
            self.bsns,
            self.counters,
            self.plan.strange(place.number),
            self.quota,
            house,
        )
        sender.close()
        self.persons += made.persons
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
    found = regions(map_, builder.year, POPULATION)
    send_classification(writer, seed, found, halves, builder.plan.classification)
    builder.split(movements[1])
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
