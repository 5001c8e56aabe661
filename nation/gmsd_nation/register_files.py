"""The files of the register holders: the region classification, and the register of each gemeente."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from gmsd_nation.calendar import HalfYear
from gmsd_nation.classification import Region, regio_rows
from gmsd_nation.damage import Scene
from gmsd_nation.dialect import Dialect, write
from gmsd_nation.faults import Expected, Fault
from gmsd_nation.places import Place
from gmsd_nation.plan import Plan
from gmsd_nation.rows import brp_rows
from gmsd_nation.writer import Delivery, NationWriter, Order, dates

_OFFICIAL = Dialect(line_end="\n")
WINDOWS_1252 = "windows-1252"
"""Slug of the region file of the second half-year: an encoding that is accepted with a remark."""


def part_name(code: str, block: int) -> str:
    """File name in the truth of a block of a gemeente: large gemeenten have several, `GM0363`, `GM0363-2`…"""
    return code if block == 0 else f"{code}-{block + 1}"


def _regio(period: str, number: int, faults: tuple[str, ...], expected: Expected) -> tuple[Order, Delivery]:
    path = f"files/{period}/regio/{number}/regio_CBS_{period}.csv"
    return (0, period, number, ""), Delivery(path, "regio", "CBS", period, "", False, faults, expected, None)


def send_classification(
    writer: NationWriter, seed: int, found: list[Region], periods: Sequence[HalfYear], faults: Sequence[Fault]
) -> None:
    """The region file of each period, UTF-8 in the first and Windows-1252 in the second half-year; before the first
    right one the faulty ones."""
    for period in periods:
        rows = regio_rows(found, period)
        sent = 0
        for fault in faults if period is periods[0] else ():
            sent += 1
            scene = Scene(np.random.default_rng([seed, 9, sent]), "CBS", "CBS", period)
            damaged = fault.apply(rows, scene)
            order, delivery = _regio(period.code, sent, (fault.slug,), "reject")
            writer.deliver(order, delivery, damaged.raw(write(damaged.rows, _OFFICIAL)), damaged.at)
        old = period.code.endswith("2")
        order, delivery = _regio(period.code, sent + 1, (WINDOWS_1252,) if old else (), "accept")
        writer.deliver(order, delivery, write(rows, Dialect(encoding="cp1252" if old else "utf-8")))
        writer.truth(f"accepted/regio/{period.code}/CBS.parquet", rows)


class RegisterSender:
    """Writes the register of one gemeente for every period, block by block, so that a city needs no more memory."""

    def __init__(
        self,
        writer: NationWriter,
        seed: int,
        place: Place,
        periods: Sequence[HalfYear],
        plan: Plan,
        other: str,
    ) -> None:
        self._writer, self._seed, self._place = writer, seed, place
        self._periods, self._plan, self._other = periods, plan, other
        self._sent = dict.fromkeys((period.code for period in periods), 0)
        self._begun: set[str] = set()

    def _delivery(
        self, period: str, number: int, faults: tuple[str, ...], expected: Expected
    ) -> tuple[Order, Delivery]:
        code = self._place.code
        path = f"files/{period}/brp/{number}/brp_RVIG_{period}_{code}.csv"
        return (1, period, number, code), Delivery(
            path, "brp", "RVIG", period, code, False, faults, expected, None
        )

    def _faulty(self, rows: pl.DataFrame, period: HalfYear) -> None:
        """Faulty files; of a city they hold the first block only, which is fault enough."""
        for fault in self._plan.register.get((self._place.number, period.code), ()):
            self._sent[period.code] += 1
            number = self._sent[period.code]
            rng = np.random.default_rng([self._seed, 10, self._place.number, int(period.code[-1]), number])
            damaged = fault.apply(rows, Scene(rng, self._place.code, self._other, period))
            order, delivery = self._delivery(period.code, number, (fault.slug,), "reject")
            self._writer.deliver(order, delivery, damaged.raw(write(damaged.rows, _OFFICIAL)), damaged.at)

    def add(self, block: int, spells: pl.DataFrame) -> None:
        """Add the spells of a block, ordered by bsn within the block."""
        code = self._place.code
        self._writer.truth(f"spells/{part_name(code, block)}.parquet", dates(spells))
        for period in self._periods:
            rows = brp_rows(spells, period)
            if not len(rows):
                continue
            data = write(rows, _OFFICIAL)
            if period.code not in self._begun:
                self._begun.add(period.code)
                self._faulty(rows, period)
            else:
                data = data.split(b"\n", 1)[1]
            _, delivery = self._delivery(period.code, self._sent[period.code] + 1, (), "accept")
            self._writer.append(delivery.path, data)
            self._writer.truth(f"accepted/brp/{period.code}/{part_name(code, block)}.parquet", rows)

    def close(self) -> None:
        """Enter the finished files into the plan."""
        for period in self._periods:
            if period.code in self._begun:
                self._writer.delivered(
                    *self._delivery(period.code, self._sent[period.code] + 1, (), "accept")
                )
