"""The elfproef: a BSN has nine digits, 9·a+8·b+…+2·h−i divisible by eleven (RvIG, Logisch Ontwerp BSN)."""

import re
import unicodedata

import polars as pl

WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
REFUSED = ("000000000", "999999999")
"""Numbers that stand for nobody: unborn or unknown."""

_LONG = re.compile(r"\d(?:[ .\-]?\d){7,}")


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


def _digits_pass(digits: str) -> bool:
    values = [unicodedata.decimal(digit) for digit in digits.rjust(9, "0")]
    return sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True)) % 11 == 0


def _hide(match: re.Match[str]) -> str:
    token = match.group()
    digits = [character for character in token if character.isdecimal()]
    # More than nine digits in a row may hold a BSN at any place; nobody needs to read such a number back.
    if len(digits) > 9 or _digits_pass("".join(digits)):
        return "•" * len(token)
    return token


def masked(text: str) -> str:
    """The text in which every number of eight or nine digits that could be a BSN is replaced by dots.

    Digits of any script count, also with single spaces, dots or hyphens between them; longer numbers are replaced
    whatever they are. Masking twice changes nothing more.
    """
    return _LONG.sub(_hide, text)
