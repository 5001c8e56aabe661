"""Dates, BSNs and masks against slow Python of another shape."""

import re
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmsd_validation.domain.checks.bsn import masked, nine_digits, passes
from gmsd_validation.domain.checks.dates import calendar, undashed
from gmsd_validation.domain.findings import shown

DIGITS = st.text("0123456789", min_size=0, max_size=10)
ODD = st.text(st.sampled_from("0123456789+-_ eE.x٣²"), min_size=0, max_size=10)


def elfproef(digits: str) -> bool:
    """The definition, one digit at a time."""
    total = 0
    for place in range(8):
        total += (9 - place) * int(digits[place])
    return (total - int(digits[8])) % 11 == 0


def day(value: str) -> date | None:
    """JJJJMMDD, by trial."""
    if re.fullmatch(r"[1-9][0-9]{7}", value) is None:
        return None
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return None


@given(st.lists(st.one_of(DIGITS, ODD), min_size=1, max_size=30))
def test_nine_digits(values: list[str]) -> None:
    expected = [re.fullmatch(r"[0-9]{9}", value) is not None for value in values]
    assert nine_digits(pl.Series(values, dtype=pl.String)).to_list() == expected


@given(st.lists(st.integers(0, 999_999_999), min_size=1, max_size=50))
def test_elfproef(numbers: list[int]) -> None:
    values = [f"{number:09d}" for number in numbers]
    assert passes(pl.Series(values)).to_list() == [elfproef(value) for value in values]


@pytest.mark.parametrize("good", ["999990019", "123456782", "111222333"])
def test_known_numbers(good: str) -> None:
    assert elfproef(good) and passes(pl.Series([good])).to_list() == [True]


FORMED = st.builds("{:04d}{:02d}{:02d}".format, st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
REAL = st.dates(date(1000, 1, 1)).map(lambda d: f"{d:%Y%m%d}".rjust(8, "0"))


@given(st.lists(st.one_of(FORMED, REAL, DIGITS, ODD), min_size=1, max_size=30))
def test_dates(values: list[str]) -> None:
    assert calendar(pl.Series(values, dtype=pl.String)).to_list() == [day(value) for value in values]


def test_every_day_of_four_centuries() -> None:
    days = [date(1800, 1, 1) + timedelta(days=n) for n in range(146_097)]
    assert calendar(pl.Series([f"{d:%Y%m%d}" for d in days])).to_list() == days


@given(st.lists(st.one_of(REAL.map(lambda v: f"{v[:4]}-{v[4:6]}-{v[6:]}"), REAL, ODD), min_size=1))
def test_dashes(values: list[str]) -> None:
    joined, dashed = undashed(pl.Series(values, dtype=pl.String))
    formed = [len(v.encode()) == 10 and v[4:5] == v[7:8] == "-" for v in values]
    assert dashed.to_list() == formed
    assert joined.to_list() == [
        v[:4] + v[5:7] + v[8:] if form else v for v, form in zip(values, formed, strict=True)
    ]


@given(st.text(st.sampled_from("0123456789 .-ab;٣"), max_size=40))
def test_nothing_masked_can_be_a_bsn(value: str) -> None:
    seen = masked(value)
    assert len(seen) == len(value)
    assert masked(seen) == seen
    for token in re.findall(r"\d+", seen):
        if len(token) in (8, 9):
            assert not elfproef("".join(str(int(d)) for d in token).rjust(9, "0"))
        assert len(token) < 10


@given(st.from_regex(r"[0-9]{8,9}", fullmatch=True), st.sampled_from(["", "BSN ", "a", "(", "é"]))
def test_a_number_that_passes_is_hidden_and_another_is_kept(number: str, before: str) -> None:
    seen = masked(before + number + "x")
    assert (number in seen) is not elfproef(number.rjust(9, "0"))


def test_a_date_is_a_date_only_in_a_date_column() -> None:
    value = next(
        v for v in (f"{date(1950, 1, 1) + timedelta(days=n):%Y%m%d}" for n in range(99)) if elfproef("0" + v)
    )
    assert shown(value, dated=True) == value
    assert shown(value) == "•" * 8
    impossible = next(v for v in (f"19509{n:03d}" for n in range(999)) if elfproef("0" + v))
    assert shown(impossible, dated=True) == "•" * 8


def test_a_shown_value_is_short_and_printable() -> None:
    assert shown("a\nb\x07" + "c" * 100) == "a�b�" + "c" * 56 + "…"


@given(st.text(st.sampled_from("0123456789 .-;"), max_size=150))
def test_cutting_a_value_short_shows_nothing_that_masking_hides(value: str) -> None:
    whole = masked(value)
    assert shown(value) == (whole if len(whole) <= 60 else whole[:60] + "…")
