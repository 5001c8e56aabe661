"""The Wmo files of one gemeente in one period: what it sends first, what it sends after, and what holds in the end."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from gmsd_nation.calendar import HalfYear
from gmsd_nation.community import Community
from gmsd_nation.damage import Scene
from gmsd_nation.dialect import Dialect, write
from gmsd_nation.faults import ROWS_DROPPED, UNKNOWN_PERSONS, Fault
from gmsd_nation.plan import Plan, Role
from gmsd_nation.rows import header, wmo_rows
from gmsd_nation.writer import Delivery, NationWriter

_CREATED_AFTER = 12
"""Days after the period on which the first file is made; each next file is made a week later."""

_DROPPED_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Accepted:
    """The rows in force after every delivery, with the true arrangement of each (`arrangement`), None when there are
    none in force because nothing was accepted."""

    rows: pl.DataFrame | None


def _path(period: str, number: int, gemeente: str) -> str:
    return f"files/{period}/wmo/{number}/wmo_{gemeente}_{period}.csv"


class WmoSender:
    """Writes the Wmo deliveries of one slot in turn."""

    def __init__(
        self, writer: NationWriter, seed: int, community: Community, period: HalfYear, plan: Plan, other: str
    ) -> None:
        self._writer = writer
        self._community = community
        self._period = period
        self._plan = plan
        self._other = other
        self._seed = seed
        self._sent = 0
        self._in_force: str | None = None
        place = community.place
        self._dialect, deviations = plan.dialects[place.number]
        self._standing = (*deviations, *((UNKNOWN_PERSONS,) if plan.strange(place.number) else ()))

    def _scene(self) -> Scene:
        place = self._community.place
        half = int(self._period.code[-1])
        rng = np.random.default_rng([self._seed, 8, place.number, half, self._sent])
        return Scene(rng, place.code, self._other, self._period)

    def _rows(self, created: int | None = None) -> tuple[pl.DataFrame, pl.Series]:
        place = self._community.place
        made = (
            self._period.last
            + _CREATED_AFTER
            + place.number % 14
            + 7 * (self._sent if created is None else created)
        )
        return wmo_rows(self._community.arrangements, place.code, self._community.habits, self._period, made)

    def _send(
        self,
        data: bytes,
        faults: tuple[str, ...],
        *,
        refused: bool,
        nothing: bool = False,
        at: tuple[int, ...] = (),
    ) -> None:
        place, period = self._community.place, self._period
        self._sent += 1
        path = _path(period.code, self._sent, place.code)
        delivery = Delivery(
            path,
            "wmo",
            place.code,
            period.code,
            "",
            nothing,
            faults,
            "reject" if refused else "accept",
            None if refused else self._in_force,
        )
        self._writer.deliver((2, period.code, self._sent, place.code), delivery, data, at)
        if not refused:
            self._in_force = path

    def send(self) -> Accepted:
        """Everything this gemeente sends for the period, in order."""
        role = self._plan.role(self._community.place.number)
        if role is Role.ABSENT:
            return Accepted(None)
        if role is Role.NOTHING:
            return self._nothing()
        slot = (self._community.place.number, self._period.code)
        for fault in self._plan.refused.get(slot, ()):
            self._faulty(fault)
        if slot in self._plan.uncorrected:
            return Accepted(None)
        rows, arrangement = self._rows()
        if not len(rows):
            return self._nothing()
        if role is Role.FEWER and self._period.code.endswith("1"):
            return self._fewer(rows, arrangement, again=False)
        if role is Role.AGAIN and self._period.code.endswith("2"):
            return self._fewer(rows, arrangement, again=True)
        return self._sound(rows, arrangement, self._plan.remarked.get(slot))

    def _nothing(self) -> Accepted:
        """Nothing to report: a file with only its header the first time, no bytes at all after that."""
        empty = pl.DataFrame(schema=dict.fromkeys(header("wmo", self._period.code), pl.String))
        data = write(empty, Dialect()) if self._period.code.endswith("1") else b""
        self._send(data, (), refused=False, nothing=True)
        return Accepted(empty.with_columns(arrangement=pl.lit(None, dtype=pl.Int64)))

    def _faulty(self, fault: Fault) -> None:
        rows, _ = self._rows()
        damaged = fault.apply(rows, self._scene())
        # A faulty file has the official form, so that it is refused for its fault and for nothing else.
        plain = replace(Dialect(), line_end=self._dialect.line_end)
        self._send(
            damaged.raw(write(damaged.rows, plain)),
            (fault.slug,),
            refused=True,
            nothing=fault.flagged,
            at=damaged.at,
        )

    def _sound(self, rows: pl.DataFrame, arrangement: pl.Series, remarked: Fault | None) -> Accepted:
        rows = rows.with_columns(arrangement=arrangement)
        if remarked is None:
            self._send(write(rows.drop("arrangement"), self._dialect), self._standing, refused=False)
            return Accepted(rows)
        damaged = remarked.apply(rows, self._scene())
        data = damaged.raw(write(damaged.rows.drop("arrangement"), self._dialect))
        self._send(data, (*self._standing, remarked.slug), refused=False, at=damaged.at)
        return Accepted(damaged.rows if damaged.in_force is None else damaged.in_force)

    def _fewer(self, rows: pl.DataFrame, arrangement: pl.Series, *, again: bool) -> Accepted:
        """A, then B without a share of the clients; and with `again` the very bytes of A once more."""
        full = rows.with_columns(arrangement=arrangement)
        first = write(rows, self._dialect)
        self._send(first, self._standing, refused=False)
        persons = full["bsn"].unique().sort()
        count = max(1, round(len(persons) * _DROPPED_SHARE))
        gone = persons.gather(np.sort(self._scene().rng.choice(len(persons), size=count, replace=False)))
        later, _ = self._rows()
        kept = pl.Series(~full["bsn"].is_in(gone.to_list()))
        self._send(write(later.filter(kept), self._dialect), (*self._standing, ROWS_DROPPED), refused=False)
        if not again:
            return Accepted(later.with_columns(arrangement=arrangement).filter(kept))
        self._send(first, self._standing, refused=False)
        return Accepted(full)
