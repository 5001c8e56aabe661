"""Use of the Wmo: who, which arrangements, from when until when.

Chances and shares are realistic in shape (the elderly use far more; household help, transport and aids are the largest
categories) and are calibrated so that about 7 % of the population uses something in a half-year. They are ours.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from gmsd_nation.calendar import OPEN
from gmsd_nation.kinds import BoolArray, Int64Array
from gmsd_nation.residence import Stay

_AGE_BOUNDS = (18, 40, 65, 75, 85)
_CHANCES = np.array([0.007, 0.029, 0.048, 0.13, 0.33, 0.62])
"""Chance to be a client in the year, by age: below 18, 18-39, 40-64, 65-74, 75-84, 85 and older."""

_YOUNG = np.array([6, 34, 1.2, 1.5, 1.6, 4, 11, 7, 1.5, 2.5, 6, 5, 2.5, 1.5, 7, 5.5, 1.5, 1.2])
_OLD = np.array([33, 7, 1.2, 0.8, 0.5, 1.5, 5, 16, 1, 1.2, 10, 14, 5, 2, 0.4, 0.2, 0.1, 0.1])
"""Shares of WMO020 01 to 18 in the arrangements of clients below 65 and of the others."""

_EXTRA = (0.42, 0.18, 0.08, 0.03)
"""Chance of a second, third, fourth and fifth arrangement beside the first (each drawn apart)."""

_STOCK = 0.80
_MEAN_DAYS_RUNNING = 900.0
_ENDS_IN_YEAR = 0.24
_CONTINUES, _CONTINUES_CHANGED = 0.15, 0.06
"""Share of arrangements already running on 1 January, the mean of how long, the share that ends this year; and of those
that end: continued within 3 days under the same terms, or with another reason (which ends the arrangement unless the
gemeente numbers its toewijzingen)."""

_REASONS = np.array(["19", "21", "22", "23", "36", "39", "20", ""])
_REASON_SHARES = (0.46, 0.10, 0.03, 0.10, 0.06, 0.12, 0.04, 0.09)
_UNITS = np.array(["01", "04", "16", "14", "82", "84"])
_FREQUENCIES = np.array(["1", "2", "4", "6"])
_PROVIDERS = np.array(["05", "04", "03", "06", "09", "02", "01"])
_PROVIDER_SHARES = (0.46, 0.20, 0.13, 0.09, 0.10, 0.015, 0.005)


@dataclass(frozen=True, slots=True)
class Habits:
    """How one gemeente fills its file: numbers every toewijzing or not, states kind of provider and intensity or not,
    and the share of rows that leave the older type column empty."""

    numbered: bool
    provider: bool
    intensity: bool
    declaration_only: float


def habits(rng: np.random.Generator) -> Habits:
    """Habits of one gemeente: half of them number their toewijzingen, a few leave optional columns empty."""
    draw = rng.random(4)
    return Habits(bool(draw[0] < 0.5), bool(draw[1] > 0.06), bool(draw[2] > 0.2), float(draw[3] * 0.6))


def clients(rng: np.random.Generator, born: Int64Array, year_start: int) -> BoolArray:
    """Which persons use the Wmo this year, by age on its first day."""
    age = (year_start - born) / 365.2425
    chance = _CHANCES[np.searchsorted(_AGE_BOUNDS, age, side="right")]
    chosen: BoolArray = (rng.random(len(born)) < chance) & (age > 1)
    return chosen


def _types(rng: np.random.Generator, elderly: BoolArray) -> Int64Array:
    """WMO020 category 1 to 18 per arrangement, by inverse of the cumulative shares."""
    draw = rng.random(len(elderly))
    young = np.searchsorted(np.cumsum(_YOUNG / _YOUNG.sum()), draw, side="right")
    old = np.searchsorted(np.cumsum(_OLD / _OLD.sum()), draw, side="right")
    picked: Int64Array = np.minimum(np.where(elderly, old, young), 17) + 1
    return picked


def _pick(
    rng: np.random.Generator,
    values: np.ndarray[tuple[int], np.dtype[np.str_]],
    n: int,
    shares: tuple[float, ...] | None = None,
) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return rng.choice(values, size=n, p=shares)


def arrangements(
    rng: np.random.Generator,
    who: Int64Array,
    born: Int64Array,
    died: Int64Array,
    stay: Stay,
    year_start: int,
    fresh: bool = False,
) -> pl.DataFrame:
    """Arrangements of the clients `who` (indices into the other arrays) inside their stay in a gemeente.

    With `fresh`, every arrangement begins in the first weeks of the stay: clients who bring their need from elsewhere.
    One row per constituent (a continuation is a row of its own); columns: who, chain (arrangement, counted from 0),
    link (0, 1 within the arrangement), type, begin, end (`OPEN`), reason, delivery_form, provider, decided, legal_begin,
    planned_end (`OPEN`: none), legal_only, volume (0: not stated), unit, frequency, ambulant, older_type (a draw in [0, 1)),
    changed (continued with another reason).
    """
    extra = (
        np.stack([rng.random(len(who)) < chance for chance in _EXTRA]) if len(who) else np.zeros((4, 0), bool)
    )
    of = np.repeat(who, 1 + extra.sum(axis=0))
    types = _types(rng, (year_start - born[of]) / 365.2425 >= 65)
    _, first = np.unique(of * 100 + types, return_index=True)
    of, types = of[first], types[first]
    n = len(of)

    last = year_start + 364
    since, until = np.maximum(stay.since[of], born[of] + 30), np.minimum(stay.until[of], OPEN)
    running = rng.random(n) < _STOCK
    begin = np.where(
        running,
        year_start - 1 - np.round(rng.exponential(_MEAN_DAYS_RUNNING, n)).astype(np.int64),
        year_start + rng.integers(0, 365, n),
    )
    late = since + rng.integers(0, 25, n)
    begin = np.where(begin < since, late, begin)
    if fresh:
        begin = late
    short = np.isin(types, (4, 16, 17))
    ends = rng.random(n) < np.where(short, 0.7, _ENDS_IN_YEAR)
    room = np.maximum(last - np.maximum(begin, year_start), 1)
    stop = np.maximum(begin, year_start) + 1 + np.floor(rng.random(n) * room).astype(np.int64)
    end = np.where(ends & (stop <= last), stop, OPEN)
    reason = np.where(end == OPEN, "", _pick(rng, _REASONS, n, _REASON_SHARES))
    capped = until < end
    by_death = capped & (until == died[of])
    # Leaving for another gemeente and leaving the country look the same to the gemeente: moved.
    reason = np.where(by_death, "02", np.where(capped, "31", reason))
    end = np.where(capped, until, end)
    keep = (begin <= end) & (begin <= last)

    # A continuation needs room before the stay ends; its terms are those of the row it follows.
    draw = rng.random(n)
    can = keep & (end != OPEN) & ~capped & (end + 4 < np.minimum(until, last))
    same, changed = (
        can & (draw < _CONTINUES),
        can & (draw >= _CONTINUES) & (draw < _CONTINUES + _CONTINUES_CHANGED),
    )
    reason = np.where(
        same, "", np.where(changed, np.where(draw < _CONTINUES + _CONTINUES_CHANGED / 2, "37", "38"), reason)
    )
    next_begin = end + 1 + (rng.random(n) * 3).astype(np.int64)
    next_end = until
    next_reason = np.where(same, "", np.where((next_end != OPEN) & (next_end == died[of]), "02", "31"))

    decided = begin - rng.integers(3, 75, n)
    legal_begin = begin - rng.integers(0, 15, n) * (rng.random(n) < 0.5)
    planned = np.where(rng.random(n) < 0.4, last + 30 + rng.integers(0, 1500, n), OPEN)
    stated = rng.random(n) < 0.6
    fields = {
        "who": of,
        "chain": np.arange(n, dtype=np.int64),
        "link": np.zeros(n, dtype=np.int64),
        "type": types,
        "begin": begin,
        "end": end,
        "reason": reason,
        "delivery_form": _pick(rng, np.array(["1", "2", "3", ""]), n, (0.875, 0.105, 0.01, 0.01)),
        "provider": np.where(rng.random(n) < 0.007, "", _pick(rng, _PROVIDERS, n, _PROVIDER_SHARES)),
        "decided": np.maximum(decided, born[of]),
        "legal_begin": np.maximum(legal_begin, born[of]),
        "planned_end": planned,
        "legal_only": rng.random(n) < 0.02,
        "volume": np.where(stated, 1 + np.floor(rng.exponential(5.0, n)).astype(np.int64), 0),
        "unit": np.where(stated, _pick(rng, _UNITS, n), ""),
        "frequency": np.where(stated, _pick(rng, _FREQUENCIES, n, (0.08, 0.55, 0.27, 0.10)), ""),
        "ambulant": np.where(types == 15, _pick(rng, np.array(["1", "2", "3"]), n, (0.5, 0.25, 0.25)), ""),
        "older_type": rng.random(n),
    }
    rows = pl.DataFrame(fields)
    follow = same | changed
    following = pl.DataFrame(
        {
            **fields,
            "link": np.ones(n, dtype=np.int64),
            "begin": next_begin,
            "end": next_end,
            "reason": np.where(next_end == OPEN, "", next_reason),
            "decided": np.minimum(next_begin - 2, end),
            "legal_begin": next_begin,
            "legal_only": np.zeros(n, dtype=np.bool_),
        }
    ).filter(pl.Series(follow))
    return pl.concat([rows.filter(pl.Series(keep)), following]).with_columns(
        changed=pl.col("chain").is_in(np.flatnonzero(changed))
    )
