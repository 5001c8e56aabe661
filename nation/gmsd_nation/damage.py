"""What a fault does to a file: to its rows, or to its bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from gmsd_nation.calendar import HalfYear, ymd


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a fault happens: its own randomness, the deliverer, another gemeente, and the period."""

    rng: np.random.Generator
    gemeente: str
    other_gemeente: str
    period: HalfYear

    def date(self, days_after_first: int) -> str:
        """A day counted from the first of the period, as `JJJJMMDD`."""
        return str(ymd(np.array([self.period.first + days_after_first], dtype=np.int64))[0])


@dataclass(frozen=True, slots=True)
class Damaged:
    """Rows after the fault, the numbers of the rows at fault (1 = first under the header; none = the file as a whole),
    what happens to the bytes once written, and the rows as they are read where that differs from `rows`."""

    rows: pl.DataFrame
    at: tuple[int, ...] = ()
    raw: Callable[[bytes], bytes] = field(default=bytes)
    in_force: pl.DataFrame | None = None


Apply = Callable[[pl.DataFrame, Scene], Damaged]

_ROW_SHARE = 0.01
"""Share of the rows that a row fault touches, at least one: enough to be counted, few enough to be a slip."""


def some_rows(
    rows: pl.DataFrame, scene: Scene, share: float = _ROW_SHARE, where: pl.Expr | None = None
) -> list[int]:
    """Indices of a random share of the rows (at least one, ordered) among those that fit `where`. Empty when none fit."""
    fitting = (
        rows.select(pl.arg_where(where)).to_series().to_numpy() if where is not None else np.arange(len(rows))
    )
    if not len(fitting):
        return []
    k = min(len(fitting), max(1, round(len(rows) * share)))
    return [int(i) for i in np.sort(scene.rng.choice(fitting, size=k, replace=False))]


def put(rows: pl.DataFrame, at: Sequence[int], values: Mapping[str, str | pl.Expr]) -> pl.DataFrame:
    """Rows with values written into some of them; an expression is evaluated on the rows themselves."""
    chosen = pl.Series(np.isin(np.arange(len(rows)), np.asarray(at, dtype=np.int64)))
    exprs = {
        name: pl.when(chosen).then(pl.lit(value) if isinstance(value, str) else value).otherwise(pl.col(name))
        for name, value in values.items()
    }
    return rows.with_columns(**exprs)


def numbers(at: Sequence[int]) -> tuple[int, ...]:
    """Row numbers (from 1) of indices (from 0)."""
    return tuple(i + 1 for i in at)


def setting(
    values: Mapping[str, str | pl.Expr], where: pl.Expr | None = None, share: float = _ROW_SHARE
) -> Apply:
    """A fault that writes fixed values into some rows. When no row fits `where`, any row is taken."""

    def apply(rows: pl.DataFrame, scene: Scene) -> Damaged:
        at = some_rows(rows, scene, share, where) or some_rows(rows, scene, share)
        return Damaged(put(rows, at, values), numbers(at))

    return apply


def dating(days: Mapping[str, int]) -> Apply:
    """A fault that writes dates, counted from the first day of the period, into some rows."""

    def apply(rows: pl.DataFrame, scene: Scene) -> Damaged:
        at = some_rows(rows, scene)
        return Damaged(
            put(rows, at, {name: scene.date(offset) for name, offset in days.items()}), numbers(at)
        )

    return apply


def bytewise(raw: Callable[[bytes], bytes]) -> Apply:
    """A fault of the file as a whole."""
    return lambda rows, scene: Damaged(rows, (), raw)


def unchanged(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """Nothing is wrong with the file itself."""
    return Damaged(rows)
