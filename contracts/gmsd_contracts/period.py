"""Periods in the notation of CBS: `2025HJ01`, `2025JJ00`, `2025MM03`, `2015KW01`."""

import re
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator

_FORM = re.compile(r"(?P<year>20[0-9]{2})(?P<kind>HJ|JJ|MM|KW)(?P<number>[0-9]{2})")
_MONTHS = {"HJ": 6, "JJ": 12, "MM": 1, "KW": 3}


def bounds(period: str) -> tuple[date, date]:
    """First and last day of a period; the last day is its peildatum.

    Raises ValueError when `period` is not one (`2025HJ03` is not: a year has two half-years).
    """
    match = _FORM.fullmatch(period)
    if match is None:
        raise ValueError("not a period: expected a form like 2025HJ01, 2025JJ00, 2025MM03 or 2015KW01")
    year, kind, number = int(match["year"]), match["kind"], int(match["number"])
    months = _MONTHS[kind]
    if not (number == 0 if kind == "JJ" else 1 <= number <= 12 // months):
        raise ValueError(f"not a period: {kind}{number:02d} does not exist")
    first_month = 1 + months * (max(number, 1) - 1)
    first = date(year, first_month, 1)
    after = date(year + (first_month + months > 12), (first_month + months - 1) % 12 + 1, 1)
    return first, after - timedelta(days=1)


def half_years(year: int) -> tuple[str, str]:
    """The two half-years that the merge rule reads together."""
    return f"{year}HJ01", f"{year}HJ02"


def _check(value: str) -> str:
    bounds(value)
    return value


Period = Annotated[str, AfterValidator(_check)]
