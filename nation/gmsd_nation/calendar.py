"""Days as integers since 1970-01-01, and the half-years in which the nation lives.

An open end is `OPEN`, a day far behind everything, so that comparisons need no special case.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from gmsd_contracts.period import bounds
from gmsd_nation.kinds import Int64Array

OPEN = 99_999
"""No end known (a day in 2243)."""

_EPOCH = date(1970, 1, 1)
_FIRST, _LAST = date(1890, 1, 1), date(2110, 12, 31)
_BASE = (_FIRST - _EPOCH).days
_YMD: Int64Array = np.array(
    [int((_FIRST + timedelta(days=n)).strftime("%Y%m%d")) for n in range((_LAST - _FIRST).days + 1)],
    dtype=np.int64,
)


def day(year: int, month: int, dom: int) -> int:
    """A calendar date as a day number."""
    return (date(year, month, dom) - _EPOCH).days


def ymd(days: Int64Array) -> pl.Series:
    """Days as `JJJJMMDD`; `OPEN` as the empty string."""
    known = days != OPEN
    numbers = _YMD[np.where(known, days - _BASE, 0)]
    text = pl.Series(numbers).cast(pl.String)
    return text.zip_with(pl.Series(known), pl.Series([""]).new_from_index(0, len(days)))


@dataclass(frozen=True, slots=True)
class HalfYear:
    """A reporting period: its code, first and last day (the last day is the peildatum)."""

    code: str
    first: int
    last: int


def half_years(codes: tuple[str, ...]) -> tuple[HalfYear, ...]:
    """Half-years by code, oldest first. Raises `ValueError` when empty, repeated, no half-year or of several years."""
    if not codes or len(set(codes)) != len(codes):
        raise ValueError("name each period once, and at least one")
    if not all(code[4:6] == "HJ" for code in codes):
        raise ValueError("the nation delivers half-years, such as 2025HJ01")
    if len({code[:4] for code in codes}) != 1:
        raise ValueError("the nation lives in one calendar year at a time: name periods of one year")
    return tuple(HalfYear(code, *((d - _EPOCH).days for d in bounds(code))) for code in sorted(codes))
