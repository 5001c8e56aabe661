"""Rows that say the same twice, and rows that contradict each other under one key."""

from collections.abc import Callable, Sequence

import polars as pl

from gmsd_validation.domain.rules.rule import ROW_NUMBER

# Two independent 64-bit hashes and the person stand for a row: 28 bytes instead of 100. Two rows are called equal only
# when all three agree; by chance that happens once in 10^30 pairs of rows of one person.
_KEY_SEED, _LINE_SEED = 11, 23


def person_number(column: str) -> pl.Expr:
    """A valid bsn as a number (null when empty or at fault): 4 bytes."""
    return pl.col(column).cast(pl.Int32, strict=False)


def hashed(frame: pl.DataFrame, columns: Sequence[str], seed: int) -> pl.Series:
    """64 bits per row over the columns, the same for the same values in every batch of a run."""
    return frame.select(columns).hash_rows(seed=seed)


def at_fault(typed: pl.DataFrame, text: pl.DataFrame, column: str) -> pl.Series:
    """Which rows hold something in a column that is not a valid value."""
    values = typed.get_column(column)
    if column not in text.columns:
        return pl.Series([False]).new_from_index(0, len(values))
    return values.is_null() & text.get_column(column).is_not_null()


def keyed_doubles(person: str, key: Sequence[str]) -> Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]:
    """`Keyed.prepare` for the rules of this module: `_row`, `_key` (by person), the person, `key`, `line`."""

    def prepare(typed: pl.DataFrame, text: pl.DataFrame) -> pl.DataFrame:
        columns = (person, *key)
        keys = hashed(typed, columns, _KEY_SEED)
        # Fields at fault are null in the typed frame, and two different faults are not one key.
        faulty = pl.select(pl.any_horizontal(at_fault(typed, text, name) for name in columns)).to_series()
        if faulty.any():
            delivered = [name for name in columns if name in text.columns]
            keys = hashed(text, delivered, _KEY_SEED + 1).zip_with(faulty, keys)
        lines = hashed(text, text.columns, _LINE_SEED)
        return typed.select(
            pl.col(ROW_NUMBER),
            person_number(person).fill_null(0).cast(pl.UInt64).alias("_key"),
            person_number(person).alias(person),
            keys.alias("key"),
            lines.alias("line"),
        )

    return prepare


def _same_key(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows that share their key with another row, with the number of the first row of their key and of their line."""
    suspects = frame.filter(pl.col("key").is_duplicated()).sort(ROW_NUMBER)
    return suspects.with_columns(
        pl.col(ROW_NUMBER).first().over("_key", "key").alias("first_of_key"),
        pl.col(ROW_NUMBER).first().over("_key", "key", "line").alias("first_of_line"),
    )


def exact_double(frame: pl.DataFrame) -> pl.DataFrame:
    """Every repetition of a row, each pointing at the first."""
    return (
        _same_key(frame)
        .filter(pl.col(ROW_NUMBER) != pl.col("first_of_line"))
        .select(ROW_NUMBER, expected=pl.format("één keer, nu ook in rij {}", "first_of_line"))
    )


def double_key(frame: pl.DataFrame) -> pl.DataFrame:
    """The first of each differing row under a key, except the first row of the key. Exact repetitions are not counted again."""
    return (
        _same_key(frame)
        .filter(
            (pl.col(ROW_NUMBER) == pl.col("first_of_line")) & (pl.col(ROW_NUMBER) != pl.col("first_of_key"))
        )
        .select(ROW_NUMBER, expected=pl.format("een eigen sleutel, niet die van rij {}", "first_of_key"))
    )
