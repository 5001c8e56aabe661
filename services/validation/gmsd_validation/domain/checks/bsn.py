"""The elfproef: a BSN has nine digits, 9·a+8·b+…+2·h−i divisible by eleven (RvIG, Logisch Ontwerp BSN)."""

import polars as pl

from gmsd_contracts.bsn import WEIGHTS, masked

__all__ = ["REFUSED", "masked", "nine_digits", "passes"]

REFUSED = ("000000000", "999999999")
"""Numbers that stand for nobody: unborn or unknown."""


def nine_digits(text: pl.Series) -> pl.Series:
    """Which values are exactly nine digits 0-9 (null counts as not)."""
    # A number of nine characters without a sign has nine digits.
    number = text.cast(pl.Int64, strict=False)
    signed = text.str.starts_with("+") | text.str.starts_with("-")
    return ((text.str.len_bytes() == 9) & number.is_not_null() & ~signed).fill_null(False)


def passes(text: pl.Series) -> pl.Series:
    """Which values, nine digits each, pass the elfproef; false where they are null."""
    number = text.cast(pl.Int64, strict=False)
    total = sum(
        ((number // 10 ** (8 - place)) % 10 * weight for place, weight in enumerate(WEIGHTS)),
        start=pl.Series([0], dtype=pl.Int64),
    )
    return (total % 11 == 0).fill_null(False)
