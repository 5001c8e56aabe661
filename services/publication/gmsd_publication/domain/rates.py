"""Figures derived from published figures only, so that they tell nothing more."""

from fractions import Fraction

MIN_BASE = 25
"""No rate below a published denominator of 25.

Rounding moves a denominator by up to 2, which at 25 is 8 % and under 25 makes the rate mostly rounding; and a rate over
a handful of people reads as a statement about them (disclosure.md 5.3 sets the same base for means and medians)."""


def per_1000(value: int | None, denominator: int | None) -> Fraction | None:
    """Per 1 000, at one decimal, half up. None when either figure is not shown or the denominator is under MIN_BASE.

    The rate can exceed 1 000: a denominator of the peildatum may be smaller than the users over a whole period.
    """
    if value is None or denominator is None or denominator < MIN_BASE:
        return None
    tenths = (value * 10_000 * 2 + denominator) // (denominator * 2)
    return Fraction(tenths, 10)
