"""Hides every number in a text that could be a BSN: the one rule, for findings, logs, quarantine and what people type.

A BSN has nine digits, 9·a+8·b+…+2·h−i divisible by eleven (RvIG, Logisch Ontwerp BSN); eight when a leading zero got lost.
One in eleven innocent numbers of that length is hidden too. That is the price of never showing a BSN.
"""

import re
import unicodedata
from collections.abc import Callable

WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)

SEPARATORS = " .\\-\u00a0\u2007\u2009\u202f\u2010\u2011"
"""What people type between groups of digits, one at a time, as a regular expression's set: spaces, dots and hyphens."""

RUN = rf"\d(?:[{SEPARATORS}]?\d){{7,}}"
"""Eight digits or more, of any script, with at most one separator between two of them."""

_RUN = re.compile(RUN)


def passes_elfproef(digits: str) -> bool:
    """Whether 8 or 9 decimal digits (of any script) could be a BSN; 8 digits lost their leading zero."""
    values = [unicodedata.decimal(digit) for digit in digits.rjust(9, "0")]
    return sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True)) % 11 == 0


def may_hold_bsn(run: str) -> bool:
    """Whether a BSN could stand in a run of digits with separators.

    More than nine digits in a row may hold one at any place, and nobody needs to read such a number back. Of nine with a
    separator after the first or before the last, the other eight may be one.
    """
    digits = "".join(character for character in run if character.isdecimal())
    if len(digits) > 9:
        return True
    candidates = [digits]
    if len(digits) == 9 and not run[1].isdecimal():
        candidates.append(digits[1:])
    if len(digits) == 9 and not run[-2].isdecimal():
        candidates.append(digits[:-1])
    return any(passes_elfproef(candidate) for candidate in candidates)


def dots(run: str) -> str:
    """A cover as long as what it hides, for people who look for the place in their file."""
    return "•" * len(run)


def masked(text: str, cover: Callable[[str], str] = dots) -> str:
    """The text in which every number that could be a BSN is replaced by its cover.

    Masking twice changes nothing more, provided that a cover holds no digits.
    """

    def hide(match: re.Match[str]) -> str:
        return cover(match.group()) if may_hold_bsn(match.group()) else match.group()

    return _RUN.sub(hide, text)
